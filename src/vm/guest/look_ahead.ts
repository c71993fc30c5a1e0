/**
 * Looks at a kernel at work before the person's own run comes there: the machine runs on for a
 * while, is looked at whenever a process has just left user mode (nothing has been done in the
 * kernel yet, so counts and page tables have to agree), and is made what it was.
 */

import { PAGE_SIZE, type PaNum } from "../machine/address.ts";
import { Facts } from "./facts.ts";
import type { GuestHistory } from "./history.ts";
import type { Known } from "./known.ts";
import { Mapped } from "./mapped.ts";
import { quietly } from "./quietly.ts";
import { unrestOf } from "./rest.ts";
import { Words } from "./words.ts";

/** One look. */
export interface Look {
  readonly facts: Facts;
  /** What is mapped now. */
  readonly mapped: Mapped;
  /** Calls back for each user page of each process. */
  each(seen: (va: number, pte: number, root: PaNum) => void): void;
  /** How far it is from where the run began, in instructions. */
  readonly after: number;
}

/** How long one looks. */
export interface Ahead {
  /** Where traps into the kernel begin. */
  readonly entries: readonly bigint[];
  /** Typed at the console first; nothing, unless given. */
  readonly line?: string | undefined;
  /** Most looks, and most instructions. */
  readonly looks: number;
  readonly budget: number;
}

/** Calls `visit` at each look, until it returns true. How many instructions that took. */
export function lookAhead(
  history: GuestHistory,
  known: Known,
  { entries, line, looks, budget }: Ahead,
  visit: (look: Look) => boolean | void,
): number {
  const { machine } = history;
  const { ram } = machine;
  const place = { words: new Words(ram), base: ram.base, total: ram.size / PAGE_SIZE };
  const mapped = new Mapped(ram, ram.base, place.total);
  const from = history.now;
  const points = entries.map((at) => Number(BigInt.asIntN(64, at)));
  const run = () => {
    for (const at of points) machine.addBreak(at);
    try {
      if (line !== undefined) machine.uart.type(new TextEncoder().encode(line));
      for (let n = 0; n < looks;) {
        const left = budget - (machine.instret - from);
        if (left <= 0) return;
        const stop = machine.run(left);
        if (stop.kind !== "break") {
          if (stop.kind === "watch") continue;
          return;
        }
        const facts = new Facts(place, known);
        if (unrestOf(machine, facts) !== undefined) continue;
        n++;
        const roots = facts.userRoots;
        mapped.sweep(roots);
        const after = machine.instret - from;
        if (visit({ facts, mapped, after, each: (seen) => mapped.sweep(roots, seen) })) return;
      }
    } finally {
      for (const at of points) machine.removeBreak(at);
    }
  };
  let took = 0;
  history.aside(() => {
    quietly(machine, run);
    took = machine.instret - from;
  });
  return took;
}
