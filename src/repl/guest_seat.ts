/**
 * A guest with somebody in front of it: a person at a terminal, a grader behind a pipe, a debugger.
 * One loop serves them all, so that none of them waits longer than a slice takes.
 */

import type { Guest, GuestEnd, GuestStep } from "../vm/guest.ts";
import type { GuestConsole } from "./guest_console.ts";
import { type Bell, type Keyboard, TYPE_AHEAD } from "./guest_keys.ts";

/** Who sits there, and what is done for them. */
export interface Seat<Ending> {
  readonly guest: Guest;
  readonly console: GuestConsole;
  readonly keyboard: Pick<Keyboard<string>, "listen" | "take">;
  /** Rings for whatever comes from outside. */
  readonly bell: Bell;
  readonly clock: () => number;
  /** What the guest's own end means; undefined: the machine stays on, as a real one does. */
  ends(end: GuestEnd): Ending | undefined;
  /** What was said meanwhile is done here, between two slices; what it gives ends the run. */
  between(): Promise<Ending | undefined>;
  /** Whether the guest stands still. */
  held(): boolean;
  /** Milliseconds to rest where all harts wait, the first for so many ticks; 0: time jumps. */
  rest(idle: number): number;
  /** Runs a slice; undefined: it was not to run forwards. */
  run(length: number): GuestStep | undefined;
}

/** Milliseconds that a slice shall take: a tenth of what a person notices. */
const SLICE_MS = 5;
/** Instructions of a slice: at first, at least, at most. */
const FIRST = 100_000, LEAST = 10_000, MOST = 1_000_000;

/** Runs the guest until something ends it. */
export async function attend<Ending>(seat: Seat<Ending>): Promise<Ending> {
  const { guest, console, keyboard, bell, clock } = seat;
  let length = FIRST;
  // How much may be typed; no limit for a guest of which nobody knows when it reads.
  let room = Infinity;
  const hears = () => guest.hears && guest.read;
  // Who held the guest may want a step, or the way back: they wait for no clock.
  let stirred = false;
  for (;;) {
    keyboard.listen();
    const over = await seat.between();
    if (over !== undefined) return over;
    if (seat.held()) {
      await bell.sleep();
      stirred = true;
      // What is watched may be another thing now, and a guest beside it ten times as slow.
      length = FIRST;
      continue;
    }
    const keys = hears() ? keyboard.take(Math.min(room, TYPE_AHEAD)) : NO_KEYS;
    if (keys.length > 0) {
      guest.type(keys);
      console.lastHeard = guest.time;
      room -= keys.length;
    } else if (!stirred && guest.idle !== undefined) {
      const ms = seat.rest(guest.idle);
      if (ms > 0) {
        await bell.sleep(ms);
        continue;
      }
    }
    stirred = false;
    const start = clock();
    const step = await console.slice(() => seat.run(length));
    length = nextLength(length, clock() - start);
    if (step === undefined) continue;
    const ending = step.end && seat.ends(step.end);
    if (ending !== undefined) return ending;
    if (step.doing !== "works") room = TYPE_AHEAD;
    // Only a debugger can help it, or a person who leaves.
    if (step.end?.end === "stuck") await bell.sleep();
  }
}

const NO_KEYS = new Uint8Array();

/** The next slice's length, after one of a length that took so long. */
function nextLength(length: number, ms: number): number {
  // All at once: one slice that is too long is one too many.
  if (ms > 2 * SLICE_MS) return Math.max(LEAST, Math.round(length * SLICE_MS / ms));
  if (ms < SLICE_MS / 2) return Math.min(MOST, Math.round(length * 1.5));
  return length;
}
