/** The system calls by name: what they take and return, and which number means which call. */

import { type Abi, ABIS, ALIASES, type CallName, parseAbi } from "./kernel/abi.ts";
import type { Call } from "./kernel/syscalls/call.ts";
import { resultText } from "./kernel/syscalls/trace.ts";
import { callNamed, CALLS } from "./kernel/syscalls/dispatch.ts";
import type { TraceRecord } from "./kernel/kernel.ts";
import type { Vm } from "./vm.ts";
import { kernelOf } from "./parts.ts";

export { type Abi, type CallName, parseAbi, type TraceRecord };

/** A system call as a caller sees it. */
export type CallShape = Pick<Call, "name" | "arguments" | "returns">;

/** The calls by all names that trees have for them. */
const ROWS = [
  ...Object.entries(CALLS),
  ...Object.entries(ALIASES).map(([alias, name]) => [alias, CALLS[name]] as const),
].sort(([a], [b]) => a < b ? -1 : 1);

/** Every call that does something here, by name. */
export const CALL_SHAPES: ReadonlyMap<string, CallShape> = new Map(
  ROWS.filter(([, row]) => !row.absent),
);

/** What a call has returned, as strace shows it. */
export function returnedText(name: string, result: number): string {
  return resultText(callNamed(name), result);
}

/** Whether two names mean one call: trees have renamed some. */
export function isSameCall(one: string, other: string): boolean {
  return one === other || (callNamed(one) !== undefined && callNamed(one) === callNamed(other));
}

/** The names of all calls, those among them that this kernel knows and has not. */
export const CALL_NAMES: readonly string[] = ROWS.map(([name]) => name);

/** The numberings in which a number means a call, with that call's name. */
export function meaningsOf(number: number): { readonly abi: string; readonly call: string }[] {
  return ABIS.flatMap(({ name, calls }) =>
    calls[number] === undefined ? [] : [{ abi: name, call: calls[number] }]
  );
}

/** A record of system calls under way; {@link CallTrace.stop} ends it. */
export interface CallTrace {
  /** The calls so far, by whatever process, in the order in which they were made. */
  readonly calls: readonly TraceRecord[];
  /** Ends it; a record that was begun before goes on. */
  stop(): void;
}

/**
 * Begins to record the system calls that processes make. Of a guest's kernel none are: its events
 * tell of them.
 */
export function traceCalls(vm: Vm): CallTrace {
  if (vm.guest) return { calls: [], stop: () => {} };
  const k = kernelOf(vm);
  const outer = k.trace;
  const calls: TraceRecord[] = k.trace = [];
  return { calls, stop: () => void (k.trace = outer) };
}
