/**
 * The watchpoints by the pages that they touch, so that what a page needs and what an access hits is
 * found without going through all of them.
 *
 * @module
 */

import { PAGE_SIZE } from "./address.ts";
import type { Watch } from "./watch.ts";

/** A watchpoint over more pages than this stands in a list of its own and not at each page. */
const WIDE = 64;

/** One that was set, and when. */
interface Entry {
  readonly watch: Watch;
  readonly n: number;
}

/** Watchpoints, in the order they were set. */
export class WatchList {
  #all: Entry[] = [];
  readonly #pages = { va: new Map<number, Entry[]>(), pa: new Map<number, Entry[]>() };
  readonly #wide: Entry[] = [];
  #next = 0;
  /** The page where {@link WatchList.#near} found some last, and those. */
  #nearVa = NaN;
  #nearPa = NaN;
  #found: readonly Entry[] = [];

  /** All of them. */
  get all(): readonly Watch[] {
    return this.#all.map(({ watch }) => watch);
  }

  /** How many there are. */
  get length(): number {
    return this.#all.length;
  }

  /** Adds one; the same may be there more than once. */
  add(watch: Watch): void {
    this.#nearVa = NaN;
    const entry = { watch, n: this.#next++ };
    this.#all.push(entry);
    for (const list of this.#lists(watch)) list.push(entry);
  }

  /** Removes this one, else the first that says the same; false when there is none. */
  remove(watch: Watch): boolean {
    const entry = this.#all.find((one) => one.watch === watch) ??
      this.#all.find((one) => isSame(one.watch, watch));
    if (entry === undefined) return false;
    this.#nearVa = NaN;
    this.#all = this.#all.filter((one) => one !== entry);
    for (const list of this.#lists(entry.watch)) list.splice(list.indexOf(entry), 1);
    for (const page of pagesOf(entry.watch) ?? []) {
      const pages = this.#pages[entry.watch.space];
      if (pages.get(page)?.length === 0) pages.delete(page);
    }
    return true;
  }

  /** The lists that a watchpoint stands in, or is to. */
  #lists(watch: Watch): Entry[][] {
    const pages = this.#pages[watch.space];
    return pagesOf(watch)?.map((page) => {
      const list = pages.get(page) ?? [];
      pages.set(page, list);
      return list;
    }) ?? [this.#wide];
  }

  /**
   * The watchpoint that was set first of those with one of `size` bytes in one page at `va`, which
   * translates to `pa`, that sees loads, when `read`, or stores, when `write`.
   */
  find(va: number, pa: number, size: number, read: boolean, write: boolean): Watch | undefined {
    const entries = this.#near(pageOf(va), pageOf(pa));
    for (let i = 0; i < entries.length; i++) {
      const { watch } = entries[i];
      if (!((read && watch.read) || (write && watch.write))) continue;
      const at = watch.space === "va" ? va : pa;
      if (watch.start < at + size && watch.start + watch.length > at) return watch;
    }
    return undefined;
  }

  /** Those that may have bytes in a page, given by its virtual and its physical number. */
  #near(va: number, pa: number): readonly Entry[] {
    if (va === this.#nearVa && pa === this.#nearPa) return this.#found;
    const onVa = this.#pages.va.get(va), onPa = this.#pages.pa.get(pa), wide = this.#wide;
    // Most pages have none: that must be quick, and not drive out what a few have.
    if (onVa === undefined && onPa === undefined && wide.length === 0) return wide;
    this.#nearVa = va;
    this.#nearPa = pa;
    return this.#found = [...onVa ?? [], ...onPa ?? [], ...wide].sort((a, b) => a.n - b.n);
  }
}

/** The pages that a watchpoint touches, by number; undefined: too many to list. */
export function pagesOf({ start, length }: Watch): number[] | undefined {
  const first = pageOf(start), count = length > 0 ? pageOf(start + length - 1) - first + 1 : 0;
  return count > WIDE ? undefined : Array.from({ length: count }, (_, i) => first + i);
}

const pageOf = (address: number): number => Math.floor(address / PAGE_SIZE);

function isSame(a: Watch, b: Watch): boolean {
  return a.space === b.space && a.start === b.start && a.length === b.length &&
    a.read === b.read && a.write === b.write;
}
