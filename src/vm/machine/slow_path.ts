/**
 * The interpreter's way out: everything that is not a plain access to a page in the fast TLB
 * tables. TLB misses, misaligned accesses, devices, pages with decoded code, watched pages,
 * fetches, SYSTEM instructions. Accesses from outside the hart ({@link UserAccess}) take the same
 * way.
 *
 * @module
 */

import { inFrame, offset, PAGE_SIZE, type PaNum, RAM_BASE } from "./address.ts";
import type { Bus } from "./bus.ts";
import {
  ACCESS_ATOMIC,
  ACCESS_LOAD,
  ACCESS_RESERVE,
  type ACCESS_STORE,
  DONE,
  DONE_STOP,
  type EngineHost,
  RETRY,
  TRAPPED,
} from "./engine/host.ts";
import { Fetcher, type Parts } from "./fetch.ts";
import { ACCESS_FAULT, CAUSE } from "./cause.ts";
import type { Hart } from "./hart/hart.ts";
import { executeSystem } from "./hart/system.ts";
import { ACCESS_VALUE, RAM_OFFSET } from "./layout.ts";
import type { Ram } from "./memory.ts";
import type { Mmu } from "./mmu.ts";
import { type Access, READ, WRITE } from "./sv39.ts";
import type { Watch, Watches, WatchHit } from "./watch.ts";

/** The machine as the interpreter calls it. */
export class SlowPath implements EngineHost {
  /** The run ended before a load from a register that is {@link Device.undecided}. */
  undecided = false;
  /** Fetches. */
  readonly fetcher: Fetcher;

  readonly #ram: Ram;
  readonly #bus: Bus;
  readonly #mmu: Mmu;
  readonly #hart: Hart;
  readonly #watches: Watches;
  readonly #value: Uint32Array;
  #watchHit: WatchHit | undefined;
  /** The access under way is no instruction's. */
  #outside = false;

  /** The slow path of a machine's parts. */
  constructor(parts: Parts) {
    const { ram, bus, mmu, hart, watches } = parts;
    this.fetcher = new Fetcher(parts);
    this.#ram = ram;
    this.#bus = bus;
    this.#mmu = mmu;
    this.#hart = hart;
    this.#watches = watches;
    this.#value = new Uint32Array(ram.memory.buffer, ACCESS_VALUE, 2);
  }

