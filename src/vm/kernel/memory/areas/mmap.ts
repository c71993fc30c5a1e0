/**
 * mmap, munmap, mprotect and msync, as Linux documents them: the call makes or changes areas, pages
 * come at first touch.
 */

import { flushAll } from "../tables/flush.ts";
import {
  hex,
  offset,
  PAGE_SIZE,
  pageUp,
  SUPERPAGE_SIZE,
  type VaNum,
  vaNum,
} from "../../../machine/address.ts";
import { frameOf, makePte, PTE_A, PTE_D, PTE_V } from "../../../machine/sv39.ts";
import type { Backing } from "./backing.ts";
import { areasIn, findHole, insertArea, isHole, mergeAreas, splitAt } from "./areas.ts";
import { isSole } from "../frames/frames.ts";
import { isSoleLeaf, splitBorders } from "../tables/superpage.ts";
import type { MapRequest } from "../options.ts";
import type { Memory } from "../memory.ts";
import { writeBack } from "../reclaim/page_cache.ts";
import { eachEntry, setEntry, setMark } from "../tables/entry.ts";
import { unmapRange } from "./unmap.ts";
import { areaFlags, flagsOf, isSwapped, slotOf, swapPte } from "../tables/pte.ts";
import { holdFile, isShm, newShm } from "./shm.ts";
import { type AddressSpace, type Area, MMAP_TOP, PERM_W } from "./space.ts";
import { DONE, done, noTable, type Outcome, refused } from "../outcome.ts";

/**
 * mmap: an area of `length` bytes rounded up to pages; no frame is taken. `at` replaces what is
 * mapped there (MAP_FIXED) except program and heap; `hint` is taken when free. The address.
 */
export function mmap(m: Memory, space: AddressSpace, request: MapRequest): Outcome<VaNum> {
  if (!(request.length > 0)) return refused(`${request.length} bytes: want at least one`);
  const length = pageUp(vaNum(request.length));
  const found = request.at === undefined
    ? choosePlace(m, space, request, length)
    : clearPlace(m, space, request.at, length);
  if (!found.ok) return found;
  const start = found.value;
  const { kind, perm, shared = false } = request;
  const area: Area = { start, end: offset(start, length), perm, kind, shared, lazy: true };
  const backing = request.backing ?? (shared ? anonymous(m) : undefined);
  if (backing !== undefined) {
    area.backing = { ...backing, length };
    holdFile(m, backing.file);
  }
  insertArea(space, area);
  return done(start);
}

/** What backs a shared anonymous area, so that all who inherit it find its pages. */
function anonymous(m: Memory): Backing {
  return { file: newShm(m), offset: 0, length: 0, writable: true };
}

/** MAP_FIXED: what is mapped there goes. */
function clearPlace(m: Memory, space: AddressSpace, at: VaNum, length: number): Outcome<VaNum> {
  const { size } = space;
  const end = offset(at, length);
  if (at % PAGE_SIZE !== 0) return refused(`${hex(at)} is not page-aligned`);
  if (at < pageUp(size)) {
    return refused(`${hex(at)} is in the program or its heap, which ends at ${hex(size)}`);
  }
  if (end > MMAP_TOP) return beyondTop(at, end);
  const unmapped = unmapRange(m, space, at, end, "mmap fixed");
  return unmapped.ok ? done(at) : unmapped;
}

/** The hint, when it is free, or the highest hole. */
function choosePlace(
  m: Memory,
  space: AddressSpace,
  { hint, backing }: MapRequest,
  length: number,
): Outcome<VaNum> {
  if (hint !== undefined) {
    const start = pageUp(hint);
    const end = offset(start, length);
    const isAbove = start >= pageUp(space.size);
    if (isAbove && end <= MMAP_TOP && isHole(space, start, end)) return done(start);
  }
  const mayBeSuperpage = m.superpages && backing === undefined && length >= SUPERPAGE_SIZE;
  const hole = findHole(space, length, mayBeSuperpage ? SUPERPAGE_SIZE : PAGE_SIZE);
  if (hole >= 0) return done(vaNum(hole));
  const [low, high] = [hex(space.size), hex(MMAP_TOP)];
  return refused(`no ${length} bytes in one piece between ${low} and ${high}`);
}

/**
 * munmap: nothing is mapped in [start, start + length) afterwards, whatever was; holes are no
 * error. Program and heap, which sbrk moves, stay.
 */
