/**
 * The core-local interruptor of the `virt` machine: each hart's software interrupt and timer compare,
 * and mtime, in SiFive's layout.
 *
 * @module
 */

import type { Device } from "../bus.ts";
import type { Clock } from "../clock.ts";
import { IRQ } from "../hart/csr_state.ts";

const MSIP = 0;
const MTIMECMP = 0x4000;
const MTIME = 0xbff8;
const NEVER = 0xffff_ffff_ffff_ffffn;

/** The CLINT's state as plain data. */
export interface ClintState {
  /** Each hart's software interrupt, 0 or 1. */
  readonly msip: readonly number[];
  /** When each hart's timer is due. */
  readonly mtimecmp: readonly bigint[];
}

/** The CLINT. Registers have 32 bits; narrower reads see a part, narrower writes are dropped. */
export class Clint implements Device {
  readonly name = "clint";
  #msip: number[];
  #mtimecmp: bigint[];
  /** Each mtimecmp as a number of ticks; Infinity when it lies beyond all exact numbers. */
  #due: number[];
  readonly #clock: Clock;

  /** A CLINT on the machine's clock, with its timers never due. */
  constructor(clock: Clock, harts = 1) {
    this.#clock = clock;
    this.#msip = new Array(harts).fill(0);
    this.#mtimecmp = new Array(harts).fill(NEVER);
    this.#due = new Array(harts).fill(Infinity);
  }

  /** A hart's mtimecmp as a number of ticks; Infinity when it lies beyond all exact numbers. */
  due(hart: number): number {
    return this.#due[hart];
  }

  /** A hart's MSIP and MTIP as bits of mip. */
  lines(hart: number): number {
    return (this.#msip[hart] !== 0 ? IRQ.MSI : 0) |
      (this.#clock.time >= this.#due[hart] ? IRQ.MTI : 0);
  }

  read(offset: number, size: 1 | 2 | 4): number {
    const shift = (offset & 3) * 8;
    return Number(BigInt.asUintN(8 * size, BigInt(this.#word(offset & ~3)) >> BigInt(shift)));
  }

  #word(offset: number): number {
    if (offset === MTIME) return this.#clock.time >>> 0;
    if (offset === MTIME + 4) return Math.floor(this.#clock.time / 2 ** 32);
    // What lies beyond the last hart reads 0.
    if (offset < MTIMECMP) return this.#msip[(offset - MSIP) >> 2] ?? 0;
    const compare = this.#mtimecmp[(offset - MTIMECMP) >> 3] ?? 0n;
    return Number((offset & 4) === 0 ? compare & 0xffff_ffffn : compare >> 32n);
  }

  write(offset: number, size: 1 | 2 | 4, value: number): void {
    if (size !== 4) return;
    const time = this.#clock.time;
    if (offset === MTIME) this.#clock.time = time - (time % 2 ** 32) + value;
    else if (offset === MTIME + 4) {
      this.#clock.time = (value & 0x1f_ffff) * 2 ** 32 + (time % 2 ** 32);
    } else if (offset < MTIMECMP) {
      const hart = (offset - MSIP) >> 2;
      if ((offset & 3) === 0 && hart < this.#msip.length) this.#msip[hart] = value & 1;
    } else if ((offset & 3) === 0) {
      const hart = (offset - MTIMECMP) >> 3;
      const old = this.#mtimecmp[hart];
      if (old === undefined) return;
      this.#setDue(
        hart,
        (offset & 4) === 0
          ? (old & ~0xffff_ffffn) | BigInt(value)
          : (old & 0xffff_ffffn) | (BigInt(value) << 32n),
      );
    }
  }

  #setDue(hart: number, value: bigint): void {
    this.#mtimecmp[hart] = value;
    this.#due[hart] = value < 1n << 53n ? Number(value) : Infinity;
  }

  /** The state as plain data. */
  save(): ClintState {
    return { msip: [...this.#msip], mtimecmp: [...this.#mtimecmp] };
  }

  /** Takes over a saved state, of as many harts. */
  restore(state: ClintState): void {
    this.#msip = [...state.msip];
    state.mtimecmp.forEach((value, hart) => this.#setDue(hart, value));
  }
}
