/** What was done to a computer, as a script sees it: actions that can be undone and done again. */

import { shown } from "./checks.ts";
import type { Trap } from "./guest_traps.ts";
import type { VmEvent } from "./events.ts";
import type { EventFilter } from "./events.ts";
import { hex } from "./machine/address.ts";

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
  /** Number of the next event; 0 where none are recorded. */
  readonly event: number;
  /** The program that ran then; 0 when it was none, or all. */
  readonly pid: number;
  /** What happened right before it, where an event was asked for and the log holds it. */
  readonly found: VmEvent | undefined;
  /** Of a guest, the trap into its kernel that was asked for, and right behind which it is. */
  readonly trap?: Trap;
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
  /** Records from now on. Costs 2 to 10 us a call, 0.1 to 0.4 ms a run and every 256 calls. */
  start(): void;
  /** Records no more, and forgets everything. */
  stop(): void;
  /** The actions that are kept, oldest first. */
  entries(): HistoryEntry[];
  /**
   * @internal A line of the shell begins; its current process is `pid`. The line that it stands in,
   * for `source`, is one action up to here. What it returns ends the line.
   */
  begin(line: string, pid: number): (pid: number) => void;
}

/** Characters of a call. */
const LONGEST = 200;

/** The line for who wants to undo or redo more than there is. */
export function tooFar(what: string, n: number, there: number): string {
  const done = what === "undo" ? "undone" : "done again";
  if (there === 0) return `${what}: there is nothing to be ${done}`;
  return `${what} ${n}: only ${there} ${there === 1 ? "action" : "actions"} can be ${done}`;
}

/** An event filter in words. */
export function filterText({ kinds, pid, va }: EventFilter): string {
  const whose = pid === undefined ? "" : ` of pid ${pid}`;
  const where = va === undefined ? "" : ` about the page of ${hex(BigInt.asUintN(64, va))}`;
  return `${kinds?.join(" or ") ?? "event"}${kinds === undefined ? "" : " event"}${whose}${where}`;
}

/** A call as a script writes it. */
export function callText(what: string, args: readonly unknown[]): string {
  const given = args.filter((arg) => arg !== undefined).map(argument);
  const text = `${what}(${given.join(", ")})`;
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}

function argument(arg: unknown): string {
  if (typeof arg === "bigint") return arg < 10n ? `${arg}n` : `${hex(arg)}n`;
  if (arg instanceof Uint8Array) return `${arg.length} bytes`;
  if (typeof arg !== "object" || arg === null) return shown(arg);
  if (Array.isArray(arg)) return `[${arg.map(argument).join(", ")}]`;
  const pairs = Object.entries(arg).map(([name, one]) => `${name}: ${argument(one)}`);
  return `{ ${pairs.join(", ")} }`;
}
