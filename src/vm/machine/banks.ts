/**
 * The translation contexts that the TLB banks hold: privilege, ASID, SUM and MXR decide together
 * what an address means, so each combination in use has a bank of its own.
 *
 * @module
 */

import { MSTATUS } from "./hart/csr_state.ts";
import { TLB_BANKS } from "./layout.ts";
import { type Saved, Saver } from "./saver.ts";
import type { Rights } from "./sv39.ts";

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
  next: number;
}

/** Which context each bank holds. */
export class Banks {
  #state: BankState = { keys: new Int32Array(TLB_BANKS).fill(-1), next: 1 };
  readonly #saver = new Saver();

  /** The key of a context; SUM matters in S-mode only. */
  static key(asid: number, mode: number, mstatus: number): number {
    let key = asid << 3;
    if (mode === 1) key |= (mstatus & MSTATUS.SUM) !== 0 ? SUPERVISOR | SUM : SUPERVISOR;
    if ((mstatus & MSTATUS.MXR) !== 0) key |= MXR;
    return key;
  }

  /** The bank that holds a context, or -1. */
  find(key: number): number {
    const { keys } = this.#state;
    for (let bank = 1; bank < TLB_BANKS; bank++) if (keys[bank] === key) return bank;
    return -1;
  }

  /** Gives a context the bank whose turn it is, passing over those in use; it has to be emptied. */
  assign(key: number, inUse: readonly number[]): number {
    let bank = this.#state.next;
    while (inUse.includes(bank)) bank = bank % (TLB_BANKS - 1) + 1;
    this.#state.next = bank % (TLB_BANKS - 1) + 1;
    this.#state.keys[bank] = key;
    return bank;
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
