/**
 * Guest RAM: physical addresses from {@link RAM_BASE} on, held in one `WebAssembly.Memory` together
 * with the hart's registers and TLBs (see layout.ts), so that the emitted interpreter and
 * TypeScript look at the same bytes.
 *
 * Whatever changes RAM goes through the mutators of {@link Ram} or through a write-TLB entry. Both
 * keep three promises: decoded code of a changed frame is dropped, the frame is marked in
 * {@link Ram.dirty}, and a changed page table is told to the TLBs that were filled from it.
 *
 * @module
 */

import { hex, offset, PAGE_SHIFT, PAGE_SIZE, type PaNum, RAM_BASE } from "./address.ts";
import { CODE_MAP, RAM_OFFSET } from "./layout.ts";
import { HEAD_WORDS, LateFills } from "./late_fills.ts";
import { PTE_V } from "./sv39.ts";

/** Smallest RAM the machine takes, in bytes (16 MiB). */
export const MIN_RAM = 16 * 1024 * 1024;
/** Largest RAM the machine takes, in bytes (2 GiB). */
export const MAX_RAM = 2 * 1024 * 1024 * 1024;
/** RAM of a machine when nothing else is asked for, in bytes (128 MiB, as xv6 expects). */
export const DEFAULT_RAM = 128 * 1024 * 1024;

/** Added to a physical address in RAM gives its byte offset in the linear memory. */
const TO_OFFSET = RAM_OFFSET - RAM_BASE;
/** RAM is a multiple of this, in bytes: a page of WebAssembly's memory (64 KiB). */
export const RAM_STEP = 65536;

/**
 * So many stores to a frame that was a page table are seen before it may have a write-TLB entry:
 * a kernel changes a PTE or two and goes on using the table. When it is freed there are more.
 */
const TABLE_STORES = 8;

/** What changed bytes of RAM. */
export type StoredBy =
  /** An instruction of the hart that runs. */
  | "instruction"
  /** A page table walk of it, which set A or D. */
  | "walk"
  /** A device, or somebody outside the machine. */
  | "outside";

/** Who sees changes of RAM: told before, and after, each time with the same bytes. */
export interface StoreProbe {
  /** Some bytes, in one frame or more, are about to change. */
  storing(pa: PaNum, length: number): void;
  /** They have. */
  stored(pa: PaNum, length: number): void;
}

/** Guest RAM, little-endian, by physical address. A range outside throws a RangeError. */
export class Ram {
  /** First address of RAM. */
  readonly base: PaNum = RAM_BASE;
  /** Bytes of RAM. */
  readonly size: number;
  /** One beyond the last address of RAM. */
  readonly end: PaNum;
  /** The linear memory that holds the whole machine. */
  readonly memory: WebAssembly.Memory;
  /**
   * One byte for each frame, index `(pa - base) / 4096`: 1 when the frame may have changed since
   * the byte was last cleared. Whoever clears bytes must drop the write-TLB entries
   * (`tlb.dropFastWrites`).
   */
  readonly dirty: Uint8Array;
  /**
   * One byte for each frame as in {@link Ram.dirty}: not 0 when {@link Ram.tableStored} is to be
   * told of changes, since walks have read the frame; it has no write-TLB entry.
   */
  readonly tables: Uint8Array;
  /**
   * Called when such a frame, by its number in RAM, is about to change; `valid`: a valid PTE is.
   * Returns whether it is still to be told of changes.
   */
  tableStored: (frame: number, valid: boolean) => boolean = () => false;
  /** Has to drop the write-TLB entries of all harts for a frame, by its number in RAM. */
  forgetWriters: (frame: number) => void = () => {};
  /** Called when bytes under decoded code change; the machine connects the engine here. */
  codeChanged: (pa: PaNum, length: number) => void = () => {};
  /** One byte for each frame as in {@link Ram.dirty}: not 0 when {@link Ram.probe} sees stores. */
  readonly probed: Uint8Array;
  /** Who is told of changes to probed frames; none has a write-TLB entry. */
  probe: StoreProbe | undefined;
  /** What changes RAM now, for {@link Ram.probe}. */
  by: StoredBy = "outside";

  /**
   * The linear memory as 32-bit words, for reading only: with {@link Ram.wordsOf}, what goes over
   * many PTEs checks a table once instead of each entry.
   */
  readonly words: Uint32Array;
  /** Fills of frames that are still to be done. */
  readonly fills: LateFills;

  readonly #late: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #wide: BigInt64Array;
  readonly #code: Int32Array;

