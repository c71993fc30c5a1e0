/**
 * Which functions of a kernel name which addresses, by their code alone: `auipc`, and what is added
 * to it. A compiler makes every address of a variable so (`-mcmodel=medany`).
 */

import type { ImageSymbols } from "./symbols.ts";

const known = new WeakMap<ImageSymbols, ReadonlyMap<string, readonly number[]>>();

/** The addresses that each function's code names, by the function's name. */
export function references(symbols: ImageSymbols): ReadonlyMap<string, readonly number[]> {
  const before = known.get(symbols);
  if (before !== undefined) return before;
  const found = new Map<string, readonly number[]>();
  for (const [name, where] of symbols.functions()) {
    found.set(name, addressesIn(symbols.instructions(where)));
  }
  known.set(symbols, found);
  return found;
}

/** The functions whose code names an address from `start` up to `end`, in order of their names. */
export function whoNames(symbols: ImageSymbols, start: number, end: number): string[] {
  return [...references(symbols)]
    .filter(([, all]) => all.some((at) => at >= start && at < end))
    .map(([name]) => name).sort();
}

const UPPER = /^auipc (\w+),(0x[0-9a-f]+|-?\d+)$/;
const ADD = /^addi (\w+),(\w+),(-?\d+)$/;
const ACCESS = /^f?([sl])[bhwd]u? (\w+),(-?\d+)\((\w+)\)$/;
/** Instructions whose first operand is not what they write. */
const WRITES_NOTHING = /^(?:b\w+|s[bhwd]|fs[wd]|j|jr|ret|ecall|fence\S*|sfence\S*)(?: |$)/;
/** A call, after which only callee-saved registers hold what they held. */
const CALL = /^(?:jalr?|call|ecall)(?: |$)/;

function addressesIn(code: readonly { readonly at: number; readonly text: string }[]): number[] {
  const list: number[] = [];
  /** What is known of each register: the address that stands in it. */
  const held = new Map<string, number>();
  for (const { at, text } of code) {
    const upper = UPPER.exec(text);
    if (upper !== null) {
      held.set(upper[1], at + (Number(upper[2]) << 12));
      continue;
    }
    const add = ADD.exec(text);
    if (add !== null) {
      const [, to, from, more] = add;
      const base = held.get(from);
      if (base === undefined) held.delete(to);
      else {
        list.push(base + Number(more));
        held.set(to, base + Number(more));
      }
      continue;
    }
    const access = ACCESS.exec(text);
    if (access !== null) {
      const base = held.get(access[4]);
      if (base !== undefined) list.push(base + Number(access[3]));
    }
    if (CALL.test(text)) { for (const x of held.keys()) if (!/^s\d/.test(x)) held.delete(x); }
    else if (!WRITES_NOTHING.test(text)) held.delete(/^\S+ (\w+)/.exec(text)?.[1] ?? "");
  }
  return list;
}
