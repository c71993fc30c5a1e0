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

/** A walk for loads and stores that finds nothing unusual. */
export class QuickWalk {
  /** By number in RAM: the root, and the two tables below it that the last walk read. */
  root = 0;
  middle = 0;
  bottom = 0;
  /** The low word of the leaf that the last walk ended at. */
  leaf = 0;
  readonly #words: Uint32Array;
  readonly #late: Uint16Array;
  readonly #frames: number;

  /** Walks in this RAM. */
  constructor(ram: Ram) {
    this.#words = ram.words;
    this.#late = ram.fills.bytes;
    this.#frames = ram.dirty.length;
  }

  /**
   * The frame of a page, by its number in RAM, when the walk from a root (its frame number, from
   * address 0) ends at a 4 KiB leaf in which nothing has to be marked and which allows the access;
   * else -1. Changes nothing.
   */
  find(root: number, page: number, access: Access, rights: Rights): number {
    this.root = root - BASE;
    this.middle = this.#table(this.root, page >>> 18);
    this.bottom = this.#table(this.middle, page >>> 9 & 511);
    if (!this.#holds(this.bottom)) return -1;
    const words = this.#words;
    const at = FIRST + this.bottom * FRAME_WORDS + 2 * (page & 511);
    const low = words[at];
    let need = access === WRITE ? PTE_V | PTE_A | PTE_R | PTE_W | PTE_D : PTE_V | PTE_A | PTE_R;
    let mask = need;
    if (rights.user || !rights.sum) mask |= PTE_U;
    if (rights.user) need |= PTE_U;
    if ((low & mask) !== need || words[at + 1] !== 0) return -1;
    this.leaf = low;
    const frame = (low >>> 10) - BASE;
    return frame >= 0 && frame < this.#frames ? frame : -1;
  }

  /** Whether a number is a frame's of RAM, and what is in RAM is in it. */
  #holds(table: number): boolean {
    return table >= 0 && table < this.#frames && this.#late[table] === 0;
  }

  /** The table that entry `i` of a table points to, both by their numbers in RAM; -1: none. */
  #table(table: number, i: number): number {
    if (!this.#holds(table)) return -1;
    const at = FIRST + table * FRAME_WORDS + 2 * i;
    const low = this.#words[at];
    return (low & POINTER) === PTE_V && this.#words[at + 1] === 0 ? (low >>> 10) - BASE : -1;
  }
}
