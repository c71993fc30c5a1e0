/**
 * The core-local interruptor of the `virt` machine: software interrupt, timer compare and mtime, in
 * SiFive's layout, for one hart.
 *
 * @module
 */

import type { Device } from "../bus.ts";
import type { Clock } from "../clock.ts";
import { IRQ } from "../hart/csr_state.ts";

const MSIP = 0;
const MTIMECMP = 0x4000;
const MTIME = 0xbff8;

/** The CLINT's state as plain data. */
export interface ClintState {
  /** Software interrupt, 0 or 1. */
  readonly msip: number;
  /** When the timer is due. */
  readonly mtimecmp: bigint;
}

/** The CLINT. Registers have 32 bits; narrower reads see a part, narrower writes are dropped. */
export class Clint implements Device {
  readonly name = "clint";
  #msip = 0;
  #mtimecmp = 0xffff_ffff_ffff_ffffn;
  #due = Infinity;
  readonly #clock: Clock;

  /** A CLINT on the machine's clock, with its timer never due. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** mtimecmp as a number of ticks; Infinity when it lies beyond all exact numbers. */
  get due(): number {
    return this.#due;
  }

  /** MSIP and MTIP as bits of mip. */
  lines(): number {
    return (this.#msip !== 0 ? IRQ.MSI : 0) | (this.#clock.time >= this.#due ? IRQ.MTI : 0);
  }

  read(offset: number, size: 1 | 2 | 4): number {
    const shift = (offset & 3) * 8;
    return Number(BigInt.asUintN(8 * size, BigInt(this.#word(offset & ~3)) >> BigInt(shift)));
  }

  #word(offset: number): number {
    switch (offset) {
      case MSIP:
        return this.#msip;
      case MTIMECMP:
        return Number(this.#mtimecmp & 0xffff_ffffn);
      case MTIMECMP + 4:
        return Number(this.#mtimecmp >> 32n);
      case MTIME:
        return this.#clock.time >>> 0;
      case MTIME + 4:
        return Math.floor(this.#clock.time / 2 ** 32);
      default:
        return 0;
    }
  }

  write(offset: number, size: 1 | 2 | 4, value: number): void {
    if (size !== 4) return;
    const time = this.#clock.time;
    switch (offset) {
      case MSIP:
        this.#msip = value & 1;
        break;
      case MTIMECMP:
        this.#setDue((this.#mtimecmp & ~0xffff_ffffn) | BigInt(value));
        break;
      case MTIMECMP + 4:
        this.#setDue((this.#mtimecmp & 0xffff_ffffn) | (BigInt(value) << 32n));
        break;
      case MTIME:
        this.#clock.time = time - (time % 2 ** 32) + value;
        break;
      case MTIME + 4:
        this.#clock.time = (value & 0x1f_ffff) * 2 ** 32 + (time % 2 ** 32);
        break;
    }
  }

  #setDue(value: bigint): void {
    this.#mtimecmp = value;
    this.#due = value < 1n << 53n ? Number(value) : Infinity;
  }

  /** The state as plain data. */
  save(): ClintState {
    return { msip: this.#msip, mtimecmp: this.#mtimecmp };
  }

  /** Takes over a saved state. */
  restore(state: ClintState): void {
    this.#msip = state.msip;
    this.#setDue(state.mtimecmp);
  }
}
