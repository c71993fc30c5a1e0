/**
 * The addresses before which the interpreter asks the host. Kept by virtual page, as fetches come
 * by virtual page: what a decoded page needs marked is known when it is entered under one.
 *
 * @module
 */

import { PAGE_SHIFT, PAGE_SIZE } from "../address.ts";

/** Addresses of stops; the same one may be there several times, for several reasons. */
export class StopSet {
  /** By number of the virtual page: the offset in it of each stop. */
  readonly #pages = new Map<number, number[]>();
  /** How many stops have that offset, in whatever page; index: offset / 2. */
  readonly #offsets = new Uint32Array(PAGE_SIZE / 2);

  /** Adds a stop at a virtual address: exact, even, negative for the upper half. */
  add(pc: number): void {
    const page = Math.floor(pc / PAGE_SIZE);
    const offset = pc - page * PAGE_SIZE;
    const offsets = this.#pages.get(page);
    if (offsets === undefined) this.#pages.set(page, [offset]);
    else offsets.push(offset);
    this.#offsets[offset >> 1]++;
  }

  /** Takes one away that was added. */
  remove(pc: number): void {
    const page = Math.floor(pc / PAGE_SIZE);
    const offset = pc - page * PAGE_SIZE;
    const offsets = this.#pages.get(page);
    const at = offsets?.indexOf(offset) ?? -1;
    if (offsets === undefined || at < 0) throw new RangeError(`no stop at ${pc}`);
    offsets.splice(at, 1);
    if (offsets.length === 0) this.#pages.delete(page);
    this.#offsets[offset >> 1]--;
  }

  /** Offsets of the stops in the page of an address, given as two halves; undefined: none. */
  inPage(high: number, low: number): readonly number[] | undefined {
    if (this.#pages.size === 0) return undefined;
    return this.#pages.get(high * 2 ** (32 - PAGE_SHIFT) + (low >>> PAGE_SHIFT));
  }

  /** Whether any stop has that offset in its page. */
  hasOffset(offset: number): boolean {
    return this.#offsets[offset >> 1] !== 0;
  }
}
