/**
 * What the turns are made from, answers and is saved as.
 *
 * @module
 */

import type { Saved } from "./saver.ts";
import type { ScheduleState } from "./schedule.ts";
import type { SpinState } from "./spin_state.ts";

/** How a machine's harts take turns. */
export interface TurnOptions {
  /** Instructions of a turn, on average. */
  readonly quantum: number | undefined;
  /** Chooses the interleaving. */
  readonly seed: number | undefined;
  /** Whether harts that spin are parked. */
  readonly parks: boolean;
}

/** The turns as plain data. */
export interface TurnsState {
  /** Whose turn it is. */
  readonly schedule: ScheduleState;
  /** What is known of each hart's spinning; empty where harts are never parked. */
  readonly spins: readonly Saved<SpinState>[];
  /** Whether harts are parked now. */
  readonly parks: boolean;
  /** Signs of life of all harts together, and the instructions retired when they became as many. */
  readonly life: number;
  readonly since: number;
}

/** What came of looking for a hart that can run. */
export type Next =
  /** One runs. */
  | "turn"
  /** All wait, and no timer is set. */
  | "never"
  /** All wait for a time, this tick of mtime. */
  | number;
