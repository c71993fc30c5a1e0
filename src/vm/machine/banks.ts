/**
 * The translation contexts that the TLB banks hold: privilege, ASID, SUM and MXR decide together
 * what an address means, so each combination in use has a bank of its own.
 *
 * @module
 */

import type { PaNum } from "./address.ts";
import { MSTATUS } from "./hart/csr_state.ts";
import { TLB_BANKS } from "./layout.ts";
import { type Saved, Saver } from "./saver.ts";
import type { Rights } from "./sv39.ts";
import type { Tlb } from "./tlb.ts";
import type { Walked } from "./walked.ts";

/** Bank of untranslated accesses: M-mode, or satp Bare. */
export const BARE_BANK = 0;

const SUPERVISOR = 1;
const SUM = 2;
const MXR = 4;
/** {@link Rights} by the low three bits of a context. */
const RIGHTS: readonly Rights[] = Array.from({ length: 8 }, (_, key) => ({
  user: (key & SUPERVISOR) === 0,
  sum: (key & SUM) !== 0,
  mxr: (key & MXR) !== 0,
}));

/** Which context each bank holds, and which bank is given up next. */
export interface BankState {
  /** ASID << 3 | MXR << 2 | SUM << 1 | S-mode; -1 for none. */
  readonly keys: Int32Array;
  /** The banks that a fence has put by, one bit each. */
  putBy: number;
  next: number;
}

/**
 * Which context each bank holds, and what a fence does to the banks.
 *
 * A fence of one address drops its entries. One of everything drops the banks that are not **sure**
 * (see walked.ts). A bank that is sure holds what walks would find now and need not be dropped; but
 * it is not for another root that satp may have next under the same ASID. So it is put by, and taken
 * out when its context is asked for and satp has its root, if it is still sure then: as if the
 * walker had read all of it at that moment, as it may do ahead of accesses. Until its hart fences,
 * what is in use stays in use, however stale, and under whatever root.
 */
export class Banks {
  #state: BankState = { keys: new Int32Array(TLB_BANKS).fill(-1), putBy: 0, next: 1 };
  readonly #tlb: Tlb;
  readonly #walked: Walked;
  readonly #saver = new Saver();

  /** Banks of a hart's TLB; none has a context yet. */
  constructor(tlb: Tlb, walked: Walked) {
    this.#tlb = tlb;
    this.#walked = walked;
  }

  /** The key of a context; SUM matters in S-mode only. */
  static key(asid: number, mode: number, mstatus: number): number {
    let key = asid << 3;
    if (mode === 1) key |= (mstatus & MSTATUS.SUM) !== 0 ? SUPERVISOR | SUM : SUPERVISOR;
    if ((mstatus & MSTATUS.MXR) !== 0) key |= MXR;
    return key;
  }

  /**
   * The bank of a context: the one in use, else one put by that is sure of that root, else an empty
   * one.
   */
  bankOf(key: number, root: PaNum, inUse: number, alsoInUse: number): number {
    const { keys } = this.#state;
    let found = -1, blank = -1;
    for (let bank = 1; bank < TLB_BANKS; bank++) {
      if (keys[bank] !== key) continue;
      if (this.isPutBy(bank)) {
        if (this.#walked.sureOf(bank, root)) found = bank;
      } else if (this.#walked.blank(bank)) blank = bank;
      else return bank;
    }
    if (found >= 0) {
      this.#state.putBy &= ~(1 << found);
      if (blank >= 0) keys[blank] = -1;
      return found;
    }
    if (blank >= 0) return blank;
    const bank = this.#give(inUse, alsoInUse);
    keys[bank] = key;
    return bank;
  }

  /** An empty bank for a new context: one that has none, else the next one that is not in use. */
  #give(inUse: number, alsoInUse: number): number {
    const free = this.#state.keys.indexOf(-1, 1);
    if (free >= 0) return free;
    let bank = this.#state.next;
    while (bank === inUse || bank === alsoInUse) bank = bank % (TLB_BANKS - 1) + 1;
    this.#state.next = bank % (TLB_BANKS - 1) + 1;
    this.#empty(bank);
    return bank;
  }

  #empty(bank: number): void {
    this.#tlb.flushBank(bank);
    this.#walked.emptied(bank);
    this.#state.putBy &= ~(1 << bank);
  }

  /**
   * A fence of everything, or of one ASID, which leaves entries of global leaves in use. The banks
   * in use have to be asked for again if any bank is ever sure. Returns whether anything had to be
   * dropped.
   */
  fence(asid: number | undefined): boolean {
    let dropped = false;
    for (let bank = 1; bank < TLB_BANKS; bank++) {
      if (!this.#concerns(bank, asid) || this.#walked.blank(bank)) continue;
      if (this.#walked.sure(bank)) {
        this.#state.putBy |= 1 << bank;
        continue;
      }
      dropped = true;
      if (asid !== undefined) {
        this.#tlb.flushBank(bank, true);
        if (!this.#tlb.isEmpty(bank)) continue;
      }
      if (this.isPutBy(bank)) this.#state.keys[bank] = -1;
      this.#empty(bank);
    }
    return dropped;
  }

  /** A fence of one page, of all address spaces or of one. */
  fencePage(page: number, asid: number | undefined): void {
    for (let bank = 1; bank < TLB_BANKS; bank++) {
      // Whether one that is put by is right, is asked when it is taken out.
      if (!this.#concerns(bank, asid) || this.isPutBy(bank)) continue;
      this.#tlb.flushPage(bank, page, asid !== undefined);
    }
  }

  #concerns(bank: number, asid: number | undefined): boolean {
    const key = this.#state.keys[bank];
    return key >= 0 && (asid === undefined || key >> 3 === asid);
  }

  /** Whether a bank is put by: no access sees what it holds. */
  isPutBy(bank: number): boolean {
    return (this.#state.putBy >> bank & 1) !== 0;
  }

  /** What accesses through a bank may do. */
  rights(bank: number): Rights {
    return RIGHTS[this.#state.keys[bank] & 7];
  }

  /** A bank's ASID; -1 for a bank without context. */
  asid(bank: number): number {
    return this.#state.keys[bank] >> 3;
  }

  /** The state as plain data. */
  save(): Saved<BankState> {
    return this.#saver.save(this.#state);
  }

  /** Takes over a saved state. */
  restore(state: Saved<BankState>): void {
    this.#state = this.#saver.revive(state);
  }
}
