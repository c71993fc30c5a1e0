/**
 * Instruction fetches that the fast execute table does not serve: translation, decoded pages,
 * instructions over a page end.
 *
 * @module
 */

import { inFrame, offset, PAGE_SIZE, pageDown, type PaNum } from "./address.ts";
import type { Bus } from "./bus.ts";
import { CAUSE } from "./cause.ts";
import type { CodePages } from "./engine/code_pages.ts";
import type { Hart } from "./hart/hart.ts";
import { isLong } from "./isa/decode.ts";
import type { Ram } from "./memory.ts";
import type { Mmu } from "./mmu.ts";
import { ALLOWED, DENIED, MIXED } from "./pmp.ts";
import type { Probes } from "./probes.ts";
import { EXECUTE } from "./sv39.ts";
import type { Watches } from "./watch.ts";

/** The parts of a machine that fetches work on. */
export interface Parts {
  /** RAM. */
  readonly ram: Ram;
  /** The memory map. */
  readonly bus: Bus;
  /** Address translation. */
  readonly mmu: Mmu;
  /** The hart that fetches and accesses. */
  readonly hart: Hart;
  /** Watchpoints and breakpoints. */
  readonly watches: Watches;
  /** Who looks on. */
  readonly probes: Probes;
}

/** Fetches for the interpreter. */
export class Fetcher {
  /** The engine's decoded pages; the machine connects them. */
  code: CodePages | undefined;
  readonly #parts: Parts;

  /** Fetches through a machine's parts. */
  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Offset of the decoded records of pc's page; 0: trap raised. */
  page(): number {
    const { mmu, hart: { registers } } = this.#parts;
    const { pcLow, pcHigh, pc } = registers;
    const frame = this.#inRam(mmu.frameOf(mmu.fetchBank, EXECUTE, pcHigh, pcLow));
    if (frame < 0) {
      registers.raise(-frame, pc);
      return 0;
    }
    const verdict = mmu.pmp.page(inFrame(frame), EXECUTE, mmu.fetchMode);
    if (verdict === DENIED) {
      registers.raise(CAUSE.fetchAccess, pc);
      return 0;
    }
    if (this.code === undefined) throw new Error("the machine has no engine");
    mmu.settle(frame);
    const records = this.code.pageFor(inFrame(frame));
    // Each of its instructions asks, see Fetcher.refused.
    if (verdict === MIXED) this.code.askAlways(records);
    mmu.countHit(mmu.fetchBank, EXECUTE);
    this.code.enter(records, pcHigh, pcLow);
    mmu.fillExecute(pcHigh, pcLow, records);
    return records;
  }

  /**
   * {@link Fetcher.page} for an address that is not pc, when it is no more than a walk of which nobody
   * is told, and the page's code has been decoded; else 0, and nothing has happened.
   */
  again(high: number, low: number): number {
    const { mmu } = this.#parts;
    const frame = mmu.peek(mmu.fetchBank, EXECUTE, high, low);
    if (frame < 0 || !mmu.isRam(frame) || !this.code?.mayEnter(inFrame(frame), high, low)) return 0;
    if (mmu.pmp.page(inFrame(frame), EXECUTE, mmu.fetchMode) !== ALLOWED) return 0;
    mmu.take(mmu.fetchBank, EXECUTE, high, low, frame);
    mmu.settle(frame);
    mmu.countHit(mmu.fetchBank, EXECUTE);
    const records = this.code.pageFor(inFrame(frame));
    mmu.fillExecute(high, low, records);
    return records;
  }

  /**
   * Offset of the decoded records of an address's page, as a fetch there would find them; 0 when there
   * are none, or a fetch would do more than a walk. Changes nothing.
   */
  locate(high: number, low: number): number {
    const { mmu } = this.#parts;
    const frame = mmu.peek(mmu.fetchBank, EXECUTE, high, low);
    return frame < 0 || !mmu.isRam(frame) ? 0 : this.code?.recordsOf(inFrame(frame)) ?? 0;
  }

  /** The instruction at pc, whose second half is on the next page; undefined: trap raised. */
  straddling(): number | undefined {
    const { mmu, ram, hart: { registers } } = this.#parts;
    const { pc } = registers;
    const next = BigInt.asUintN(64, pc + 2n);
    // The first half's page has been fetched from just now, so this does not count again.
    const first = this.#inRam(mmu.frameAt(mmu.fetchBank, EXECUTE, pc));
    const second = first < 0 ? first : this.#inRam(mmu.frameAt(mmu.fetchBank, EXECUTE, next));
    if (second < 0) {
      registers.raise(-second, first < 0 ? pc : next);
      return undefined;
    }
    if (!mmu.allows(EXECUTE, inFrame(second), 2)) {
      registers.raise(CAUSE.fetchAccess, next);
      return undefined;
    }
    mmu.countHit(mmu.fetchBank, EXECUTE);
    return (ram.read16(inFrame(second)) << 16) | ram.read16(inFrame(first, PAGE_SIZE - 2));
  }

  /**
   * In a page with pieces under different protection: whether the instruction at pc, which stands
   * at `pa`, may not be fetched. Each halfword is fetched by itself. True: trap raised.
   */
  refused(pa: PaNum): boolean {
    const { mmu, ram, hart: { registers } } = this.#parts;
    if (this.code === undefined || !this.code.asksAlways(pa)) return false;
    const { fetchMode } = mmu;
    const verdict = mmu.pmp.page(pageDown(pa), EXECUTE, fetchMode);
    if (verdict !== MIXED) {
      // Another hart's protection, or what was this one's.
      this.code.askNoMore(pa);
      // The page is being executed: a run that ends in it takes the count of its look-up back.
      if (verdict === ALLOWED) {
        mmu.refillExecute(registers.pcHigh, registers.pcLow, this.code.pageFor(pageDown(pa)));
      }
      return false;
    }
    const whole = isLong(ram.read16(pa)) && pa % PAGE_SIZE !== PAGE_SIZE - 2;
    for (let at = 0; at <= (whole ? 2 : 0); at += 2) {
      if (mmu.allows(EXECUTE, offset(pa, at), 2)) continue;
      registers.raise(CAUSE.fetchAccess, BigInt.asUintN(64, registers.pc + BigInt(at)));
      return true;
    }
    return false;
  }

  /** A frame of RAM as it is, else minus the cause: nothing but RAM holds instructions. */
  #inRam(frame: number): number {
    return frame >= 0 && !this.#parts.mmu.isRam(frame) ? -CAUSE.fetchAccess : frame;
  }
}
