/**
 * Making frames free: a clock goes round over all frames. A page used since the hand last came by
 * (PTE_A in any of its mappings) gets its bit cleared and stays; one that was not grows older, and
 * at {@link EVICT_AGE} it must go: clean file pages are dropped, dirty shared ones go back to their
 * file, anonymous ones to the swap disk. That approximates least recently used.
 */

import { flushAll } from "../tables/flush.ts";
import {
  PAGE_SIZE,
  type PaNum,
  SUPERPAGE_SIZE,
  type VaNum,
  vaNum,
} from "../../../machine/address.ts";
import { frameOf, PTE_A, PTE_D } from "../../../machine/sv39.ts";
import { countOf, FRAME_KINDS, frameAt, frameTotal, freeFrame } from "../frames/frames.ts";
import { demote, isSoleLeaf } from "../tables/superpage.ts";
import type { Memory } from "../memory.ts";
import { moveCachedToSlot, removeCached, writeBack } from "./page_cache.ts";
import { blockDown, setEntry, setMark } from "../tables/entry.ts";
import { swapPte } from "../tables/pte.ts";
import { type Mapper, mappersOf } from "./rmap.ts";
import { isShm } from "../areas/shm.ts";
import { type AddressSpace, pidOf } from "../areas/space.ts";
import { dropSlot, freeSlots, writeSlot } from "./swap_disk.ts";
import type { Watermarks } from "../options.ts";

/** Passes of the hand without a use after which a page goes. */
export const EVICT_AGE = 2;
/** Turns in which a page used since the last search cannot come to {@link EVICT_AGE}. */
const GENTLE_TURNS = EVICT_AGE;
/** Allocations that go by after searches that freed nothing, before the next one. */
const PAUSE = 256;
const USER = FRAME_KINDS.indexOf("user"), CACHE = FRAME_KINDS.indexOf("cache");

/** Watermarks for that many frames of RAM. */
export function defaultWatermarks(frames: number): Watermarks {
  const low = Math.max(16, frames >>> 9);
  return { low, high: 2 * low };
}

/**
 * Before an allocation: makes room when free frames are at the low mark and there is anything to
 * evict. At first gently: pages used since the hand last came by stay. `must`: a fault needs the
 * frame; with few left, pages in use go as well.
 */
export function balance(m: Memory, must: boolean): void {
  const { clock } = m.state;
  const { watermarks } = m;
  if (m.state.frames.free > watermarks.low) {
    clock.emptySearches = clock.pause = clock.wall = 0;
    return;
  }
  if (m.state.cache.byFrame.size === 0 && freeSlots(m.state.swap) === 0) return;
  const want = watermarks.high - m.state.frames.free;
  if (must && m.state.frames.free <= watermarks.low >>> 2) {
    if (clock.wall > 0) clock.wall--;
    else if (reclaim(m, want, GENTLE_TURNS) === 0 && reclaim(m, want) === 0) clock.wall = PAUSE;
  } else if (clock.pause > 0) {
    clock.pause--;
  } else if (reclaim(m, want, GENTLE_TURNS) > 0) {
    clock.emptySearches = 0;
  } else if (++clock.emptySearches % EVICT_AGE === 0) {
    clock.pause = PAUSE;
  }
}

/**
 * Whether a call that can fail (sbrk, fork's copies) must leave the last frames to faults, which
 * cannot: with files mapped or a swap disk, any next instruction may need one. Otherwise all of
 * memory may be handed out, as xv6 does.
 */
export function isReserve(m: Memory): boolean {
  return m.state.frames.free < m.watermarks.low &&
    (m.state.heldFiles > 0 || m.state.swap.slots > 0);
}

/** Tries to free `want` frames in so many turns of the hand; how many it freed. */
export function reclaim(m: Memory, want: number, turns = EVICT_AGE + 2): number {
  const { clock } = m.state;
  let freed = 0;
  const steps = turns * frameTotal(m);
  for (let i = 0; i < steps && freed < want; i++) {
    const index = clock.hand;
    clock.hand = (index + 1) % frameTotal(m);
    if (clock.hand === 0) clock.turns++;
    const kind = m.state.frames.kinds[index];
    if (kind !== CACHE && (kind !== USER || freeSlots(m.state.swap) === 0)) continue;
    if (visit(m, frameAt(m, index), index)) freed++;
  }
  const space = m.state.spaces.get(m.state.currentSpace);
  if (space !== undefined) flushAll(m, space, "reclaim");
  return freed;
}

