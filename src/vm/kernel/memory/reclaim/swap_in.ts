/**
 * Pages come back from the swap disk. A page leaves once, however many share it, and comes back
 * once for all of them: every owner gets its entry back, marks and rights as they were, so that COW
 * sharing survives a stay on the disk.
 */

import { refFrame, setHome } from "../frames/frames.ts";
import { allocate } from "./allocate.ts";
import { offset, PAGE_SIZE, type VaNum } from "../../../machine/address.ts";
import { makePte, PTE_V } from "../../../machine/sv39.ts";
import { findArea } from "../areas/areas.ts";
import type { Memory } from "../memory.ts";
import { findEntry, readEntry, setEntry } from "../tables/entry.ts";
import { flagsOf, isSwapped, slotOf } from "../tables/pte.ts";
import { type AddressSpace, pidOf } from "../areas/space.ts";
import { dropSlot, readSlot } from "./swap_disk.ts";

/**
 * Brings back the page whose entry in `space` is swapped, for all who share it, and then up to
 * `readAhead` pages after it as long as that evicts nothing. False: out of memory.
 */
export function swapIn(m: Memory, space: AddressSpace, page: VaNum): boolean {
  if (!bringBack(m, space, page, "swap in")) return false;
  for (let i = 1; i <= m.readAhead; i++) {
    const next = offset(page, i * PAGE_SIZE);
    if (m.state.frames.free <= m.watermarks.low || findArea(space, next) === undefined) break;
    if (isSwapped(readEntry(m.ram, space.root, next))) bringBack(m, space, next, "read ahead");
  }
  return true;
}

function bringBack(m: Memory, space: AddressSpace, page: VaNum, why: string): boolean {
  const frame = allocate(m, "user", "raw");
  if (frame === 0) return false;
  const slot = slotOf(readEntry(m.ram, space.root, page));
  readSlot(m, slot, frame);
  setHome(m, frame, page);
  m.events.move("swap-in", pidOf(m, space), page, frame, slot, PAGE_SIZE, why);
  let owners = 0;
  for (const other of m.state.spaces.values()) {
    const found = findEntry(m.ram, other.root, page);
    if (found === undefined || !isSwapped(found.pte) || slotOf(found.pte) !== slot) continue;
    const pte = makePte(frame, flagsOf(found.pte) | PTE_V);
    setEntry(m, page, found.at, found.pte, pte, why);
    if (owners++ > 0) refFrame(m, frame, why);
  }
  dropSlot(m, slot, owners);
  return true;
}
