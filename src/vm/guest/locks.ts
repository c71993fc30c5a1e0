/**
 * Spinlocks that a hart of a guest holds: `struct cpu` counts them (`noff`), and each of them says
 * whose it is.
 */

import type { PaNum } from "../machine/address.ts";
import { cpuAt, type Cpus } from "./cpus.ts";
import type { Known } from "./known.ts";
import type { ImageSymbols } from "./symbols.ts";
import type { Words } from "./words.ts";

/** A spinlock that is held. */
export interface Held {
  readonly name: string;
  /** Its first word, which says that it is. */
  readonly at: PaNum;
}

/** Where a `struct spinlock` has its name and its hart, behind the word that says that it is held. */
const NAME = 8, HOLDER = 16;
/** Longest name. */
const LETTERS = 32;

/** The locks of a kernel, in its memory. */
export class Locks {
  readonly #words: Words;
  readonly #symbols: ImageSymbols;
  readonly #cpus: Cpus | undefined;

  /** Those of a kernel in some memory. */
  constructor(words: Words, { symbols, cpus }: Known) {
    this.#words = words;
    this.#symbols = symbols;
    this.#cpus = cpus;
  }

  /** Whether it can be told how many a hart holds. */
  get known(): boolean {
    return this.#cpus?.noff !== undefined;
  }

  /** How many a hart holds, with the times that it wants no interrupts; 0 where that is unknown. */
  depth(hart: number): number {
    const cpu = cpuAt(this.#cpus, hart), noff = this.#cpus?.noff;
    return cpu === undefined || noff === undefined ? 0 : this.#words.word(cpu + noff) ?? 0;
  }

  /** Whether a hart works for a process. */
  works(hart: number): boolean {
    const cpu = cpuAt(this.#cpus, hart);
    return cpu !== undefined && this.#words.long(cpu + this.#cpus!.proc) !== 0;
  }

  /** Those among the kernel's variables that a hart holds. */
  held(hart: number): Held[] {
    const holder = cpuAt(this.#cpus, hart);
    if (holder === undefined) return [];
    const { start, end } = this.#symbols;
    const words = this.#words, found: Held[] = [];
    for (let at = start + (8 - start % 8) % 8; at + HOLDER + 8 <= end; at += 8) {
      if (words.word(at) !== 1 || words.long(at + HOLDER) !== holder) continue;
      const name = words.text(words.long(at + NAME)!, LETTERS);
      if (name !== undefined) found.push({ name, at: at as PaNum });
    }
    return found;
  }
}
