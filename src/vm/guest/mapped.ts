/**
 * Which frames the processes of a guest map, at one moment: one sweep over all their page tables,
 * in plain numbers, since it is done at every return to user mode of a run.
 */

import { PAGE_SIZE, type PaNum } from "../machine/address.ts";
import { PTE_R, PTE_V, PTE_W, PTE_X, type TableMemory } from "../machine/sv39.ts";
import { TRAPFRAME } from "./xv6.ts";

const LEAF = PTE_R | PTE_W | PTE_X;
/** Bytes that an entry of each level covers. */
const SPANS = [PAGE_SIZE, 2 ** 21, 2 ** 30] as const;

/** The user mappings of each frame, by the number of the frame in RAM. */
export class Mapped {
  /** How many leaves of processes map each frame; the kernel's own pages are not among them. */
  readonly counts: Uint32Array;
  /** The frames that have one or more, each once. */
  readonly frames: number[] = [];
  readonly #tables: TableMemory;
  readonly #base: number;
  #seen: ((va: number, pte: number, root: PaNum) => void) | undefined;
  #root = 0 as PaNum;

  /** Of a memory of `total` frames from `base` on. */
  constructor(tables: TableMemory, base: PaNum, total: number) {
    this.#tables = tables;
    this.#base = base / PAGE_SIZE;
    this.counts = new Uint32Array(total);
  }

  /** Counts anew, for these root tables. `seen` is told of each leaf. */
  sweep(
    roots: Iterable<PaNum>,
    seen?: (va: number, pte: number, root: PaNum) => void,
  ): void {
    for (const i of this.frames) this.counts[i] = 0;
    this.frames.length = 0;
    this.#seen = seen;
    for (const root of new Set(roots)) {
      this.#root = root;
      this.#table(root / PAGE_SIZE, 2, 0);
    }
  }

  #table(frame: number, level: number, base: number): void {
    const { words } = this.#tables;
    const first = this.#tables.wordsOf(frame);
    if (first < 0) return;
    for (let i = 0; i < 512; i++) {
      const pte = words[first + 2 * i];
      if ((pte & PTE_V) === 0) continue;
      const va = base + i * SPANS[level];
      if (va >= TRAPFRAME) return;
      if ((pte & LEAF) !== 0) this.#leaf(va, pte, level);
      else if (level > 0) this.#table(pte >>> 10, level - 1, va);
    }
  }

  #leaf(va: number, pte: number, level: number): void {
    const first = (pte >>> 10) - this.#base;
    const { counts } = this;
    for (let i = first; i < first + 512 ** level; i++) {
      if (i < 0 || i >= counts.length) continue;
      if (counts[i]++ === 0) this.frames.push(i);
    }
    this.#seen?.(va, pte, this.#root);
  }
}
