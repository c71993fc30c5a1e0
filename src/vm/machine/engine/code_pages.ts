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

import { PAGE_SIZE, type PaNum, RAM_BASE } from "../address.ts";
import { decode, isLong } from "../isa/decode.ts";
import type { Instruction } from "../isa/row.ts";
import * as layout from "../layout.ts";
import { Loops } from "./loops.ts";
import { firstOf, loopNumber, pairNumber } from "./pairs.ts";
import {
  HANDLER,
  illegalRecord,
  PAGE_END,
  RECORD_SHIFT,
  RECORD_SIZE,
  recordOf,
  RECORDS_SIZE,
  STOP_BIT,
  STRADDLING,
  UNDECODED,
} from "./records.ts";
import { shapeOf } from "./shape.ts";
import { StopSet } from "./stops.ts";

/** Where the record of an instruction over a page end is put, with its followers. */
export const SCRATCH: number = layout.CODE_POOL;
const FIRST_PAGE = layout.CODE_POOL + 0x40;
/** Records, the two that lead on, and a gap, so that pages do not share the same cache sets. */
const STRIDE = RECORDS_SIZE + 0x40;
/** How many pages fit. */
export const POOL_PAGES: number = Math.floor((layout.RAM_OFFSET - FIRST_PAGE) / STRIDE);

/** Most instructions decoded ahead of execution in one go. */
const DECODE_AHEAD = 64;
/** A write of so many bytes or more gives the decoded page up; a shorter one clears records. */
const GIVE_UP_BYTES = 512;
/**
 * So many small writes do so as well, those that hit decoded records counting more: the frame may
 * hold data by now, and stores to it are slow while it holds decoded code. If it is run again,
 * decoding it again costs less than these stores did.
 */
const GIVE_UP_WRITES = 256;
const HIT_WEIGHT = 4;

/** The decoded pages of one machine. */
export class CodePages {
  readonly #bytes: Uint8Array;
  readonly #halves: Uint16Array;
  readonly #words: Int32Array;
  /** The frame each pool page is for, as a linear-memory offset; 0: none. */
  readonly #frames = new Uint32Array(POOL_PAGES);
  /** Decoded records in each page. */
  readonly #live = new Uint16Array(POOL_PAGES);
  /** Writes to each page's frame since it was taken, weighted. */
  readonly #writes = new Uint16Array(POOL_PAGES);
  /** Page that is taken next when no page is free. */
  #turn = 0;
  #free: number[] = [];
  #used = 0;
  readonly #stops = new StopSet();
  readonly #loops: Loops;

  readonly #writeEntries: Int32Array;
  readonly #executeEntries: Int32Array;

