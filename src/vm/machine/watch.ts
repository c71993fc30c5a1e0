/**
 * Where the machine looks closer: watchpoints on bytes, which keep their pages out of the fast TLB
 * tables; breakpoints on instructions and checks of the machine's own, whose decoded records ask
 * ({@link EngineHost.stopAt}). Neither costs anything elsewhere.
 *
 * @module
 */

import { offset, PAGE_SIZE, type PaNum } from "./address.ts";
import type { Ram } from "./memory.ts";
import { WatchList } from "./watch_list.ts";

/** Bytes to watch. */
export interface Watch {
  /** Whether `start` is a virtual address (in whatever address space runs) or a physical one. */
  readonly space: "va" | "pa";
  /** First byte. */
  readonly start: number;
  /** How many bytes. */
  readonly length: number;
  /** Stop after a load that touches one of them; an atomic operation loads, too. */
  readonly read: boolean;
  /** Stop after a store that touches one of them; a store-conditional that fails is none. */
  readonly write: boolean;
}

/** An access that hit a watchpoint; it has been done. */
export interface WatchHit {
  /** The watchpoint that was hit. */
  readonly watch: Watch;
  /** Address of the instruction; undefined for an access that no instruction made. */
  readonly pc: bigint | undefined;
  /** Virtual address of the access. */
  readonly va: bigint;
  /** What it translates to. */
  readonly pa: PaNum;
  /** Bytes accessed. */
  readonly size: number;
  /** It loaded: a load, or an atomic operation other than a store-conditional. */
  readonly read: boolean;
  /** It stored: a store, or an atomic operation other than a load-reserved. */
  readonly write: boolean;
  /** The accessed bytes as a number before the access. */
  readonly before: bigint;
  /** And after it, the same for a load. */
  readonly after: bigint;
}

/** A run of bytes in one page that no instruction loads or stores. */
export interface ByteRun {
  /** Virtual address (negative in the upper half). */
  readonly va: number;
  /** What it translates to. */
  readonly pa: PaNum;
  /** Bytes. */
  readonly length: number;
  /** Stored; else loaded. */
  readonly write: boolean;
}

/** The watchpoints and breakpoints of a machine. */
export class Watches {
  readonly #list = new WatchList();
  readonly #breaks = new Set<number>();
  readonly #checks = new Set<number>();
  #copied: WatchHit | undefined;

  /** The watchpoints, in the order they were set. */
  get watches(): readonly Watch[] {
    return this.#list.all;
  }

  /** The breakpoints' addresses, ascending. */
  get breaks(): number[] {
    return [...this.#breaks].sort((a, b) => a - b);
  }

  /** Adds a watchpoint. */
  watch(watch: Watch): void {
    this.#list.add(watch);
  }

  /** Removes a watchpoint, this one or else one that says the same; false when there is none. */
  unwatch(watch: Watch): boolean {
    return this.#list.remove(watch);
  }

  /** Adds a breakpoint at a virtual address (an exact number); false when there is one. */
  addBreak(pc: number): boolean {
    return added(this.#breaks, pc);
  }

  /** Removes a breakpoint; false when it was not there. */
  removeBreak(pc: number): boolean {
    return this.#breaks.delete(pc);
  }

  /**
   * Asked before a hart executes the instruction at an address of {@link Watches.addCheck}: whether
   * the run of the engine is to end there. Perhaps more than once before that instruction retires,
   * so it must not count how often.
   */
  check: (pc: number) => boolean = () => false;

  /** Adds an address at which the machine itself wants to look; false when it is there. */
  addCheck(pc: number): boolean {
    return added(this.#checks, pc);
  }

  /** Removes one; false when it was not there. */
  removeCheck(pc: number): boolean {
    return this.#checks.delete(pc);
  }

  /**
   * Whether loads, or stores and atomic operations, in the page at a virtual and physical page
   * address may hit a watchpoint.
   */
  watchesPage(va: number, pa: number, write: boolean): boolean {
    return this.#list.find(va, pa, PAGE_SIZE, true, write) !== undefined;
  }

  /** The watchpoint that an access of some bytes in one page hits, if any. */
  hit(va: number, pa: number, size: number, read: boolean, write: boolean): Watch | undefined {
    return this.#list.find(va, pa, size, read, write);
  }

  /** Whether there is any watchpoint. */
  get any(): boolean {
    return this.#list.length !== 0;
  }

  /**
   * Does `move`, which loads or stores a run of bytes in one page, for no instruction. The
   * watchpoint that it hits, told with the first eight of the bytes that this watches.
   */
  around(ram: Ram, run: ByteRun, move: () => void): WatchHit | undefined {
    const { va, pa, length, write } = run;
    const read = !write;
    const watch = this.hit(va, pa, length, read, write);
    if (watch === undefined) return void move();
    const begin = watch.start - (watch.space === "va" ? va : pa);
    const skip = Math.max(begin, 0);
    const size = Math.min(begin + watch.length, length, skip + 8) - skip;
    const at = offset(pa, skip);
    const before = ram.readNumber(at, size);
    move();
    const hitVa = BigInt.asUintN(64, BigInt(va + skip));
    const after = ram.readNumber(at, size);
    return { watch, pc: undefined, va: hitVa, pa: at, size, read, write, before, after };
  }

  /**
   * {@link Watches.around} for what the kernel copies in and out, which may be in the middle of
   * something: the first hit is kept for {@link Watches.takeCopied}.
   */
  copy(ram: Ram, run: ByteRun, move: () => void): void {
    const hit = this.around(ram, run, move);
    this.#copied ??= hit;
  }

  /** The watchpoint that the kernel's copying hit since this was last asked. */
  takeCopied(): WatchHit | undefined {
    const hit = this.#copied;
    this.#copied = undefined;
    return hit;
  }

  /** Whether there is a breakpoint at exactly that address. */
  breaksAt(pc: number): boolean {
    return this.#breaks.has(pc);
  }

  /** Whether the machine itself wants to look there. */
  checksAt(pc: number): boolean {
    return this.#checks.has(pc);
  }
}

/** Adds a value to a set; whether it is new there. */
function added<T>(set: Set<T>, value: T): boolean {
  return set.size !== set.add(value).size;
}
