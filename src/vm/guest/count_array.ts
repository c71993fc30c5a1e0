/**
 * The array in which a student's COW kernel counts who uses a frame: where the count of a frame
 * stands, and what it means. Kernels index it from KERNBASE, from 0 (pa / PGSIZE), from the end of
 * their image or by a mask; all of these are a first count, for the first frame of RAM, and a
 * distance.
 */

import type { PaNum } from "../machine/address.ts";
import type { Words } from "./words.ts";

/** Where counts stand, and how they are read. */
export interface CountArray {
  /** What it is called: `ref.cnt`, `*pagerefs`. */
  readonly name: string;
  /** Where the count of RAM's first frame stands, or would; from `pointer`'s target, if there is one. */
  readonly origin: number;
  /** Where a pointer to it stands; undefined: it does not move. */
  readonly pointer: PaNum | undefined;
  /** Bytes from one count to the next. */
  readonly stride: number;
  /** Bytes of a count: 1, 2, 4 or 8. */
  readonly width: 1 | 2 | 4 | 8;
  /** How much more than its user mappings a frame counts. */
  readonly more: number;
}

/** Where the count of RAM's first frame stands in a memory; undefined: the pointer is not set. */
export function originIn({ origin, pointer }: CountArray, words: Words): number | undefined {
  if (pointer === undefined) return origin;
  const at = words.long(pointer);
  return at === undefined || at === 0 ? undefined : at + origin;
}

/**
 * The count that stands somewhere: of 8 or 16 bits unsigned, else signed, and what is wider than 32
 * bits is read as these, since no kernel counts further. Undefined outside of memory.
 */
export function countAt(words: Words, at: number, width: number): number | undefined {
  const word = words.word(at - at % 4);
  if (word === undefined) return undefined;
  if (width === 1) return (word >>> (8 * (at % 4))) & 0xff;
  if (width === 2) return (word >>> (8 * (at % 4))) & 0xffff;
  return word | 0;
}

/** The counts of a memory, by the number of the frame in RAM. */
export class Counts {
  readonly #words: Words;
  readonly #array: CountArray;
  readonly #origin: number | undefined;
  /** Outside of these bytes there is none. */
  readonly #from: number;
  readonly #to: number;

  /** Those of an array, which lies in these bytes, in some memory. */
  constructor(
    words: Words,
    { array, bytes: [from, to] }: {
      readonly array: CountArray;
      readonly bytes: readonly [from: number, to: number];
    },
  ) {
    this.#words = words;
    this.#array = array;
    this.#origin = originIn(array, words);
    const moved = array.pointer === undefined ? 0 : words.long(array.pointer) ?? 0;
    this.#from = from + moved;
    this.#to = to + moved;
  }

  /** Where that of a frame stands; undefined: it has none. */
  at(i: number): number | undefined {
    if (this.#origin === undefined) return undefined;
    const at = this.#origin + i * this.#array.stride;
    return at >= this.#from && at + this.#array.width <= this.#to ? at : undefined;
  }

  /** What stands there. */
  of(i: number): number | undefined {
    const at = this.at(i);
    return at === undefined ? undefined : countAt(this.#words, at, this.#array.width);
  }
}
