/**
 * Who looks on while the machine runs, and knows nothing of kernels: stores to ranges of RAM,
 * instructions about to be executed, traps and returns, satp, fences, WFI. Nothing of what the
 * harts do changes by it, not even a counter. What is not looked at costs nothing: a store to a
 * frame without a probe is as fast as ever, and an instruction without one is decoded as ever. An
 * instruction with a probe calls out; a store to a frame with a probe takes the slow path.
 *
 * Everything is told at the moment `instret` of {@link Clock.retired}: how many instructions all
 * harts have retired before the one under way. Probes are no part of a saved state.
 *
 * @module
 */

import { offset, PAGE_SHIFT, PAGE_SIZE, type PaNum, RAM_BASE } from "./address.ts";
import type { Clock } from "./clock.ts";
import type { Hart } from "./hart/hart.ts";
import type { Ram, StoredBy, StoreProbe } from "./memory.ts";

/** A store that touched bytes of a probed range; it has been done. */
export interface StoreSeen {
  /** First byte stored. */
  readonly pa: PaNum;
  /** Bytes: 1 to 8. What is longer, or crosses a frame's end, is told in pieces. */
  readonly size: number;
  /** The bytes as an unsigned number before. */
  readonly before: bigint;
  /** And after it. */
  readonly after: bigint;
  /** What stored. */
  readonly by: StoredBy;
}

/** A trap that a hart has taken; it stands at its handler's first instruction. */
export interface TrapSeen {
  /** The hart. */
  readonly hart: Hart;
  /** As in xcause, without the bit for interrupts. */
  readonly cause: number;
  /** It is an interrupt. */
  readonly interrupt: boolean;
  /** As in xtval. */
  readonly value: bigint;
  /** As in xepc. */
  readonly epc: bigint;
  /** The mode that it left. */
  readonly from: number;
}

/** Who is told what harts do; each method may be absent. A hart's state is that after it. */
export interface Onlooker {
  /** A trap was taken. */
  trap?(trap: TrapSeen): void;
  /** An mret (3) or sret (1) was executed. */
  returned?(hart: Hart, level: 1 | 3): void;
  /** satp was written; pc is that of the instruction. */
  satp?(hart: Hart): void;
  /** sfence.vma was executed: for an address, or (undefined) all of them; of an ASID, or of all. */
  fence?(hart: Hart, va: bigint | undefined, asid: number | undefined): void;
  /** WFI was executed. */
  waits?(hart: Hart): void;
}

/** What a probe needs from the machine that it is in. */
export interface ProbedMachine {
  readonly ram: Ram;
  readonly clock: Clock;
  readonly hart: Hart;
  readonly harts: readonly Hart[];
  readonly engine: { readonly pages: { addStop(pc: number): void; removeStop(pc: number): void } };
}

/** A range of RAM whose stores somebody sees. */
interface Range {
  readonly start: number;
  readonly end: number;
  readonly see: (store: StoreSeen) => void;
}

/** Takes a probe away; a second call does nothing. */
export type Remove = () => void;

/** When an instruction with a probe was told last, so that it is told once. */
export interface Asked {
  readonly pc: number;
  readonly instret: number;
}

/** The probes of a machine. */
export class Probes implements StoreProbe {
  /** While true nothing is told: RAM is being replaced as a whole. */
  mute = false;
  /** Somebody wants the run to end: {@link Probes.halt}. */
  halted = false;
  /** Somebody wants it to end before the instruction that is being told: {@link Probes.hold}. */
  held = false;
  /** The instruction that was told last; who goes back in time keeps it with a state. */
  asked: Asked = NEVER;
  readonly #machine: ProbedMachine;
  readonly #pcs = new Map<number, ((hart: Hart) => void)[]>();
  readonly #onlookers: Onlooker[] = [];
  /** By number of the frame in RAM: the ranges that have bytes in it. */
  readonly #ranges = new Map<number, Range[]>();
  /** The bytes that are about to change, as they are. */
  #before: Uint8Array<ArrayBuffer> = new Uint8Array(8);
  #beforeWord = 0n;
  readonly #atomic = { pa: RAM_BASE, size: 0, done: false };

