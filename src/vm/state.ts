/** A saved computer as plain data, and whether what somebody hands in is one. */

import { differences, type Made } from "./boot_options.ts";
import type { EventLogState } from "./events.ts";
import type { SavedKernel } from "./kernel/boot.ts";
import type { MachineState } from "./machine/machine.ts";

export { sameSaved } from "./machine/saver.ts";

/** Everything a VM is at one moment, as plain data. */
export interface VmState {
  /** @internal The options that its computer was booted with, disks excepted. */
  readonly made: Made;
  /** @internal Hardware: RAM, registers, TLBs, devices. */
  readonly machine: MachineState;
}

/** That of a computer with the built-in kernel. */
export interface BuiltinState extends VmState {
  /** @internal What the kernel keeps: processes, areas, counts, files. */
  readonly kernel: SavedKernel;
  /** @internal The event log. */
  readonly events: EventLogState;
}

/** A field that `other` lacks, as names each behind a blank; not in lists, nor below `depth`. */
function missingIn(whole: object, other: object, depth: number): string | undefined {
  for (const [name, inside] of Object.entries(whole)) {
    if (!(name in other)) return ` ${name}`;
    const there = (other as Record<string, unknown>)[name];
    if (depth === 1 || !isRecord(inside) || !isRecord(there)) continue;
    const missing = missingIn(inside, there, depth - 1);
    if (missing !== undefined) return ` ${name}${missing}`;
  }
  return undefined;
}

function isRecord(one: unknown): one is object {
  return typeof one === "object" && one !== null && !Array.isArray(one);
}

/** Throws a RangeError for what is no state of a computer like the one of `now`. */
export function checkRestorable<State extends VmState>(
  state: VmState,
  now: State,
): asserts state is State {
  checkState("restore", state);
  if (isGuests(state) !== isGuests(now)) throw new RangeError(`restore: ${whose(state)}`);
  const [other] = differences(state.made, now.made);
  if (other !== undefined) {
    throw new RangeError(`restore: the state is of a computer with ${other}`);
  }
  const missing = missingIn(now, state, 3);
  if (missing !== undefined) throw damaged(`it has no${missing}`);
}

/** Whether a state is of a computer that runs a kernel of its own. */
export function isGuests(state: VmState): boolean {
  return "guest" in state;
}

/** The line for a state of the other kind of computer. */
export function whose(state: VmState): string {
  return `the state is of a computer with ${
    isGuests(state) ? "a kernel of its own" : "our kernel"
  }`;
}

/** What restore says about a state that nobody can have saved like that. */
export function damaged(why: string): RangeError {
  return new RangeError(`restore: the state is damaged: ${why}`);
}

/** Throws a RangeError for what save() never returned, as far as one look tells. */
export function checkState(what: string, state: VmState): void {
  const parts: readonly (keyof VmState)[] = ["made", "machine"];
  if (isRecord(state) && parts.every((part) => isRecord(state[part]))) return;
  throw new RangeError(`${what}: this is no state of a computer; save() makes one`);
}
