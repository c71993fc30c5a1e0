/**
 * Physical frames: what each is, how many user mappings it has, whether it is free.
 *
 * The free list is xv6's: last freed, first allocated (see free_list.ts). Frames never used since
 * boot are not on the list but *fresh*: they are taken from the top of RAM downwards when the list
 * is empty. That is the order xv6's kinit gives, without touching all of RAM at boot, and a fresh
 * frame is known to be zero.
 *
 * One count a frame: user frames count their user mappings; tables and trapframes have 1.
 */

import {
  offset,
  PAGE_SHIFT,
  PAGE_SIZE,
  type PaNum,
  paNum,
  SUPERPAGE_SIZE,
  type VaNum,
  vaNum,
} from "../../../machine/address.ts";
import type { Ram } from "../../../machine/memory.ts";
import { PTE_V } from "../../../machine/sv39.ts";
import type { EventLog } from "../../../events.ts";
import { FREE, linkOf, pushFree, unlinkFree } from "./free_list.ts";
import { KernelPanic } from "../panic.ts";
import type { FramesState } from "../state.ts";

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

const FRESH = 0, KERNEL = 2, CACHE = 6;
const KIND_NUMBER: Record<UsedKind, number> = { table: 3, trapframe: 4, user: 5, cache: CACHE };

/** Frames that the kernel takes at the start of RAM: about the size of xv6's text and data. */
export const KERNEL_FRAMES = 34;
/** Frames in a 2 MiB page. */
export const SUPERPAGE_FRAMES = SUPERPAGE_SIZE / PAGE_SIZE;
/** What xv6 fills an allocated frame with. */
export const ALLOC_JUNK = 0x05;
/** What xv6 fills a freed frame with. */
export const FREE_JUNK = 0x01;

/** What the allocator works on. */
export interface Pool {
  /** Guest RAM, which the frames are. */
  readonly ram: Ram;
  /** Where allocations, frees and counts are told. */
  readonly events: EventLog;
  /** The allocator's state among all others. */
  state: { frames: FramesState };
}

/**
 * All of RAM after the kernel's own frames is free. Throws a RangeError for a bad number of these.
 */
export function newFrames(ram: Ram, kernelFrames: number): FramesState {
  const total = ram.size / PAGE_SIZE;
  if (!(kernelFrames >= KERNEL_FRAMES && kernelFrames < total)) {
    throw new RangeError(`${kernelFrames} kernel frames of ${total}`);
  }
  const kinds = new Uint8Array(total).fill(KERNEL, 0, kernelFrames);
  const counts = new Uint32Array(total).fill(1, 0, kernelFrames);
  const blockFree = new Uint16Array(Math.ceil(total / SUPERPAGE_FRAMES));
  for (let block = 0; block < blockFree.length; block++) {
    const end = Math.min(total, (block + 1) * SUPERPAGE_FRAMES);
    blockFree[block] = Math.max(0, end - Math.max(kernelFrames, block * SUPERPAGE_FRAMES));
  }
  return {
    counts,
    kinds,
    homes: new Uint32Array(total),
    ages: new Uint8Array(total),
    blockFree,
    head: 0,
    freshTop: total,
    free: total - kernelFrames,
    lowest: total - kernelFrames,
    allocations: 0,
    failAt: 0,
  };
}

/** Frames of RAM, the kernel's included. */
export function frameTotal(m: Pool): number {
  return m.state.frames.kinds.length;
}

/** Frame number `i` of RAM. */
export function frameAt(m: Pick<Pool, "ram">, i: number): PaNum {
  return offset(m.ram.base, i * PAGE_SIZE);
}

/** The number of the frame that holds `pa`; the caller knows that it is in RAM. */
function numberOf(m: Pool, pa: PaNum): number {
  return (pa - m.ram.base) >>> PAGE_SHIFT;
}

/** The number of the frame that holds `pa`, or -1 outside RAM. */
export function frameIndex(m: Pool, pa: PaNum): number {
  const i = (pa - m.ram.base) / PAGE_SIZE;
  return i >= 0 && i < frameTotal(m) ? Math.floor(i) : -1;
}

/** The stored count of the frame that holds `pa`; 0 outside RAM. */
export function countOf(m: Pool, pa: PaNum): number {
  return m.state.frames.counts[numberOf(m, pa)] ?? 0;
}

