/**
 * Real time for a guest that waits. Its clock is the number of its instructions, and jumps where
 * all harts wait; for a person it jumps when as much real time has passed. So `sleep 10` of an xv6
 * takes a second, a blinking prompt blinks, and nobody's processor is busy meanwhile. While the
 * guest works, its time is its own.
 */

import { TICKS_PER_SECOND } from "../vm/guest.ts";

/** Milliseconds by which the two clocks may differ before they are set anew: one tick of xv6. */
const SLACK_MS = 100;

/**
 * Ticks of silence after which nobody is believed to wait for a guest any more, a day of its time:
 * whoever started it may have died and left it a sleep without an end, which should not cost a
 * processor.
 */
const SILENT = 24 * 3600 * TICKS_PER_SECOND;

/** For whom a guest waits whose harts all do. */
export interface Waiting {
  /** A person sits there: its time is theirs. */
  readonly person: boolean;
  /** One of its processes sleeps for a time; otherwise only for input, or for nothing. */
  readonly sleeps: boolean;
  /** Ticks since it last said something or was typed to. */
  readonly silent: number;
}

/** Two clocks, the guest's and the host's. */
export class Pace {
  readonly #clock: () => number;
  /** When both were the same: milliseconds of each. */
  #real = 0;
  #guest = 0;
  /** The guest's time when it began to wait, and for how many milliseconds. */
  #since = -1;
  #wait = 0;

  /** @param clock milliseconds of real time */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /**
   * Milliseconds to rest where all harts wait, the first for so many ticks, with mtime at `time`: for
   * a person as long as the guest's clock says. Where a program sits, a grader, time jumps (0) as
   * long as a process sleeps; a guest that waits for input only, or for nothing, takes its ticks in
   * real time, so that it costs nothing.
   */
  rest(time: number, ticks: number, { person, sleeps, silent }: Waiting): number {
    if (ticks === Infinity) return Infinity;
    if (sleeps && !person && silent < SILENT) return 0;
    return this.until(time, ticks);
  }

  /**
   * Milliseconds until a guest that waits, with mtime at `time`, may go on `ticks` later. Time that
   * it has already waited counts, also when something was typed in between.
   */
  until(time: number, ticks: number): number {
    const now = this.#clock();
    const guest = time / TICKS_PER_SECOND * 1000;
    if (time !== this.#since) {
      const ahead = (guest - this.#guest) - (now - this.#real);
      // It has worked, faster or slower than its clock says, or stood still.
      if (ahead > SLACK_MS || -ahead > Math.max(SLACK_MS, this.#wait)) {
        [this.#real, this.#guest] = [now, guest];
      }
    }
    const wait = guest + ticks / TICKS_PER_SECOND * 1000 - this.#guest - (now - this.#real);
    if (time !== this.#since) [this.#since, this.#wait] = [time, Math.min(wait, LONGEST_MS)];
    return wait;
  }
}

/** A wait that is remembered at most: one without an end is none that must be made up for. */
const LONGEST_MS = 60_000;