  #raise(cause: number, value: bigint): number {
    this.#hart.registers.raise(cause, value);
    return TRAPPED;
  }

  /** The watchpoint that the last access hit, once. */
  takeHit(): WatchHit | undefined {
    const hit = this.#watchHit;
    this.#watchHit = undefined;
    return hit;
  }

  /**
   * A plain load or store that no instruction makes, at ACCESS_VA in the data bank: always done
   * here, so {@link RETRY} is no answer. A loaded value is zero-extended.
   */
  outside(kind: typeof ACCESS_LOAD | typeof ACCESS_STORE, size: number): number {
    this.#outside = true;
    try {
      return this.access(kind, size, 0);
    } finally {
      this.#outside = false;
    }
  }

  access(kind: number, size: number, signed: number): number {
    const registers = this.#hart.registers;
    const low = registers.accessLow, high = registers.accessHigh;
    const write = kind !== ACCESS_LOAD && kind !== ACCESS_RESERVE;
    if ((low & (size - 1)) !== 0) {
      if (kind === ACCESS_RESERVE) return this.#raise(CAUSE.loadMisaligned, registers.accessVa);
      if (kind === ACCESS_ATOMIC) return this.#raise(CAUSE.storeMisaligned, registers.accessVa);
      if ((low & (PAGE_SIZE - 1)) + size > PAGE_SIZE) return this.#crossing(write, size, signed);
    }
    const type: Access = write ? WRITE : READ;
    const mmu = this.#mmu;
    const bank = mmu.dataBank;
    const frame = mmu.frameOf(bank, type, high, low);
    if (frame < 0) return this.#raise(-frame, registers.accessVa);
    const plain = (low & (size - 1)) === 0 && !this.#outside;
    if (plain && mmu.fillFast(bank, type, high, low, frame)) return RETRY;
    mmu.countHit(bank, type);
    const pa = inFrame(frame, low & (PAGE_SIZE - 1));
    if (!mmu.isRam(frame)) return this.#device(pa, kind, size, signed);
    return this.#inRam(pa, kind, size, signed);
  }

  /** An access to RAM done here: misaligned inside a page, decoded code, or watched. */
  #inRam(pa: PaNum, kind: number, size: number, signed: number): number {
    const atomic = kind === ACCESS_ATOMIC || kind === ACCESS_RESERVE;
    const write = kind !== ACCESS_LOAD && kind !== ACCESS_RESERVE;
    const watch = this.#watched(pa, size, write);
    const before = watch === undefined ? 0n : this.#ram.readNumber(pa, size);
    if (atomic) {
      if (write) this.#ram.dirty[(pa - RAM_BASE) >>> 12] = 1;
      this.#value[0] = pa - RAM_BASE + RAM_OFFSET;
      this.#value[1] = 0;
    } else if (write) {
      this.#store(pa, size);
    } else {
      this.#load(pa, size, signed);
    }
    if (watch === undefined) return DONE;
    const after = atomic && write ? undefined : this.#ram.readNumber(pa, size);
    return this.#hit({ watch, pa, size, write, before, after });
  }

  #load(pa: PaNum, size: number, signed: number): void {
    if (size === 8) {
      this.#value[0] = this.#ram.read32(pa);
      this.#value[1] = this.#ram.read32(offset(pa, 4));
    } else {
      const value = size === 1
        ? this.#ram.read8(pa)
        : size === 2
        ? this.#ram.read16(pa)
        : this.#ram.read32(pa);
      this.#result(value, size, signed);
    }
  }

  /** Extends a loaded value of 1, 2 or 4 bytes to 64 bits. */
  #result(value: number, size: number, signed: number): void {
    const shift = 32 - 8 * size;
    const extended = signed !== 0 ? (value << shift) >> shift : value;
    this.#value[0] = extended;
    this.#value[1] = extended < 0 ? 0xffff_ffff : 0;
  }

  #store(pa: PaNum, size: number): void {
    const value = this.#value[0];
    if (size === 1) this.#ram.write8(pa, value);
    else if (size === 2) this.#ram.write16(pa, value);
    else if (size === 4) this.#ram.write32(pa, value);
    else this.#ram.write64(pa, this.#hart.registers.accessValue);
  }

  #device(pa: PaNum, kind: number, size: number, signed: number): number {
    const write = kind !== ACCESS_LOAD && kind !== ACCESS_RESERVE;
    const fault = ACCESS_FAULT[write ? WRITE : READ];
    const va = this.#hart.registers.accessVa;
    // Devices take neither atomic nor misaligned accesses, and only to registers that they have.
    if (kind === ACCESS_ATOMIC || kind === ACCESS_RESERVE || (pa % size) !== 0) {
      return this.#raise(fault, va);
    }
    const mapping = this.#bus.find(pa, size);
    if (mapping === undefined) return this.#raise(fault, va);
    if (!write && !this.#outside && mapping.device.undecided?.(pa - mapping.base)) {
      this.undecided = true;
      return TRAPPED;
    }
    const width = size === 8 ? 4 : size as 1 | 2 | 4;
    const upper = offset(pa, 4);
    if (write) {
      this.#bus.write(
        pa,
        width,
        size < 4 ? this.#value[0] & (2 ** (8 * size) - 1) : this.#value[0],
      );
      if (size === 8) this.#bus.write(upper, 4, this.#value[1]);
      // Interrupts, timers or the finisher may have changed: the machine looks again.
      return DONE_STOP;
    }
    const value = this.#bus.read(pa, width);
    if (size === 8) {
      this.#value[0] = value;
      this.#value[1] = this.#bus.read(upper, 4);
    } else {
      this.#result(value, size, signed);
    }
    return DONE;
  }

  /** A misaligned plain access over a page end: both pages are translated before a byte moves. */
  #crossing(write: boolean, size: number, signed: number): number {
    const registers = this.#hart.registers;
    const mmu = this.#mmu;
    const type: Access = write ? WRITE : READ;
    const low = registers.accessLow, high = registers.accessHigh;
    const first = mmu.frameOf(mmu.dataBank, type, high, low);
    if (first < 0) return this.#raise(-first, registers.accessVa);
    mmu.countHit(mmu.dataBank, type);
    const head = PAGE_SIZE - (low & (PAGE_SIZE - 1));
    const nextVa = BigInt.asUintN(64, registers.accessVa + BigInt(head));
    const next = mmu.frameOf(
      mmu.dataBank,
      type,
      Number(nextVa >> 32n) | 0,
      Number(nextVa & 0xffff_ffffn),
    );
    // "mtval will contain the virtual address of the portion of the access that caused the fault".
    if (next < 0) return this.#raise(-next, nextVa);
    mmu.countHit(mmu.dataBank, type);
    if (!mmu.isRam(first) || !mmu.isRam(next)) {
      return this.#raise(ACCESS_FAULT[type], registers.accessVa);
    }
    const firstPa = inFrame(first, low & (PAGE_SIZE - 1));
    const nextPa = inFrame(next);
    const watch = this.#watched(firstPa, head, write) ??
      this.#watched(nextPa, size - head, write, Number(BigInt.asIntN(64, nextVa)));
    const gather = () =>
      this.#ram.readNumber(firstPa, head) |
      (this.#ram.readNumber(nextPa, size - head) << BigInt(8 * head));
    const before = gather();
    if (write) {
      const value = registers.accessValue;
      for (let i = 0; i < size; i++) {
        const place = i < head ? offset(firstPa, i) : offset(nextPa, i - head);
        this.#ram.write8(place, Number((value >> BigInt(8 * i)) & 0xffn));
      }
    } else {
      const bits = 8 * size;
      registers.accessValue = signed !== 0 ? BigInt.asIntN(bits, before) : before;
    }
    if (watch === undefined) return DONE;
    return this.#hit({ watch, pa: firstPa, size, write, before, after: gather() });
  }

  #watched(pa: PaNum, size: number, write: boolean, at?: number): Watch | undefined {
    if (!this.#watches.any) return undefined;
    const registers = this.#hart.registers;
    const va = at ?? registers.accessHigh * 2 ** 32 + registers.accessLow;
    return this.#watches.hit(va, pa, size, write);
  }

  #hit(hit: Omit<WatchHit, "pc" | "va">): number {
    const { pc, accessVa: va } = this.#hart.registers;
    this.#watchHit = { ...hit, va, pc: this.#outside ? undefined : pc };
    return DONE_STOP;
  }

  fetchPage(): number {
    return this.fetcher.page();
  }

  fetchStraddle(): number {
    const word = this.fetcher.straddling();
    if (word === undefined) return TRAPPED;
    this.#value[0] = word;
    this.#value[1] = 0;
    return RETRY;
  }

  system(word: number): number {
    return executeSystem(this.#hart, this.#mmu, word);
  }
}
