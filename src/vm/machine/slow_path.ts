/**
 * The interpreter's way out: everything that is not a plain access to a page in the fast TLB
 * tables. TLB misses, misaligned accesses, devices, pages with decoded code, watched pages,
 * fetches, SYSTEM instructions. Accesses from outside the hart ({@link UserAccess}) take the same
 * way.
 *
 * @module
 */

import { inFrame, offset, PAGE_SIZE, type PaNum, RAM_BASE } from "./address.ts";
import {
  ACCESS_CONDITIONAL,
  ACCESS_LOAD,
  ACCESS_RESERVE,
  ACCESS_STORE,
  DONE,
  DONE_STOP,
  type EngineHost,
  RETRY,
  TRAP_TAKEN,
  TRAPPED,
} from "./engine/host.ts";
import { STOP_BREAK, STOP_CHECK, STOP_TRAP } from "./engine/engine.ts";
import { Fetcher, type Parts as FetchParts } from "./fetch.ts";
import { ACCESS_FAULT, CAUSE } from "./cause.ts";
import type { Hart } from "./hart/hart.ts";
import { executeSystem } from "./hart/system.ts";
import { deliver } from "./hart/trap.ts";
import { ACCESS_VALUE, RAM_OFFSET, REGIONS_OFF, RESERVATION } from "./layout.ts";
import type { Spin } from "./spin.ts";
import { type Access, READ, WRITE } from "./sv39.ts";
import type { Watch, WatchHit } from "./watch.ts";

/** The parts of a machine that the interpreter's way out works on. */
export interface Parts extends FetchParts {
  /** All harts. */
  readonly harts: readonly Hart[];
  /** Whether a trap is a matter of the guest alone: nobody wants the run to end with it. */
  readonly handlesTraps: boolean;
}

/** The machine as the interpreter calls it. */
export class SlowPath implements EngineHost {
  /** The run ended before a load from a register that is {@link Device.undecided}. */
  undecided = false;
  /** Fetches. */
  readonly fetcher: Fetcher;
  /** A run of the engine with just that budget passes a breakpoint at its first instruction. */
  passBudget = NaN;
  #search: Spin | undefined;
  /** The run ended before an instruction with which the search ended. */
  searched = false;

  readonly #parts: Parts;
  readonly #value: Uint32Array;
  /** The same as bytes. */
  readonly #bytes: Uint8Array;
  readonly #off: Int32Array;
  #watchHit: WatchHit | undefined;
  /** What hit it was done here, and not by the interpreter right after it was permitted. */
  #hitDone = true;
  /** Instructions left when the last trap was taken here, or when the run began. */
  #trapped = NaN;
  /** The access under way is no instruction's. */
  #outside = false;

  /** The slow path of a machine's parts. */
  constructor(parts: Parts) {
    const { buffer } = parts.ram.memory;
    this.fetcher = new Fetcher(parts);
    this.#parts = parts;
    this.#value = new Uint32Array(buffer, ACCESS_VALUE, 2);
    this.#bytes = new Uint8Array(buffer, ACCESS_VALUE, 8);
    this.#off = new Int32Array(buffer, REGIONS_OFF, 1);
  }

  /** Of the hart that runs, while it is searched for a loop: each access comes here. */
  get search(): Spin | undefined {
    return this.#search;
  }

  set search(search: Spin | undefined) {
    this.#search = search;
    this.#off[0] = search === undefined ? 0 : 1;
  }

