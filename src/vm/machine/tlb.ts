/**
 * The TLBs. Each bank holds one translation context (privilege, SUM, MXR, ASID) so that a trap or a
 * switch between privileges flushes nothing; in each bank there are three TLBs, for reads, writes
 * and fetches.
 *
 * One TLB is two things:
 * - the **entries**, what the simulated hardware caches: 256 of 4 KiB (direct-mapped), 32 of 2 MiB
 *   and 4 of 1 GiB (round-robin). Hits and misses are counted on these. A translation stays here,
 *   right or stale, until it is evicted or an sfence.vma drops it; see {@link Banks} for when one does.
 * - the **fast table** in linear memory that the interpreter compares with, always in 4 KiB pieces.
 *   It is only a cache of the entries: it leaves out pages that need more than a plain access
 *   (devices, decoded code, watched pages), and dropping from it changes no count.
 *
 * @module
 */

import { PAGE_SHIFT, PAGE_SIZE, RAM_BASE } from "./address.ts";
import { FastTables } from "./fast_tlb.ts";
import { RAM_OFFSET, TLB_EMPTY, TLB_ENTRIES, TLB_TABLE_SIZE } from "./layout.ts";
import { type Saved, Saver } from "./saver.ts";
import { type Access, insideLeaf, type Level, PTE_G } from "./sv39.ts";
import { GIGA_ENTRIES, MEGA_ENTRIES, type RawEntry, SUPER, TABLES, TlbState } from "./tlb_state.ts";

const INDEX = TLB_ENTRIES - 1;

/** The TLBs of one hart. Virtual pages are 27-bit numbers, frames are pa / 4096. */
export class Tlb {
  #state = new TlbState();
  /** Whether hits are counted. */
  readonly countsHits: boolean;
  /** The fast tables; table = bank × 3 + access. */
  readonly fast: FastTables;
  /** 4 KiB entries of each table that may be valid, so that a flush need not look at all. */
  readonly #held = new Uint16Array(TABLES * TLB_ENTRIES);
  readonly #heldCount = new Uint16Array(TABLES);
  readonly #isHeld = new Uint8Array(TABLES * TLB_ENTRIES);
  /** Superpage entries in use in each table. */
  readonly #superCount = new Uint8Array(TABLES);
  readonly #saver = new Saver();

  /** A hart's TLBs over the machine's linear memory; all empty. */
  constructor(memory: WebAssembly.Memory, hart = 0, countsHits = true) {
    new Uint8Array(memory.buffer, TLB_EMPTY, TLB_TABLE_SIZE).fill(0xff);
    this.countsHits = countsHits;
    this.fast = new FastTables(memory, hart, countsHits, (table, level, hits) => {
      this.#state.hits[(table % 3) * 3 + level] += hits;
    });
  }

  /** The frame number of a page, or -1 when no entry has it. Counts nothing. */
  find(bank: number, access: Access, page: number): number {
    const table = bank * 3 + access;
    const slot = table * TLB_ENTRIES + (page & INDEX);
    const state = this.#state;
    if (state.page[slot] === page) {
      this.foundLevel = 0;
      return state.frame[slot];
    }
    if (this.#superCount[table] !== 0) {
      const first = table * SUPER;
      for (let i = first; i < first + SUPER; i++) {
        const start = state.superPage[i];
        if (start < 0) continue;
        const level = i < first + MEGA_ENTRIES ? 1 : 2;
        const mask = insideLeaf(level);
        if ((page & ~mask) === start) {
          this.foundLevel = level;
          return state.superFrame[i] + (page & mask);
        }
      }
    }
    return -1;
  }

  /** Level of the entry that {@link Tlb.find} found last. */
  foundLevel: Level = 0;

  /** Counts a hit that the interpreter did not see. */
  countHit(access: Access, level: Level): void {
    this.#state.hits[access * 3 + level]++;
  }

  /** Counts a miss whose walk ended at a leaf of that level. */
  countMiss(access: Access, level: Level): void {
    this.#state.misses[access * 3 + level]++;
  }

