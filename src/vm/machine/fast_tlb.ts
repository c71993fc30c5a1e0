/**
 * The fast TLB tables in linear memory that the interpreter compares with: direct-mapped, in 4 KiB
 * pieces, each counting its hits. They are a cache of the TLB's entries: dropping from them changes
 * no count, as the hits of a dropped piece are collected first.
 *
 * @module
 */

import { PAGE_SHIFT, PAGE_SIZE, RAM_BASE } from "./address.ts";
import {
  RAM_OFFSET,
  TLB_BANKS,
  TLB_BASE,
  TLB_ENTRIES,
  TLB_ENTRIES_SIZE,
  TLB_ENTRY_SIZE,
  TLB_HART_SIZE,
  TLB_RECENT,
  TLB_TABLE_SIZE,
} from "./layout.ts";
import { type Access, EXECUTE, type Level, READ, WRITE } from "./sv39.ts";
import { TABLES } from "./tlb_state.ts";

const INDEX = TLB_ENTRIES - 1;
const WORDS = TLB_ENTRY_SIZE / 4;
/** Words of a table, and of its entries, behind which its recent ones stand. */
const TABLE_WORDS = TLB_TABLE_SIZE / 4, ENTRIES_WORDS = TLB_ENTRIES_SIZE / 4;
const EMPTY = 0xffff_ffff;
/** Level of pieces of untranslated addresses (M-mode, satp Bare), which are not counted. */
const BARE = 3;

/** The fast tables of all banks of one hart; table = bank × 3 + access. */
export class FastTables {
  /** Where they begin in linear memory. */
  readonly #base: number;
  /** Tag low, tag high, addend, hits. */
  readonly #words: Uint32Array;
  /** Each piece's level: a {@link Level} or {@link BARE}. */
  readonly #levels = new Uint8Array(TABLES * TLB_ENTRIES).fill(BARE);
  /** Slots of each table that may be in use, so that emptying it need not look at all. */
  readonly #used = new Uint16Array(TABLES * TLB_ENTRIES);
  readonly #usedCount = new Uint16Array(TABLES);
  readonly #isUsed = new Uint8Array(TABLES * TLB_ENTRIES);
  readonly #counts: boolean;
  readonly #collect: (table: number, level: Level, hits: number) => void;

  /**
   * Empty tables.
   *
   * @param memory The machine's linear memory.
   * @param hart Whose they are.
   * @param counts Whether the interpreter counts the hits of pieces.
   * @param collect Receives the hits of pieces that are dropped or replaced; -1 takes one back.
   */
  constructor(
    memory: WebAssembly.Memory,
    hart: number,
    counts: boolean,
    collect: (table: number, level: Level, hits: number) => void,
  ) {
    this.#base = TLB_BASE + hart * TLB_HART_SIZE;
    this.#words = new Uint32Array(memory.buffer, this.#base, TABLES * TLB_TABLE_SIZE / 4);
    this.#words.fill(EMPTY);
    for (let slot = 0; slot < TABLES * TLB_ENTRIES; slot++) this.#words[wordOf(slot) + 3] = 0;
    this.#counts = counts;
    this.#collect = collect;
  }

  /** Linear-memory offset of a bank's table for a kind of access. */
  offset(bank: number, access: Access): number {
    return this.#base + (bank * 3 + access) * TLB_TABLE_SIZE;
  }

  /**
   * Puts a piece of RAM in, in the place of the one there. `level` is its entry's, undefined when
   * untranslated. `uncounted`: the interpreter's next compare is the access that missed, which is
   * no hit.
   */
  fill(
    bank: number,
    access: Access,
    pageLow: number,
    pageHigh: number,
    addend: number,
    level: Level | undefined,
    uncounted: boolean,
  ): void {
    const index = (pageLow >>> PAGE_SHIFT) & INDEX;
    this.put(bank * 3 + access, index, pageLow, pageHigh, addend, level ?? BARE, uncounted);
  }

  /** {@link FastTables.fill} of a table's slot; halves and addend modulo 2^32. */
  put(
    table: number,
    index: number,
    pageLow: number,
    pageHigh: number,
    addend: number,
    level: number,
    uncounted: boolean,
  ): void {
    const slot = table * TLB_ENTRIES + index;
    const at = wordOf(slot);
    if (this.#words[at + 3] !== 0) this.#fold(slot);
    this.#levels[slot] = level;
    this.#words[at] = pageLow;
    this.#words[at + 1] = pageHigh;
    this.#words[at + 2] = addend;
    this.#words[at + 3] = uncounted && this.#counts ? EMPTY : 0;
    if (this.#isUsed[slot] === 0) {
      this.#isUsed[slot] = 1;
      this.#used[table * TLB_ENTRIES + this.#usedCount[table]++] = index;
    }
  }

  /** Hands the interpreter's count in a slot over; or takes the copies of its entry away. */
  #fold(slot: number): void {
    const at = wordOf(slot) + 3;
    const hits = this.#words[at];
    if (hits === 0) return;
    this.#words[at] = 0;
    if (!this.#counts) return this.#forgetCopies(slot, hits);
    const level = this.#levels[slot];
    if (level === BARE) return;
    // 2^32 - 1 stands for -1: a piece made after a miss whose retry has not been counted yet.
    this.#collect((slot / TLB_ENTRIES) | 0, level as Level, hits === EMPTY ? -1 : hits);
  }

  #drop(slot: number): void {
    const at = wordOf(slot);
    if (this.#words[at + 3] !== 0) this.#fold(slot);
    this.#words[at] = EMPTY;
    this.#words[at + 1] = EMPTY;
  }

  /** Takes the copies of an entry away, which have these numbers modulo 32. */
  #forgetCopies(slot: number, numbers: number): void {
    const at = wordOf(slot);
    const start = ((slot / TLB_ENTRIES) | 0) * TABLE_WORDS + ENTRIES_WORDS;
    for (let rest = numbers | 0; rest !== 0; rest &= rest - 1) {
      for (let copy = 31 - Math.clz32(rest & -rest); copy < TLB_RECENT; copy += 32) {
        this.#forgetCopy(at, start + copy * WORDS);
      }
    }
  }