  /** Zeroed RAM of `size` bytes: whole steps of 64 KiB, {@link MIN_RAM} to {@link MAX_RAM}. */
  constructor(size: number = DEFAULT_RAM) {
    if (!Number.isInteger(size) || size < MIN_RAM || size > MAX_RAM || size % RAM_STEP !== 0) {
      throw new RangeError(
        `RAM of ${size} bytes: want 16M to 2G in whole steps of 64K`,
      );
    }
    this.size = size;
    this.end = offset(RAM_BASE, size);
    const pages = (RAM_OFFSET + size) / RAM_STEP;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const buffer = this.memory.buffer;
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
    this.#wide = new BigInt64Array(buffer);
    this.words = new Uint32Array(buffer);
    this.#code = new Int32Array(buffer, CODE_MAP, size / PAGE_SIZE);
    this.dirty = new Uint8Array(size / PAGE_SIZE);
    this.probed = new Uint8Array(size / PAGE_SIZE);
    this.tables = new Uint8Array(size / PAGE_SIZE);
    this.fills = new LateFills(buffer, size / PAGE_SIZE);
    this.#late = this.fills.frames;
  }

  /** Whether `length` bytes from `pa` on all lie in RAM. */
  contains(pa: PaNum, length = 1): boolean {
    return pa >= RAM_BASE && pa + length <= this.end;
  }

  /** Offset in the linear memory of a range that must lie in RAM. */
  #at(pa: number, length: number): number {
    if (!(pa >= RAM_BASE && pa + length <= this.end)) throw this.#outside(pa, length);
    const frame = (pa - RAM_BASE) >>> PAGE_SHIFT;
    if ((pa & (PAGE_SIZE - 1)) + length > PAGE_SIZE) {
      this.fills.settleAll(frame, (pa - RAM_BASE + length - 1) >>> PAGE_SHIFT);
    } else if (this.#late[frame] < 0) this.fills.settle(frame);
    return pa + TO_OFFSET;
  }

