/**
 * 2 MiB leaves: made where an area covers an aligned block and 512 frames in a row are free, split
 * (demoted) when only a part changes, put together (promoted) when a block has become whole. Each
 * of the 512 frames keeps its own count, so a split changes no count.
 */

import { flush } from "./flush.ts";
import {
  offset,
  PAGE_SIZE,
  type PaNum,
  SUPERPAGE_SIZE,
  type VaNum,
  vaNum,
} from "../../../machine/address.ts";
import { frameOf, makePte, PTE_V } from "../../../machine/sv39.ts";
import {
  allocSuperpage,
  allocZeroed,
  changeRun,
  countOf,
  dropFrame,
  frameAt,
  frameIndex,
  frameTotal,
  setHome,
  setKind,
  SUPERPAGE_FRAMES,
} from "../frames/frames.ts";
import type { Memory } from "../memory.ts";
import { blockDown, findEntry, inLeaf, nthEntry, setEntry, tellEntries } from "./entry.ts";
import { flagsOf, isLeaf } from "./pte.ts";
import { type AddressSpace, type Area, pidOf } from "../areas/space.ts";

/** Whether a 2 MiB leaf may map the block: all of it in the area, private, without a file. */
export function fitsSuperpage(m: Memory, area: Area, block: number): boolean {
  return m.superpages && !area.shared && area.backing === undefined && area.kind !== "guard" &&
    area.start <= block && block + SUPERPAGE_SIZE <= area.end;
}

/** Whether a first touch may take 2 MiB: a quarter of RAM stays free, against sparse touches. */
export function isPlentiful(m: Memory): boolean {
  return m.state.frames.free - SUPERPAGE_FRAMES >= frameTotal(m) >>> 2;
}

/** One mapping of a 2 MiB leaf is gone: each frame has one owner less. */
export function dropLeaf(m: Memory, pte: number, why: string): void {
  const first = frameIndex(m, frameOf(pte));
  const { counts } = m.state.frames;
  for (let i = first; i < first + SUPERPAGE_FRAMES;) {
    let end = i;
    while (end < first + SUPERPAGE_FRAMES && counts[end] > 1) end++;
    if (end > i) changeRun(m, i, end - i, -1, why);
    else dropFrame(m, frameAt(m, end++), why);
    i = end;
  }
}

/** One more mapping of a 2 MiB leaf. */
export function refLeaf(m: Memory, pte: number, why: string): void {
  changeRun(m, frameIndex(m, frameOf(pte)), SUPERPAGE_FRAMES, 1, why);
}

/** Whether all frames of the leaf have one owner. */
export function isSoleLeaf(m: Memory, pte: number): boolean {
  const first = frameIndex(m, frameOf(pte));
  const counts = m.state.frames.counts;
  for (let i = first; i < first + SUPERPAGE_FRAMES; i++) if (counts[i] !== 1) return false;
  return true;
}

/**
 * Splits the 2 MiB leaf whose level-1 entry is `at` into 512 entries of the same rights and marks.
 * Without a free frame for the table, that of the page `spare`, if given and of no other owner,
 * becomes the table: that page is unmapped then. False: out of memory, nothing done.
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
  const given = spare === undefined ? 0 : offset(head, spare - block);
  let table = allocZeroed(m, "table");
  if (table === 0) {
    if (given === 0 || countOf(m, given) !== 1) return false;
    table = given;
    setKind(m, table, "table");
    m.ram.fillFrame(table, 0);
  }
  for (let i = 0; i < SUPERPAGE_FRAMES; i++) {
    const frame = offset(head, i * PAGE_SIZE);
    if (frame !== table) m.ram.writePte(nthEntry(table, i), makePte(frame, flagsOf(pte)));
  }
  tellEntries(m, block, table, "demote", true);
  setEntry(m, block, at, pte, makePte(table, PTE_V), "demote");
  const how = "split into 4 KiB pages";
  m.events.move("demote", pidOf(m, space), block, head, 0, SUPERPAGE_SIZE, how);
  flush(m, space, block, "demote");
  return true;
}

/**
 * Splits the 2 MiB leaves across the borders of [start, end), which is about to change. `discard`:
 * its pages will be unmapped, so one may serve as the table. False: out of memory.
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
    const leaf = block === border ? undefined : findEntry(m.ram, space.root, border);
    if (leaf?.level !== 1) return [];
    const inside = vaNum(border === start ? start : Math.max(start, block));
    const spare = discard && countOf(m, inLeaf(inside, leaf)) === 1 ? inside : undefined;
    return { block, at: leaf.at, spare };
  });
  // First those without a page to spare: should a frame be lacking, nothing is gone yet.
  leaves.sort((a, b) => Number(a.spare !== undefined) - Number(b.spare !== undefined));
  return leaves.every(({ block, at, spare }) => demote(m, space, block, at, spare));
}

/** Copies a leaf for another space, if a block of frames is free; the new head frame or 0. */
export function copyLeaf(m: Memory, block: VaNum, pte: number, why: string): PaNum | 0 {
  const head = allocSuperpage(m, false);
  if (head === 0) return 0;
  m.ram.copy(head, frameOf(pte), SUPERPAGE_SIZE);
  m.events.copy(block, frameOf(pte), head, SUPERPAGE_SIZE, why);
  setHomes(m, head, block);
  return head;
}

export function setHomes(m: Memory, head: PaNum, block: VaNum): void {
  for (let i = 0; i < SUPERPAGE_FRAMES; i++) {
    setHome(m, offset(head, i * PAGE_SIZE), offset(block, i * PAGE_SIZE));
  }
}
