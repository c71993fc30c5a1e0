/** What a memory call answers: done, or why not. */

import { counted } from "../../machine/counted.ts";
import type { Memory } from "./memory.ts";

/** A call that was refused changed nothing. */
export interface Refused {
  readonly ok: false;
  /** In words for people, with the addresses and numbers that matter. */
  readonly why: string;
}

/** Done, with its result; or refused. */
export type Outcome<T = undefined> = { readonly ok: true; readonly value: T } | Refused;

/** Done. */
export function done<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

/** Done, with nothing to tell. */
export const DONE: Outcome = { ok: true, value: undefined };

/** Refused. */
export function refused(why: string): Refused {
  return { ok: false, why };
}

/** Refused for want of frames, which were for `what`. */
export function outOfFrames(m: Memory, what: string): Refused {
  return refused(`out of memory ${what}: ${counted(m.state.frames.free, "frame")} free`);
}

/** Refused because a 2 MiB leaf must be split first, and there is no frame for its table. */
export function noTable(m: Memory): Refused {
  return outOfFrames(m, "for the table of a split 2 MiB page");
}
