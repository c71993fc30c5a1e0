/**
 * Ways out of regions that were taken: from where, to where. What a region's jumps by a register lead
 * to (the cases of a `switch`, functions by a pointer), and which calls of functions that are too long
 * for all, is learned from them, and a region that is looked at again takes that in.
 *
 * Each exit to other code leaves both addresses in the linear memory; of these the last one before a
 * sample is counted. So those are known that are taken often.
 *
 * @module
 */

import * as layout from "../../layout.ts";
import { PC_END } from "./region.ts";

/** Places that ways out are counted of, before all are forgotten; of one place, at most. */
const MOST_PLACES = 4096, MOST_WAYS = 8;
/** A way out is known when it was seen so often, and in one of so many cases. */
const SEEN = 2, RARE = 32;

/** What is known of ways out of regions. None of it is state: nothing of the guest depends on it. */
export class Ways {
  readonly #words: Int32Array;
  readonly #seen = new Map<number, Map<number, number>>();
  /** How often each place was where a way out led. */
  readonly #to = new Map<number, number>();

  /** Nothing is known yet, in a machine's memory. */
  constructor(memory: WebAssembly.Memory) {
    this.#words = new Int32Array(memory.buffer);
  }

  /** Counts the last way out, if it has not been counted; where it led. */
  sample(): number | undefined {
    const from = this.#at(layout.REGION_FROM);
    if (from === 0) return undefined;
    this.#words[layout.REGION_FROM >> 2] = 0;
    this.#words[(layout.REGION_FROM >> 2) + 1] = 0;
    const to = this.#at(layout.REGION_TO);
    // A jump may lead anywhere; see PC_END.
    if (!(to >= 0 && to < PC_END)) return undefined;
    if (this.#seen.size >= MOST_PLACES || this.#to.size >= MOST_PLACES) this.clear();
    const ways = this.#seen.get(from) ?? new Map<number, number>();
    this.#seen.set(from, ways.set(to, (ways.get(to) ?? 0) + 1));
    this.#to.set(to, (this.#to.get(to) ?? 0) + 1);
    return to;
  }

  #at(offset: number): number {
    return this.#words[(offset >> 2) + 1]! * 2 ** 32 + (this.#words[offset >> 2]! >>> 0);
  }

  /** Where the jump or call at an address leads, the most frequent first. */
  from(pc: number): readonly number[] {
    const ways = [...this.#seen.get(pc) ?? []];
    const all = ways.reduce((sum, [, count]) => sum + count, 0);
    return ways.filter(([, count]) => count >= SEEN && count * RARE >= all)
      .sort(([a, m], [b, n]) => n - m || a - b).slice(0, MOST_WAYS).map(([to]) => to);
  }

  /** Whether ways out lead to an address often. */
  to(pc: number): boolean {
    return (this.#to.get(pc) ?? 0) >= SEEN;
  }

  /** Forgets all. */
  clear(): void {
    this.#seen.clear();
    this.#to.clear();
  }
}
