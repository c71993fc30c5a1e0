/**
 * RAM for who only reads it: commands, scripts and inspectors.
 *
 * @module
 */

import type { PaNum } from "./address.ts";

/** Guest RAM, little-endian, by physical address. A range outside RAM throws a RangeError. */
export interface RamView {
  /** First address of RAM. */
  readonly base: PaNum;
  /** Bytes of RAM. */
  readonly size: number;
  /** One beyond the last address of RAM. */
  readonly end: PaNum;
  /** Whether `length` bytes from `pa` on (1 unless given) are all in RAM. */
  contains(pa: PaNum, length?: number): boolean;
  /** One byte. */
  read8(pa: PaNum): number;
  /** 16 bits, unsigned. */
  read16(pa: PaNum): number;
  /** 32 bits, unsigned. */
  read32(pa: PaNum): number;
  /** 64 bits, unsigned. */
  read64(pa: PaNum): bigint;
  /** Bytes as they stand there, not a copy: to be read only, and before anything runs. */
  bytes(pa: PaNum, length: number): Uint8Array;
}
