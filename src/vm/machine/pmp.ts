/**
 * Physical memory protection: what the pmpcfg and pmpaddr registers of a hart let S- and U-mode,
 * and by locked entries M-mode, do with physical addresses. Privileged specification, "Physical
 * Memory Protection". The granularity is 4 bytes.
 *
 * Two things are for the implementation to say. Where no entry is on, everything is allowed, as on a
 * hart without PMP: kernels before xv6 of 2021 never set one. And what takes effect at once, a write
 * to the registers, does so here for accesses, but not for page tables that were walked before: an
 * sfence.vma is to follow it, as the specification asks.
 *
 * @module
 */

import { PAGE_SIZE, type PaNum } from "./address.ts";
import type { Access } from "./sv39.ts";

/** All accesses in a page are let through; none is; or it depends on their bytes. */
export const ALLOWED = 0, DENIED = 1, MIXED = 2;

/** Fields of an entry's configuration. The rights stand at 1 << {@link Access}. */
const RIGHTS = 7, LOCKED = 0x80;
const MATCHING = 0x18, TOR = 0x08, NA4 = 0x10;

/** An entry that is on, with at least a byte. */
interface Region {
  readonly start: number;
  /** One beyond its last byte. */
  readonly end: number;
  readonly rights: number;
  readonly locked: boolean;
}

/** Ends of regions beyond this are this: what is there is neither RAM nor a device. */
const END = 2n ** 53n;

/** The entries of one hart, as they are looked up. */
export class Pmp {
  /** Whether anything can be refused: an entry is on, and the first one does not allow everything. */
  on = false;
  /** By priority. */
  #regions: Region[] = [];

  /** Takes the registers over: pmpcfg0, 2, … 14 with eight entries each, and pmpaddr0…63. */
  load(cfg: readonly bigint[], addr: readonly bigint[]): void {
    this.on = false;
    this.#regions = [];
    for (let i = 0; i < addr.length; i++) {
      const byte = Number(cfg[i >> 3] >> BigInt(8 * (i & 7)) & 0xffn);
      const matching = byte & MATCHING;
      if (matching === 0) continue;
      this.on = true;
      const [start, end] = matching === TOR
        ? [i === 0 ? 0n : addr[i - 1] << 2n, addr[i] << 2n]
        : matching === NA4
        ? [addr[i] << 2n, (addr[i] << 2n) + 4n]
        : powerOfTwo(addr[i]);
      if (start >= end || start >= END) continue;
      this.#regions.push({
        start: Number(start),
        end: Number(end < END ? end : END),
        rights: byte & RIGHTS,
        locked: (byte & LOCKED) !== 0,
      });
    }
    // So xv6 sets it, to have no protection.
    const first = this.#regions.at(0);
    if (first?.start === 0 && first.end === Number(END) && first.rights === RIGHTS) this.on = false;
  }

  /** Whether a privilege mode may access bytes that lie together. */
  allows(pa: PaNum, size: number, access: Access, mode: number): boolean {
    return this.#verdict(pa, size, access, mode) === ALLOWED;
  }

  /** What holds for all accesses of a kind in the page at an address. */
  page(pa: PaNum, access: Access, mode: number): number {
    return this.#verdict(pa, PAGE_SIZE, access, mode);
  }

  #verdict(start: number, size: number, access: Access, mode: number): number {
    if (!this.on) return ALLOWED;
    const end = start + size;
    for (let i = 0; i < this.#regions.length; i++) {
      const region = this.#regions[i];
      if (region.start >= end || region.end <= start) continue;
      // "The lowest-numbered PMP entry that matches any byte of an access determines whether that
      // access succeeds or fails. This matching PMP entry must match all bytes of an access, or the
      // access fails, irrespective of the L, R, W, and X bits."
      if (region.start > start || region.end < end) return MIXED;
      if (mode === 3 && !region.locked) return ALLOWED;
      return (region.rights >> access & 1) !== 0 ? ALLOWED : DENIED;
    }
    return mode === 3 ? ALLOWED : DENIED;
  }
}

/** NAPOT: as many low ones as there are say how large the region is. */
function powerOfTwo(addr: bigint): [bigint, bigint] {
  let ones = 0n;
  while ((addr >> ones & 1n) === 1n) ones++;
  const start = (addr >> (ones + 1n) << (ones + 1n)) << 2n;
  return [start, start + (8n << ones)];
}