/** The hand comes by a frame; whether it was freed. */
function visit(m: Memory, frame: PaNum, index: number): boolean {
  const mappers = mappersOf(m, frame);
  const superpage = mappers.some(({ level }) => level === 1);
  // A 2 MiB leaf is visited with its first frame.
  if (superpage && frame % SUPERPAGE_SIZE !== 0) return false;
  const ages = m.state.frames.ages;
  let used = false;
  for (const { va, at, pte } of mappers) {
    if ((pte & PTE_A) === 0) continue;
    setMark(m, va, at, pte, pte & ~PTE_A, "clock");
    used = true;
  }
  ages[index] = used ? 0 : Math.min(255, ages[index] + 1);
  if (ages[index] < EVICT_AGE) return false;
  if (superpage) {
    splitLeaves(m, mappers);
    return false;
  }
  return evict(m, frame, mappers);
}

/** An unused 2 MiB leaf is split wherever it is mapped; its pages can go at the next turn. */
function splitLeaves(m: Memory, mappers: readonly Mapper[]): void {
  for (const { space, va, at, level, pte } of mappers) {
    if (level === 0) continue;
    const block = blockDown(va);
    if (demote(m, space, block, at)) continue;
    if (!isSoleLeaf(m, pte)) return;
    splitByItsOwn(m, space, block, at, pte);
  }
}

/** No frame for the table: the leaf's first page goes to the disk, its frame becomes the table. */
function splitByItsOwn(m: Memory, space: AddressSpace, block: VaNum, at: PaNum, pte: number): void {
  const slot = writeSlot(m, frameOf(pte), 1);
  if (slot < 0) return;
  demote(m, space, block, at, block);
  const entry = frameOf(m.ram.readPte(at));
  const now = m.ram.readPte(entry);
  if (now === 0) {
    setEntry(m, block, entry, 0, swapPte(slot, pte), "swap out");
    const pid = pidOf(m, space);
    m.events.move("swap-out", pid, block, entry, slot, PAGE_SIZE, "anonymous page");
  } else {
    dropSlot(m, slot);
  }
}

/**
 * Evicts a page if it has somewhere to go; whether the frame is free now. `mappers` must be all
 * there are: a mapping that was not found would show a free frame.
 */
export function evict(m: Memory, frame: PaNum, mappers: readonly Mapper[]): boolean {
  const stays = mappers.some(({ level, area }) =>
    level === 1 || area?.kind === "guard" || area?.kind === "usyscall"
  );
  if (stays || mappers.length !== countOf(m, frame)) return false;
  const cached = m.state.cache.byFrame.get(frame);
  if (cached === undefined) return swapOut(m, frame, mappers);
  if (isShm(cached.file)) return swapOutShared(m, frame, mappers);
  const dirty = mappers.find(({ area, pte }) => area?.shared && (pte & PTE_D) !== 0);
  if (dirty !== undefined && !writeBack(m, dirty.space, frame, dirty.va, "evict")) return false;
  removeCached(m.state.cache, cached);
  const what = dirty === undefined ? "clean file page" : "dirty file page";
  return giveUp(m, "evict", frame, mappers, cached.offset, what);
}

/** A private page: its entries say from now on which slot. */
function swapOut(m: Memory, frame: PaNum, mappers: readonly Mapper[]): boolean {
  const slot = mappers.length === 0 ? -1 : writeSlot(m, frame, mappers.length);
  return slot >= 0 && giveUp(m, "swap-out", frame, mappers, slot, "anonymous page", slot);
}

/** A page of a shared anonymous object: its slot is noted there; mappers fault and find it. */
function swapOutShared(m: Memory, frame: PaNum, mappers: readonly Mapper[]): boolean {
  const slot = writeSlot(m, frame, 1);
  if (slot < 0) return false;
  moveCachedToSlot(m.state.cache, frame, slot);
  return giveUp(m, "swap-out", frame, mappers, slot, "shared page");
}

/**
 * Frees a frame whose page went to `place`, a slot or an offset: clears its entries, or has them
 * say `slot`, and tells its first owner, and in words how many there were. Always true.
 */
function giveUp(
  m: Memory,
  kind: "evict" | "swap-out",
  frame: PaNum,
  mappers: readonly Mapper[],
  place: number,
  what: string,
  slot?: number,
): true {
  const why = kind === "evict" ? "evict" : "swap out";
  for (const { va, at, pte } of mappers) {
    setEntry(m, va, at, pte, slot === undefined ? 0 : swapPte(slot, pte), why);
  }
  const [first] = mappers;
  const pid = first === undefined ? 0 : pidOf(m, first.space);
  const told = mappers.length > 1 ? `${what}, ${mappers.length} mappings` : what;
  m.events.move(kind, pid, first?.va ?? vaNum(0), frame, place, PAGE_SIZE, told);
  freeFrame(m, frame, why);
  return true;
}
