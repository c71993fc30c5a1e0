/**
 * Time. The only clock of the machine is the number of retired instructions: mtime moves by one in
 * every `instructionsPerTick` of them, and jumps forward when all harts wait for a timer. So the
 * same inputs give the same times on every computer.
 *
 * @module
 */

import type { Registers } from "./hart/registers.ts";

/** The clock's state as plain data. */
export interface ClockState {
  /** Instructions retired. */
  readonly retired: number;
  /** Ticks that mtime is ahead of them. */
  readonly skew: number;
}

/** Retired instructions and mtime. */
export class Clock {
  /** Instructions in one tick of mtime. */
  readonly instructionsPerTick: number;
  readonly #registers: Registers;
  /** Retired when the present engine run began, and the budget it was given. */
  #base = 0;
  #given = 0;
  #skew = 0;

  /** A clock at 0. */
  constructor(registers: Registers, instructionsPerTick: number) {
    if (!Number.isInteger(instructionsPerTick) || instructionsPerTick < 1) {
      throw new RangeError(`instructions per tick must be 1 or more, not ${instructionsPerTick}`);
    }
    this.#registers = registers;
    this.instructionsPerTick = instructionsPerTick;
  }

  /** Instructions retired since the machine was made; exact, also in the middle of a run. */
  get retired(): number {
    return this.#base + this.underWay;
  }

  /** Instructions of the present engine run that are retired. */
  get underWay(): number {
    return this.#given === 0 ? 0 : this.#given - this.#registers.budget;
  }

  /** Whether the engine is running: pc and time are those of the instruction under way. */
  get running(): boolean {
    return this.#given !== 0;
  }

  /** mtime: ticks since the machine was made. */
  get time(): number {
    return Math.floor(this.retired / this.instructionsPerTick) + this.#skew;
  }

  set time(value: number) {
    this.#skew = value - Math.floor(this.retired / this.instructionsPerTick);
  }

  /** Instructions from now until mtime reaches a value; 0 when it has. */
  until(time: number): number {
    const due = (time - this.#skew) * this.instructionsPerTick;
    return Math.max(0, due - this.retired);
  }

  /** An engine run of `budget` instructions begins. */
  begin(budget: number): void {
    this.#given = budget;
  }

  /** Of the engine run under way so many instructions are left from now on, and no more. */
  shorten(left: number): void {
    const { budget } = this.#registers;
    if (left >= budget) return;
    this.#given -= budget - left;
    this.#registers.budget = left;
  }

  /** The run is over; returns how many instructions it retired. */
  end(): number {
    const used = this.#given - this.#registers.budget;
    this.#base += used;
    this.#given = 0;
    return used;
  }

  /** The state as plain data. */
  save(): ClockState {
    return { retired: this.retired, skew: this.#skew };
  }

  /** Takes over a saved state. */
  restore(state: ClockState): void {
    this.#base = state.retired;
    this.#given = 0;
    this.#skew = state.skew;
  }
}
