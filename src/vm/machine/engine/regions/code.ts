/**
 * The guest's code as the hart that runs would fetch it, for {@link discover}.
 *
 * @module
 */

import * as layout from "../../layout.ts";
import type { CodePages } from "../code_pages.ts";
import { HANDLER, RECORD_SHIFT, STOP_BIT, UNDECODED } from "../records.ts";
import type { Code } from "./discover.ts";
import type { DecodedPage } from "./translation.ts";

/** See {@link EngineHost.locate}. */
export type Locate = (high: number, low: number) => number;

/** What can be executed now. */
export class MappedCode implements Code {
  readonly #words: Int32Array;
  readonly #halves: Uint16Array;
  readonly #pages: CodePages;
  readonly #locate: Locate;

  /** The code in a machine's memory. */
  constructor(memory: WebAssembly.Memory, pages: CodePages, locate: Locate) {
    this.#locate = locate;
    this.#words = new Int32Array(memory.buffer);
    this.#halves = new Uint16Array(memory.buffer);
    this.#pages = pages;
  }

  /** Offset of the decoded records of a virtual page, by its number; 0: there are none. */
  records(page: number): number {
    const low = (page * 4096) | 0, high = Math.floor(page / 2 ** 20);
    const index = page & (layout.TLB_ENTRIES - 1);
    const entry = (this.#words[layout.TLB_EXECUTE >> 2]! + index * layout.TLB_ENTRY_SIZE) >> 2;
    const there = this.#words[entry] === low && this.#words[entry + 1] === high;
    return there ? this.#words[entry + 2]! : this.#locate(high, low);
  }

  /** Offset of the record of an address; 0: its page has none. */
  record(pc: number): number {
    const page = this.records(Math.floor(pc / 4096));
    return page === 0 ? 0 : page + ((pc % 4096) << RECORD_SHIFT);
  }

  #head(pc: number): number {
    const record = this.record(pc);
    return record === 0 ? UNDECODED : this.#words[record >> 2]!;
  }

  hasPage(page: number): boolean {
    return this.records(page) !== 0;
  }

  runs(pc: number): boolean {
    const head = this.#head(pc);
    return (head & HANDLER) !== UNDECODED && (head & STOP_BIT) === 0;
  }

  stops(pc: number): boolean {
    return (this.#head(pc) & STOP_BIT) !== 0;
  }

  /** The page whose records stand at an offset. */
  decoded(records: number): DecodedPage {
    const start = this.#pages.frameOf(records) >>> 1;
    return {
      halves: this.#halves.subarray(start, start + 2048),
      heads: this.#words.subarray(records >> 2, (records >> 2) + 4096),
    };
  }

  half(pc: number): number {
    const frame = this.#pages.frameOf(this.records(Math.floor(pc / 4096)));
    return this.#halves[(frame + pc % 4096) >>> 1]!;
  }
}