  /** Makes an entry for a leaf; `page` is any page of it, `frame` that page's. Counts nothing. */
  insert(
    bank: number,
    access: Access,
    level: Level,
    page: number,
    frame: number,
    flags: number,
  ): void {
    const state = this.#state;
    const table = bank * 3 + access;
    if (level === 0) {
      this.fast.dropSmall(table, page);
      return this.#setSmall(table, page, frame, flags);
    }
    const mask = insideLeaf(level);
    const first = table * SUPER + (level === 1 ? 0 : MEGA_ENTRIES);
    const count = level === 1 ? MEGA_ENTRIES : GIGA_ENTRIES;
    let victim = first + state.next[table * 2 + level - 1];
    for (let i = first; i < first + count; i++) {
      if (state.superPage[i] < 0) {
        victim = i;
        break;
      }
    }
    if (state.superPage[victim] >= 0) {
      state.next[table * 2 + level - 1] = (victim - first + 1) % count;
      this.#dropSuper(table, victim, level);
    }
    state.superPage[victim] = page & ~mask;
    state.superFrame[victim] = frame - (page & mask);
    state.superFlags[victim] = flags;
    this.#superCount[table]++;
  }

  #setSmall(table: number, page: number, frame: number, flags: number): void {
    const state = this.#state;
    const index = page & INDEX, slot = table * TLB_ENTRIES + index;
    state.page[slot] = page;
    state.frame[slot] = frame;
    state.flags[slot] = flags;
    if (this.#isHeld[slot] !== 0) return;
    this.#isHeld[slot] = 1;
    this.#held[table * TLB_ENTRIES + this.#heldCount[table]++] = index;
  }

  /**
   * After a miss of a load or a store: the entry for a 4 KiB leaf, the miss counted, and the fast
   * table filled. `high` is the high half of the address, `frame` a number in RAM.
   */
  insertSmall(
    bank: number,
    access: Access,
    page: number,
    high: number,
    frame: number,
    flags: number,
  ): void {
    const table = bank * 3 + access;
    this.foundLevel = 0;
    this.#state.misses[access * 3]++;
    this.#setSmall(table, page, frame + RAM_BASE / PAGE_SIZE, flags);
    const pageLow = page << PAGE_SHIFT;
    const addend = (frame << PAGE_SHIFT) + RAM_OFFSET - pageLow;
    this.fast.put(table, page & INDEX, pageLow, high, addend, 0, true);
  }

