/**
 * The COW bit of a guest's kernel, observed: which of the two bits that Sv39 leaves to software are
 * set in entries that lost their right to be written, while the page stayed where it was.
 */

import { PTE_RSW0, PTE_RSW1, PTE_U, PTE_W } from "../machine/sv39.ts";

const RSW = PTE_RSW0 | PTE_RSW1;
/** Pages of an address space; the numbers of a frame and of a page make one number. */
const PAGES = 2 ** 26;

/** What was observed. */
export interface CowSeen {
  /** Entries that lost W and kept their page. */
  readonly cleared: number;
  /** Those in which a bit was set with that, by the bits. */
  readonly masks: ReadonlyMap<number, number>;
}

/** Entries of page tables that may be written, from look to look. */
export class CowWatch implements CowSeen {
  cleared = 0;
  readonly masks = new Map<number, number>();
  #before = new Map<number, number>();
  #now = new Map<number, number>();

  /** An entry as it is now. */
  see(va: number, pte: number): void {
    if ((pte & PTE_U) === 0) return;
    const key = (pte >>> 10) * PAGES + va / 4096;
    if ((pte & PTE_W) !== 0) {
      this.#now.set(key, pte);
      return;
    }
    // The same page at the same address: the parent's entry, or the one that a child got.
    const before = this.#before.get(key);
    if (before === undefined) return;
    this.cleared++;
    const mask = pte & ~before & RSW;
    this.masks.set(mask, (this.masks.get(mask) ?? 0) + 1);
  }

  /** A look is over. */
  next(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }
}
