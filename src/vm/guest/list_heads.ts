/** Where a kernel may name the first frame of a free list. */

import { bare, type CType } from "../dwarf/types.ts";
import type { PaNum } from "../machine/address.ts";
import type { ImageSymbols } from "./symbols.ts";

/** A word in the kernel's data. */
export interface ListHead {
  readonly at: PaNum;
  /** `kmem.freelist`, `kmem[1].freelist`; where nobody declares it, `kmem+24`. */
  readonly name: string;
}

/** Longer arrays are no lists a hart, and what is deeper inside of structs is none. */
const MOST = 64, DEPTH = 4;

const known = new WeakMap<ImageSymbols, readonly ListHead[]>();

/** The variables of a kernel's allocator: those named like `kmem`. */
export function allocatorVariables(symbols: ImageSymbols) {
  return symbols.objects().filter(({ name }) => /mem/i.test(name));
}

/** The words that may name one: those that are declared so first. */
export function listHeads(symbols: ImageSymbols): readonly ListHead[] {
  const before = known.get(symbols);
  if (before !== undefined) return before;
  const heads = new Map<number, ListHead>();
  for (const { name, address, type } of symbols.debug?.globals.values() ?? []) {
    for (const head of declaredIn(type, name, Number(address), 0)) {
      if (!heads.has(head.at)) heads.set(head.at, head);
    }
  }
  for (const { name, start, size } of allocatorVariables(symbols)) {
    for (let at = start; at + 8 <= start + size; at = (at + 8) as PaNum) {
      if (heads.has(at)) continue;
      heads.set(at, { at, name: at === start ? name : `${name}+${at - start}` });
    }
  }
  const all = [...heads.values()];
  known.set(symbols, all);
  return all;
}

/** The pointers to a `struct run` in what stands at an address. */
function* declaredIn(
  type: CType,
  name: string,
  at: number,
  depth: number,
): Generator<ListHead> {
  const is = bare(type);
  if (is?.kind === "pointer" && isLink(bare(is.to))) yield { at: at as PaNum, name };
  if (depth >= DEPTH) return;
  if (is?.kind === "struct") {
    for (const member of is.members) {
      const path = member.name === "" ? name : `${name}.${member.name}`;
      yield* declaredIn(member.type, path, at + member.offset, depth + 1);
    }
  } else if (is?.kind === "array" && (is.length ?? 0) <= MOST) {
    for (let i = 0; i < (is.length ?? 0); i++) {
      yield* declaredIn(is.of, `${name}[${i}]`, at + i * is.of.size, depth + 1);
    }
  }
}

/** `struct run { struct run *next; }`: its first word leads to another one. */
function isLink(struct: ReturnType<typeof bare>): boolean {
  if (struct?.kind !== "struct" || !/run/i.test(struct.name)) return false;
  const [first] = struct.members;
  const to = first === undefined ? undefined : bare(first.type);
  return to?.kind === "pointer" && bare(to.to) === struct;
}
