/**
 * The pool of decoded pages: which frame's code is decoded where, and that it stays true when RAM
 * changes. Records are filled one run of instructions at a time, when execution first reaches them;
 * a write to the frame clears just the records it touches. A page is given up when all its records
 * are cleared, when much of its frame is overwritten, or, the pool being full, in turn.
 *
 * Stops (breakpoints) are virtual addresses, and a decoded page may be entered under several: its
 * records are marked when it is entered under an address whose page has stops, or when a stop is
 * added while a TLB leads to it, so there is never a search through all pages. The mark of a stop
 * that was removed stays until execution comes by, so removing it and putting it back costs next to
 * nothing.
 *
 * @module
 */

import { offset, PAGE_SIZE, type PaNum, RAM_BASE } from "../address.ts";
import * as layout from "../layout.ts";
import { PageRecords } from "./page_records.ts";
import { RECORD_SHIFT, RECORDS_SIZE } from "./records.ts";
import { StopSet } from "./stops.ts";

const FIRST_PAGE = layout.CODE_POOL + 0x40;
/** Records, the two that lead on, and a gap, so that pages do not share the same cache sets. */
const STRIDE = RECORDS_SIZE + 0x40;
/** How many pages fit. */
export const POOL_PAGES: number = Math.floor((layout.REGION_ENTRIES - FIRST_PAGE) / STRIDE);

/** A write of so many bytes or more gives the decoded page up; a shorter one clears records. */
const GIVE_UP_BYTES = 512;
/**
 * So many small writes do so as well, those that hit decoded records counting more: the frame may
 * hold data by now, and stores to it are slow while it holds decoded code. If it is run again,
 * decoding it again costs less than these stores did.
 */
const GIVE_UP_WRITES = 256;
const HIT_WEIGHT = 4;
/** A frame that is written from its start on, so many bytes in a row, is being filled: it is free. */
const FILLED_BYTES = 16;

/** The TLB tables of all harts, as far as they depend on what is decoded. */
export interface CodeTables {
  /** Drops the entries for stores to a frame, by its number in RAM, from whatever page. */
  dropWriters(frame: number): void;
  /** Drops the entries for fetches that lead to decoded records at an offset. */
  dropRecords(records: number): void;
}

/** Who has translated code of decoded pages, and is told when it changes. */
export interface Translations {
  /** Bytes of a page's code change, or somebody wants to stop there. */
  changed(page: number, offset: number, length: number): void;
  /** All of a page's records are gone. */
  gone(page: number): void;
  /** Records for a frame were made, and are about to be entered at a virtual page, by its number. */
  made(page: number, at: number): void;
}

/** The decoded pages of one machine. */
export class CodePages {
  readonly #words: Int32Array;
  readonly #records: PageRecords;
  /** The frame each pool page is for, as a linear-memory offset; 0: none. */
  readonly #frames = new Uint32Array(POOL_PAGES);
  /** Decoded records in each page. */
  readonly #live = new Uint16Array(POOL_PAGES);
  /** Writes to each page's frame since it was taken, weighted. */
  readonly #writes = new Uint16Array(POOL_PAGES);
  /** Bytes from the start of each page's frame that were written in a row. */
  readonly #filled = new Uint8Array(POOL_PAGES);
  /** Page that is taken next when no page is free. */
  #turn = 0;
  #free: number[] = [];
  #used = 0;
  readonly #stops = new StopSet();
  /** Pages of which every instruction asks. */
  readonly #asking = new Uint8Array(POOL_PAGES);

  /** Who has translated some of them. */
  translations: Translations | undefined;
  /** The page that was made last, until it is entered. */
  #fresh = 0;
  /** In how many translations each page is. */
  readonly #translated = new Uint16Array(POOL_PAGES);

  readonly #tables: CodeTables;
  readonly #executeEntries: Int32Array;

  /**
   * No pages yet, in the memory (see layout.ts) of a machine with so many harts, whose TLB entries
   * `tables` drops. `counts`: look-ups in the TLB count hits.
   */
  constructor(memory: WebAssembly.Memory, tables: CodeTables, harts = 1, counts = true) {
    this.#tables = tables;
    this.#executeEntries = fetchEntries(harts);
    this.#words = new Int32Array(memory.buffer);
    this.#records = new PageRecords(memory, counts);
  }

  /**
   * Offset of the records for a frame's code, made when there is none. Then it sets the frame's
   * CODE_MAP word and drops the write-TLB entries that map it.
   */
  pageFor(frame: PaNum): number {
    const map = mapIndex(frame);
    let page = this.#words[map]!;
    if (page === 0) {
      const index = this.#take();
      page = FIRST_PAGE + index * STRIDE;
      this.#frames[index] = frame - RAM_BASE + layout.RAM_OFFSET;
      this.#words[map] = page;
      this.#fresh = page;
      // From now on, stores to the frame must take the slow path.
      this.#tables.dropWriters((frame - RAM_BASE) / PAGE_SIZE);
    }
    return page;
  }

