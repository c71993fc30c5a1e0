/**
 * What is done with the records of one decoded page: decoding a run of instructions into them,
 * clearing what a write touched, marking those before which the host is asked, and keeping pairs
 * true through all of it. Pages and frames are offsets into the linear memory (see layout.ts).
 *
 * @module
 */

import { PAGE_SIZE } from "../address.ts";
import { decode, isLong } from "../isa/decode.ts";
import type { Instruction } from "../isa/row.ts";
import * as layout from "../layout.ts";
import { Loops } from "./loops.ts";
import { firstOf, loopNumber, pairNumber } from "./pairs.ts";
import {
  ENTRY_BIT,
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

/** Where the record of an instruction over a page end is put, with its followers. */
export const SCRATCH: number = layout.CODE_POOL;

/** Most instructions decoded ahead of execution in one go. */
const DECODE_AHEAD = 64;

/** The records of a machine's decoded pages. */
export class PageRecords {
  readonly #bytes: Uint8Array;
  readonly #halves: Uint16Array;
  readonly #words: Int32Array;
  readonly #loops: Loops;
  /** The instruction in the scratch record. */
  #scratch = 0;

  /** Those in a machine's memory. `counts`: look-ups in the TLB count hits. */
  constructor(memory: WebAssembly.Memory, counts: boolean) {
    this.#bytes = new Uint8Array(memory.buffer);
    this.#halves = new Uint16Array(memory.buffer);
    this.#words = new Int32Array(memory.buffer);
    this.#loops = new Loops(memory, counts);
    this.#words[(SCRATCH + 2 * RECORD_SIZE) >> 2] = PAGE_END;
  }

  /** Makes a page that was never used ready: the records after its last lead on. */
  prepare(page: number): void {
    for (let i = 0; i < 2; i++) {
      this.#words[(page + RECORDS_SIZE + i * RECORD_SIZE) >> 2] = PAGE_END;
    }
  }

  /** Clears all records of a page, and their marks. */
  wipe(page: number): void {
    this.#bytes.fill(0, page, page + RECORDS_SIZE);
  }

  /**
   * Decodes from an offset in a page to the next instruction that does not go on below, or as far
   * as is decoded. How many records that were.
   */
  fill(page: number, frame: number, offset: number): number {
    let before = 0, count = 0;
    for (let n = 0; n < DECODE_AHEAD && offset < PAGE_SIZE; n++) {
      const at = wordOf(page, offset);
      const decoded = (this.#words[at]! & HANDLER) !== UNDECODED;
      const low = this.#halves[(frame + offset) >>> 1]!;
      const ends = decoded || this.#decode(page, frame, offset);
      if (!decoded) count++;
      if (before !== 0) this.#join(before, at);
      if (ends) break;
      before = at;
      offset += isLong(low) ? 4 : 2;
    }
    return count;
  }

  /** Decodes one instruction; true if execution never goes on at the next one, as it stands here. */
  #decode(page: number, frame: number, offset: number): boolean {
    const at = wordOf(page, offset);
    const low = this.#halves[(frame + offset) >>> 1]!;
    if (isLong(low) && offset === PAGE_SIZE - 2) {
      this.#words[at] = STRADDLING | (this.#words[at]! & MARKS);
      return true;
    }
    const word = isLong(low) ? low | (this.#halves[(frame + offset + 2) >>> 1]! << 16) : low;
    const instruction = this.#put(at, word, offset);
    if (instruction === undefined) return true;
    if (this.#loops.begins(instruction, at << 2, frame, offset)) {
      const head = this.#words[at]!;
      this.#words[at] = (head & ~HANDLER) | loopNumber(head & HANDLER);
    }
    const { kind } = shapeOf(instruction.row);
    return kind === "jump" || kind === "jumpTo";
  }

  /** Does iterations of the loop that begins at the record; where to go on, or 0 for none done. */
  runLoop(rp: number, frame: number, offset: number): number {
    return this.#loops.run(rp, frame + offset);
  }

  /** Puts an instruction that straddles a page end into the scratch record. */
  fillScratch(word: number): void {
    if (word === this.#scratch) return; // a loop over a page end comes here with the same one
    this.#scratch = word;
    this.#put(SCRATCH >> 2, word, -1);
  }

  /** Writes a record; its instruction, if it is one. */
  #put(at: number, word: number, offset: number): Instruction | undefined {
    const instruction = decode(word);
    const record = instruction === undefined
      ? illegalRecord(isLong(word) ? word : word & 0xffff)
      : recordOf(instruction, offset);
    this.#words[at] = record.head | (this.#words[at]! & MARKS);
    this.#words[at + 1] = record.imm;
    return instruction;
  }

  /** Clears what stands for some bytes of the frame. How many records that were. */
  clear(page: number, offset: number, length: number): number {
    // An instruction of 4 bytes may begin in the halfword before.
    const first = Math.max(0, (offset & ~1) - 2);
    let cleared = 0;
    for (let at = first; at < offset + length; at += 2) {
      const record = wordOf(page, at);
      if ((this.#words[record]! & HANDLER) === UNDECODED) continue;
      this.#words[record]! &= STOP_BIT; // UNDECODED is 0
      cleared++;
    }
    if (cleared > 0) this.#partBefore(page, first);
    return cleared;
  }

  /** Has the host asked before the instruction at an offset. */
  mark(page: number, offset: number): void {
    this.#words[wordOf(page, offset)]! |= STOP_BIT;
    this.#partBefore(page, offset);
  }

  /** A region begins at an offset, or no longer. */
  setEntry(page: number, offset: number, begins: boolean): void {
    const at = wordOf(page, offset);
    if (!begins) {
      this.#words[at]! &= ~ENTRY_BIT;
      return;
    }
    this.#words[at]! |= ENTRY_BIT;
    this.#partBefore(page, offset);
  }

  /** Has the host asked before each instruction of a page. */
  markAll(page: number): void {
    for (let offset = 0; offset < PAGE_SIZE; offset += 2) {
      const record = wordOf(page, offset);
      const head = this.#words[record]!;
      this.#words[record] = (head & ~HANDLER) | firstOf(head & HANDLER) | STOP_BIT;
    }
  }

  /** Takes that back for one of them; what was parted for it is one again. */
  unmark(page: number, frame: number, offset: number): void {
    this.#words[wordOf(page, offset)]! &= ~STOP_BIT;
    for (let at = Math.max(0, offset - 4); at <= offset; at += 2) {
      const record = wordOf(page, at);
      if ((this.#words[record]! & HANDLER) === UNDECODED) continue;
      this.#decode(page, frame, at);
      const next = at + (isLong(this.#halves[(frame + at) >>> 1]!) ? 4 : 2);
      if (next < PAGE_SIZE) this.#join(record, wordOf(page, next));
    }
  }

  /**
   * Makes a pair of two neighbours, if their kinds are such that there is a handler for both. Never
   * with a stop record or an entry as the second: a pair's handler goes to its second half unasked.
   */
  #join(first: number, second: number): void {
    const head = this.#words[first]!, next = this.#words[second]!;
    if ((next & MARKS) !== 0) return;
    const pair = pairNumber(head & HANDLER, firstOf(next & HANDLER));
    if (pair !== undefined) this.#words[first] = (head & ~HANDLER) | pair;
  }

  /** Whatever has the record at an offset as its second half goes on alone; it has 2 bytes or 4. */
  #partBefore(page: number, offset: number): void {
    for (let at = Math.max(0, offset - 4); at < offset; at += 2) {
      const record = wordOf(page, at);
      const head = this.#words[record]!;
      this.#words[record] = (head & ~HANDLER) | firstOf(head & HANDLER);
    }
  }
}

/** What a record's head says beside its handler. */
const MARKS = STOP_BIT | ENTRY_BIT;

/** Index of a record's first word. */
const wordOf = (page: number, offset: number): number => (page + (offset << RECORD_SHIFT)) >> 2;
