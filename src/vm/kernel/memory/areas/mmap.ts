/**
 * mmap, munmap, mprotect and msync, as Linux documents them: the call makes or changes areas, pages come
 * at first touch.
 *
 * @module
 */

import { flushAll } from "../tables/flush.ts";
import { PAGE_SIZE, pageUp, SUPERPAGE_SIZE, type VaNum } from "../../../machine/address.ts";
import { frameOf, makePte, PTE_A, PTE_D, PTE_V } from "../../../machine/sv39.ts";
import type { Backing } from "./backing.ts";
import { areasIn, cutAreas, findHole, insertArea, isHole, mergeAreas, splitAt } from "./areas.ts";
import { isSole } from "../frames/frames.ts";
import { isSoleLeaf, splitBorders } from "../tables/superpage.ts";
import type { MapRequest } from "../options.ts";
import type { Memory } from "../memory.ts";
import { writeBack } from "../reclaim/page_cache.ts";
import { eachEntry, setEntry, setMark } from "../tables/entry.ts";
import { unmapAreas } from "./unmap.ts";
import { areaFlags, flagsOf, isSwapped, slotOf, swapPte } from "../tables/pte.ts";
import { holdFile, isShm, newShm } from "./shm.ts";
import { type AddressSpace, type Area, MMAP_TOP, PERM_W } from "./space.ts";

/**
 * mmap: an area of `length` bytes rounded up to pages; no frame is taken. Its address, or -1 for a
 * bad request or when no hole is large enough. `at` replaces what is mapped there (MAP_FIXED),
 * the heap and the program excepted; `hint` is taken when free.
 */
export function mmap(m: Memory, space: AddressSpace, request: MapRequest): VaNum | -1 {
  const length = pageUp(request.length as VaNum) as number;
  if (!(request.length > 0) || length > MMAP_TOP) return -1;
  const start = place(m, space, request, length);
  if (start < 0) return -1;
  const area: Area = {
    start: start as VaNum,
    end: (start + length) as VaNum,
    perm: request.perm,
    kind: request.kind,
    shared: request.shared ?? false,
    lazy: true,
  };
  const backing = request.backing ?? (area.shared ? anonymous(m) : undefined);
  if (backing !== undefined) {
    area.backing = { ...backing, length };
    holdFile(m, backing.file);
  }
  insertArea(space, area);
  return area.start;
}

/** What is behind a shared anonymous area, so that all who inherit it find its pages. */
function anonymous(m: Memory): Backing {
  return { file: newShm(m), offset: 0, length: 0, writable: true };
}

function place(m: Memory, space: AddressSpace, request: MapRequest, length: number): number {
  const { at, hint } = request;
  if (at !== undefined) {
    const end = at + length;
    if (at % PAGE_SIZE !== 0 || end > MMAP_TOP || at < pageUp(space.size as VaNum)) return -1;
    if (!splitBorders(m, space, at, end as VaNum, true)) return -1;
    unmapAreas(
      m,
      space,
      cutAreas(space, at, end as VaNum, (file) => holdFile(m, file)),
      "mmap fixed",
    );
    return at;
  }
  if (hint !== undefined) {
    const start = pageUp(hint);
    const end = start + length;
    if (
      start >= pageUp(space.size as VaNum) && end <= MMAP_TOP && isHole(space, start, end as VaNum)
    ) {
      return start;
    }
  }
  const mayBeSuperpage = m.superpages && request.backing === undefined && length >= SUPERPAGE_SIZE;
  return findHole(space, length, mayBeSuperpage ? SUPERPAGE_SIZE : PAGE_SIZE);
}

/**
 * munmap: nothing is mapped in [start, start + length) afterwards, whatever was; holes are no error. False
 * for an unaligned start, no length, a range that reaches into program or heap, which sbrk moves, or when a shared 2 MiB leaf would have to be split
 * and there is no frame for the table.
 */
export function munmap(m: Memory, space: AddressSpace, start: VaNum, length: number): boolean {
  const end = (start + pageUp(length as VaNum)) as VaNum;
  if (start % PAGE_SIZE !== 0 || !(length > 0) || end > MMAP_TOP) return false;
  if (areasIn(space, start, end).some((area) => area.kind !== "anon" && area.kind !== "file")) {
    return false;
  }
  if (!splitBorders(m, space, start, end, true)) return false;
  unmapAreas(m, space, cutAreas(space, start, end, (file) => holdFile(m, file)), "munmap");
  return true;
}

/**
 * mprotect: rights of whole pages. False when a page of the range is in no area, is the guard, or would
 * make a shared file area writable whose file was not opened for writing.
 */
export function mprotect(
  m: Memory,
  space: AddressSpace,
  start: VaNum,
  length: number,
  perm: number,
): boolean {
  const end = (start + pageUp(length as VaNum)) as VaNum;
  if (start % PAGE_SIZE !== 0 || !(length > 0)) return false;
  const areas = areasIn(space, start, end);
  let reached: number = start;
  for (const area of areas) {
    if (area.start > reached || area.kind === "guard" || area.kind === "usyscall") return false;
    const keepsReadOnly = area.shared && area.backing?.writable === false;
    if (keepsReadOnly && (perm & PERM_W) !== 0) return false;
    reached = area.end;
  }
  if (reached < end || !splitBorders(m, space, start, end, false)) return false;
  splitAt(space, start, (file) => holdFile(m, file));
  splitAt(space, end, (file) => holdFile(m, file));
  for (const area of areasIn(space, start, end)) {
    area.perm = perm;
    applyRights(m, space, area);
  }
  mergeAreas(space);
  flushAll(m, space, "mprotect");
  return true;
}

/** Brings the entries of an area to its rights; A and D stay. */
function applyRights(m: Memory, space: AddressSpace, area: Area): void {
  eachEntry(m.ram, space.root, area.start, area.end, (va, at, pte, level) => {
    const now = entryWithRights(m, area, pte, level);
    if (now !== pte) setEntry(m, va, at, pte, now, "mprotect");
  });
}

/** The entry with the area's rights: a private page that others use, too, is marked instead of writable. */
export function entryWithRights(m: Memory, area: Area, pte: number, level: 0 | 1): number {
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

/** msync: dirty pages of shared file areas go back to their files and are clean. False for a bad range. */
export function msync(m: Memory, space: AddressSpace, start: VaNum, length: number): boolean {
  const end = (start + pageUp(length as VaNum)) as VaNum;
  if (start % PAGE_SIZE !== 0) return false;
  let reached: number = start;
  for (const area of areasIn(space, start, end)) {
    if (area.start > reached) return false;
    reached = area.end;
    if (!area.shared || area.backing === undefined || isShm(area.backing.file)) continue;
    const from = Math.max(area.start, start) as VaNum;
    eachEntry(m.ram, space.root, from, Math.min(area.end, end) as VaNum, (va, at, pte) => {
      if ((pte & (PTE_V | PTE_D)) !== (PTE_V | PTE_D)) return;
      writeBack(m, space, frameOf(pte), va, "msync");
      setMark(m, va, at, pte, pte & ~PTE_D, "msync");
    });
  }
  flushAll(m, space, "msync");
  return reached >= end;
}
