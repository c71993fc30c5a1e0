/**
 * The search for a student's count array. At a prompt no page is mapped twice, and any array agrees
 * with page tables that count 1 everywhere; so only frames with two or more mappings are evidence.
 * Every place in the kernel's data where an array might begin, with every distance between two
 * counts, is held against them, look by look, until one is left that says the number of mappings.
 */

import { PAGE_SIZE, type PaNum } from "../machine/address.ts";
import { type CountArray, countAt } from "./count_array.ts";
import type { Known } from "./known.ts";
import type { Look } from "./look_ahead.ts";
import type { ImageSymbols } from "./symbols.ts";
import { usedCounts } from "./used_counts.ts";
import type { Words } from "./words.ts";

/** Distances between counts: integers, then structs with a lock of 24 bytes or more beside it. */
const STRIDES = [4, 1, 2, 8, 32, 16, 24, 40, 48, 64, 128];
/** By how much a count may exceed the mappings: the last owner may be 0, 1 or 2. */
const MORE = [0, 1, -1, 2];
/** Bytes that may stand before the first count in the same variable: locks and the like. */
const HEAD = 72;
/** Structs that may hold a pointer to the array, among others. */
const SMALL = 256;
/** In so many looks frames that are mapped once are looked at, too, and so many there have to be. */
const FIRST = 12;
/** Of the frames that are mapped once so many have a count of 1, unless they have been freed. */
const ONES = 0.3;
/** Places that are tried one by one where nothing tells where an array begins. */
const MOST = 600_000;

/** Where an array might be. */
interface Region {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly pointer: PaNum | undefined;
}

/** A place, with how well it did. */
interface Guess {
  readonly region: Region;
  readonly origin: number;
  readonly stride: number;
  readonly width: 1 | 2 | 4 | 8;
  /** How often it agreed, with each of {@link MORE}. */
  readonly hits: number[];
  /** The numbers of mappings with which it agreed, by {@link MORE}, a bit each. */
  readonly kinds: number[];
  /** How often it said 1 of a frame that is mapped once. */
  ones: number;
}

/** What was found. */
export interface FoundCounts {
  readonly array: CountArray;
  /** The bytes in which it lies; from what a pointer holds, if it has one. */
  readonly bytes: readonly [from: number, to: number];
  readonly hits: number;
  readonly total: number;
  /** How many different numbers of mappings it said. */
  readonly kinds: number;
  /** The share of free frames that say what a frame with two mappings would. */
  readonly freeAlike: number;
}

/** The search, over several looks at one kernel. */
export class CountSearch {
  /** Frames with two or more mappings that were seen, over all looks. */
  total = 0;
  /** And those with one, in the first looks. */
  #once = 0;
  readonly #known: Known;
  readonly #symbols: ImageSymbols;
  readonly #base: number;
  readonly #end: number;
  #guesses: Guess[] | undefined;
  #looks = 0;
  #lowest = Infinity;
  #highest = 0;
  #free: Uint8Array | undefined;
  #words: Words | undefined;

  /** Of a kernel in RAM of `total` frames from `base` on. */
  constructor(known: Known, base: PaNum, total: number) {
    this.#known = known;
    this.#symbols = known.symbols;
    this.#base = base;
    this.#end = base + total * PAGE_SIZE;
  }

  /** Takes one more look. */
  look({ facts, mapped }: Look): void {
    const { words } = facts.place;
    const frames = [...mapped.frames.subarray(0, mapped.length)];
    const shared = frames.filter((i) => mapped.counts[i] > 1);
    this.#words = words;
    if (shared.length === 0) return;
    if (this.#guesses === undefined) {
      this.#free = facts.free;
      this.#bounds(facts.free, frames);
      this.#guesses = [...this.#natural(words), ...this.#anywhere(words, shared, mapped.counts)];
    }
    this.total += shared.length;
    if (this.#looks < FIRST) this.#lookOnce(words, frames.filter((i) => mapped.counts[i] === 1));
    for (const guess of this.#guesses) {
      const { origin, stride, width } = guess;
      for (const i of shared) {
        const count = countAt(words, origin + i * stride, width);
        const more = count === undefined ? -1 : MORE.indexOf(count - mapped.counts[i]);
        if (more < 0) continue;
        guess.hits[more]++;
        guess.kinds[more] |= 1 << Math.min(mapped.counts[i], 31);
      }
    }
    // Who has been wrong mostly will not be right.
    if (++this.#looks % 8 === 0 && this.total > 40) {
      const least = this.total / 4;
      this.#guesses = this.#guesses.filter((guess) =>
        Math.max(...guess.hits) >= least || this.#isOne(guess)
      );
    }
  }