  #raise(cause: number, value: bigint): number {
    this.#parts.hart.registers.raise(cause, value);
    return TRAPPED;
  }

  /** The watchpoint that the last access hit, once. */
  takeHit(): WatchHit | undefined {
    const hit = this.#watchHit;
    this.#watchHit = undefined;
    if (hit === undefined || this.#hitDone) return hit;
    return { ...hit, after: this.#parts.ram.readNumber(hit.pa, hit.size) };
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

  /** Shows the search an access, or a CSR's; true: the search ends here, and so does the run. */
  #searched(): boolean {
    if (this.search === undefined || this.#outside) return false;
    this.searched = this.search.sees();
    if (this.searched) this.search = undefined;
    return this.searched;
  }

  access(kind: number, size: number, signed: number): number {
    if (this.#searched()) return TRAPPED;
    const answer = this.#access(kind, size, signed);
    if (answer !== TRAPPED || kind > ACCESS_STORE || this.undecided) return answer;
    return this.#take();
  }

  /** A run of the engine begins, with that budget. */
  begin(budget: number): void {
    this.#trapped = budget;
  }

  /**
   * Takes the trap that was raised, where nobody but the guest has to do with it. Not without an
   * instruction retired since the last one, or since the run began: a hart whose handler traps at its
   * first instruction is for the machine to see.
   */
  #take(): number {
    const { hart, handlesTraps } = this.#parts;
    const { registers } = hart;
    const { budget } = registers;
    if (this.#outside || !handlesTraps || hart.onlooker !== undefined || budget === this.#trapped) {
      return TRAPPED;
    }
    this.#trapped = budget;
    deliver(hart, registers.trapCause, false);
    return TRAP_TAKEN;
  }

  #access(kind: number, size: number, signed: number): number {
    const { mmu, hart: { registers } } = this.#parts;
    const low = registers.accessLow, high = registers.accessHigh;
    const aligned = (low & (size - 1)) === 0;
    if (!aligned) {
      if (kind === ACCESS_RESERVE) return this.#raise(CAUSE.loadMisaligned, registers.accessVa);
      if (kind !== ACCESS_LOAD && kind !== ACCESS_STORE) {
        return this.#raise(CAUSE.storeMisaligned, registers.accessVa);
      }
    }
    const type: Access = kind === ACCESS_LOAD || kind === ACCESS_RESERVE ? READ : WRITE;
    const bank = mmu.dataBank;
    const frame = mmu.frameOf(bank, type, high, low);
    if (frame < 0) return this.#raise(-frame, registers.accessVa);
    const inPage = low & (PAGE_SIZE - 1);
    const pa = inFrame(frame, inPage);
    if (mmu.pmp.on && !mmu.allows(type, pa, Math.min(size, PAGE_SIZE - inPage))) {
      return this.#raise(ACCESS_FAULT[type], registers.accessVa);
    }
    const plain = aligned && !this.#outside && this.search === undefined;
    if (plain && mmu.fillFast(bank, type, high, low, frame)) return RETRY;
    mmu.countHit(bank, type);
    if (!aligned && !this.#outside) this.#parts.hart.life++; // rare, and in two words perhaps: no spinning
    if (inPage + size > PAGE_SIZE) return this.#crossing(pa, type, size, signed);
    return mmu.isRam(frame)
      ? this.#inRam(pa, kind, size, signed, size, pa)
      : this.#device(pa, kind, size, signed);
  }

  refill(what: number): number {
    const { mmu, hart: { registers } } = this.#parts;
    const low = registers.accessLow;
    if (this.#search !== undefined || (low & ((what >> 1) - 1)) !== 0) return 0;
    return mmu.refill((what & 1) !== 0 ? WRITE : READ, registers.accessHigh, low) ? 1 : 0;
  }

  locate(high: number, low: number): number {
    return this.fetcher.locate(high, low);
  }

  refetch(): number {
    const { accessHigh, accessLow } = this.#parts.hart.registers;
    return this.fetcher.again(accessHigh, accessLow);
  }

  /** A misaligned plain access over a page end: both pages are translated before a byte moves. */
  #crossing(pa: PaNum, type: typeof READ | typeof WRITE, size: number, signed: number): number {
    const { mmu, ram, hart: { registers } } = this.#parts;
    const head = PAGE_SIZE - pa % PAGE_SIZE;
    const nextVa = BigInt.asUintN(64, registers.accessVa + BigInt(head));
    const frame = mmu.frameAt(mmu.dataBank, type, nextVa);
    // "mtval will contain the virtual address of the portion of the access that caused the fault".
    if (frame < 0) return this.#raise(-frame, nextVa);
    if (!mmu.allows(type, inFrame(frame), size - head)) {
      return this.#raise(ACCESS_FAULT[type], nextVa);
    }
    mmu.countHit(mmu.dataBank, type);
    const next = inFrame(frame);
    if (!ram.contains(pa) || !ram.contains(next)) {
      return this.#raise(ACCESS_FAULT[type], registers.accessVa);
    }
    const kind = type === WRITE ? ACCESS_STORE : ACCESS_LOAD;
    return this.#inRam(pa, kind, size, signed, head, next);
  }

  /**
   * An access to RAM done here: misaligned, decoded code, or watched. Its first `head` bytes are at
   * `pa`, the others, if there are any, at `next`.
   */
  #inRam(
    pa: PaNum,
    kind: number,
    size: number,
    signed: number,
    head: number,
    next: PaNum,
  ): number {
    const { ram, probes, hart: { registers } } = this.#parts;
    if (!this.#outside) this.search?.touches(pa);
    const rest = size - head;
    let seen = false;
    const watch = this.#watched(pa, head, next, rest, kind);
    const before = watch === undefined ? 0n : this.#read(pa, head, next, rest);
    if (kind === ACCESS_LOAD) {
      if (rest === 0) {
        this.#load(pa, size, signed);
      } else {
        const value = this.#read(pa, head, next, rest);
        registers.accessValue = signed !== 0 ? BigInt.asIntN(8 * size, value) : value;
      }
    } else if (kind === ACCESS_STORE) {
      if (!this.#outside) ram.by = "instruction";
      if (rest === 0) {
        this.#store(pa, size);
      } else {
        ram.write(pa, this.#bytes.subarray(0, head));
        ram.write(next, this.#bytes.subarray(head, size));
      }
      ram.by = "outside";
    } else {
      const frame = (pa - RAM_BASE) >>> 12;
      ram.fills.settle(frame);
      if (kind !== ACCESS_RESERVE) ram.changes(pa, size);
      if (ram.probed[frame] !== 0 && this.#changes(kind, pa)) {
        probes.atomic(pa, size);
        seen = true;
      }
      this.#value[0] = pa - RAM_BASE + RAM_OFFSET;
      this.#value[1] = 0;
    }
    // Who sees an atomic operation is told when it is done, and may want the run to end there.
    if (watch === undefined) return seen ? DONE_STOP : DONE;
    this.#hitDone = kind === ACCESS_LOAD || kind === ACCESS_STORE;
    const after = this.#read(pa, head, next, rest);
    const { pc, accessVa } = registers;
    const by = this.#outside ? undefined : pc;
    const [read, write] = [reads(kind), writes(kind)];
    this.#watchHit = { watch, pc: by, va: accessVa, pa, size, read, write, before, after };
    return DONE_STOP;
  }

  wrote(): void {
    this.#parts.probes.atomicDone();
  }

  /** Whether an atomic operation stores: a store-conditional without its reservation does not. */
  #changes(kind: number, pa: PaNum): boolean {
    if (kind === ACCESS_RESERVE) return false;
    const { header } = this.#parts.hart.registers;
    return kind !== ACCESS_CONDITIONAL || header[RESERVATION / 4] === pa - RAM_BASE + RAM_OFFSET;
  }

  #watched(pa: PaNum, head: number, next: PaNum, rest: number, kind: number): Watch | undefined {
    const { watches, hart: { registers } } = this.#parts;
    if (!watches.any) return undefined;
    // A store-conditional that is going to fail accesses nothing.
    if (kind === ACCESS_CONDITIONAL && !this.#changes(kind, pa)) return undefined;
    const va = registers.accessHigh * 2 ** 32 + registers.accessLow;
    const read = reads(kind), write = writes(kind);
    return watches.hit(va, pa, head, read, write) ??
      (rest > 0 ? watches.hit(va + head, next, rest, read, write) : undefined);
  }

  /** The bytes of an access as they are, as one number. */
  #read(pa: PaNum, head: number, next: PaNum, rest: number): bigint {
    const { ram } = this.#parts;
    return ram.readNumber(pa, head) | (ram.readNumber(next, rest) << BigInt(8 * head));
  }

  #load(pa: PaNum, size: number, signed: number): void {
    const { ram } = this.#parts;
    if (size === 8) {
      this.#value[0] = ram.read32(pa);
      this.#value[1] = ram.read32(offset(pa, 4));
    } else {
      const value = size === 1 ? ram.read8(pa) : size === 2 ? ram.read16(pa) : ram.read32(pa);
      this.#loaded(value, size, signed);
    }
  }

  #store(pa: PaNum, size: number): void {
    const { ram, hart: { registers } } = this.#parts;
    const value = this.#value[0];
    if (size === 1) ram.write8(pa, value);
    else if (size === 2) ram.write16(pa, value);
    else if (size === 4) ram.write32(pa, value);
    else if (pa % 8 === 0) ram.writeHalves(pa, value, this.#value[1]);
    else ram.write64(pa, registers.accessValue);
  }

  /** Leaves a loaded value of 1, 2 or 4 bytes, extended to 64 bits. */
  #loaded(value: number, size: number, signed: number): void {
    const shift = 32 - 8 * size;
    const extended = signed !== 0 ? (value << shift) >> shift : value;
    this.#value[0] = extended;
    this.#value[1] = extended < 0 ? 0xffff_ffff : 0;
  }

  #device(pa: PaNum, kind: number, size: number, signed: number): number {
    const { bus, hart } = this.#parts;
    const { registers } = hart;
    if (!this.#outside) hart.life++;
    // Devices take neither atomic nor misaligned accesses, and only to registers that they have.
    const plain = (kind === ACCESS_LOAD || kind === ACCESS_STORE) && pa % size === 0;
    const mapping = plain ? bus.find(pa, size) : undefined;
    if (mapping === undefined) {
      const type = kind === ACCESS_LOAD || kind === ACCESS_RESERVE ? READ : WRITE;
      return this.#raise(ACCESS_FAULT[type], registers.accessVa);
    }
    const { device } = mapping;
    const at = pa - mapping.base;
    const width = size === 8 ? 4 : size as 1 | 2 | 4;
    if (kind === ACCESS_STORE) {
      if (!this.#outside) hart.stored = true;
      const [low, high] = this.#value;
      device.write(at, width, size < 4 ? low & (2 ** (8 * size) - 1) : low);
      if (size === 8) device.write(at + 4, 4, high);
      // Interrupts, timers or the finisher may have changed: the machine looks again.
      return DONE_STOP;
    }
    if (!this.#outside && device.undecided?.(at)) {
      this.undecided = true;
      return TRAPPED;
    }
    this.#loaded(device.read(at, width), width, signed);
    if (size === 8) this.#value[1] = device.read(at + 4, 4);
    hart.noteReady(); // a claim, or a byte taken, changes what is pending
    return DONE;
  }

  dropWriters(frame: number): void {
    for (const { mmu } of this.#parts.harts) mmu.tlb.fast.dropWriters(frame);
  }

  dropRecords(records: number): void {
    for (const { mmu } of this.#parts.harts) mmu.tlb.fast.dropRecords(records);
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

  stopAt(pa: PaNum): number {
    const { watches, probes, hart: { registers } } = this.#parts;
    const pc = registers.pcHigh * 2 ** 32 + registers.pcLow;
    if (watches.breaksAt(pc) && registers.budget !== this.passBudget) return STOP_BREAK;
    if (this.fetcher.refused(pa)) return STOP_TRAP;
    if (watches.checksAt(pc) && watches.check(pc)) return STOP_CHECK;
    return probes.reached(pc) ? STOP_CHECK : 0;
  }

  system(word: number): number {
    if (this.#searched()) return TRAPPED;
    const answer = executeSystem(this.#parts.hart, this.#parts.mmu, word);
    return answer === TRAPPED ? this.#take() : answer;
  }
}

/** Whether a kind of access gives the instruction what was there. */
const reads = (kind: number): boolean => kind !== ACCESS_STORE && kind !== ACCESS_CONDITIONAL;
/** Whether it stores, as far as is known before it is done. */
const writes = (kind: number): boolean => kind !== ACCESS_LOAD && kind !== ACCESS_RESERVE;
