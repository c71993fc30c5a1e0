/**
 * What the TLBs hold, as plain data: the entries and the counters.
 *
 * @module
 */

import { TLB_BANKS, TLB_ENTRIES } from "./layout.ts";
import type { Access, Level } from "./sv39.ts";

/** Tables: bank × 3 + access. */
export const TABLES: number = TLB_BANKS * 3;
/** Entries for 2 MiB leaves in one TLB. */
export const MEGA_ENTRIES = 32;
/** Entries for 1 GiB leaves in one TLB. */
export const GIGA_ENTRIES = 4;
/** Superpage entries in one TLB. */
export const SUPER: number = MEGA_ENTRIES + GIGA_ENTRIES;

/**
 * The entries of all TLBs, plain data: empty, when made. A virtual page of -1 marks an empty entry.
 */
export class TlbState {
  /** 4 KiB entries: virtual pages. */
  readonly page: Int32Array = new Int32Array(TABLES * TLB_ENTRIES).fill(-1);
  /** Frame numbers (pa / 4096). */
  readonly frame: Int32Array = new Int32Array(TABLES * TLB_ENTRIES);
  /** Low ten bits of the leaves. */
  readonly flags: Uint16Array = new Uint16Array(TABLES * TLB_ENTRIES);
  /** Superpage entries: first virtual pages. */
  readonly superPage: Int32Array = new Int32Array(TABLES * SUPER).fill(-1);
  /** First frame numbers of superpages. */
  readonly superFrame: Int32Array = new Int32Array(TABLES * SUPER);
  /** Low ten bits of superpages' leaves. */
  readonly superFlags: Uint16Array = new Uint16Array(TABLES * SUPER);
  /** Next superpage entry to evict, for each table and level. */
  readonly next: Uint8Array = new Uint8Array(TABLES * 2);
  /** Hits, index access × 3 + level. */
  readonly hits: Float64Array = new Float64Array(9);
  /** Misses, likewise. */
  readonly misses: Float64Array = new Float64Array(9);
}

/** One entry as {@link Tlb.visit} shows it. */
export interface RawEntry {
  /** The bank it is in. */
  readonly bank: number;
  /** What it serves. */
  readonly access: Access;
  /** Size of its leaf. */
  readonly level: Level;
  /** First virtual page (27 bits). */
  readonly page: number;
  /** First frame number. */
  readonly frame: number;
  /** Low ten bits of the leaf as it was when the entry was made. */
  readonly flags: number;
}