  #lookOnce(words: Words, frames: readonly number[]): void {
    this.#once += frames.length;
    for (const guess of this.#guesses!) {
      const { origin, stride, width } = guess;
      for (const i of frames) if (countAt(words, origin + i * stride, width) === 1) guess.ones++;
    }
  }

  /** Whether a place says 1 of the frames that are mapped once. */
  #isOne({ ones }: Guess): boolean {
    return this.#once >= FIRST && ones >= ONES * this.#once;
  }

  /**
   * An array that has the place and the use of counts, though it does not say how often pages are
   * mapped: see `usedCounts`. Undefined: there is none, or more than one.
   */
  get used(): (FoundCounts & { readonly ones: number; readonly once: number }) | undefined {
    const words = this.#words;
    if (words === undefined) return undefined;
    const of = { known: this.#known, words, base: this.#base, end: this.#end };
    const guess = usedCounts(of, (this.#guesses ?? []).filter((one) => this.#isOne(one)));
    return guess && { ...this.#found(guess, 0), ones: guess.ones, once: this.#once };
  }

  /** The frames that the kernel gives to anybody: below and above them nothing has to be counted. */
  #bounds(free: Uint8Array | undefined, mapped: readonly number[]): void {
    const see = (i: number) => {
      this.#lowest = Math.min(this.#lowest, i);
      this.#highest = Math.max(this.#highest, i);
    };
    free?.forEach((one, i) => one === 1 && see(i));
    mapped.forEach(see);
  }

  /** Variables that are long enough, and what pointers lead to. */
  #regions(words: Words): Region[] {
    const least = this.#highest - this.#lowest;
    const regions: Region[] = [];
    for (const { name, start, size } of this.#symbols.objects()) {
      if (size >= least) regions.push({ name, start, end: start + size, pointer: undefined });
      if (size > SMALL || size < 8) continue;
      for (let at = start; at + 8 <= start + size; at = (at + 8) as PaNum) {
        const to = words.long(at)!;
        if (to % 2 !== 0 || to < this.#symbols.start || to >= this.#end - least) continue;
        const behind = at === start ? "" : `+${at - start}`;
        regions.push({ name: `*${name}${behind}`, start: to, end: this.#end, pointer: at });
      }
    }
    return regions;
  }

  /** Arrays that begin where one would let them: at the front, for a frame that means something. */
  *#natural(words: Words): Generator<Guess> {
    const ends = Math.ceil((this.#symbols.end - this.#base) / PAGE_SIZE);
    for (const region of this.#regions(words)) {
      for (const stride of STRIDES) {
        const first = new Set([0, -this.#base / PAGE_SIZE, ends, this.#lowest]);
        if (region.pointer !== undefined) {
          // An array of its own at the end of the image, and frames from behind that on.
          const behind = region.start + (this.#highest + 1 - ends) * stride;
          first.add(Math.ceil((behind - this.#base) / PAGE_SIZE)).add(this.#lowest - 1);
        }
        for (const i of first) {
          for (let head = 0; head <= HEAD; head += Math.min(stride, 4)) {
            const guess = this.#guess(region, region.start + head - i * stride, stride);
            if (guess !== undefined) yield guess;
          }
        }
      }
    }
  }

  /** Arrays in variables that begin anywhere, as the first shared frames have it. */
  *#anywhere(
    words: Words,
    shared: readonly number[],
    counts: Uint32Array,
  ): Generator<Guess> {
    if (shared.length < 3) return;
    for (const region of this.#regions(words)) {
      if (region.pointer !== undefined) continue;
      for (const stride of [4, 1, 2, 8]) {
        const from = region.start - this.#lowest * stride;
        const to = region.end - (this.#highest + 1) * stride;
        if ((to - from) / stride > MOST) continue;
        for (let origin = from; origin <= to; origin += Math.min(stride, 4)) {
          const width = Math.min(stride, 4);
          const fits = shared.every((i) =>
            countAt(words, origin + i * stride, width) === counts[i]
          );
          const guess = fits ? this.#guess(region, origin, stride) : undefined;
          if (guess !== undefined) yield guess;
        }
      }
    }
  }

  /** A place, if the counts of all frames lie in its region. */
  #guess(region: Region, origin: number, stride: number): Guess | undefined {
    const width = (stride < 4 ? stride : 4) as 1 | 2 | 4;
    if (origin + this.#lowest * stride < region.start) return undefined;
    if (origin + this.#highest * stride + width > region.end) return undefined;
    return {
      region,
      origin,
      stride,
      width,
      hits: MORE.map(() => 0),
      kinds: MORE.map(() => 0),
      ones: 0,
    };
  }

  /** The best of all places so far; undefined where two do as well, or none does. */
  get best(): FoundCounts | undefined {
    let best: Guess | undefined, most = 0, twice = false;
    for (const guess of this.#guesses ?? []) {
      const hits = Math.max(...guess.hits);
      if (hits < most || hits === 0) continue;
      twice = hits === most && !same(guess, best!);
      if (
        hits > most || (best!.region.pointer !== undefined && guess.region.pointer === undefined)
      ) {
        best = guess;
      }
      most = hits;
    }
    if (best === undefined || twice) return undefined;
    return this.#found(best, best.hits.indexOf(most));
  }

  /** A place as it is told, when it is `MORE[which]` more than the mappings. */
  #found({ region, origin, stride, width, hits, kinds }: Guess, which: number): FoundCounts {
    const bits = kinds[which].toString(2).replaceAll("0", "").length;
    const { pointer, name, start, end } = region;
    return {
      array: {
        name,
        pointer,
        origin: pointer === undefined ? origin : origin - start,
        stride,
        width,
        more: MORE[which],
      },
      bytes: pointer === undefined
        ? [start, end]
        : [0, origin + this.#highest * stride + width - start],
      hits: hits[which],
      total: this.total,
      kinds: bits,
      freeAlike: this.#alike(origin, stride, width, 2 + MORE[which]),
    };
  }

  #alike(origin: number, stride: number, width: number, count: number): number {
    let free = 0, alike = 0;
    const words = this.#words;
    if (words === undefined || this.#free === undefined) return 1;
    for (let i = 0; i < this.#free.length; i++) {
      if (this.#free[i] !== 1) continue;
      free++;
      if (countAt(words, origin + i * stride, width) === count) alike++;
    }
    return free === 0 ? 1 : alike / free;
  }
}

function same(a: Guess, b: Guess): boolean {
  return a.origin === b.origin && a.stride === b.stride;
}
