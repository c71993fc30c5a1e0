/** What the recorded past is made of: states, some way apart, and what was done between them. */

import { putParts } from "./computer.ts";
import { copyBreakpoints, putBreakpoints } from "./kernel/breakpoints.ts";
import { takeOutput } from "./kernel/console.ts";
import { holdRun } from "./kernel/process/table.ts";
import type { Breakpoints } from "./kernel/kernel.ts";
import type { Parts } from "./parts.ts";
import type { BuiltinState } from "./state.ts";

/** A call that changed the computer: done again on the same state it does the same. */
export interface Call {
  /** The revision of the computer that it made. */
  readonly revision: number;
  readonly again: () => unknown;
  /** Whether it threw; then it throws again. */
  threw: boolean;
}

/** Who runs: a program, or everybody who can. */
export interface Runner {
  /** The program that was run; 0 for no one in particular. */
  readonly pid: number;
  /** The run that it belongs to; 0 for none. See the process's own `run`. */
  readonly run: number;
  /** Nobody but this process runs. */
  readonly only?: number;
}

/** Everybody who can run. */
export const ANYBODY: Runner = { pid: 0, run: 0 };

/** How a computer came from one checkpoint to another: first calls, then a run. */
export interface Way {
  readonly from: Checkpoint;
  readonly calls: readonly Call[];
  /** The run, and the instret at which it began. */
  readonly ran: Runner & { readonly since: number } | undefined;
}

/** A state that is kept, and how it came about. */
export interface Checkpoint {
  readonly state: BuiltinState;
  readonly revision: number;
  readonly instret: number;
  /** Number of the next event. */
  readonly event: number;
  readonly breakpoints: Breakpoints;
  readonly loaded: ReadonlyMap<string, Uint8Array>;
  /** In the middle of a run: it may be left out. */
  readonly between: boolean;
  /** Undefined where what came before is not known. */
  way: Way | undefined;
}

/** Makes the computer what it was, breakpoints among it. */
export function putBack(parts: Parts, { state, breakpoints, loaded }: Checkpoint): void {
  putParts(parts, state);
  putBreakpoints(parts.kernel, copyBreakpoints(breakpoints));
  putLoaded(parts, loaded);
}

/** Makes the files that programs were loaded from what they were. */
export function putLoaded({ loaded }: Parts, by: ReadonlyMap<string, Uint8Array>): void {
  loaded.clear();
  for (const [name, bytes] of by) loaded.set(name, bytes);
}

/** What was printed was printed before; what is left of the run is held, as where runs stop. */
export function comeToRest({ kernel }: Parts, ran: Runner | undefined): void {
  takeOutput(kernel);
  if (ran !== undefined && ran.run !== 0) holdRun(kernel, ran.run, true);
}

/** Makes a call again, which fails if it failed. */
export function redo(call: Call): void {
  try {
    call.again();
  } catch (error) {
    if (!call.threw) throw error;
  }
}
