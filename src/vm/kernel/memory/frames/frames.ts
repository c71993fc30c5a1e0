/**
 * Physical frames: who may have one, how many user mappings each has, which are free.
 *
 * The free list is xv6's: last freed, first allocated (see free_list.ts). Frames never used since boot are not on the list but
 * *fresh*: they are taken from the top of RAM downwards when the list is empty. That is the order
 * xv6's kinit gives, without touching all of RAM at boot, and a fresh frame is known to be zero.
 *
 * One count a frame: user frames count their user mappings; tables and trapframes have 1.
 *
 * @module
 */

import { PAGE_SIZE, SUPERPAGE_SIZE } from "../../../machine/address.ts";
import type { PaNum, VaNum } from "../../../machine/address.ts";
import type { Ram } from "../../../machine/memory.ts";
import { PTE_V } from "../../../machine/sv39.ts";
import type { EventLog } from "../../../events.ts";
import { linkOf, pushFree, unlinkFree } from "./free_list.ts";
import { KernelPanic } from "../panic.ts";

/** What a frame can be; the position is the number stored. */
export const FRAME_KINDS = [
  "fresh",
  "free",
  "kernel",
  "table",
  "trapframe",
  "user",
  "cache",
] as const;
/** What a frame is. `fresh` and `free` can be allocated; `cache` holds a page of a file. */
export type FrameKind = typeof FRAME_KINDS[number];
/** What a frame can be allocated for. */
export type UsedKind = "table" | "trapframe" | "user" | "cache";

const FRESH = 0, FREE = 1, KERNEL = 2, CACHE = 6;
const KIND_NUMBER: Record<UsedKind, number> = { table: 3, trapframe: 4, user: 5, cache: CACHE };

/** Frames that the kernel itself takes at the start of RAM: xv6's text and data are about as large. */
export const KERNEL_FRAMES = 34;
/** Frames in a 2 MiB page. */
export const SUPERPAGE_FRAMES = SUPERPAGE_SIZE / PAGE_SIZE;
/** What xv6 fills an allocated frame with. */
export const ALLOC_JUNK = 0x05;
/** What xv6 fills a freed frame with. */
export const FREE_JUNK = 0x01;

/** The state of {@link Frames} as plain data. */
export interface FramesState {
  /** Stored count, by frame. */
  counts: Uint32Array;
  /** Position in {@link FRAME_KINDS}, by frame. */
  kinds: Uint8Array;
  /** Number of the page at which a user frame was mapped first, by frame: where its owners map it. */
  homes: Uint32Array;
  /** Sweeps of the clock since the page was last used, by frame. */
  ages: Uint8Array;
  /** Free frames, by block of 2 MiB. */
  blockFree: Uint16Array;
  /** First member of the free list, 0 when empty. */
  head: PaNum | 0;
  /** Index above the next fresh frame to take. */
  freshTop: number;
  /** Frames that can be allocated. */
  free: number;
  /** The fewest there ever were. */
  lowest: number;
  /** Allocations tried since boot, failed ones included. */
  allocations: number;
  /** The allocation (as counted in `allocations`) that fails; 0: none. */
  failAt: number;
}

/** The allocator and the counts. */
export class Frames {
  /** Everything it knows, as plain data; readers may look, tests may corrupt. */
  state: FramesState;
  /** First address of RAM. */
  readonly base: PaNum;
  /** Frames of RAM, the kernel's included. */
  readonly total: number;
  readonly #ram: Ram;
  readonly #events: EventLog;

  /** All of RAM after the kernel's own frames is free. Throws a RangeError when there are too many of these. */
  constructor(ram: Ram, events: EventLog, kernelFrames: number = KERNEL_FRAMES) {
    this.#ram = ram;
    this.#events = events;
    this.base = ram.base;
    this.total = ram.size / PAGE_SIZE;
    if (!(kernelFrames >= KERNEL_FRAMES && kernelFrames < this.total)) {
      throw new RangeError(`${kernelFrames} kernel frames of ${this.total}`);
    }
    const total = this.total;
    this.state = {
      counts: new Uint32Array(total),
      kinds: new Uint8Array(total),
      homes: new Uint32Array(total),
      ages: new Uint8Array(total),
      blockFree: new Uint16Array(Math.ceil(total / SUPERPAGE_FRAMES)),
      head: 0,
      freshTop: total,
      free: total - kernelFrames,
      lowest: total - kernelFrames,
      allocations: 0,
      failAt: 0,
    };
    this.state.kinds.fill(KERNEL, 0, kernelFrames);
    this.state.counts.fill(1, 0, kernelFrames);
    const { blockFree } = this.state;
    for (let block = 0; block < blockFree.length; block++) {
      const end = Math.min(total, (block + 1) * SUPERPAGE_FRAMES);
      blockFree[block] = Math.max(0, end - Math.max(kernelFrames, block * SUPERPAGE_FRAMES));
    }
  }

