/**
 * Whose turn it is. Harts take turns on the one engine, each for a quantum of instructions whose
 * length is drawn from a seed; so a seed is an interleaving, the same on every computer, and another
 * seed is another one. Where a turn ends depends on nothing but the state saved here, in particular
 * not on how a run is cut into slices.
 *
 * @module
 */

/** The schedule as plain data. */
export interface ScheduleState {
  /** The hart that runs. */
  readonly hart: number;
  /** Instructions left of its turn. */
  readonly left: number;
  /** So many more it has since it is alone. */
  readonly more: number;
  /** Where the random numbers stand: 32 bits, not 0. */
  readonly random: number;
  /** Instructions of a turn on average. */
  readonly quantum: number;
}

/** Instructions of a turn, on average, when nothing else is asked for. */
export const QUANTUM = 10_000;
/** The shortest and the longest that may be asked for. */
export const MIN_QUANTUM = 2, MAX_QUANTUM: number = 2 ** 30;
/**
 * So many instructions longer is a turn at whose end the hart holds a reservation. Harts must
 * guarantee that a loop of LR, SC and at most 14 plain instructions gets through some day
 * ("Eventual Success of Store-Conditional Instructions"), and a switch ends reservations.
 */
const RESERVED = 16;
/**
 * A hart that holds a spinlock should not be the one that stops: the others would spin for it. A
 * kernel holds spinlocks with interrupts off, so a turn that would end there goes on till they are
 * on, for another quantum at most. One turn in so many ends where it ends.
 */
const HARD = 8;
/**
 * So many quanta longer is the turn of a hart that is alone: nobody waits for the next one, which
 * would be its own.
 */
const ALONE = 15;
/** A shorter quantum is asked for to see what happens where turns end: then all are as drawn. */
const SHORT = 1000;

/** The turns of a machine's harts. */
export class Schedule {
  /** The hart that runs. */
  hart = 0;
  /** Instructions of a turn, on average. */
  quantum: number;
  #left: number;
  #more = 0;
  #random: number;

  /**
   * Hart 0 is the first. A turn has from half a quantum to nearly one and a half.
   *
   * @throws {RangeError} for a quantum that is no number of instructions, or a seed of more than 32
   * bits
   */
  constructor(quantum: number = QUANTUM, seed = 0) {
    if (!Number.isInteger(quantum) || quantum < MIN_QUANTUM || quantum > MAX_QUANTUM) {
      throw new RangeError(
        `a quantum is ${MIN_QUANTUM} to ${MAX_QUANTUM} instructions, not ${quantum}`,
      );
    }
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff) {
      throw new RangeError(`a seed is 0 to 2^32-1, not ${seed}`);
    }
    this.quantum = quantum;
    this.#random = (Math.imul(seed, 0x9e37_79b1) ^ 0x85eb_ca6b) >>> 0 || 1;
    this.#left = this.#turn();
  }

  /** Instructions left of the turn as it was drawn, less than 0 beyond. */
  get left(): number {
    return this.#left;
  }

  /** Instructions left, with what it has more since it is alone; less than 0 in its extension. */
  get whole(): number {
    return this.#left + this.#more;
  }

  /** Turns that it has lasted, as turns are drawn. */
  get turns(): number {
    return 1 + Math.floor(Math.max(0, -this.#left) / this.quantum);
  }

  /** Whether the quantum is short, so that turns are as they are drawn. */
  get strict(): boolean {
    return this.quantum < SHORT;
  }

  /**
   * Instructions by which the turn is longer where the hart could take no interrupt, or holds a
   * reservation.
   */
  extension(interruptible: boolean, reserved: boolean): number {
    const soft = !this.strict && this.#random % HARD !== 0;
    if (!interruptible && soft) return Math.max(0, this.whole + this.quantum);
    return reserved && this.whole > -RESERVED ? 1 : 0;
  }

  /** The hart has run so many instructions of its turn. */
  ran(instructions: number): void {
    this.#left -= instructions;
  }

  /** A hart's turn begins. */
  begin(hart: number): void {
    this.hart = hart;
    this.#left = this.#turn();
    this.#more = 0;
  }

  /** The turn is longer, since the hart is alone, and ends in so many instructions at the latest. */
  alone(most: number): void {
    this.#more = Math.max(0, Math.min(ALONE * this.quantum, most - this.#left));
  }

  /** The hart is alone no longer, perhaps. */
  joined(): void {
    this.#more = 0;
  }

  /** The length of the next turn: xorshift32 (Marsaglia, "Xorshift RNGs", 2003). */
  #turn(): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x >>> 0;
    return (this.quantum >>> 1) + this.#random % this.quantum;
  }

  /** The state as plain data. */
  save(): ScheduleState {
    return {
      hart: this.hart,
      left: this.#left,
      more: this.#more,
      random: this.#random,
      quantum: this.quantum,
    };
  }

  /** Takes over a saved state, its quantum too: what comes is what would have come there. */
  restore(state: ScheduleState): void {
    this.hart = state.hart;
    this.#left = state.left;
    this.#more = state.more;
    this.#random = state.random;
    this.quantum = state.quantum;
  }
}
