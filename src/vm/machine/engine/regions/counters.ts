/**
 * What regions have done, counted in the linear memory (layout.ts) by the interpreter, which enters
 * and leaves them. None of it is state: nothing of the guest depends on it.
 *
 * @module
 */

import * as layout from "../../layout.ts";

/** What a region has done. */
export interface RegionCounts {
  /** How often it was entered. */
  readonly runs: number;
  /** Instructions executed in it. */
  readonly instructions: number;
  /** Ways out: to another page, or to where a register said, which the interpreter looks up; */
  readonly lookedUp: number;
  /** to code in the same page that is not in it; */
  readonly outside: number;
  /** to an instruction that the interpreter has to execute, or an access that it has to make; */
  readonly handedOver: number;
  /** because the engine's run ended. */
  readonly ranOut: number;
}

const NAMES = ["instructions", "lookedUp", "outside", "handedOver", "ranOut"] as const;
const WORDS = (1 << layout.REGION_COUNTER_SHIFT) / 4;

/** The counters of one machine's regions, by the slots of their functions. */
export class RegionCounters {
  readonly #words: Uint32Array;

  /** Those in a machine's memory. */
  constructor(memory: WebAssembly.Memory) {
    this.#words = new Uint32Array(memory.buffer);
  }

  /** Sets those of a slot to 0. */
  clear(slot: number): void {
    this.#words.fill(0, wordOf(slot), wordOf(slot) + WORDS);
  }

  /** How often the region of a slot was left for code that is not in it. */
  left(slot: number): number {
    return this.#read(slot, "lookedUp") + this.#read(slot, "outside");
  }

  #read(slot: number, name: typeof NAMES[number]): number {
    const at = wordOf(slot) + (layout.REGION_COUNTS[name] >> 2);
    return this.#words[at]! + this.#words[at + 1]! * 2 ** 32;
  }

  /** Those of a slot. */
  of(slot: number): RegionCounts {
    const [instructions, lookedUp, outside, handedOver, ranOut] = NAMES.map((name) =>
      this.#read(slot, name)
    );
    return {
      runs: lookedUp! + outside! + handedOver! + ranOut!,
      instructions: instructions!,
      lookedUp: lookedUp!,
      outside: outside!,
      handedOver: handedOver!,
      ranOut: ranOut!,
    };
  }
}

const wordOf = (slot: number): number =>
  (layout.REGION_COUNTERS + (slot << layout.REGION_COUNTER_SHIFT)) >> 2;
