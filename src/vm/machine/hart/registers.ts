/**
 * The registers that the interpreter works on: x0–x31, pc, S-mode's CSRs, the trap it raised. Those of the hart
 * that runs stand in the linear memory (layout.ts), those of others in buffers of their own, at the
 * same offsets; this class is the view of them.
 *
 * @module
 */

import type { PaNum, Va } from "../address.ts";
import {
  ACCESS_VA,
  ACCESS_VALUE,
  BUDGET,
  KEPT,
  type KeptCsr,
  MSTATUS,
  PC,
  TRAP_CAUSE,
  TRAP_VALUE,
  X,
} from "../layout.ts";
import type { Ram } from "../memory.ts";

/** Bytes of the part of linear memory that holds hart state. */
const HEADER = 0x1000;
/** Bytes of pc and x0…x31. */
const FILE = X + 32 * 8 - PC;

/** x registers, pc, S-mode's CSRs, reservation and raised trap of one hart. */
export class Registers {
  /** x0…x31 as unsigned 64-bit values; x0 must stay 0. */
  readonly xs: BigUint64Array;
  /** The same registers as 32-bit halves, low half first: `words[2 * i]`. */
  readonly words: Uint32Array;
  /** All of the hart's state in linear memory as unsigned 32-bit words; index: offset / 4. */
  readonly header: Uint32Array;
  readonly #signed: Int32Array;
  readonly #wide: BigUint64Array;

  /** A view of a machine's linear memory, or of a buffer for a hart that does not run. */
  constructor(buffer: ArrayBufferLike = new ArrayBuffer(HEADER)) {
    this.xs = new BigUint64Array(buffer, X, 32);
    this.words = new Uint32Array(buffer, X, 64);
    this.header = new Uint32Array(buffer, 0, HEADER / 4);
    this.#signed = new Int32Array(buffer, 0, HEADER / 4);
    this.#wide = new BigUint64Array(buffer, 0, HEADER / 8);
  }

  /** Register i, unsigned. */
  x(i: number): bigint {
    return this.xs[i];
  }

  /** Sets register i, modulo 2^64; a write to x0 does nothing. */
  setX(i: number, value: bigint): void {
    if (i !== 0) this.xs[i] = value;
  }

  /** The program counter. */
  get pc(): Va {
    return this.#wide[PC / 8] as Va;
  }

  set pc(value: bigint) {
    this.#wide[PC / 8] = value;
  }

  /** Low and (signed) high half of pc. */
  get pcLow(): number {
    return this.header[PC / 4];
  }
  get pcHigh(): number {
    return this.#signed[PC / 4 + 1];
  }

  /** pc as a number, unsigned: exact below 2^53, else the nearest there is. */
  get pcNumber(): number {
    return this.header[PC / 4 + 1] * 2 ** 32 + this.header[PC / 4];
  }

  /** Copies 64 bits from one place of the layout to another. */
  copy(from: number, to: number): void {
    const { header } = this;
    header[to / 4] = header[from / 4];
    header[to / 4 + 1] = header[from / 4 + 1];
  }

  /** Moves pc on by some bytes. */
  advance(bytes: number): void {
    const low = this.header[PC / 4] + bytes;
    this.header[PC / 4] = low;
    if (low > 0xffff_ffff) this.header[PC / 4 + 1]++;
  }

  /** mstatus: its low 32 bits, which are all that can change. */
  get mstatus(): number {
    return this.header[MSTATUS / 4];
  }

  set mstatus(value: number) {
    this.header[MSTATUS / 4] = value;
  }

  /** One of S-mode's CSRs that only keep a value. */
  kept(name: KeptCsr): bigint {
    return this.#wide[KEPT[name] / 8];
  }

  /** Sets it, modulo 2^64; that not every register holds all bits is the CSR's row's. */
  keep(name: KeptCsr, value: bigint): void {
    this.#wide[KEPT[name] / 8] = value;
  }

  /** Low and (signed) high half of the address of the access that the slow path is asked about. */
  get accessLow(): number {
    return this.header[ACCESS_VA / 4];
  }
  get accessHigh(): number {
    return this.#signed[ACCESS_VA / 4 + 1];
  }

  /** The whole address of that access. */
  get accessVa(): bigint {
    return this.#wide[ACCESS_VA / 8];
  }

  set accessVa(value: bigint) {
    this.#wide[ACCESS_VA / 8] = value;
  }

  /** The value of that access. */
  get accessValue(): bigint {
    return this.#wide[ACCESS_VALUE / 8];
  }

  set accessValue(value: bigint) {
    this.#wide[ACCESS_VALUE / 8] = value;
  }

  /** Instructions left in the engine's run. */
  get budget(): number {
    return this.header[BUDGET / 4 + 1] * 2 ** 32 + this.header[BUDGET / 4];
  }

  set budget(value: number) {
    this.header[BUDGET / 4] = value;
    this.header[BUDGET / 4 + 1] = value / 2 ** 32;
  }

  /** Notes a trap for the interpreter to leave with: cause as in mcause, value for mtval. */
  raise(cause: number, value: bigint): void {
    this.header[TRAP_CAUSE / 4] = cause;
    this.#wide[TRAP_VALUE / 8] = value;
  }

  /** The noted trap's cause. */
  get trapCause(): number {
    return this.header[TRAP_CAUSE / 4];
  }

  /** The noted trap's value. */
  get trapValue(): bigint {
    return this.#wide[TRAP_VALUE / 8];
  }

  /**
   * Copies pc and x0…x31 to the 8-aligned physical address `pa`: in xv6's trapframe they stand so
   * from epc on, with kernel_hartid in the place of x0.
   */
  saveTo(ram: Ram, pa: PaNum): void {
    ram.writeFrom(pa, PC, FILE);
  }

  /** Loads pc and x1…x31 from RAM, as {@link Registers.saveTo} left them. */
  loadFrom(ram: Ram, pa: PaNum): void {
    ram.readTo(PC, pa, FILE);
    this.words[0] = 0;
    this.words[1] = 0;
  }
}