  /**
   * Decodes from the record at `rp` to the next instruction that does not go on below, or as far as
   * is decoded. False: the page has been given up, execution has to look it up again.
   */
  fill(rp: number): boolean {
    const index = indexOf(rp);
    const frame = this.#frames[index]!;
    if (frame === 0) return false;
    const page = FIRST_PAGE + index * STRIDE;
    this.#live[index]! += this.#records.fill(page, frame, (rp - page) >> RECORD_SHIFT);
    return true;
  }

  /** Does iterations of the loop that begins at the record; where to go on, or 0 for none done. */
  runLoop(rp: number): number {
    const index = indexOf(rp);
    const offset = (rp - FIRST_PAGE - index * STRIDE) >> RECORD_SHIFT;
    return this.#records.runLoop(rp, this.#frames[index]!, offset);
  }

  /** Puts an instruction that straddles a page end into the scratch record. */
  fillScratch(word: number): void {
    this.#records.fillScratch(word);
  }

  /** From now on the host is asked before the instruction at a virtual address, in any space. */
  addStop(pc: number): void {
    if (pc % 2 !== 0) return; // where no instruction can be
    this.#stops.add(pc);
    const low = (pc % 2 ** 32) >>> 0, high = Math.floor(pc / 2 ** 32);
    // Wherever no TLB entry leads, CodePages.enter comes first.
    const entries = this.#executeEntries;
    // One a bank can be for that address.
    const first = (low >>> 12) & (layout.TLB_ENTRIES - 1);
    for (let i = first; i < entries.length; i += layout.TLB_ENTRIES) {
      const at = entries[i]!;
      if (this.#words[at] === (low & ~0xfff) && this.#words[at + 1] === high) {
        this.#mark(this.#words[at + 2]!, low & 0xfff);
      }
    }
  }

  /** Takes back what {@link CodePages.addStop} was called for once. */
  removeStop(pc: number): void {
    if (pc % 2 === 0) this.#stops.remove(pc);
  }

  /** Marks the stops of the page of pc, given as two halves, before it is entered there. */
  enter(page: number, high: number, low: number): void {
    if (this.#fresh === page) {
      this.#fresh = 0;
      if (high >= 0) this.translations?.made(page, high * 2 ** 20 + (low >>> 12));
    }
    const offsets = this.#stops.inPage(high, low);
    if (offsets === undefined) return;
    for (const offset of offsets) this.#mark(page, offset);
  }

  #mark(page: number, offset: number): void {
    this.#records.mark(page, offset);
    if (this.#translated[indexOf(page)] !== 0) this.translations?.changed(page, offset, 2);
  }

  /** A page is in one more translation, or in one less. */
  translated(page: number, by: 1 | -1): void {
    this.#translated[indexOf(page)]! += by;
  }

  /** Offset of the records for a frame's code; 0: there are none. */
  recordsOf(frame: PaNum): number {
    return this.#words[mapIndex(frame)]!;
  }

  /** Linear-memory offset of the frame that a page is for; 0: none. */
  frameOf(page: number): number {
    return this.#frames[indexOf(page)]!;
  }

  /**
   * Whether a frame's code is decoded, and can be entered under an address, given as two halves,
   * without a stop that would have to be marked first.
   */
  mayEnter(frame: PaNum, high: number, low: number): boolean {
    return this.#words[mapIndex(frame)] !== 0 && this.#stops.inPage(high, low) === undefined;
  }

  /** A region begins at a record, or no longer. */
  setEntry(rp: number, begins: boolean): void {
    const page = FIRST_PAGE + indexOf(rp) * STRIDE;
    this.#records.setEntry(page, (rp - page) >> RECORD_SHIFT, begins);
  }

