/**
 * Which frames the processes of a guest map, at one moment: one sweep over all their page tables,
 * in plain numbers, since it is done at every return to user mode of a run.
 */

import { PAGE_SIZE, type PaNum } from "../machine/address.ts";
import { PTE_R, PTE_U, PTE_V, PTE_W, PTE_X, type TableMemory } from "../machine/sv39.ts";
import { TRAPFRAME } from "./xv6.ts";

const LEAF = PTE_R | PTE_W | PTE_X;
/** Bytes that an entry of each level covers. */
const SPANS = [PAGE_SIZE, 2 ** 21, 2 ** 30] as const;
const PAGES = [1, 512, 512 * 512] as const;

/** Is told of a leaf: its address, the entry, in whose table, and where it stands. */
type Seen = (va: number, pte: number, root: PaNum, at: PaNum) => void;

/** The user mappings of each frame, by the number of the frame in RAM. */
export class Mapped {
  /** How many leaves of processes map each frame; the kernel's own pages are not among them. */
  readonly counts: Uint32Array;
  /** Those of them through which user code may write. */
  readonly writers: Uint32Array;
  /** Those that bear the mark by which a store copies, where it is known, and those with neither. */
  readonly marked: Uint32Array;
  readonly bare: Uint32Array;
  /** The frames that have one or more, each once: the first {@link Mapped.length} of these. */
  readonly frames: Int32Array;
  length = 0;
  /** The frames of their page tables. */
  readonly tables: number[] = [];
  /** By root table: leaves without U, as a guard page; and whether a page of the kernel's has U. */
  readonly closed = new Map<PaNum, number>();
  opened = false;
  readonly #memory: TableMemory;
  readonly #base: number;
  #seen: Seen | undefined;
  #root = 0 as PaNum;
  #closed = 0;
  /** The mark, a bit of an entry; 0: unknown. */
  readonly #mark: number;

  /** Of a memory of `total` frames from `base` on. `mark`: the COW bit, 0 when it is unknown. */
  constructor(tables: TableMemory, base: PaNum, total: number, mark = 0) {
    this.#mark = mark;
    this.#memory = tables;
    this.#base = base / PAGE_SIZE;
    this.counts = new Uint32Array(total);
    this.writers = new Uint32Array(total);
    this.marked = new Uint32Array(total);
    this.bare = new Uint32Array(total);
    this.frames = new Int32Array(total);
  }

  /** Counts anew, for these root tables. `seen` is told of each leaf. */
  sweep(
    roots: Iterable<PaNum>,
    seen?: Seen,
  ): void {
    const { counts, writers, marked, bare, frames } = this;
    for (let n = 0; n < this.length; n++) {
      const i = frames[n];
      counts[i] =
        writers[i] =
        marked[i] =
        bare[i] =
          0;
    }
    this.length = this.tables.length = 0;
    this.#seen = seen;
    this.closed.clear();
    this.opened = false;
    for (const root of new Set(roots)) {
      this.#root = root;
      this.#closed = 0;
      this.#table(root / PAGE_SIZE, 2, 0);
      this.closed.set(root, this.#closed);
    }
  }

  #table(frame: number, level: number, base: number): void {
    const { words } = this.#memory;
    const first = this.#memory.wordsOf(frame);
    if (first < 0) return;
    this.tables.push(frame - this.#base);
    for (let i = 0; i < 512; i++) {
      const pte = words[first + 2 * i];
      if ((pte & PTE_V) === 0) continue;
      const va = base + i * SPANS[level];
      if (va >= TRAPFRAME) {
        if ((pte & LEAF) !== 0 && (pte & PTE_U) !== 0) this.opened = true;
        continue;
      }
      if ((pte & LEAF) !== 0) this.#leaf(va, pte, level, frame * PAGE_SIZE + 8 * i);
      else if (level > 0) this.#table(pte >>> 10, level - 1, va);
    }
  }

  #leaf(va: number, pte: number, level: number, at: number): void {
    const first = (pte >>> 10) - this.#base;
    const { counts } = this;
    const end = first + PAGES[level];
    if ((pte & PTE_U) === 0) this.#closed++;
    for (let i = first; i < end; i++) {
      if (i < 0 || i >= counts.length) continue;
      if (counts[i]++ === 0) this.frames[this.length++] = i;
      if ((pte & PTE_W) !== 0) this.writers[i] += (pte & PTE_U) !== 0 ? 1 : 0;
      else if ((pte & this.#mark) !== 0) this.marked[i]++;
      else this.bare[i]++;
    }
    this.#seen?.(va, pte, this.#root, at as PaNum);
  }
}
