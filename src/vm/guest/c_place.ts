/** Variables of a kernel by the way one writes them in C, as far as its debug information tells. */

import { bare, type CType, memberNamed } from "../dwarf/types.ts";
import type { ImageSymbols } from "./symbols.ts";

/** A place in a kernel's data. */
export interface CPlace {
  readonly at: number;
  /** What stands there; undefined: nobody says. */
  readonly type: CType | undefined;
  /** Bytes to the same member of the next element, where the way led through an array. */
  readonly stride: number | undefined;
}

/** The place of `ref`, `ref.cnt`, `kmem.rc`; undefined: there is none such. */
export function placeOfPath(symbols: ImageSymbols, path: string): CPlace | undefined {
  const [name, ...members] = path.split(".");
  const variable = symbols.variable(name);
  if (variable === undefined) return undefined;
  let at: number = variable.start;
  let type: CType | undefined = symbols.debug?.global(name)?.type;
  let stride: number | undefined;
  for (const wanted of members) {
    let is = bare(type);
    if (is?.kind === "array") {
      is = bare(is.of);
      stride = is?.size;
    }
    if (is?.kind !== "struct" && is?.kind !== "union") return undefined;
    const member = memberNamed(is, wanted);
    if (member === undefined) return undefined;
    at += member.offset;
    type = member.type;
  }
  return { at, type, stride };
}

/** What stands so many bytes into a variable, with its name: `kmem.refcnt`; else `kmem+32`. */
export function pathAt(
  symbols: ImageSymbols,
  name: string,
  offset: number,
): { readonly name: string; readonly type: CType | undefined } {
  let path = name, left = offset;
  let type: CType | undefined = symbols.debug?.global(name)?.type;
  for (let is = bare(type); is !== undefined; is = bare(type)) {
    if (is.kind === "array" && left < is.size) {
      const inner = bare(is.of);
      if (inner?.kind !== "struct") return { name: path, type };
      left %= inner.size;
      type = is.of;
      path += "[]";
      continue;
    }
    if (is.kind !== "struct") break;
    const member = is.members.findLast((one) => one.offset <= left);
    if (member === undefined) break;
    path += `.${member.name}`;
    left -= member.offset;
    type = member.type;
  }
  const known = type !== undefined && left === 0;
  return known
    ? { name: path, type }
    : { name: offset === 0 ? name : `${name}+${offset}`, type: undefined };
}

/** The element of an array or of what a pointer leads to: its name and size; undefined: unknown. */
export function elementOf(
  type: CType | undefined,
): { readonly name: string; readonly size: number; readonly signed: boolean } | undefined {
  let is = bare(type);
  let name: string | undefined;
  if (is?.kind === "array") [name, is] = [is.of.name, bare(is.of)];
  else if (is?.kind === "pointer") [name, is] = [is.to?.name, bare(is.to)];
  else name = type?.name;
  if (is?.kind !== "base" || name === undefined) return undefined;
  return { name, size: is.size, signed: is.encoding === "signed" };
}