  /** Empties a recent entry, if it is still a copy of the one at some words. */
  #forgetCopy(at: number, copy: number): void {
    const words = this.#words;
    if (words[copy] !== words[at] || words[copy + 1] !== words[at + 1]) return;
    words[copy] = EMPTY;
    words[copy + 1] = EMPTY;
  }

  /** Drops what a page's slot holds, if it belongs to a 4 KiB entry and not to a superpage. */
  dropSmall(table: number, page: number): void {
    const slot = table * TLB_ENTRIES + (page & INDEX);
    if (this.#levels[slot] === 0) this.#drop(slot);
  }

  /** Drops a superpage's pieces: those of its level whose page without `mask` is `start`. */
  dropPieces(table: number, level: Level, start: number, mask: number): void {
    for (let n = 0; n < this.#usedCount[table]; n++) {
      const slot = table * TLB_ENTRIES + this.#used[table * TLB_ENTRIES + n];
      if (this.#levels[slot] !== level) continue;
      const page = this.#page(slot);
      if (page >= 0 && (page & ~mask) === start) this.#drop(slot);
    }
  }

  /** Virtual page of a slot, or -1. */
  #page(slot: number): number {
    const low = this.#words[wordOf(slot)], high = this.#words[wordOf(slot) + 1];
    return low === EMPTY ? -1 : ((high & 0x7f) << 20) | (low >>> PAGE_SHIFT);
  }

  /** Drops what leads to a virtual page, by number (negative in the upper half); fetches stay. */
  dropPage(page: number): void {
    const low = (page * 2 ** PAGE_SHIFT) >>> 0,
      high = Math.floor(page / 2 ** (32 - PAGE_SHIFT)) >>> 0;
    for (let slot = page & INDEX; slot < TABLES * TLB_ENTRIES; slot += TLB_ENTRIES) {
      const at = wordOf(slot);
      if (!isFetch(slot) && this.#words[at] === low && this.#words[at + 1] === high) {
        this.#drop(slot);
      }
    }
  }

  /** Drops what leads to a frame of RAM, by number, from whatever page; fetches stay. */
  dropFrame(frame: number): void {
    const index = frame - RAM_BASE / PAGE_SIZE;
    for (let bank = 0; bank < TLB_BANKS; bank++) this.#dropPlace(bank * 3 + READ, index);
    this.dropWriters(index);
  }

  /** Drops the entries for stores to a frame, by its number in RAM, from whatever page. */
  dropWriters(index: number): void {
    for (let bank = 0; bank < TLB_BANKS; bank++) this.#dropPlace(bank * 3 + WRITE, index);
  }

  #dropPlace(table: number, index: number): void {
    const place = index * PAGE_SIZE + RAM_OFFSET;
    const first = table * TLB_ENTRIES;
    for (let n = 0; n < this.#usedCount[table]; n++) {
      const slot = first + this.#used[first + n], at = wordOf(slot);
      if ((this.#words[at] + this.#words[at + 2]) >>> 0 === place && this.#words[at] !== EMPTY) {
        this.#drop(slot);
      }
    }
  }

  /** Drops the entries for fetches that lead to decoded records at an offset, from whatever page. */
  dropRecords(records: number): void {
    for (let table = EXECUTE; table < TABLES; table += 3) {
      const first = table * TLB_ENTRIES;
      for (let n = 0; n < this.#usedCount[table]; n++) {
        const slot = first + this.#used[first + n];
        if (this.#words[wordOf(slot) + 2] === records) this.#drop(slot);
      }
    }
  }

  /** Drops all of a table. */
  dropTable(table: number): void {
    const first = table * TLB_ENTRIES;
    for (let n = 0; n < this.#usedCount[table]; n++) {
      const slot = first + this.#used[first + n];
      this.#drop(slot);
      this.#isUsed[slot] = 0;
    }
    this.#usedCount[table] = 0;
  }

  /** Hands over all that the interpreter has counted so far. */
  fold(): void {
    if (!this.#counts) return;
    for (let table = 0; table < TABLES; table++) {
      const first = table * TLB_ENTRIES;
      for (let n = 0; n < this.#usedCount[table]; n++) this.#fold(first + this.#used[first + n]);
    }
  }
}

/** Where a slot's words begin. */
const wordOf = (slot: number): number =>
  slot * WORDS + ((slot / TLB_ENTRIES) | 0) * (TABLE_WORDS - ENTRIES_WORDS);
/** Whether a slot is of a table for fetches. */
const isFetch = (slot: number): boolean => ((slot / TLB_ENTRIES) | 0) % 3 === EXECUTE;
