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

/** The entries of all TLBs, plain data. A virtual page of -1 marks an empty entry. */
export interface TlbState {
  /** 4 KiB entries: virtual pages. */
  readonly page: Int32Array;
  /** Frame numbers (pa / 4096). */
  readonly frame: Int32Array;
  /** Low ten bits of the leaves. */
  readonly flags: Uint16Array;
  /** Superpage entries: first virtual pages. */
  readonly superPage: Int32Array;
  /** First frame numbers of superpages. */
  readonly superFrame: Int32Array;
  /** Low ten bits of superpages' leaves. */
  readonly superFlags: Uint16Array;
  /** Next superpage entry to evict, for each table and level. */
  readonly next: Uint8Array;
  /** Hits, index access × 3 + level. */
  readonly hits: Float64Array;
  /** Misses, likewise. */
  readonly misses: Float64Array;
}

/** An empty set of entries. */
export function emptyState(): TlbState {
  return {
    page: new Int32Array(TABLES * TLB_ENTRIES).fill(-1),
    frame: new Int32Array(TABLES * TLB_ENTRIES),
    flags: new Uint16Array(TABLES * TLB_ENTRIES),
    superPage: new Int32Array(TABLES * SUPER).fill(-1),
    superFrame: new Int32Array(TABLES * SUPER),
    superFlags: new Uint16Array(TABLES * SUPER),
    next: new Uint8Array(TABLES * 2),
    hits: new Float64Array(9),
    misses: new Float64Array(9),
  };
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