  /** No probes yet. */
  constructor(machine: ProbedMachine) {
    this.#machine = machine;
  }

  /** Whether there is any. */
  get any(): boolean {
    return this.#pcs.size > 0 || this.#onlookers.length > 0 || this.#ranges.size > 0;
  }

  /**
   * From now on `see` is called before each instruction at a virtual address is executed, in
   * whatever address space (exact; negative in the upper half). An instruction that traps is told
   * as well, and again when it is executed after that.
   */
  at(pc: number, see: (hart: Hart) => void): Remove {
    const all = this.#pcs.get(pc);
    if (all === undefined) {
      this.#pcs.set(pc, [see]);
      this.#machine.engine.pages.addStop(pc);
    } else all.push(see);
    return once(() => {
      const rest = this.#pcs.get(pc)!.filter((one) => one !== see);
      if (rest.length > 0) return void this.#pcs.set(pc, rest);
      this.#pcs.delete(pc);
      this.#machine.engine.pages.removeStop(pc);
    });
  }

  /** From now on an onlooker is told what harts do. */
  look(onlooker: Onlooker): Remove {
    this.#onlookers.push(onlooker);
    this.#connect();
    return once(() => {
      this.#onlookers.splice(this.#onlookers.indexOf(onlooker), 1);
      this.#connect();
    });
  }

  /** Harts ask only while somebody looks. */
  #connect(): void {
    const told = this.#onlookers.length === 0 ? undefined : this;
    for (const hart of this.#machine.harts) hart.onlooker = told;
  }

