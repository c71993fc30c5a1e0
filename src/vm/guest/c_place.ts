/** Places in a kernel's data as C has them: where they are in a memory, and what they are called. */

import { bare, type CType } from "../dwarf/types.ts";
import type { ImageSymbols } from "./symbols.ts";

/** A place in a kernel's data. */
export interface CPlace {
  /** The variable's address, or the one that was typed. */
  readonly at: number;
  /** The pointers that one goes through from there: so many bytes behind where each leads to. */
  readonly way: readonly number[];
  /** What stands there; undefined: nobody says. */
  readonly type: CType | undefined;
  /** Bytes of what stands there; undefined: nobody says. */
  readonly size: number | undefined;
  /** Arrays of structs of which all elements are meant: `ref.cnt`, `kmem[].freelist`. */
  readonly through: readonly Through[];
  /** Bytes to the same in the next struct, where the way led into one of several. */
  readonly stride: number | undefined;
  /** It was typed as a number. */
  readonly number: boolean;
  /** With `*` in front: a pointer led to it. */
  readonly star: boolean;
}

/** An array that a place is in each element of. */
export interface Through {
  readonly stride: number;
  /** Undefined: nobody says how many. */
  readonly length: number | undefined;
  /** Behind so many letters of the text that names the place. */
  readonly behind: number;
}

/** What is read of a memory: 64 bits at an address; undefined outside. */
export type Long = (at: number) => number | undefined;

/** Where a place is in a memory; undefined: a pointer on the way leads nowhere. */
export function placeIn({ at, way }: Pick<CPlace, "at" | "way">, long: Long): number | undefined {
  let here = at;
  for (const behind of way) {
    const to = here % 8 === 0 ? long(here) : undefined;
    if (!to) return undefined;
    here = to + behind;
  }
  return here;
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
