/** What was done to a computer, as a script sees it: actions that can be undone and done again. */

import type { VmEvent } from "./events.ts";

/** An action that can be undone, or done again. */
export interface HistoryEntry {
  /** The line that was typed, or the call of a script. */
  readonly label: string;
  /** The computer's revision after it; see {@link Vm.revision}. */
  readonly revision: number;
  /** Instructions retired since boot, after it. */
  readonly instret: number;
  /** Number of the next event, after it. */
  readonly event: number;
  /** It has been undone, and can be done again. */
  readonly undone: boolean;
  /** The shell's process before and after it, 0 for none; undefined for a script's call. */
  readonly current: { readonly before: number; readonly after: number } | undefined;
}

/** Where a way back led. */
export interface Moment {
  /** Instructions retired since boot. */
  readonly instret: number;
  /** Number of the next event. */
  readonly event: number;
  /** The program that ran then; 0 when it was none, or all. */
  readonly pid: number;
  /** What happened right before it, where an event was asked for and the log holds it. */
  readonly found: VmEvent | undefined;
}

/**
 * The history of a {@link Vm}. The shell records from its start; a script says when, since a
 * recorded computer keeps states.
 *
 * Each action can be undone: a call that changes the computer, a run, a line of the shell. At most
 * 10,000 are kept, and at most 1 GiB of states; then the oldest quarter is forgotten. What left the
 * computer (files of the host, printed text, a {@link Run}'s own figures) is not undone.
 *
 * @example Undone, and done again
 * ```ts
 * import { boot, expect } from "@cowsh/cowsh";
 *
 * const vm = boot();
 * const p = vm.spawn();
 * const at = p.sbrk(4096);
 * vm.history.start();
 * p.store(at, 1n);
 * p.fork();
 * vm.undo();
 * expect(vm.processes()).toHaveLength(2);
 * vm.undo();
 * expect(vm.history.entries().map((e) => [e.label, e.undone])).toEqual([
 *   ["p2.store(0x3000n, 1n)", true],
 *   ["p2.fork()", true],
 * ]);
 * vm.redo();
 * expect(p.load(at)).toBe(1n);
 * ```
 */
export interface History {
  /** Whether actions are recorded. */
  readonly recording: boolean;
  /**
   * Records from now on. Costs 2 to 10 us a call, and a state (0.1 to 0.4 ms) for each run and
   * every 256 calls.
   */
  start(): void;
  /** Records no more, and forgets everything. */
  stop(): void;
  /** The actions that are kept, oldest first. */
  entries(): HistoryEntry[];
}
