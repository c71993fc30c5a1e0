/**
 * The walk that nearly every TLB miss takes: three tables in RAM, a 4 KiB leaf with all its rights
 * and marks. It answers only then, with small integers all the way (frames by their numbers in RAM,
 * not addresses, which from 2^31 on V8 boxes); whatever else there is, {@link walkTables} says.
 *
 * @module
 */

import { PAGE_SIZE, RAM_BASE } from "./address.ts";
import { RAM_OFFSET } from "./layout.ts";
import type { Ram } from "./memory.ts";
import {
  type Access,
  PTE_A,
  PTE_D,
  PTE_R,
  PTE_U,
  PTE_V,
  PTE_W,
  PTE_X,
  type Rights,
  WRITE,
} from "./sv39.ts";

/** First word of RAM in the linear memory, and the words of a frame. */
const FIRST = RAM_OFFSET / 4, FRAME_WORDS = PAGE_SIZE / 4;
/** Of the low word of a pointer to a table: all but V must be 0. */
const POINTER = PTE_V | PTE_R | PTE_W | PTE_X | PTE_U | PTE_A | PTE_D;
/** The number of RAM's first frame. */
const BASE = RAM_BASE / PAGE_SIZE;

/** Of the low word of a leaf: what a load wants to be set, and a store. */
const LOAD = PTE_V | PTE_A | PTE_R, STORE = LOAD | PTE_W | PTE_D;

/** Walks for loads and stores that find nothing unusual. */
export class QuickWalk {
  /** By number in RAM: the root, and the two tables below it that the last walk read. */
  root = 0;
  middle = 0;
  bottom = 0;
  /** The low word of the leaf that the last walk ended at. */
  leaf = 0;
  /** Whether it matters if a leaf has U, and whether it must have it. */
  #asks = 0;
  #user = 0;
  readonly #words: Uint32Array;
  readonly #late: Int32Array;
  readonly #frames: number;

  /** Walks in this RAM. */
  constructor(ram: Ram) {
    this.#words = ram.words;
    this.#late = ram.fills.frames;
    this.#frames = ram.dirty.length;
  }

  /** Walks are for accesses with these rights, from a root (its frame number, from address 0). */
  begin({ user, sum }: Rights, root: number): void {
    this.#asks = user || !sum ? PTE_U : 0;
    this.#user = user ? PTE_U : 0;
    this.root = root - BASE;
  }

  /**
   * The frame of a page, by its number in RAM, when the walk ends at a 4 KiB leaf in which nothing
   * has to be marked and which allows the access; else -1. Changes nothing.
   */
  find(page: number, access: Access): number {
    const words = this.#words;
    const middle = this.#table(this.root, page >>> 18);
    if (middle < 0) return -1;
    const bottom = this.#table(middle, page >>> 9 & 511);
    if (!this.#holds(bottom)) return -1;
    const at = FIRST + bottom * FRAME_WORDS + 2 * (page & 511);
    const low = words[at];
    const need = access === WRITE ? STORE : LOAD;
    if ((low & (need | this.#asks)) !== (need | this.#user) || words[at + 1] !== 0) return -1;
    this.middle = middle;
    this.bottom = bottom;
    this.leaf = low;
    const frame = (low >>> 10) - BASE;
    return frame >= 0 && frame < this.#frames ? frame : -1;
  }

  /** Whether a number is a frame's of RAM, and what is in RAM is in it. */
  #holds(table: number): boolean {
    return table >= 0 && table < this.#frames && this.#late[table] >= 0;
  }

  /** The table that entry `i` of a table points to, both by their numbers in RAM; negative: none. */
  #table(table: number, i: number): number {
    if (!this.#holds(table)) return -1;
    const at = FIRST + table * FRAME_WORDS + 2 * i;
    const low = this.#words[at];
    return (low & POINTER) === PTE_V && this.#words[at + 1] === 0 ? (low >>> 10) - BASE : -1;
  }
}