/** What the frame that holds `pa` is. Throws a RangeError outside RAM. */
export function kindOf(m: Pool, pa: PaNum): FrameKind {
  const i = frameIndex(m, pa);
  if (i < 0) throw new RangeError(`no frame at 0x${pa.toString(16)}`);
  return FRAME_KINDS[m.state.frames.kinds[i]];
}

/** Whether the frame can be allocated. */
export function isFree(m: Pool, pa: PaNum): boolean {
  return m.state.frames.kinds[numberOf(m, pa)] <= FREE;
}

/** Whether the frame holds a page of a file that others may map, too. */
export function isCache(m: Pool, pa: PaNum): boolean {
  return m.state.frames.kinds[numberOf(m, pa)] === CACHE;
}

/** Whether one mapping is the frame's only user, the page cache included. */
export function isSole(m: Pool, frame: PaNum): boolean {
  return countOf(m, frame) === 1 && !isCache(m, frame);
}

/** Makes allocation number `n` from now fail (1: the next one); 0: none. */
export function failAllocation(m: Pool, n: number): void {
  const s = m.state.frames;
  s.failAt = n === 0 ? 0 : s.allocations + n;
}

/** One frame with count 1, filled with xv6's junk; 0 when there is none. */
export function allocJunk(m: Pool, kind: UsedKind): PaNum | 0 {
  const frame = allocRaw(m, kind);
  if (frame !== 0) m.ram.fillFrame(frame, ALLOC_JUNK);
  return frame;
}

/** One zeroed frame with count 1; 0 when there is none. */
export function allocZeroed(m: Pool, kind: UsedKind): PaNum | 0 {
  const fresh = m.state.frames.head === 0;
  const frame = allocRaw(m, kind);
  if (frame !== 0 && !fresh) m.ram.fillFrame(frame, 0);
  return frame;
}

/** One frame with count 1 and any content, for a caller that fills it; 0: there is none. */
export function allocRaw(m: Pool, kind: UsedKind): PaNum | 0 {
  const s = m.state.frames;
  if (++s.allocations === s.failAt || s.free === 0) return 0;
  let i: number;
  if (s.head !== 0) {
    i = unlink(m, s.head);
  } else {
    i = s.freshTop - 1;
    while (i >= 0 && s.kinds[i] !== FRESH) i--;
    if (i < 0) throw new KernelPanic(`kalloc: ${s.free} frames counted free, none found`);
    s.freshTop = i;
  }
  claim(s, i, KIND_NUMBER[kind]);
  const frame = frameAt(m, i);
  m.events.alloc(frame, kind);
  return frame;
}

/** 512 zeroed frames, aligned to 2 MiB, each with count 1; 0 when no block is free as a whole. */
export function allocSuperpage(m: Pool, zeroed: boolean): PaNum | 0 {
  const s = m.state.frames;
  if (++s.allocations === s.failAt) return 0;
  const block = s.blockFree.indexOf(SUPERPAGE_FRAMES);
  if (block < 0) return 0;
  const first = block * SUPERPAGE_FRAMES;
  for (let i = first; i < first + SUPERPAGE_FRAMES; i++) {
    const frame = frameAt(m, i);
    if (s.kinds[i] === FREE) {
      unlink(m, frame);
      if (zeroed) m.ram.fillFrame(frame, 0);
    }
    claim(s, i, KIND_NUMBER.user);
    m.events.alloc(frame, "user, 2 MiB");
  }
  return frameAt(m, first);
}

/** Whether {@link allocSuperpage} would find a block. */
export function hasSuperpage(m: Pool): boolean {
  return m.state.frames.blockFree.includes(SUPERPAGE_FRAMES);
}

/** One more user mapping. */
export function refFrame(m: Pool, frame: PaNum, why: string): void {
  const old = m.state.frames.counts[numberOf(m, frame)]++;
  m.events.count(frame, old, old + 1, why);
}

/** One more user mapping of each frame that the valid PTEs among `n` from `words[first]` on map. */
export function refEach(m: Pool, words: Uint32Array, first: number, n: number, why: string): void {
  const { counts } = m.state.frames;
  const base = m.ram.base / PAGE_SIZE;
  // Frames [low, high) had the same count: they are told at once.
  let low = 0, high = 0, old = 0;
  for (let i = first; i < first + 2 * n; i += 2) {
    if ((words[i] & PTE_V) === 0) continue;
    const frame = (words[i] >>> 10) - base;
    const was = counts[frame]++;
    if (was === old && frame === high) high++;
    else if (was === old && frame === low - 1) low--;
    else {
      if (low < high) m.events.count(frameAt(m, low), old, old + 1, why, high - low);
      low = frame, high = frame + 1, old = was;
    }
  }
  if (low < high) m.events.count(frameAt(m, low), old, old + 1, why, high - low);
}