  /** Whether the host is to be asked at a marked record; else the mark, left over, is taken off. */
  stopsAt(rp: number): boolean {
    const index = indexOf(rp);
    const page = FIRST_PAGE + index * STRIDE;
    const offset = (rp - page) >> RECORD_SHIFT;
    if (this.#asking[index] !== 0 || this.#stops.hasOffset(offset)) return true;
    this.#records.unmark(page, this.#frames[index]!, offset);
    return false;
  }

  /** The physical address that a record stands for. */
  placeOf(rp: number): PaNum {
    const index = indexOf(rp);
    const bytes = (rp - (FIRST_PAGE + index * STRIDE)) >> RECORD_SHIFT;
    return offset(RAM_BASE, this.#frames[index]! - layout.RAM_OFFSET + bytes);
  }

  /** From now on the host is asked before every instruction of a page, wherever it is seen. */
  askAlways(page: number): void {
    const index = indexOf(page);
    if (this.#asking[index] === 0) {
      this.#records.markAll(page);
      if (this.#translated[index] !== 0) this.translations?.gone(page);
    }
    this.#asking[index] = 1;
  }

  /** Whether it is, in the page that holds a physical address. */
  asksAlways(pa: PaNum): boolean {
    const page = this.#words[mapIndex(pa)]!;
    return page !== 0 && this.#asking[indexOf(page)] !== 0;
  }

  /** Takes that back: every hart looks the page up again before it enters it. */
  askNoMore(pa: PaNum): void {
    const page = this.#words[mapIndex(pa)]!;
    this.#asking[indexOf(page)] = 0;
    this.#tables.dropRecords(page);
  }

  /** RAM changed: no decoded record may stand for the bytes that were there. */
  written(pa: PaNum, length: number): void {
    for (let at = pa as number; at < pa + length;) {
      const end = Math.min(at - (at % PAGE_SIZE) + PAGE_SIZE, pa + length);
      const page = this.#words[mapIndex(at)]!;
      if (page !== 0) this.#forget(page, at % PAGE_SIZE, end - at);
      at = end;
    }
  }

  /** Gives all decoded pages up, with their execute-TLB entries: RAM was replaced as a whole. */
  clear(): void {
    for (let index = 0; index < this.#used; index++) {
      if (this.#frames[index] !== 0) this.#giveUp(index);
    }
  }

  /** Decoded records of all pages and pages in use, for statistics. */
  usage(): { pages: number; records: number } {
    return {
      pages: this.#frames.reduce((n, frame) => n + Number(frame !== 0), 0),
      records: this.#live.reduce((n, live) => n + live, 0),
    };
  }

  #forget(page: number, offset: number, length: number): void {
    const index = indexOf(page);
    if (length >= GIVE_UP_BYTES) return this.#giveUp(index);
    if (offset === 0) this.#filled[index] = 0;
    if (offset === this.#filled[index]) {
      this.#filled[index]! += Math.min(length, FILLED_BYTES);
      if (this.#filled[index]! >= FILLED_BYTES) return this.#giveUp(index);
    }
    const cleared = this.#records.clear(page, offset, length);
    if (this.#translated[index] !== 0) this.translations?.changed(page, offset, length);
    this.#live[index]! -= cleared;
    this.#writes[index]! += cleared > 0 ? HIT_WEIGHT : 1;
    if (this.#live[index] === 0 || this.#writes[index]! > GIVE_UP_WRITES) this.#giveUp(index);
  }

  /** A pool page that holds no records. */
  #take(): number {
    const index = this.#free.pop();
    if (index !== undefined) return index;
    if (this.#used < POOL_PAGES) {
      this.#records.prepare(FIRST_PAGE + this.#used * STRIDE);
      return this.#used++;
    }
    this.#turn = (this.#turn + 1) % POOL_PAGES;
    this.#giveUp(this.#turn);
    return this.#free.pop()!;
  }

  /**
   * Takes a page from its frame. Its records are cleared at once, so an interpreter that is inside
   * it meets an undecoded record next and looks its page up again.
   */
  #giveUp(index: number): void {
    const page = FIRST_PAGE + index * STRIDE;
    this.#words[mapIndex(this.#frames[index]! - layout.RAM_OFFSET + RAM_BASE)] = 0;
    this.#frames[index] = 0;
    this.#live[index] = 0;
    this.#writes[index] = 0;
    this.#asking[index] = 0;
    this.#filled[index] = 0;
    this.#records.wipe(page);
    if (this.#translated[index] !== 0) this.translations?.gone(page);
    this.#tables.dropRecords(page);
    this.#free.push(index);
  }
}

/** Word indices of the entries for fetches of all banks of all harts. */
function fetchEntries(harts: number): Int32Array {
  const indices: number[] = [];
  for (let bank = 0; bank < layout.TLB_BANKS * harts; bank++) {
    const start = layout.TLB_BASE + bank * layout.TLB_BANK_SIZE + 2 * layout.TLB_TABLE_SIZE;
    for (let at = start; at < start + layout.TLB_ENTRIES_SIZE; at += layout.TLB_ENTRY_SIZE) {
      indices.push(at >> 2);
    }
  }
  return Int32Array.from(indices);
}

const mapIndex = (pa: number): number => (layout.CODE_MAP >> 2) + ((pa - RAM_BASE) >>> 12);
const indexOf = (page: number): number => Math.floor((page - FIRST_PAGE) / STRIDE);
