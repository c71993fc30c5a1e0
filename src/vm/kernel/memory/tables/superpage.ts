/**
 * 2 MiB leaves: made where an area covers an aligned block and 512 frames in a row are to be had, split
 * (demoted) when only a part changes, put together (promoted) when a block has become whole. Each of
 * the 512 frames keeps its own count, so a split changes no count at all.
 *
 * @module
 */

import { PAGE_SIZE, SUPERPAGE_SIZE } from "../../../machine/address.ts";
import type { PaNum, VaNum } from "../../../machine/address.ts";
import { PTE_A, PTE_D, PTE_FLAGS, PTE_V } from "../../../machine/sv39.ts";
import { SUPERPAGE_FRAMES } from "../frames/frames.ts";
import type { Memory } from "../memory.ts";
import { blockDown, eachBlock, ensureMiddle, setEntry, tellEntries } from "./page_table.ts";
import { areaFlags, flagsOf, frameOf, isLeaf, makePte } from "./pte.ts";
import type { AddressSpace, Area } from "../areas/space.ts";

/** Whether the area may have a 2 MiB leaf for the block: private, not of a file, and all of it inside. */
export function fitsSuperpage(m: Memory, area: Area, block: number): boolean {
  return m.superpages && !area.shared && area.backing === undefined && area.kind !== "guard" &&
    area.start <= block && block + SUPERPAGE_SIZE <= area.end;
}

/** Whether a first touch may take 2 MiB at once: while a quarter of RAM is free, so that sparse touches do not eat it up. */
export function isPlentiful(m: Memory): boolean {
  return m.frames.freeCount - SUPERPAGE_FRAMES >= m.frames.total >>> 2;
}

/** Maps a new zeroed 2 MiB leaf at the block, if its level-1 entry is empty and frames are to be had. */
export function mapSuperpage(
  m: Memory,
  space: AddressSpace,
  area: Area,
  block: VaNum,
  why: string,
): boolean {
  if (!m.frames.hasSuperpage) return false;
  const at = ensureMiddle(m, space.root, block);
  if (at === 0 || m.ram.readPte(at) !== 0) return false;
  const head = m.frames.allocSuperpage(true);
  if (head === 0) return false;
  setHomes(m, head, block);
  setEntry(m, block, at, 0, makePte(head, areaFlags(area)), why);
  return true;
}

/** One mapping of a 2 MiB leaf is gone: each frame has one owner less. */
export function dropLeaf(m: Memory, pte: number, why: string): void {
  const head = frameOf(pte);
  const first = m.frames.index(head);
  const { counts } = m.frames.state;
  for (let i = first; i < first + SUPERPAGE_FRAMES;) {
    let end = i;
    while (end < first + SUPERPAGE_FRAMES && counts[end] > 1) end++;
    if (end > i) m.frames.changeRun(i, end - i, -1, why);
    else m.frames.drop(m.frames.at(end++), why);
    i = end;
  }
}

/** One more mapping of a 2 MiB leaf. */
export function refLeaf(m: Memory, pte: number, why: string): void {
  m.frames.changeRun(m.frames.index(frameOf(pte)), SUPERPAGE_FRAMES, 1, why);
}

/** Whether all frames of the leaf have one owner. */
export function isSoleLeaf(m: Memory, pte: number): boolean {
  const first = m.frames.index(frameOf(pte));
  const counts = m.frames.state.counts;
  for (let i = first; i < first + SUPERPAGE_FRAMES; i++) if (counts[i] !== 1) return false;
  return true;
}

/**
 * Splits the 2 MiB leaf whose level-1 entry stands at `at` into 512 entries of the same rights and marks.
 * The table takes a frame; when there is none, the frame of the page `spare`, if given and of no
 * other owner, becomes the table: that page is unmapped then. False: out of memory, nothing done.
 */
export function demote(
  m: Memory,
  space: AddressSpace,
  block: VaNum,
  at: PaNum,
  spare?: VaNum,
): boolean {
  const pte = m.ram.readPte(at);
  if (!isLeaf(pte)) return true;
  const head = frameOf(pte);
  const given = spare === undefined ? 0 : (head + spare - block) as PaNum;
  let table = m.frames.allocZeroed("table");
  if (table === 0) {
    if (given === 0 || m.frames.count(given) !== 1) return false;
    table = given;
    m.frames.setKind(table, "table");
    m.ram.fillFrame(table, 0);
  }
  for (let i = 0; i < SUPERPAGE_FRAMES; i++) {
    const frame = (head + i * PAGE_SIZE) as PaNum;
    if (frame !== table) m.ram.writePte((table + i * 8) as PaNum, makePte(frame, flagsOf(pte)));
  }
  tellEntries(m, block, table, "demote", true);
  setEntry(m, block, at, pte, makePte(table, PTE_V), "demote");
  m.moved("demote", space, block, head, 0, SUPERPAGE_SIZE, "split into 4 KiB pages");
  m.flush(space, block, "demote");
  return true;
}

