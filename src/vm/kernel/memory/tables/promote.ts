/** 2 MiB leaves made: at a first touch, or of a block whose 512 pages are all there. */

import type { Memory } from "../memory.ts";
import { type AddressSpace, type Area, pidOf } from "../areas/space.ts";
import {
  offset,
  PAGE_SIZE,
  type PaNum,
  SUPERPAGE_SIZE,
  type VaNum,
} from "../../../machine/address.ts";
import {
  allocSuperpage,
  freeFrame,
  hasSuperpage,
  isSole,
  SUPERPAGE_FRAMES,
} from "../frames/frames.ts";
import { ensureMiddle } from "./page_table.ts";
import { fitsSuperpage, isPlentiful, setHomes } from "./superpage.ts";
import { nthEntry, setEntry, tellEntries } from "./entry.ts";
import { areaFlags, isLeaf } from "./pte.ts";
import { frameOf, makePte, PTE_A, PTE_D, PTE_FLAGS, PTE_V } from "../../../machine/sv39.ts";
import { flushAll } from "./flush.ts";

/** Maps a zeroed 2 MiB leaf, if the block's level-1 entry is empty and frames are to be had. */
export function mapSuperpage(
  m: Memory,
  space: AddressSpace,
  area: Area,
  block: VaNum,
  why: string,
): boolean {
  if (!hasSuperpage(m)) return false;
  const at = ensureMiddle(m, space.root, block);
  if (at === 0 || m.ram.readPte(at) !== 0) return false;
  const head = allocSuperpage(m, true);
  if (head === 0) return false;
  setHomes(m, head, block);
  setEntry(m, block, at, 0, makePte(head, areaFlags(area)), why);
  return true;
}

/**
 * Makes a 2 MiB leaf of a block whose 512 pages are present, alike, with one owner: in place when
 * their frames are in a row, else by a copy while memory is plentiful. Whether it did.
 */
export function promote(m: Memory, space: AddressSpace, area: Area, block: VaNum): boolean {
  if (!fitsSuperpage(m, area, block)) return false;
  const at = ensureMiddle(m, space.root, block);
  const pointer = at === 0 ? 0 : m.ram.readPte(at);
  if (at === 0 || (pointer & PTE_V) === 0 || isLeaf(pointer)) return false;
  const table = frameOf(pointer);
  const flags = commonFlags(m, area, table);
  if (flags === undefined) return false;
  const first = frameOf(m.ram.readPte(table));
  let head: PaNum | 0 = first;
  if (!isRun(m, table, first)) {
    head = isPlentiful(m) ? allocSuperpage(m, false) : 0;
    if (head === 0) return false;
    moveTo(m, table, head, block);
  }
  tellEntries(m, block, table, "promote", false);
  setEntry(m, block, at, pointer, makePte(head, flags), "promote");
  freeFrame(m, table, "promote");
  const how = head === first ? "in place" : "by a copy";
  m.events.move("promote", pidOf(m, space), block, head, 0, SUPERPAGE_SIZE, how);
  flushAll(m, space, "promote");
  return true;
}

/** The rights that all 512 entries have, or would have as sole owners; A and D if any has them. */
function commonFlags(m: Memory, area: Area, table: PaNum): number | undefined {
  let used = 0;
  for (let i = SUPERPAGE_FRAMES - 1; i >= 0; i--) {
    const pte = m.ram.readPte(nthEntry(table, i));
    if ((pte & PTE_V) === 0 || !isSole(m, frameOf(pte))) return undefined;
    used |= pte & (PTE_A | PTE_D);
  }
  return (areaFlags(area) | used) & PTE_FLAGS;
}

function isRun(m: Memory, table: PaNum, head: PaNum): boolean {
  if (head % SUPERPAGE_SIZE !== 0) return false;
  for (let i = 1; i < SUPERPAGE_FRAMES; i++) {
    if (frameOf(m.ram.readPte(nthEntry(table, i))) !== head + i * PAGE_SIZE) return false;
  }
  return true;
}

function moveTo(m: Memory, table: PaNum, head: PaNum, block: VaNum): void {
  for (let i = 0; i < SUPERPAGE_FRAMES; i++) {
    const from = frameOf(m.ram.readPte(nthEntry(table, i)));
    m.ram.copyFrame(offset(head, i * PAGE_SIZE), from);
    freeFrame(m, from, "promote");
  }
  m.events.copy(block, frameOf(m.ram.readPte(table)), head, SUPERPAGE_SIZE, "promote");
  setHomes(m, head, block);
}
