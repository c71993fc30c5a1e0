/**
 * The places at which the interpreter enters regions: marks in decoded records, and what belongs to
 * each in the linear memory (layout.ts).
 *
 * @module
 */

import * as layout from "../../layout.ts";
import type { CodePages } from "../code_pages.ts";

const WORDS = (1 << layout.REGION_ENTRY_SHIFT) / 4;

/** What stands at a place: the function, the label in it, the context, and the program counter. */
export interface Entry {
  readonly slot: number;
  readonly label: number;
  readonly context: number;
  readonly pc: number;
}

/** The entries of one machine. */
export class Entries {
  readonly #words: Int32Array;
  readonly #pages: CodePages;
  /** By index: the offset of the record it is for; 0: none. */
  readonly #records = new Uint32Array(layout.REGION_ENTRY_COUNT);

  /** No entries, in a machine's memory. */
  constructor(memory: WebAssembly.Memory, pages: CodePages) {
    this.#words = new Int32Array(memory.buffer);
    this.#pages = pages;
  }

  /** Whether a region begins at a record. */
  has(rp: number): boolean {
    return this.#records[indexOf(rp)] === rp;
  }

  /** The program counter for which one does. */
  pc(rp: number): number {
    const at = wordOf(indexOf(rp));
    return this.#words[at + 5]! * 2 ** 32 + (this.#words[at + 4]! >>> 0);
  }

  /** Puts an entry at a record, in the place of another one, perhaps of another record. */
  put(rp: number, { slot, label, context, pc }: Entry): void {
    const index = indexOf(rp);
    const other = this.#records[index]!;
    if (other !== 0 && other !== rp) this.#pages.setEntry(other, false);
    this.#records[index] = rp;
    const at = wordOf(index);
    this.#words[at] = slot;
    this.#words[at + 1] = label;
    this.#words[at + 2] = context;
    this.#words[at + 4] = pc;
    this.#words[at + 5] = pc / 2 ** 32;
    this.#pages.setEntry(rp, true);
  }

  /** Takes the entry of a record away, if it is one of that context. */
  remove(rp: number, context: number): void {
    const index = indexOf(rp);
    if (this.#records[index] !== rp || this.#words[wordOf(index) + 2] !== context) return;
    this.#records[index] = 0;
    this.#pages.setEntry(rp, false);
  }
}

const indexOf = (rp: number): number => (rp >>> 3) & (layout.REGION_ENTRY_COUNT - 1);
const wordOf = (index: number): number => (layout.REGION_ENTRIES >> 2) + index * WORDS;