  /** Empties a superpage entry together with its pieces in the fast table. */
  #dropSuper(table: number, entry: number, level: Level): void {
    const state = this.#state;
    const start = state.superPage[entry];
    const mask = insideLeaf(level);
    state.superPage[entry] = -1;
    this.#superCount[table]--;
    this.fast.dropPieces(table, level, start, mask);
  }

  /** Empties a bank; with `keepGlobal`, all but the entries of global leaves. */
  flushBank(bank: number, keepGlobal = false): void {
    for (let table = bank * 3; table < bank * 3 + 3; table++) this.#flushTable(table, keepGlobal);
  }

  #flushTable(table: number, keepGlobal: boolean): void {
    const state = this.#state;
    const first = table * TLB_ENTRIES;
    this.fast.dropTable(table);
    let kept = 0;
    for (let n = 0; n < this.#heldCount[table]; n++) {
      const index = this.#held[first + n];
      const slot = first + index;
      if (keepGlobal && state.page[slot] >= 0 && (state.flags[slot] & PTE_G) !== 0) {
        this.#held[first + kept++] = index;
      } else {
        state.page[slot] = -1;
        this.#isHeld[slot] = 0;
      }
    }
    this.#heldCount[table] = kept;
    if (this.#superCount[table] !== 0) {
      for (let i = table * SUPER; i < (table + 1) * SUPER; i++) {
        if (state.superPage[i] < 0) continue;
        if (keepGlobal && (state.superFlags[i] & PTE_G) !== 0) continue;
        state.superPage[i] = -1;
        this.#superCount[table]--;
      }
    }
    if (!keepGlobal) {
      state.next[table * 2] = 0;
      state.next[table * 2 + 1] = 0;
    }
  }

  /** Whether a bank surely holds nothing. */
  isEmpty(bank: number): boolean {
    for (let table = bank * 3; table < bank * 3 + 3; table++) {
      if (this.#heldCount[table] !== 0 || this.#superCount[table] !== 0) return false;
    }
    return true;
  }

  /** Drops the entries of one bank that translate a page. */
  flushPage(bank: number, page: number, keepGlobal = false): void {
    const state = this.#state;
    for (let table = bank * 3; table < bank * 3 + 3; table++) {
      const slot = table * TLB_ENTRIES + (page & INDEX);
      if (state.page[slot] === page && !(keepGlobal && (state.flags[slot] & PTE_G) !== 0)) {
        state.page[slot] = -1;
        this.fast.dropSmall(table, page);
      }
      if (this.#superCount[table] === 0) continue;
      for (let n = 0; n < SUPER; n++) {
        const entry = table * SUPER + n;
        const level = n < MEGA_ENTRIES ? 1 : 2;
        const mask = insideLeaf(level);
        if (state.superPage[entry] !== (page & ~mask)) continue;
        if (keepGlobal && (state.superFlags[entry] & PTE_G) !== 0) continue;
        this.#dropSuper(table, entry, level);
      }
    }
  }

  /** Drops every fast entry. The entries stay, so no count changes. */
  dropFast(): void {
    for (let table = 0; table < TABLES; table++) this.fast.dropTable(table);
  }

  /** Drops every fast write entry, so that the next store to each page takes the slow path once. */
  dropFastWrites(): void {
    for (let table = 1; table < TABLES; table += 3) this.fast.dropTable(table);
  }

  /** Adds what the interpreter counted to the counters. Needed at least every 2^31 accesses. */
  fold(): void {
    this.fast.fold();
  }

  /** Hits so far of one kind of access, by the leaf's level. Call {@link Tlb.fold} first. */
  hits(access: Access): [number, number, number] {
    return byLevel(this.#state.hits, access);
  }

  /** Misses so far, by the level of the leaf that the walk ended at. */
  misses(access: Access): [number, number, number] {
    return byLevel(this.#state.misses, access);
  }

  /** Shows every entry, banks in order. */
  visit(show: (entry: RawEntry) => void): void {
    const state = this.#state;
    for (let table = 0; table < TABLES; table++) {
      const bank = (table / 3) | 0, access = (table % 3) as Access;
      for (let slot = table * TLB_ENTRIES; slot < (table + 1) * TLB_ENTRIES; slot++) {
        const page = state.page[slot];
        if (page < 0) continue;
        const frame = state.frame[slot], flags = state.flags[slot];
        show({ bank, access, level: 0, page, frame, flags });
      }
      for (let n = 0; n < SUPER; n++) {
        const entry = table * SUPER + n;
        const page = state.superPage[entry];
        if (page < 0) continue;
        const frame = state.superFrame[entry], flags = state.superFlags[entry];
        show({ bank, access, level: n < MEGA_ENTRIES ? 1 : 2, page, frame, flags });
      }
    }
  }

  /** All entries and counters. */
  save(): Saved<TlbState> {
    this.fold();
    return this.#saver.save(this.#state);
  }

  /** Takes over saved entries and counters; the fast tables start empty, which changes no count. */
  restore(state: Saved<TlbState>): void {
    this.dropFast();
    this.#state = this.#saver.revive(state);
    for (let table = 0; table < TABLES; table++) {
      const first = table * TLB_ENTRIES;
      this.#heldCount[table] = 0;
      for (let index = 0; index < TLB_ENTRIES; index++) {
        const held = this.#state.page[first + index] >= 0;
        this.#isHeld[first + index] = held ? 1 : 0;
        if (held) this.#held[first + this.#heldCount[table]++] = index;
      }
      const supers = this.#state.superPage.subarray(table * SUPER, (table + 1) * SUPER);
      this.#superCount[table] = supers.filter((page) => page >= 0).length;
    }
  }
}

function byLevel(counts: Float64Array, access: Access): [number, number, number] {
  return [counts[access * 3], counts[access * 3 + 1], counts[access * 3 + 2]];
}