  /** Frames that can be allocated now. */
  get freeCount(): number {
    return this.state.free;
  }

  /** Allocations tried since boot, failed ones included. */
  get allocations(): number {
    return this.state.allocations;
  }

  /** Frame number `i` of RAM. */
  at(i: number): PaNum {
    return (this.base + i * PAGE_SIZE) as PaNum;
  }

  /** The number of the frame that holds `pa`, or -1 outside RAM. */
  index(pa: PaNum): number {
    const i = (pa - this.base) / PAGE_SIZE;
    return i >= 0 && i < this.total ? Math.floor(i) : -1;
  }

  /** The stored count of the frame that holds `pa`; 0 outside RAM. */
  count(pa: PaNum): number {
    return this.state.counts[(pa - this.base) >>> 12] ?? 0;
  }

  /** What the frame that holds `pa` is. Throws a RangeError outside RAM. */
  kind(pa: PaNum): FrameKind {
    const i = this.index(pa);
    if (i < 0) throw new RangeError(`no frame at 0x${pa.toString(16)}`);
    return FRAME_KINDS[this.state.kinds[i]];
  }

  /** Whether the frame can be allocated. */
  isFree(pa: PaNum): boolean {
    return this.state.kinds[(pa - this.base) >>> 12] <= FREE;
  }

  /** Whether the frame holds a page of a file that others may map, too. */
  isCache(pa: PaNum): boolean {
    return this.state.kinds[(pa - this.base) >>> 12] === CACHE;
  }

  /** Makes allocation number `n` from now fail (1: the next one); 0: none. */
  failAt(n: number): void {
    this.state.failAt = n === 0 ? 0 : this.state.allocations + n;
  }

  /** One frame with count 1, filled with xv6's junk; 0 when there is none. */
  alloc(kind: UsedKind): PaNum | 0 {
    const frame = this.allocRaw(kind);
    if (frame !== 0) this.#ram.fillFrame(frame, ALLOC_JUNK);
    return frame;
  }

  /** One zeroed frame with count 1; 0 when there is none. */
  allocZeroed(kind: UsedKind): PaNum | 0 {
    const fresh = this.state.head === 0;
    const frame = this.allocRaw(kind);
    if (frame !== 0 && !fresh) this.#ram.fillFrame(frame, 0);
    return frame;
  }

  /** One frame with count 1 and unknown content, for a caller that fills all of it; 0 when there is none. */
  allocRaw(kind: UsedKind): PaNum | 0 {
    const s = this.state;
    if (++s.allocations === s.failAt || s.free === 0) return 0;
    let i: number;
    if (s.head !== 0) {
      i = this.#unlink(s.head);
    } else {
      i = s.freshTop - 1;
      while (i >= 0 && s.kinds[i] !== FRESH) i--;
      if (i < 0) throw new KernelPanic(`kalloc: ${s.free} frames counted free, none found`);
      s.freshTop = i;
    }
    this.#take(i, KIND_NUMBER[kind]);
    const frame = this.at(i);
    this.#events.alloc(frame, kind);
    return frame;
  }

  /** 512 zeroed frames, aligned to 2 MiB, each with count 1; 0 when no block is free as a whole. */
  allocSuperpage(zeroed: boolean): PaNum | 0 {
    const s = this.state;
    if (++s.allocations === s.failAt) return 0;
    const block = s.blockFree.indexOf(SUPERPAGE_FRAMES);
    if (block < 0) return 0;
    const first = block * SUPERPAGE_FRAMES;
    for (let i = first; i < first + SUPERPAGE_FRAMES; i++) {
      if (s.kinds[i] === FREE) {
        this.#unlink(this.at(i));
        if (zeroed) this.#ram.fillFrame(this.at(i), 0);
      }
      this.#take(i, KIND_NUMBER.user);
      this.#events.alloc(this.at(i), "user, 2 MiB");
    }
    return this.at(first);
  }

  /** Whether {@link Frames.allocSuperpage} would find a block. */
  get hasSuperpage(): boolean {
    return this.state.blockFree.includes(SUPERPAGE_FRAMES);
  }

  /** One more user mapping. */
  ref(frame: PaNum, why: string): void {
    const old = this.state.counts[(frame - this.base) >>> 12]++;
    this.#events.count(frame, old, old + 1, why);
  }