/** Where the 2 MiB leaf that covers `va` has its entry, 0 when there is none. */
export function leafEntry(m: Memory, space: AddressSpace, va: VaNum): PaNum | 0 {
  const top = m.ram.readPte((space.root + Math.floor(va / 0x4000_0000) * 8) as PaNum);
  if ((top & PTE_V) === 0) return 0;
  const at = (frameOf(top) + (Math.floor(va / SUPERPAGE_SIZE) & 511) * 8) as PaNum;
  return isLeaf(m.ram.readPte(at)) ? at : 0;
}

/**
 * Before [start, end) changes: 2 MiB leaves that lie across its borders are split. `discard`: the pages inside
 * are about to be unmapped, so one of them may serve as the table. False: out of memory.
 */
export function splitBorders(
  m: Memory,
  space: AddressSpace,
  start: VaNum,
  end: VaNum,
  discard: boolean,
): boolean {
  const leaves = [start, end].flatMap((border) => {
    const block = blockDown(border);
    const at = block === border ? 0 : leafEntry(m, space, border);
    if (at === 0) return [];
    const inside = (border === start ? start : Math.max(start, block)) as VaNum;
    const page = (frameOf(m.ram.readPte(at)) + inside - block) as PaNum;
    return { block, at, spare: discard && m.frames.count(page) === 1 ? inside : undefined };
  });
  // First those that have no page to spare: when there is no frame for their tables, nothing is gone yet.
  leaves.sort((a, b) => Number(a.spare !== undefined) - Number(b.spare !== undefined));
  return leaves.every(({ block, at, spare }) => demote(m, space, block, at, spare));
}

/** Copies a leaf for another space, as one if a free block is to be had; the new head frame or 0. */
export function copyLeaf(m: Memory, block: VaNum, pte: number, why: string): PaNum | 0 {
  const head = m.frames.allocSuperpage(false);
  if (head === 0) return 0;
  m.ram.copy(head, frameOf(pte), SUPERPAGE_SIZE);
  m.events.copy(block, frameOf(pte), head, SUPERPAGE_SIZE, why);
  setHomes(m, head, block);
  return head;
}

/**
 * Makes a 2 MiB leaf of a block whose 512 pages are all there, alike, and of no other owner: in place when
 * their frames stand in a row, else by a copy while memory is plentiful. Whether it did.
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
    head = isPlentiful(m) ? m.frames.allocSuperpage(false) : 0;
    if (head === 0) return false;
    moveTo(m, table, head, block);
  }
  tellEntries(m, block, table, "promote", false);
  setEntry(m, block, at, pointer, makePte(head, flags), "promote");
  m.frames.free(table, "promote");
  m.moved(
    "promote",
    space,
    block,
    head,
    0,
    SUPERPAGE_SIZE,
    head === first ? "in place" : "by a copy",
  );
  m.flushAll(space, "promote");
  return true;
}

/** Makes 2 MiB leaves of all blocks of the space that are whole; how many. */
export function promoteSpace(m: Memory, space: AddressSpace): number {
  let made = 0;
  for (const area of space.areas) {
    eachBlock(m.ram, space.root, area.start, area.end, (block) => {
      if (promote(m, space, area, block)) made++;
    });
  }
  return made;
}

/** The rights that all 512 entries have, or would have as sole owners; A and D if any has them. */
function commonFlags(m: Memory, area: Area, table: PaNum): number | undefined {
  let used = 0;
  for (let i = SUPERPAGE_FRAMES - 1; i >= 0; i--) {
    const pte = m.ram.readPte((table + i * 8) as PaNum);
    const frame = frameOf(pte);
    if ((pte & PTE_V) === 0 || m.frames.count(frame) !== 1 || m.frames.isCache(frame)) {
      return undefined;
    }
    used |= pte & (PTE_A | PTE_D);
  }
  return (areaFlags(area) | used) & PTE_FLAGS;
}

function isRun(m: Memory, table: PaNum, head: PaNum): boolean {
  if (head % SUPERPAGE_SIZE !== 0) return false;
  for (let i = 1; i < SUPERPAGE_FRAMES; i++) {
    const pte = m.ram.readPte((table + i * 8) as PaNum);
    if (frameOf(pte) !== head + i * PAGE_SIZE) return false;
  }
  return true;
}

function moveTo(m: Memory, table: PaNum, head: PaNum, block: VaNum): void {
  for (let i = 0; i < SUPERPAGE_FRAMES; i++) {
    const from = frameOf(m.ram.readPte((table + i * 8) as PaNum));
    const to = (head + i * PAGE_SIZE) as PaNum;
    m.ram.copyFrame(to, from);
    m.frames.free(from, "promote");
  }
  m.events.copy(block, frameOf(m.ram.readPte(table)), head, SUPERPAGE_SIZE, "promote");
  setHomes(m, head, block);
}

function setHomes(m: Memory, head: PaNum, block: VaNum): void {
  for (let i = 0; i < SUPERPAGE_FRAMES; i++) {
    m.frames.setHome((head + i * PAGE_SIZE) as PaNum, (block + i * PAGE_SIZE) as VaNum);
  }
}
