/**
 * From which frames the translations in a hart's TLB were read, and whether one of those frames has
 * been changed since. A frame that a walk has read has no write-TLB entry in any hart: the next
 * store to it takes the slow path and is noted here (see {@link Ram.tables}), and from then on it is
 * a frame as any other, until a walk reads it again.
 *
 * Every way to change RAM counts: instructions, atomic ones as well, devices, who writes from
 * outside. Only A and D set by a walk do not: a translation that is in a TLB maps to the same frame
 * with the same rights before and after, of whichever hart.
 *
 * A bank is **sure** when it holds what the tables say now, all of it from one root. It is not when
 * one of its frames has been changed, when it has entries from another root too, since satp was
 * written and nobody fenced, or when PMP has been changed, under which its tables were read.
 *
 * @module
 */

import { PAGE_SHIFT, type PaNum, RAM_BASE } from "./address.ts";
import { TLB_BANKS } from "./layout.ts";
import type { Ram } from "./memory.ts";
import type { QuickWalk } from "./quick_walk.ts";
import { type Saved, Saver } from "./saver.ts";
import type { WalkTrail } from "./sv39.ts";

/** What the banks of a hart's TLB were read from. */
export interface WalkedState {
  /** For each bank that is sure: the frames, by their numbers in RAM, in the order of the walks. */
  readonly frames: number[][];
  /** The root of each bank's tables; -1 while nothing was read. */
  readonly roots: Float64Array;
  /** The banks that are not sure, one bit each. */
  unsure: number;
}

/** The frames that one hart's walks have read. */
export class Walked {
  readonly #ram: Ram;
  /** Whether anything is noted; else no bank is ever sure. */
  readonly #notes: boolean;
  #state: WalkedState = {
    frames: Array.from({ length: TLB_BANKS }, () => []),
    roots: new Float64Array(TLB_BANKS).fill(-1),
    unsure: 0,
  };
  /** By number of the frame in RAM: the banks that have it in their list, one bit each. */
  readonly #banks: Uint8Array;
  readonly #saver = new Saver();

  /** Nothing was read yet. `notes`: whether anything is to be noted. */
  constructor(ram: Ram, notes: boolean) {
    this.#ram = ram;
    this.#notes = notes;
    this.#banks = new Uint8Array(notes ? ram.dirty.length : 0);
    if (!notes) this.#state.unsure = ALL;
  }

  /** Whether a bank holds what the tables at its root say now. */
  sure(bank: number): boolean {
    return (this.#state.unsure >> bank & 1) === 0;
  }

  /** Whether it does, and the root is this one. */
  sureOf(bank: number, root: PaNum): boolean {
    return this.sure(bank) && this.#state.roots[bank] === root;
  }

  /** Whether it is empty, and was never anything else since it was emptied. */
  blank(bank: number): boolean {
    return this.sure(bank) && this.#state.roots[bank] < 0;
  }

  /** A walk from a root has read these PTEs, for an entry of a bank. */
  read(bank: number, root: PaNum, { count, pteAddr }: WalkTrail): void {
    if (!this.sure(bank)) return;
    const { roots, frames } = this.#state;
    if (roots[bank] !== root) {
      if (roots[bank] >= 0) return this.doubt(bank);
      roots[bank] = root;
    }
    const bit = 1 << bank;
    for (let i = 0; i < count; i++) {
      const frame = (pteAddr[i] - RAM_BASE) >>> PAGE_SHIFT;
      if ((this.#banks[frame] & bit) !== 0) continue;
      this.#banks[frame] |= bit;
      frames[bank].push(frame);
      this.#ram.watchTable(frame);
    }
  }

  /**
   * Whether {@link Walked.read} of the same would make a frame one without write-TLB entries: whoever
   * has looked such an entry up, and is going to store, has to look it up again.
   */
  disturbs(bank: number, { count, pteAddr }: WalkTrail): boolean {
    if (!this.sure(bank)) return false;
    for (let i = 0; i < count; i++) {
      if (this.#ram.tables[(pteAddr[i] - RAM_BASE) >>> PAGE_SHIFT] === 0) return true;
    }
    return false;
  }

  /** Whether {@link Walked.read} of a walk from a root through these tables would note nothing. */
  knows(bank: number, root: PaNum, { root: top, middle, bottom }: QuickWalk): boolean {
    if (!this.sure(bank)) return true;
    if (this.#state.roots[bank] !== root) return false;
    const banks = this.#banks[top] & this.#banks[middle] & this.#banks[bottom];
    return (banks >> bank & 1) !== 0;
  }

  /** Whether entries of any bank come from a frame. */
  has(frame: number): boolean {
    return this.#banks[frame] !== 0;
  }

  /** A frame was changed, or is about to be. */
  changed(frame: number): void {
    const banks = this.#banks[frame];
    if (banks === 0) return;
    for (let bank = 1; bank < TLB_BANKS; bank++) if ((banks >> bank & 1) !== 0) this.doubt(bank);
  }

  /** A bank is not sure from now on, until it is emptied. */
  doubt(bank: number): void {
    this.#forget(bank);
    this.#state.unsure |= 1 << bank;
  }

  /** A bank was emptied. */
  emptied(bank: number): void {
    this.#forget(bank);
    this.#state.roots[bank] = -1;
    if (this.#notes) this.#state.unsure &= ~(1 << bank);
  }

  #forget(bank: number): void {
    const frames = this.#state.frames[bank];
    if (frames.length === 0) return; // as ever on the built-in kernel, at each fence
    for (const frame of frames) this.#banks[frame] &= ~(1 << bank);
    frames.length = 0;
  }

  /** The state as plain data. */
  save(): Saved<WalkedState> {
    return this.#saver.save(this.#state);
  }

  /** Takes over a saved state; no hart has write-TLB entries then. */
  restore(state: Saved<WalkedState>): void {
    for (let bank = 1; bank < TLB_BANKS; bank++) this.#forget(bank);
    this.#state = this.#saver.revive(state);
    for (const [bank, frames] of this.#state.frames.entries()) {
      for (const frame of frames) {
        this.#banks[frame] |= 1 << bank;
        this.#ram.watchTable(frame);
      }
    }
  }
}

const ALL = (1 << TLB_BANKS) - 1;