  /**
   * From now on `see` is told of each store that touches a byte of a range of RAM, whoever stores:
   * instructions, atomic ones as well, page table walks, devices. A store is told whole. Throws a
   * RangeError for a range outside RAM.
   */
  stores(start: PaNum, length: number, see: (store: StoreSeen) => void): Remove {
    const { ram } = this.#machine;
    if (length < 1 || !ram.contains(start, length)) {
      throw new RangeError(`a probe of ${length} bytes at ${start}: not in RAM`);
    }
    const range = { start, end: start + length, see };
    const frames: number[] = [];
    for (let i = frameOf(start); i <= frameOf(range.end - 1); i++) frames.push(i);
    for (const i of frames) {
      const there = this.#ranges.get(i);
      if (there !== undefined) {
        there.push(range);
        continue;
      }
      this.#ranges.set(i, [range]);
      ram.probed[i] = 1;
      // From now on stores to it must take the slow path.
      const frame = RAM_BASE / PAGE_SIZE + i;
      for (const { mmu: { tlb } } of this.#machine.harts) tlb.fast.dropFrame(frame);
    }
    ram.probe = this;
    return once(() => {
      for (const i of frames) this.#forget(i, range);
      if (this.#ranges.size === 0) ram.probe = undefined;
    });
  }

  #forget(i: number, range: Range): void {
    const rest = this.#ranges.get(i)!.filter((one) => one !== range);
    if (rest.length > 0) return void this.#ranges.set(i, rest);
    this.#ranges.delete(i);
    this.#machine.ram.probed[i] = 0;
  }

  /**
   * The run ends right behind the instruction under way, or behind the trap that was just taken:
   * for who was told something that was waited for.
   */
  halt(): void {
    this.halted = true;
    const { clock } = this.#machine;
    // Behind an atomic operation, which is done by now, the run ends anyway.
    if (clock.running && !this.#atomic.done) clock.shorten(1);
  }

  /** The run ends before the instruction that is being told, for who wants to do something else. */
  hold(): void {
    this.held = true;
  }

  /**
   * The machine executes the instruction at an address now, if nothing stops it; true: who was told
   * of it does.
   */
  reached(pc: number): boolean {
    const all = this.#pcs.get(pc);
    if (all === undefined) return false;
    const { retired } = this.#machine.clock;
    if (this.asked.instret === retired && this.asked.pc === pc) return false;
    this.asked = { pc, instret: retired };
    const { hart } = this.#machine;
    for (const see of all) see(hart);
    return this.held;
  }

  /** An atomic operation is about to change some bytes of a probed frame, in linear memory. */
  atomic(pa: PaNum, size: number): void {
    this.#atomic.pa = pa;
    this.#atomic.size = size;
    this.storing(pa, size);
  }

  /** It has. */
  atomicDone(): void {
    const { pa, size } = this.#atomic;
    if (size === 0) return;
    this.#atomic.size = 0;
    const { ram } = this.#machine;
    ram.by = "instruction";
    this.#atomic.done = true;
    this.stored(pa, size);
    this.#atomic.done = false;
    ram.by = "outside";
  }

  /** @inheritdoc */
  storing(pa: PaNum, length: number): void {
    if (this.mute) return;
    const { ram } = this.#machine;
    if (length <= 8) this.#beforeWord = ram.readNumber(pa, length);
    else this.#before = ram.bytes(pa, length).slice();
  }

  /** @inheritdoc */
  stored(pa: PaNum, length: number): void {
    if (this.mute) return;
    if (length <= 8) return this.#tell(pa, length, () => this.#beforeWord);
    const before = this.#before;
    const view = new DataView(before.buffer, before.byteOffset, before.length);
    for (let at = 0; at < length;) {
      const size = Math.min(8 - (pa + at) % 8, length - at);
      const from = at;
      this.#tell(offset(pa, at), size, () => numberAt(view, from, size));
      at += size;
    }
  }

  #tell(pa: PaNum, size: number, before: () => bigint): void {
    const first = this.#ranges.get(frameOf(pa));
    const last = this.#ranges.get(frameOf(pa + size - 1));
    let store: StoreSeen | undefined;
    for (const ranges of first === last ? [first] : [first, last]) {
      if (ranges === undefined) continue;
      // Who is told may take its probe away.
      for (const range of ranges.length === 1 ? ranges : [...ranges]) {
        if (range.start >= pa + size || range.end <= pa) continue;
        if (ranges === last && first !== last && first?.includes(range)) continue;
        store ??= {
          pa,
          size,
          before: before(),
          after: this.#machine.ram.readNumber(pa, size),
          by: this.#machine.ram.by,
        };
        range.see(store);
      }
    }
  }

  /** For {@link Hart.onlooker}. */
  trap(trap: TrapSeen): void {
    for (const one of this.#onlookers) one.trap?.(trap);
  }

  /** For {@link Hart.onlooker}. */
  returned(hart: Hart, level: 1 | 3): void {
    for (const one of this.#onlookers) one.returned?.(hart, level);
  }

  /** For {@link Hart.onlooker}. */
  satp(hart: Hart): void {
    for (const one of this.#onlookers) one.satp?.(hart);
  }

  /** For {@link Hart.onlooker}. */
  fence(hart: Hart, va: bigint | undefined, asid: number | undefined): void {
    for (const one of this.#onlookers) one.fence?.(hart, va, asid);
  }

  /** For {@link Hart.onlooker}. */
  waits(hart: Hart): void {
    for (const one of this.#onlookers) one.waits?.(hart);
  }
}

/** No instruction was told. */
export const NEVER: Asked = { pc: NaN, instret: -1 };

const frameOf = (pa: number): number => Math.floor((pa - RAM_BASE) / 2 ** PAGE_SHIFT);

function numberAt(view: DataView, at: number, size: number): bigint {
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(view.getUint8(at + i));
  return value;
}

function once(body: () => void): Remove {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    body();
  };
}
