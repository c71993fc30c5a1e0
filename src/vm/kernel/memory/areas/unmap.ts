/** Letting pages go. */

import { flushAll } from "../tables/flush.ts";
import { countOf, dropFrame, isCache, unrefFrame } from "../frames/frames.ts";
import type { VaNum } from "../../../machine/address.ts";
import { frameOf, PTE_D } from "../../../machine/sv39.ts";
import { dropLeaf, splitBorders } from "../tables/superpage.ts";
import { DONE, noTable, type Outcome } from "../outcome.ts";
import { cutAreas } from "./areas.ts";
import type { Memory } from "../memory.ts";
import { removeCached, writeBack } from "../reclaim/page_cache.ts";
import { eachEntry, setEntry } from "../tables/entry.ts";
import { prune } from "../tables/page_table.ts";
import { isSwapped, slotOf } from "../tables/pte.ts";
import { isShm, letFileGo } from "./shm.ts";
import type { AddressSpace, Area } from "./space.ts";
import { dropSlot } from "../reclaim/swap_disk.ts";

/**
 * One mapping of the frame in `pte` is gone. It is written back if a shared mapping dirtied it, and
 * freed with the last mapping, but for a shared anonymous object, which keeps its pages.
 */
export function releasePage(
  m: Memory,
  space: AddressSpace,
  area: Area,
  va: VaNum,
  pte: number,
  why: string,
): void {
  const frame = frameOf(pte);
  const page = isCache(m, frame) ? m.state.cache.byFrame.get(frame) : undefined;
  if (page !== undefined) {
    if (isShm(page.file)) return unrefFrame(m, frame, why);
    if (area.shared && (pte & PTE_D) !== 0) writeBack(m, space, frame, va, why);
    if (countOf(m, frame) === 1) removeCached(m.state.cache, page);
  }
  dropFrame(m, frame, why);
}

/** Unmaps all pages of an area, in the list or not, and frees those with no other owner. */
export function unmapArea(m: Memory, space: AddressSpace, area: Area, why: string): void {
  eachEntry(m.ram, space.root, area.start, area.end, (va, at, pte, level) => {
    setEntry(m, va, at, pte, 0, why);
    if (level === 1) dropLeaf(m, pte, why);
    else if (isSwapped(pte)) dropSlot(m, slotOf(pte));
    else releasePage(m, space, area, va, pte, why);
  });
}

/** Unmaps areas that were cut out of the space, lets their files go, frees empty tables. */
export function unmapAreas(m: Memory, space: AddressSpace, areas: Area[], why: string): void {
  if (areas.length === 0) return;
  clearAreas(m, space, areas, why);
  prune(m, space.root, areas[0].start, areas[areas.length - 1].end);
}

/** As {@link unmapAreas}, with the tables left as they are. */
export function clearAreas(m: Memory, space: AddressSpace, areas: Area[], why: string): void {
  for (const area of areas) {
    unmapArea(m, space, area, why);
    if (area.backing !== undefined) letFileGo(m, area.backing.file);
  }
  flushAll(m, space, why);
}

/** Unmaps [start, end) and cuts it out of the areas. Refused when a 2 MiB leaf cannot be split. */
export function unmapRange(
  m: Memory,
  space: AddressSpace,
  start: VaNum,
  end: VaNum,
  why: string,
  unmap = unmapAreas,
): Outcome {
  if (!splitBorders(m, space, start, end, true)) return noTable(m);
  unmap(m, space, cutAreas(m, space, start, end), why);
  return DONE;
}