export function munmap(m: Memory, space: AddressSpace, start: VaNum, length: number): Outcome {
  const range = wholePages(start, length);
  if (!range.ok) return range;
  const end = range.value;
  if (end > MMAP_TOP) return beyondTop(start, end);
  const fixed = areasIn(space, start, end).find(({ kind }) => kind !== "anon" && kind !== "file");
  if (fixed !== undefined) {
    const why = fixed.kind === "heap" ? "sbrk moves its end" : "it stays as long as the program";
    return refused(`${rangeOf(fixed)} is ${fixed.kind}: ${why}`);
  }
  return unmapRange(m, space, start, end, "munmap");
}

/** mprotect: rights of whole pages, all of them mapped; not of guard and usyscall page. */
export function mprotect(
  m: Memory,
  space: AddressSpace,
  start: VaNum,
  length: number,
  perm: number,
): Outcome {
  const range = wholePages(start, length);
  if (!range.ok) return range;
  const end = range.value;
  const covered = isCovered(space, start, end, (area) => {
    if (area.kind === "guard" || area.kind === "usyscall") {
      return refused(`${rangeOf(area)} is ${area.kind}: its rights are fixed`);
    }
    const isReadOnly = area.shared && area.backing?.writable === false;
    return isReadOnly && (perm & PERM_W) !== 0
      ? refused(`${rangeOf(area)} is a file that was not opened for writing`)
      : DONE;
  });
  if (!covered.ok) return covered;
  if (!splitBorders(m, space, start, end, false)) return noTable(m);
  splitAt(m, space, start);
  splitAt(m, space, end);
  for (const area of areasIn(space, start, end)) {
    area.perm = perm;
    applyRights(m, space, area);
  }
  mergeAreas(space);
  flushAll(m, space, "mprotect");
  return DONE;
}

/** The end of a range of whole pages. */
function wholePages(start: VaNum, length: number): Outcome<VaNum> {
  if (start % PAGE_SIZE !== 0) return refused(`${hex(start)} is not page-aligned`);
  if (!(length > 0)) return refused(`${length} bytes: want at least one`);
  return done(pageUp(offset(start, length)));
}

/** Whether areas that pass `check` cover all of [start, end). */
function isCovered(
  space: AddressSpace,
  start: VaNum,
  end: VaNum,
  check: (area: Area) => Outcome,
): Outcome {
  let reached = start;
  for (const area of areasIn(space, start, end)) {
    if (area.start > reached) break;
    const checked = check(area);
    if (!checked.ok) return checked;
    reached = area.end;
  }
  return reached >= end ? DONE : refused(`nothing is mapped at ${hex(reached)}`);
}

function rangeOf(area: Area): string {
  return `${hex(area.start)}..${hex(area.end)}`;
}

function beyondTop(start: VaNum, end: VaNum): Outcome<never> {
  return refused(
    `${hex(start)}..${hex(end)} is not below ${hex(MMAP_TOP)}, where mapped areas end`,
  );
}

/** Brings the entries of an area to its rights; A and D stay. */
function applyRights(m: Memory, space: AddressSpace, area: Area): void {
  eachEntry(m.ram, space.root, area.start, area.end, (va, at, pte, level) => {
    const now = entryWithRights(m, area, pte, level);
    if (now !== pte) setEntry(m, va, at, pte, now, "mprotect");
  });
}

/** The entry with the area's rights: a private page with other owners is marked, not writable. */
function entryWithRights(m: Memory, area: Area, pte: number, level: 0 | 1): number {
  const flags = areaFlags(area) | (flagsOf(pte) & (PTE_A | PTE_D));
  if (isSwapped(pte)) {
    const alone = area.perm === 0 || m.state.swap.counts[slotOf(pte)] === 1;
    return swapPte(slotOf(pte), alone ? flags : m.policy.sharePte(flags));
  }
  const bare = makePte(frameOf(pte), flags);
  if (area.perm === 0 || area.shared) return bare;
  const sole = level === 1 ? isSoleLeaf(m, pte) : isSole(m, frameOf(pte));
  return sole ? bare : m.policy.sharePte(bare);
}

/** msync: dirty pages of shared file areas go back to their files and are clean. */
export function msync(m: Memory, space: AddressSpace, start: VaNum, length: number): Outcome {
  const range = wholePages(start, length);
  if (!range.ok) return range;
  const end = range.value;
  const covered = isCovered(space, start, end, (area) => {
    if (!area.shared || area.backing === undefined || isShm(area.backing.file)) return DONE;
    const from = vaNum(Math.max(area.start, start));
    eachEntry(m.ram, space.root, from, vaNum(Math.min(area.end, end)), (va, at, pte) => {
      if ((pte & (PTE_V | PTE_D)) !== (PTE_V | PTE_D)) return;
      writeBack(m, space, frameOf(pte), va, "msync");
      setMark(m, va, at, pte, pte & ~PTE_D, "msync");
    });
    return DONE;
  });
  flushAll(m, space, "msync");
  return covered;
}
