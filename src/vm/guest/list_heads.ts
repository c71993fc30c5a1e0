/** Where a kernel may name the first frame of a free list. */

import { bare, type CType } from "../dwarf/types.ts";
import type { PaNum } from "../machine/address.ts";
import type { Head } from "./known.ts";
import type { ImageSymbols } from "./symbols.ts";

/** Longer arrays are no lists a hart, and what is deeper inside of structs is none. */
const MOST = 64, DEPTH = 4;

const known = new WeakMap<ImageSymbols, readonly Head[]>();

/** The variables of a kernel's allocator: those named like `kmem`. */
export function allocatorVariables(symbols: ImageSymbols) {
  return symbols.objects().filter(({ name }) => /mem/i.test(name));
}

/** The words that may name one: those that are declared so first. */
export function listHeads(symbols: ImageSymbols): readonly Head[] {
  const before = known.get(symbols);
  if (before !== undefined) return before;
  const heads = new Map<number, Head>();
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

/** The pointers to a `struct run` in what stands at an address, or to whatever `links`. */
export function* declaredIn(
  type: CType,
  name: string,
  at: number,
  depth: number,
  links: (struct: ReturnType<typeof bare>) => boolean = isLink,
): Generator<Head> {
  const is = bare(type);
  if (is?.kind === "pointer" && links(bare(is.to))) yield { at: at as PaNum, name };
  if (depth >= DEPTH) return;
  if (is?.kind === "struct") {
    for (const member of is.members) {
      const path = member.name === "" ? name : `${name}.${member.name}`;
      yield* declaredIn(member.type, path, at + member.offset, depth + 1, links);
    }
  } else if (is?.kind === "array" && (is.length ?? 0) <= MOST) {
    for (let i = 0; i < (is.length ?? 0); i++) {
      yield* declaredIn(is.of, `${name}[${i}]`, at + i * is.of.size, depth + 1, links);
    }
  }
}

/** `struct run { struct run *next; }`: its first word leads to another one. */
function isLink(struct: ReturnType<typeof bare>): boolean {
  return struct?.kind === "struct" && /run/i.test(struct.name) && isChain(struct);
}

/** Whether what a pointer leads to may be a link: a number, anything, or what begins with a pointer. */
export function mayLink(type: CType | undefined): boolean {
  const is = bare(type);
  if (is?.kind === "struct") return is.members.length > 0 && mayLead(is.members[0].type);
  return is === undefined || is.kind === "base" || is.kind === "pointer";
}

function mayLead(type: CType): boolean {
  const is = bare(type);
  if (is?.kind === "struct") return is.members.length > 0 && mayLead(is.members[0].type);
  return is?.kind === "pointer" || (is?.kind === "base" && is.size === 8);
}

/** Whether its first word leads to another one. */
export function isChain(struct: ReturnType<typeof bare>): boolean {
  if (struct?.kind !== "struct") return false;
  const [first] = struct.members;
  const to = first === undefined ? undefined : bare(first.type);
  return to?.kind === "pointer" && bare(to.to) === struct;
}
