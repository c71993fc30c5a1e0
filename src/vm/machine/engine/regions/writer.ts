/**
 * Writes the code of one WebAssembly function front to back into one array of bytes. Regions are
 * made while somebody waits, so nothing is put together from pieces: code is written where it goes,
 * and labels, which WebAssembly counts outwards from the branch, are known by what is open there.
 *
 * @module
 */

import { type Bytes, MEMORY_OPS, type MemoryOp, OPS, VOID } from "../wasm.ts";

/** A block, loop or if that is open, by which branches name it. */
export type Label = number;

/** The label of an `if` that nobody branches to. */
const NOBODY: Label = NaN;

/** One function's code, as far as it is written. */
export class CodeWriter {
  #bytes = new Uint8Array(1 << 14);
  #at = 0;
  /** What is open, from the outside. */
  readonly #open: Label[] = [];
  /** Where each `if` stands that is hardly ever entered, in bytes from the start of the code. */
  readonly unlikely: number[] = [];

  /** Bytes written so far. */
  get length(): number {
    return this.#at;
  }

  /** What was written. */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.#open.length > 0) throw new Error("a block of the region is still open");
    return this.#bytes.slice(0, this.#at);
  }

  #byte(byte: number): void {
    // One instruction is a few bytes: room for it is always kept.
    if (this.#at + 16 > this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#bytes.length);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.#at++] = byte;
  }

  #uleb(value: number): void {
    while (value > 127) {
      this.#byte((value & 127) | 128);
      value >>>= 7;
    }
    this.#byte(value);
  }

  /** Signed LEB128 of an integer that a double holds. */
  #sleb(value: number): void {
    while (value < -64 || value > 63) {
      this.#byte(((value % 128) + 128) % 128 | 128);
      value = Math.floor(value / 128);
    }
    this.#byte(value & 127);
  }

  /** Code that was put together elsewhere. */
  put(code: Bytes): void {
    for (const piece of code) {
      if (typeof piece === "number") this.#byte(piece);
      else this.put(piece);
    }
  }

  /** The value of a local. */
  get(local: number): void {
    this.#byte(0x20);
    this.#byte(local);
  }

  /** Sets a local to what was computed. */
  set(local: number): void {
    this.#byte(0x21);
    this.#byte(local);
  }

  /** The same, and leaves its value. */
  tee(local: number): void {
    this.#byte(0x22);
    this.#byte(local);
  }

  /** A 32-bit constant. */
  i32(value: number): void {
    this.#byte(0x41);
    this.#sleb(value | 0);
  }

  /** A 64-bit constant, given as an exact number. */
  i64(value: number): void {
    this.#byte(0x42);
    this.#sleb(value);
  }

  /** An operator on what was computed. */
  op(name: keyof typeof OPS): void {
    this.#byte(OPS[name]);
  }

  /** A load; the address was computed. */
  load(name: MemoryOp, offset = 0): void {
    this.#memory(name, offset);
  }

  /** A store; the address and the value were computed. */
  store(name: MemoryOp, offset = 0): void {
    this.#memory(name, offset);
  }

  #memory(name: MemoryOp, offset: number): void {
    const [code, alignment] = MEMORY_OPS[name];
    this.#byte(code);
    this.#byte(alignment);
    this.#uleb(offset);
  }

  /** Fills (address, value, length) or copies (to, from, length) bytes. */
  bulk(what: "fill" | "copy"): void {
    this.#byte(0xfc);
    this.#byte(what === "fill" ? 11 : 10);
    this.#byte(0);
    if (what === "copy") this.#byte(0);
  }

  /** Calls a function by its index. */
  call(index: number): void {
    this.#byte(0x10);
    this.#byte(index);
  }

  /** One of two values by a condition, all three computed. */
  select(): void {
    this.#byte(0x1b);
  }

  /** Throws a computed value away. */
  drop(): void {
    this.#byte(0x1a);
  }

  /** Opens a block, whose label is its end, or a loop, whose label is its start. */
  open(what: "block" | "loop", label: Label): void {
    this.#byte(what === "block" ? 0x02 : 0x03);
    this.#byte(VOID);
    this.#open.push(label);
  }

  /** Closes what was opened last. */
  close(): void {
    this.#byte(0x0b);
    this.#open.pop();
  }

  /** What is written by `then` is executed if the condition, which was computed, holds. */
  when(then: () => void): void {
    this.#byte(0x04);
    this.#byte(VOID);
    this.#open.push(NOBODY);
    then();
    this.close();
  }

  /** Executes one or the other. */
  either(then: () => void, otherwise: () => void): void {
    this.#byte(0x04);
    this.#byte(VOID);
    this.#open.push(NOBODY);
    then();
    this.#byte(0x05);
    otherwise();
    this.close();
  }

  /** The same for what hardly ever happens. */
  rarely(then: () => void): void {
    this.unlikely.push(this.#at);
    this.when(then);
  }

  /** Goes to a label if the condition, which was computed, holds; it hardly ever does. */
  branchRarely(label: Label): void {
    this.unlikely.push(this.#at);
    this.#byte(0x0d);
    this.#uleb(this.#distance(label));
  }

  /** Goes to a label. */
  branch(label: Label): void {
    this.#byte(0x0c);
    this.#uleb(this.#distance(label));
  }

  /** Goes to the label with a computed index; there is none beyond the last. */
  branchTable(labels: readonly Label[]): void {
    this.#byte(0x0e);
    this.#uleb(labels.length - 1);
    for (const label of labels) this.#uleb(this.#distance(label));
  }

  /** Whether a label can be branched to from here. */
  isOpen(label: Label): boolean {
    return this.#open.includes(label);
  }

  #distance(label: Label): number {
    const at = this.#open.lastIndexOf(label);
    if (at < 0) throw new Error(`no open block of the region has the label ${label}`);
    return this.#open.length - 1 - at;
  }
}