  /** No pages yet, in the memory (see layout.ts) of a machine with so many harts. */
  constructor(memory: WebAssembly.Memory, harts = 1) {
    this.#writeEntries = entriesOf(1, harts);
    this.#executeEntries = entriesOf(2, harts);
    this.#bytes = new Uint8Array(memory.buffer);
    this.#halves = new Uint16Array(memory.buffer);
    this.#words = new Int32Array(memory.buffer);
    this.#loops = new Loops(memory);
    this.#words[(SCRATCH + 2 * RECORD_SIZE) >> 2] = PAGE_END;
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
      // From now on, stores to the frame must take the slow path.
      this.#dropWriteEntries(this.#frames[index]!);
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
    let offset = (rp - page) >> RECORD_SHIFT;
    let before = 0;
    for (let n = 0; n < DECODE_AHEAD && offset < PAGE_SIZE; n++) {
      const at = (page + (offset << RECORD_SHIFT)) >> 2;
      const decoded = (this.#words[at]! & HANDLER) !== UNDECODED;
      const low = this.#halves[(frame + offset) >>> 1]!;
      let ends = decoded;
      if (!decoded) {
        this.#live[index]!++;
        if (!isLong(low)) {
          ends = this.#put(at, low, offset);
        } else if (offset === PAGE_SIZE - 2) {
          this.#words[at] = STRADDLING | (this.#words[at]! & STOP_BIT);
          ends = true;
        } else {
          const word = low | (this.#halves[(frame + offset + 2) >>> 1]! << 16);
          ends = this.#put(at, word, offset);
        }
      }
      if (before !== 0) this.#join(before, at);
      if (ends) break;
      before = at;
      offset += isLong(low) ? 4 : 2;
    }
    return true;
  }

  /**
   * Makes a pair of two neighbours, if their kinds are such that there is a handler for both. Never
   * with a stop record as the second: a pair's handler goes to its second half unasked.
   */
  #join(first: number, second: number): void {
    const head = this.#words[first]!, next = this.#words[second]!;
    if ((next & STOP_BIT) !== 0) return;
    const pair = pairNumber(head & HANDLER, firstOf(next & HANDLER));
    if (pair !== undefined) this.#words[first] = (head & ~HANDLER) | pair;
  }

  /** Does iterations of the loop that begins at the record; where to go on, or 0 for none done. */
  runLoop(rp: number): number {
    const index = indexOf(rp);
    const offset = (rp - FIRST_PAGE - index * STRIDE) >> RECORD_SHIFT;
    return this.#loops.run(rp, this.#frames[index]! + offset);
  }

  /** Puts an instruction that straddles a page end into the scratch record. */
  fillScratch(word: number): void {
    if (word === this.#scratch) return; // a loop over a page end comes here with the same one
    this.#scratch = word;
    this.#put(SCRATCH >> 2, word, -1);
  }

  #scratch = 0;

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
    const offsets = this.#stops.inPage(high, low);
    if (offsets !== undefined) { for (const offset of offsets) this.#mark(page, offset); }
  }

  /** Whether the host is to be asked at a marked record; else the mark, left over, is taken off. */
  stopsAt(rp: number): boolean {
    const page = FIRST_PAGE + indexOf(rp) * STRIDE;
    const offset = (rp - page) >> RECORD_SHIFT;
    if (this.#stops.hasOffset(offset)) return true;
    this.#words[rp >> 2]! &= ~STOP_BIT;
    this.#rejoin(page, offset);
    return false;
  }

  #mark(page: number, offset: number): void {
    this.#words[(page + (offset << RECORD_SHIFT)) >> 2]! |= STOP_BIT;
    for (let at = Math.max(0, offset - 4); at < offset; at += 2) this.#part(page, at);
  }

  /** The record at an offset may be the second half of a pair again. */
  #rejoin(page: number, offset: number): void {
    const frame = this.#frames[indexOf(page)]!;
    for (const size of [2, 4]) {
      const before = offset - size;
      if (before < 0) break;
      const at = (page + (before << RECORD_SHIFT)) >> 2;
      const long = isLong(this.#halves[(frame + before) >>> 1]!);
      if ((this.#words[at]! & HANDLER) === UNDECODED || long !== (size === 4)) continue;
      this.#join(at, (page + (offset << RECORD_SHIFT)) >> 2);
    }
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

  /** Writes a record; true if execution never goes on at the next instruction. */
  #put(at: number, word: number, offset: number): boolean {
    const instruction = decode(word);
    const record = instruction === undefined
      ? illegalRecord(isLong(word) ? word : word & 0xffff)
      : recordOf(instruction, offset);
    this.#words[at] = record.head | (this.#words[at]! & STOP_BIT);
    this.#words[at + 1] = record.imm;
    if (instruction !== undefined && offset >= 0) this.#beginLoop(instruction, at, offset);
    const kind = instruction && shapeOf(instruction.row).kind;
    return kind === undefined || kind === "jump" || kind === "jumpTo";
  }

  #beginLoop(first: Instruction, at: number, offset: number): void {
    const rp = at << 2;
    const frame = this.#frames[indexOf(rp)]!;
    if (!this.#loops.begins(first, rp, frame, offset)) return;
    const head = this.#words[at]!;
    this.#words[at] = (head & ~HANDLER) | loopNumber(head & HANDLER);
  }

  #forget(page: number, offset: number, length: number): void {
    const index = indexOf(page);
    if (length >= GIVE_UP_BYTES) return this.#giveUp(index);
    // An instruction of 4 bytes may begin in the halfword before.
    const first = Math.max(0, (offset & ~1) - 2);
    let cleared = 0;
    for (let at = first; at < offset + length; at += 2) {
      const record = (page + (at << RECORD_SHIFT)) >> 2;
      if ((this.#words[record]! & HANDLER) === UNDECODED) continue;
      this.#words[record]! &= STOP_BIT; // UNDECODED is 0
      cleared++;
    }
    // The first of a pair goes on alone when the second is cleared; it has 2 bytes or 4.
    if (cleared > 0) {
      for (let at = Math.max(0, first - 4); at < first; at += 2) this.#part(page, at);
    }
    this.#live[index]! -= cleared;
    this.#writes[index]! += cleared > 0 ? HIT_WEIGHT : 1;
    if (this.#live[index] === 0 || this.#writes[index]! > GIVE_UP_WRITES) this.#giveUp(index);
  }

  /** Makes the record at an offset execute its own instruction only. */
  #part(page: number, offset: number): void {
    const record = (page + (offset << RECORD_SHIFT)) >> 2;
    const head = this.#words[record]!;
    this.#words[record] = (head & ~HANDLER) | firstOf(head & HANDLER);
  }

  /** A pool page that holds no records. */
  #take(): number {
    const index = this.#free.pop();
    if (index !== undefined) return index;
    if (this.#used < POOL_PAGES) {
      const page = FIRST_PAGE + this.#used * STRIDE;
      for (let i = 0; i < 2; i++) {
        this.#words[(page + RECORDS_SIZE + i * RECORD_SIZE) >> 2] = PAGE_END;
      }
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
    this.#bytes.fill(0, page, page + RECORDS_SIZE);
    this.#dropExecuteEntries(page);
    this.#free.push(index);
  }

  #dropWriteEntries(frame: number): void {
    for (const at of this.#writeEntries) {
      // addend + page address = where the page stands in linear memory
      if ((this.#words[at]! + this.#words[at + 2]!) >>> 0 === frame) this.#invalidate(at);
    }
  }

  #dropExecuteEntries(page: number): void {
    for (const at of this.#executeEntries) {
      if (this.#words[at + 2] === page) this.#invalidate(at);
    }
  }

  #invalidate(at: number): void {
    this.#words[at] = this.#words[at + 1] = -1; // TLB_INVALID
  }
}

/** Word indices of the entries of one table of all banks of all harts. */
function entriesOf(table: number, harts: number): Int32Array {
  const indices: number[] = [];
  for (let bank = 0; bank < layout.TLB_BANKS * harts; bank++) {
    const start = layout.TLB_BASE + bank * layout.TLB_BANK_SIZE + table * layout.TLB_TABLE_SIZE;
    for (let at = start; at < start + layout.TLB_TABLE_SIZE; at += layout.TLB_ENTRY_SIZE) {
      indices.push(at >> 2);
    }
  }
  return Int32Array.from(indices);
}

const mapIndex = (pa: number): number => (layout.CODE_MAP >> 2) + ((pa - RAM_BASE) >>> 12);
const indexOf = (page: number): number => Math.floor((page - FIRST_PAGE) / STRIDE);
