/**
 * What the MMU tells of itself: counters, TLB entries, and its state as plain data.
 *
 * @module
 */

import type { PaNum, Va } from "./address.ts";
import type { BankState } from "./banks.ts";
import type { Saved } from "./saver.ts";
import type { Access } from "./sv39.ts";
import type { TlbState } from "./tlb_state.ts";
import type { WalkedState } from "./walked.ts";

/** Counters of one kind of access; each triple is by leaf size: 4 KiB, 2 MiB, 1 GiB. */
export interface AccessCounters {
  /** Accesses whose translation was in the TLB; undefined where they are not counted. */
  readonly hits: readonly [number, number, number] | undefined;
  /** Walks that ended at a leaf of that size. */
  readonly misses: readonly [number, number, number];
  /** Translations that ended in a page fault or access fault. */
  readonly faults: number;
}

/** The MMU's counters since the machine was made. */
export interface MmuCounters {
  /** Loads and load-reserved. */
  readonly read: AccessCounters;
  /** Stores and atomic operations. */
  readonly write: AccessCounters;
  /** Fetches: one for each change of page, not for each instruction. */
  readonly execute: AccessCounters;
  /** Page-table walks. */
  readonly walks: number;
  /** sfence.vma of everything, or of one ASID. */
  readonly flushes: number;
  /** Those of them that dropped nothing, since no page table was changed that entries are from. */
  readonly idleFlushes: number;
  /** sfence.vma of one address. */
  readonly pageFlushes: number;
}

/** One TLB entry as `tlb` shows it. */
export interface TlbEntry {
  /** Address space the entry belongs to. */
  readonly asid: number;
  /** Made for U-mode, else for S-mode. */
  readonly user: boolean;
  /** What it serves: loads, stores or fetches. */
  readonly access: Access;
  /** First virtual address. */
  readonly va: Va;
  /** First physical address. */
  readonly pa: PaNum;
  /** Bytes that the entry translates: 4 KiB, 2 MiB or 1 GiB. */
  readonly size: number;
  /** Low ten bits of the PTE as the walk found them (A and D as the walk left them). */
  readonly flags: number;
}

/** What the MMU counts itself: faults by access, and as in {@link MmuCounters}. */
export interface MmuCounts
  extends Record<"walks" | "flushes" | "idleFlushes" | "pageFlushes", number> {
  readonly faults: Float64Array;
}

/** The MMU's state as plain data. */
export interface MmuState {
  /** The register. */
  readonly satp: bigint;
  /** Which context each TLB bank holds. */
  readonly banks: Saved<BankState>;
  /** From which frames they were filled. */
  readonly walked: Saved<WalkedState>;
  /** Faults by access, walks and flushes. */
  readonly counts: Saved<MmuCounts>;
  /** Entries, hits and misses. */
  readonly tlb: Saved<TlbState>;
}
