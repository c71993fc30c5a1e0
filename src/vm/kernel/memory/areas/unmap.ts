/**
 * Letting pages go, and giving an area all its pages at once.
 *
 * @module
 */

import { PAGE_SIZE, SUPERPAGE_SIZE } from "../../../machine/address.ts";
import type { PaNum, VaNum } from "../../../machine/address.ts";
import { PTE_D } from "../../../machine/sv39.ts";
import { dropLeaf, fitsSuperpage, mapSuperpage } from "../tables/superpage.ts";
import type { Memory } from "../memory.ts";
import { removeCached, writeBack } from "../reclaim/page_cache.ts";
import { eachEntry, ensureTable, prune, setEntry } from "../tables/page_table.ts";
import { areaFlags, frameOf, isSwapped, makePte, slotOf } from "../tables/pte.ts";
import { isShm, letFileGo } from "./shm.ts";
import type { AddressSpace, Area } from "./space.ts";
import { dropSlot } from "../reclaim/swap.ts";

/**
 * One mapping of the frame in `pte` is gone: written back if a shared mapping dirtied it, freed with the last,
 * unless it is of a shared anonymous object, which keeps its pages.
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
  const page = m.frames.isCache(frame) ? m.cache.byFrame.get(frame) : undefined;
  if (page !== undefined) {
    if (isShm(page.file)) return m.frames.unref(frame, why);
    if (area.shared && (pte & PTE_D) !== 0) writeBack(m, space, frame, va, why);
    if (m.frames.count(frame) === 1) removeCached(m.cache, page);
  }
  m.frames.drop(frame, why);
}

/** Unmaps every page of an area (which may be out of the list already) and frees what nobody else maps. */
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
  m.flushAll(space, why);
}

/**
 * Gives every page of [area.start, area.end) a zeroed frame; nothing may be mapped there. False when
 * memory runs out: nothing is left mapped then.
 */
export function populate(m: Memory, space: AddressSpace, area: Area, why: string): boolean {
  const flags = areaFlags(area);
  let table: PaNum | 0 = 0;
  for (let va: number = area.start; va < area.end; va += PAGE_SIZE) {
    const index = (va / PAGE_SIZE) & 511;
    if (
      index === 0 && fitsSuperpage(m, area, va) && mapSuperpage(m, space, area, va as VaNum, why)
    ) {
      va += SUPERPAGE_SIZE - PAGE_SIZE;
      table = 0;
      continue;
    }
    if (index === 0 || table === 0) table = ensureTable(m, space.root, va as VaNum);
    const frame = table === 0 ? 0 : m.takeSpare("user", "zeroed");
    if (frame === 0) {
      unmapArea(m, space, { ...area, end: va as VaNum }, "out of memory");
      prune(m, space.root, area.start, (va + PAGE_SIZE) as VaNum);
      return false;
    }
    m.frames.setHome(frame, va as VaNum);
    setEntry(m, va as VaNum, (table + index * 8) as PaNum, 0, makePte(frame, flags), why);
  }
  return true;
}
