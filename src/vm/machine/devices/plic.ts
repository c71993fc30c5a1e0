/**
 * The platform-level interrupt controller, in SiFive's layout: priorities, enables and thresholds
 * for two contexts of each hart (2 × hart: M-mode, 2 × hart + 1: S-mode), claim and complete.
 *
 * Each time that a source signals its request is pending, until it is claimed. Two things are as
 * QEMU has them: a source that goes on asking signals at each of its changes, and completing an
 * interrupt does not look at the source again. Kernels of some years rely on it: they never quiet
 * the UART's transmit interrupt.
 *
 * @module
 */

import type { Device } from "../bus.ts";
import { IRQ } from "../hart/csr_state.ts";
import { type Saved, Saver } from "../saver.ts";

const SOURCES = 96;
const WORDS = SOURCES / 32;
const PENDING = 0x1000;
const ENABLE = 0x2000;
const CONTEXT = 0x20_0000;
/** Priorities and thresholds have three bits. */
const LEVELS = 7;

/** The PLIC's state as plain data: at reset, when made. */
export class PlicState {
  /** Of each source; 0 is never. */
  readonly priority: Uint32Array = new Uint32Array(SOURCES);
  /** One bit a source. */
  readonly pending: Uint32Array = new Uint32Array(WORDS);
  /** One bit a source: claimed and not yet completed. */
  readonly claimed: Uint32Array = new Uint32Array(WORDS);
  /** One bit a source, for each context. */
  readonly enable: Uint32Array;
  /** Of each context: only higher priorities interrupt. */
  readonly threshold: Uint32Array;

  /** With two contexts a hart. */
  constructor(harts = 1) {
    this.enable = new Uint32Array(WORDS * 2 * harts);
    this.threshold = new Uint32Array(2 * harts);
  }
}

/** The PLIC. Registers are 32 bits wide; other widths read 0 and drop writes. */
export class Plic implements Device {
  readonly name = "plic";
  #state: PlicState;
  readonly #contexts: number;
  /** Each hart's MEIP and SEIP as bits of mip. */
  readonly #lines: number[];
  readonly #saver = new Saver();

  /** A PLIC at reset. */
  constructor(harts = 1) {
    this.#contexts = 2 * harts;
    this.#state = new PlicState(harts);
    this.#lines = new Array(harts).fill(0);
  }

  /** A hart's MEIP and SEIP as bits of mip. */
  lines(hart: number): number {
    return this.#lines[hart];
  }

  /**
   * A source says whether it wants attention. "If a level interrupt source deasserts its interrupt
   * after the PLIC core accepts the request and before the interrupt is serviced, the interrupt
   * request remains present in the IP bit".
   */
  signal(source: number, on: boolean): void {
    if (!on) return;
    this.#state.pending[source >>> 5] |= 1 << (source & 31);
    this.#update();
  }

  #update(): void {
    for (let hart = 0; hart < this.#lines.length; hart++) {
      this.#lines[hart] = (this.#best(2 * hart, true) !== 0 ? IRQ.MEI : 0) |
        (this.#best(2 * hart + 1, true) !== 0 ? IRQ.SEI : 0);
    }
  }

  /** The pending, enabled source of highest priority, lowest number first; 0 for none. */
  #best(context: number, overThreshold: boolean): number {
    const { priority, pending, claimed, enable, threshold } = this.#state;
    let best = 0, level = overThreshold ? threshold[context] : 0;
    for (let word = 0; word < WORDS; word++) {
      const bits = pending[word] & ~claimed[word] & enable[context * WORDS + word];
      if (bits === 0) continue;
      for (let i = 0; i < 32; i++) {
        const source = word * 32 + i;
        if ((bits >>> i & 1) === 1 && priority[source] > level) {
          best = source;
          level = priority[source];
        }
      }
    }
    return best;
  }

  read(offset: number, size: 1 | 2 | 4): number {
    if (size !== 4 || (offset & 3) !== 0) return 0;
    const state = this.#state;
    if (offset < SOURCES * 4) return state.priority[offset / 4];
    if (offset >= PENDING && offset < PENDING + WORDS * 4) {
      return state.pending[(offset - PENDING) / 4];
    }
    const enable = this.#enableIndex(offset);
    if (enable >= 0) return state.enable[enable];
    if (offset < CONTEXT) return 0;
    const context = (offset - CONTEXT) >>> 12, register = offset & 0xfff;
    if (context >= this.#contexts) return 0;
    if (register === 0) return state.threshold[context];
    return register === 4 ? this.#claim(context) : 0;
  }

  #claim(context: number): number {
    const source = this.#best(context, false);
    if (source !== 0) {
      this.#state.pending[source >>> 5] &= ~(1 << (source & 31));
      this.#state.claimed[source >>> 5] |= 1 << (source & 31);
      this.#update();
    }
    return source;
  }

  #enableIndex(offset: number): number {
    const context = (offset - ENABLE) >> 7, word = ((offset - ENABLE) & 0x7f) >> 2;
    return context >= 0 && context < this.#contexts && word < WORDS ? context * WORDS + word : -1;
  }

  write(offset: number, size: 1 | 2 | 4, value: number): void {
    if (size !== 4 || (offset & 3) !== 0) return;
    const state = this.#state;
    const enable = this.#enableIndex(offset);
    // Source 0 does not exist.
    if (offset > 0 && offset < SOURCES * 4) state.priority[offset / 4] = value & LEVELS;
    else if (enable >= 0) state.enable[enable] = enable % WORDS === 0 ? value & ~1 : value;
    else if (offset >= CONTEXT) {
      const context = (offset - CONTEXT) >>> 12, register = offset & 0xfff;
      if (context >= this.#contexts) return;
      if (register === 0) state.threshold[context] = value & LEVELS;
      else if (register === 4 && value > 0 && value < SOURCES) {
        const word = value >>> 5;
        // "If the completion ID does not match an interrupt source that is currently enabled for
        // the target, the completion is silently ignored."
        state.claimed[word] &= ~(1 << (value & 31) & state.enable[context * WORDS + word]);
      }
    }
    this.#update();
  }

  /** The state as plain data. */
  save(): Saved<PlicState> {
    return this.#saver.save(this.#state);
  }

  /** Takes over a saved state. */
  restore(state: Saved<PlicState>): void {
    this.#state = this.#saver.revive(state);
    this.#update();
  }
}