  /** One more user mapping of each frame that the valid PTEs among `n` from `words[first]` on map. */
  refEach(words: Uint32Array, first: number, n: number, why: string): void {
    const { counts } = this.state;
    const base = this.base / PAGE_SIZE;
    // Frames [low, high) had the same count: they are told at once.
    let low = 0, high = 0, old = 0;
    for (let i = first; i < first + 2 * n; i += 2) {
      if ((words[i] & PTE_V) === 0) continue;
      const frame = (words[i] >>> 10) - base;
      const was = counts[frame]++;
      if (was === old && frame === high) high++;
      else if (was === old && frame === low - 1) low--;
      else {
        if (low < high) this.#events.count(this.at(low), old, old + 1, why, high - low);
        low = frame, high = frame + 1, old = was;
      }
    }
    if (low < high) this.#events.count(this.at(low), old, old + 1, why, high - low);
  }

  /** One user mapping less of a frame that stays when it has none. */
  unref(frame: PaNum, why: string): void {
    const old = this.state.counts[(frame - this.base) >>> 12]--;
    this.#events.count(frame, old, old - 1, why);
  }

  /** One mapping more (1) or less (-1) of `run` frames from the one of index `first` on, none of which is freed by it. */
  changeRun(first: number, run: number, change: 1 | -1, why: string): void {
    const { counts } = this.state;
    for (let from = first, i = first + 1; i <= first + run; i++) {
      if (i < first + run && counts[i] === counts[from]) continue;
      const old = counts[from];
      counts.fill(old + change, from, i);
      this.#events.count(this.at(from), old, old + change, why, i - from);
      from = i;
    }
  }

  /** One user mapping less; the frame is freed with the last. Returns what is left. */
  drop(frame: PaNum, why: string): number {
    const i = (frame - this.base) >>> 12;
    const count = this.state.counts[i];
    if (count === 0) throw new KernelPanic(`frame 0x${frame.toString(16)}: count below zero`);
    if (count === 1) this.free(frame, why);
    else {
      this.state.counts[i] = count - 1;
      this.#events.count(frame, count, count - 1, why);
    }
    return count - 1;
  }

  /** Puts a used frame on the free list, whatever its count. */
  free(frame: PaNum, why: string): void {
    const s = this.state;
    const i = this.index(frame);
    if (i < 0 || s.kinds[i] <= KERNEL) {
      throw new KernelPanic(`kfree: 0x${frame.toString(16)} is not an allocated frame`);
    }
    const ram = this.#ram;
    ram.fillFrame(frame, FREE_JUNK);
    pushFree(ram, s.head, frame);
    s.head = frame;
    s.kinds[i] = FREE;
    s.counts[i] = 0;
    s.homes[i] = 0;
    s.ages[i] = 0;
    s.free++;
    s.blockFree[i >>> 9]++;
    this.#events.free(frame, why);
  }

  /** Turns a user frame into one that holds a file's page, or back. */
  setKind(frame: PaNum, kind: UsedKind): void {
    this.state.kinds[(frame - this.base) >>> 12] = KIND_NUMBER[kind];
  }

  /** Remembers at which page a user frame is mapped: fork keeps addresses, so all its owners map it there. */
  setHome(frame: PaNum, va: VaNum): void {
    this.state.homes[(frame - this.base) >>> 12] = va / PAGE_SIZE;
  }

  /** The page at which the owners of a user frame map it. */
  home(frame: PaNum): VaNum {
    return (this.state.homes[(frame - this.base) >>> 12] * PAGE_SIZE) as VaNum;
  }

  /** The next member of the free list as its frame says, whatever stands there. */
  linkOf(frame: PaNum): number {
    return linkOf(this.#ram, frame);
  }

  /**
   * The free list as it stands in RAM, first to be allocated first; fresh frames are not on it. Ends at
   * a link that leaves RAM or after as many members as there are frames (a loop).
   */
  *listed(): Generator<PaNum> {
    let at: number = this.state.head;
    for (let n = 0; at !== 0 && n < this.total; n++) {
      yield at as PaNum;
      if (this.index(at as PaNum) < 0 || at % PAGE_SIZE !== 0) return;
      at = this.linkOf(at as PaNum);
    }
  }

  /** How many frames of each kind there are. */
  census(): Record<FrameKind, number> {
    const counts = new Array(FRAME_KINDS.length).fill(0);
    for (const kind of this.state.kinds) counts[kind]++;
    return Object.fromEntries(FRAME_KINDS.map((kind, i) => [kind, counts[i]])) as Record<
      FrameKind,
      number
    >;
  }

  #take(i: number, kind: number): void {
    const s = this.state;
    s.kinds[i] = kind;
    s.counts[i] = 1;
    s.free--;
    if (s.free < s.lowest) s.lowest = s.free;
    s.blockFree[i >>> 9]--;
  }

  /** Takes a member out of the free list; returns its index. */
  #unlink(frame: PaNum): number {
    this.state.head = unlinkFree(this.#ram, this.state.head, frame, this.#isListed);
    return this.index(frame);
  }

  #isListed = (pa: PaNum): boolean => {
    const i = this.index(pa);
    return i >= 0 && this.state.kinds[i] === FREE;
  };
}