  #outside(pa: number, length: number): RangeError {
    return new RangeError(
      `physical address ${Number.isInteger(pa) ? hex(pa) : pa} (${length} bytes) outside RAM ${
        hex(this.base)
      }..${hex(this.end)}`,
    );
  }

  /** As {@link Ram.#at} for a range about to change. */
  #change(pa: number, length: number): number {
    const at = this.#at(pa, length);
    if (length === 0) return at;
    let frame = (pa - RAM_BASE) >>> PAGE_SHIFT;
    this.changes(pa, length);
    let special = this.#code[frame] | this.probed[frame];
    const last = (pa - RAM_BASE + length - 1) >>> PAGE_SHIFT;
    while (frame < last) {
      this.changes(RAM_BASE + ++frame * PAGE_SIZE, PAGE_SIZE);
      special |= this.#code[frame] | this.probed[frame];
    }
    if (special !== 0) {
      this.#pending = true;
      this.probe?.storing(pa as PaNum, length);
    }
    return at;
  }

  /**
   * Some bytes in one frame are about to change, by the mutators, or past them by an atomic
   * operation.
   */
  changes(pa: number, length: number): void {
    const frame = (pa - RAM_BASE) >>> PAGE_SHIFT;
    this.dirty[frame] = 1;
    if (this.tables[frame] !== 0) this.#toTable(frame, pa, length);
  }

  #toTable(frame: number, pa: number, length: number): void {
    // What a walk sets, A and D, changes no translation.
    if (this.by === "walk") return;
    // One PTE, and an invalid one: no translation comes from it.
    const inOne = pa % 8 + length <= 8;
    const valid = !inOne || (this.words[(pa + TO_OFFSET) >>> 3 << 1] & PTE_V) !== 0;
    const still = this.tableStored(frame, valid);
    if (this.tables[frame] > 1) this.tables[frame]--;
    else if (!still) this.tables[frame] = 0;
  }

  /** From now on changes of a frame, by its number in RAM, are told: a walk has read it. */
  watchTable(frame: number): void {
    if (this.tables[frame] === 0 && this.dirty[frame] !== 0) this.forgetWriters(frame);
    this.tables[frame] = TABLE_STORES;
  }

  /** Set between a change and its report, so that the report comes after the bytes have changed. */
  #pending = false;

  #changed(pa: PaNum, length: number): void {
    this.#pending = false;
    this.codeChanged(pa, length);
    this.probe?.stored(pa, length);
  }

  /** The byte at `pa`. */
  read8(pa: PaNum): number {
    return this.#bytes[this.#at(pa, 1)];
  }

  /** The 16-bit value at `pa`, any alignment. */
  read16(pa: PaNum): number {
    return this.#view.getUint16(this.#at(pa, 2), true);
  }

  /** The 32-bit unsigned value at `pa`, any alignment. */
  read32(pa: PaNum): number {
    return this.#view.getUint32(this.#at(pa, 4), true);
  }

  /** The 64-bit unsigned value at `pa`, any alignment. */
  read64(pa: PaNum): bigint {
    return this.#view.getBigUint64(this.#at(pa, 8), true);
  }

  /** Up to 8 bytes from `pa` on as one unsigned number. */
  readNumber(pa: PaNum, length: number): bigint {
    if (length === 8) return this.read64(pa);
    // The 8 bytes that end there: what stands before `pa` is shifted out.
    const last = this.#view.getBigUint64(this.#at(pa, length) + length - 8, true);
    return last >> BigInt(64 - 8 * length);
  }

  /** Stores the low 8 bits of `value`. */
  write8(pa: PaNum, value: number): void {
    this.#bytes[this.#change(pa, 1)] = value;
    if (this.#pending) this.#changed(pa, 1);
  }

  /** Stores the low 16 bits of `value`, any alignment. */
  write16(pa: PaNum, value: number): void {
    this.#view.setUint16(this.#change(pa, 2), value, true);
    if (this.#pending) this.#changed(pa, 2);
  }

  /** Stores the low 32 bits of `value`, any alignment. */
  write32(pa: PaNum, value: number): void {
    this.#view.setUint32(this.#change(pa, 4), value, true);
    if (this.#pending) this.#changed(pa, 4);
  }

  /** Stores the low 64 bits of `value`, any alignment. */
  write64(pa: PaNum, value: bigint): void {
    this.#view.setBigUint64(this.#change(pa, 8), value, true);
    if (this.#pending) this.#changed(pa, 8);
  }

  /**
   * The low 32 bits of the PTE at the 8-aligned address `pa`: flags, RSW, and the low 22 bits of
   * the frame number. That is the whole of a PTE that the built-in kernel made, since its frames
   * lie below 2^34.
   */
  readPte(pa: PaNum): number {
    return this.words[this.#pteAt(pa)];
  }

  /** Index in {@link Ram.words} of a frame's first word, by its number (pa / 4096); -1 outside. */
  wordsOf(frame: number): number {
    const at = frame - RAM_BASE / PAGE_SIZE;
    if (!(at >= 0 && at < this.dirty.length)) return -1;
    if (this.#late[at] < 0) this.fills.settle(at);
    return RAM_OFFSET / 4 + at * (PAGE_SIZE / 4);
  }

  /** The high 32 bits of the PTE at the 8-aligned address `pa`. */
  readPteHigh(pa: PaNum): number {
    return this.words[this.#pteAt(pa) + 1];
  }

  /** {@link Ram.#at} of the 8 bytes at an 8-aligned address, as an index of words. */
  #pteAt(pa: number): number {
    if (!(pa >= RAM_BASE && pa + 8 <= this.end)) throw this.#outside(pa, 8);
    const frame = (pa - RAM_BASE) >>> PAGE_SHIFT;
    if (this.#late[frame] < 0) this.fills.settle(frame);
    return ((pa - RAM_BASE) >>> 2) + RAM_OFFSET / 4;
  }

  /** Stores a PTE whose high 32 bits are 0. */
  writePte(pa: PaNum, low: number): void {
    this.writeHalves(pa, low, 0);
  }

  /** Stores 64 bits at the 8-aligned address `pa`, given as two halves (modulo 2^32). */
  writeHalves(pa: PaNum, low: number, high: number): void {
    const at = this.#pteAt(pa), frame = (pa - RAM_BASE) >>> PAGE_SHIFT;
    const seen = (this.#code[frame] | this.probed[frame]) !== 0;
    this.changes(pa, 8);
    if (seen) this.probe?.storing(pa as PaNum, 8);
    this.words[at] = low;
    this.words[at + 1] = high;
    if (seen) this.#changed(pa, 8);
  }

  /** Fills one 4 KiB frame with a byte, when it is looked at; see {@link LateFills}. */
  fillFrame(frame: PaNum, byte: number): void {
    if (!this.contains(frame, PAGE_SIZE)) throw this.#outside(frame, PAGE_SIZE);
    const i = (frame - RAM_BASE) >>> PAGE_SHIFT;
    const { fills } = this;
    if (!fills.mayWait(i) || this.isSeen(i)) {
      fills.drop(i);
      return this.fill(frame, PAGE_SIZE, byte);
    }
    this.dirty[i] = 1;
    fills.defer(i, byte);
  }

  /** One of a frame's first words, which may be read while a fill of the frame waits. */
  readHead(frame: PaNum, word: number): number {
    const i = (frame - RAM_BASE) >>> PAGE_SHIFT;
    if (this.#late[i] < 0) return this.fills.heads[i * HEAD_WORDS + word];
    return this.words[this.#at(frame, 4 * HEAD_WORDS) / 4 + word];
  }

  /** Stores two of them, modulo 2^32, from an even one on. */
  writeHead(frame: PaNum, word: number, low: number, high: number): void {
    const i = (frame - RAM_BASE) >>> PAGE_SHIFT;
    if (!(this.#late[i] < 0)) return this.writeHalves(offset(frame, 4 * word), low, high);
    const { heads } = this.fills, at = i * HEAD_WORDS + word;
    heads[at] = low;
    heads[at + 1] = high;
  }

  /** Copies one 4 KiB frame. */
  copyFrame(to: PaNum, from: PaNum): void {
    if (to !== from) this.fills.drop((to - RAM_BASE) >>> PAGE_SHIFT);
    this.copy(to, from, PAGE_SIZE);
  }

  /** Fills `length` bytes from `pa` on with a byte. */
  fill(pa: PaNum, length: number, byte: number): void {
    const at = this.#change(pa, length);
    this.#bytes.fill(byte, at, at + length);
    if (this.#pending) this.#changed(pa, length);
  }

  /** Copies `length` bytes inside RAM; the ranges may overlap. */
  copy(to: PaNum, from: PaNum, length: number): void {
    const source = this.#at(from, length);
    this.#bytes.copyWithin(this.#change(to, length), source, source + length);
    if (this.#pending) this.#changed(to, length);
  }

  /** A live view of RAM, for reading only: a write through it would leave stale decoded code. */
  bytes(pa: PaNum, length: number): Uint8Array {
    const at = this.#at(pa, length);
    return this.#bytes.subarray(at, at + length);
  }

  /** The bytes from `pa` on up to a NUL, at most `length` of them, a char each. */
  text(pa: PaNum, length: number): string {
    const bytes = this.#bytes;
    let text = "";
    for (let i = this.#at(pa, length), end = i + length; i < end && bytes[i] !== 0; i++) {
      text += String.fromCharCode(bytes[i]);
    }
    return text;
  }

  /** Copies `bytes` to RAM at `pa`. */
  write(pa: PaNum, bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#change(pa, bytes.length));
    if (this.#pending) this.#changed(pa, bytes.length);
  }

  /**
   * Copies bytes from elsewhere in the linear memory (see layout.ts), such as the register file, to
   * RAM. All three numbers are multiples of 8. For so few bytes a loop is faster than copyWithin.
   */
  writeFrom(pa: PaNum, offset: number, length: number): void {
    const wide = this.#wide;
    let to = this.#change(pa, length) / 8;
    for (let from = offset / 8; from < (offset + length) / 8; from++) wide[to++] = wide[from];
    if (this.#pending) this.#changed(pa, length);
  }

  /** Copies bytes of RAM to elsewhere in the linear memory: {@link Ram.writeFrom} backwards. */
  readTo(offset: number, pa: PaNum, length: number): void {
    const wide = this.#wide;
    let from = this.#at(pa, length) / 8;
    for (let to = offset / 8; to < (offset + length) / 8; to++) wide[to] = wide[from++];
  }

  /** Whether stores to the frame that holds `pa` are seen: it has decoded code, or a probe. */
  seesStores(pa: PaNum): boolean {
    const frame = (pa - RAM_BASE) >>> PAGE_SHIFT;
    return (this.#code[frame] | this.probed[frame]) !== 0;
  }

  /** Whether any store to a frame, by its number in RAM, is seen by somebody: it needs more than one. */
  isSeen(frame: number): boolean {
    return (this.#code[frame] | this.probed[frame] | this.tables[frame]) !== 0;
  }

  /** Whether changes of the frame that holds `pa` are told by {@link Ram.tableStored}. */
  isTable(pa: PaNum): boolean {
    return this.tables[(pa - RAM_BASE) >>> PAGE_SHIFT] !== 0;
  }
}