/** One user mapping less of a frame that stays when it has none. */
export function unrefFrame(m: Pool, frame: PaNum, why: string): void {
  const old = m.state.frames.counts[numberOf(m, frame)]--;
  m.events.count(frame, old, old - 1, why);
}

/** One mapping more (1) or less (-1) of `run` frames from number `first`; none is freed by it. */
export function changeRun(m: Pool, first: number, run: number, change: 1 | -1, why: string): void {
  const { counts } = m.state.frames;
  for (let from = first, i = first + 1; i <= first + run; i++) {
    if (i < first + run && counts[i] === counts[from]) continue;
    const old = counts[from];
    counts.fill(old + change, from, i);
    m.events.count(frameAt(m, from), old, old + change, why, i - from);
    from = i;
  }
}

/** One user mapping less; the frame is freed with the last. */
export function dropFrame(m: Pool, frame: PaNum, why: string): void {
  const { counts } = m.state.frames;
  const i = numberOf(m, frame);
  const count = counts[i];
  if (count === 0) throw new KernelPanic(`frame 0x${frame.toString(16)}: count below zero`);
  if (count === 1) return freeFrame(m, frame, why);
  counts[i] = count - 1;
  m.events.count(frame, count, count - 1, why);
}

/** Puts a used frame on the free list, whatever its count (xv6's kfree). */
export function freeFrame(m: Pool, frame: PaNum, why: string): void {
  const s = m.state.frames;
  const i = frameIndex(m, frame);
  if (i < 0 || s.kinds[i] <= KERNEL) {
    throw new KernelPanic(`kfree: 0x${frame.toString(16)} is not an allocated frame`);
  }
  m.ram.fillFrame(frame, FREE_JUNK);
  pushFree(m.ram, s.head, frame);
  s.head = frame;
  s.kinds[i] = FREE;
  const count = s.counts[i];
  s.counts[i] = 0;
  s.homes[i] = 0;
  s.ages[i] = 0;
  s.free++;
  s.blockFree[i >>> 9]++;
  m.events.free(frame, count, why);
}

/** Turns a frame in use into one of another kind. */
export function setKind(m: Pool, frame: PaNum, kind: UsedKind): void {
  m.state.frames.kinds[numberOf(m, frame)] = KIND_NUMBER[kind];
}

/** Notes where a user frame is mapped: at the same page by all its owners, since fork keeps it. */
export function setHome(m: Pool, frame: PaNum, va: VaNum): void {
  m.state.frames.homes[numberOf(m, frame)] = va / PAGE_SIZE;
}

/** The page at which the owners of a user frame map it. */
export function homeOf(m: Pool, frame: PaNum): VaNum {
  return vaNum(m.state.frames.homes[numberOf(m, frame)] * PAGE_SIZE);
}

/**
 * The free list as it stands in RAM, next to be allocated first, without fresh frames. Ends at a
 * link out of RAM or after as many members as there are frames (a loop).
 */
export function* freeList(m: Pool): Generator<PaNum> {
  let at: number = m.state.frames.head;
  for (let n = 0; at !== 0 && n < frameTotal(m); n++) {
    const frame = paNum(at);
    yield frame;
    if (frameIndex(m, frame) < 0 || at % PAGE_SIZE !== 0) return;
    at = linkOf(m.ram, frame);
  }
}

/** How many frames of each kind there are. */
export function census(m: Pool): Record<FrameKind, number> {
  const counts = new Array(FRAME_KINDS.length).fill(0);
  for (const kind of m.state.frames.kinds) counts[kind]++;
  const byKind = FRAME_KINDS.map((kind, i) => [kind, counts[i]]);
  return Object.fromEntries(byKind) as Record<FrameKind, number>;
}

function claim(s: FramesState, i: number, kind: number): void {
  s.kinds[i] = kind;
  s.counts[i] = 1;
  s.free--;
  if (s.free < s.lowest) s.lowest = s.free;
  s.blockFree[i >>> 9]--;
}

/** Takes a member out of the free list; returns its number. */
function unlink(m: Pool, frame: PaNum): number {
  const s = m.state.frames;
  s.head = unlinkFree(m.ram, s.head, frame, s.kinds);
  return frameIndex(m, frame);
}
