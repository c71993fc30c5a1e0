/**
 * fork of an address space, the same for all policies: tables first, then copies, then shared
 * pages. Only the first two can run out of memory, and neither changes the parent, so a fork that
 * fails leaves everything as it was.
 *
 * @module
 */

import { moved } from "../memory/reclaim/moved.ts";
import { allocate, allocateSpare } from "../memory/reclaim/allocate.ts";
import { flushAll } from "../memory/tables/flush.ts";
import { holdFile } from "../memory/areas/shm.ts";
import { createSpace, releaseSpace } from "../memory/areas/spaces.ts";
import { PAGE_SIZE, type PaNum, SUPERPAGE_SIZE, type VaNum } from "../../machine/address.ts";
import { frameOf, makePte, PTE_A, PTE_D, PTE_V } from "../../machine/sv39.ts";
import { type ForkStatistics, noForks } from "./statistics.ts";
import type { Memory } from "../memory/memory.ts";
import { refEach, setHome, SUPERPAGE_FRAMES } from "../memory/frames/frames.ts";
import { copyLeaf, refLeaf } from "../memory/tables/superpage.ts";
import { countTables, eachBlock, eachEntry, findEntry, setEntry } from "../memory/tables/entry.ts";
import { ensureMiddle, ensureTable } from "../memory/tables/page_table.ts";
import { flagsOf, isLeaf, isSwapped, slotOf } from "../memory/tables/pte.ts";
import { readSlot, refSlot } from "../memory/reclaim/swap_disk.ts";
import type { AddressSpace, Area } from "../memory/areas/space.ts";

/** A child's space, and what was done for it. */
export interface Forked {
  /** The child's space. */
  readonly space: AddressSpace;
  /** What it took. */
  readonly statistics: ForkStatistics;
}

/** A child's space; undefined when memory does not suffice, with everything as before. */
export function forkSpace(m: Memory, parent: AddressSpace): Forked | undefined {
  const child = createSpace(m);
  if (child === undefined) return undefined;
  const statistics = noForks();
  // Again after the copies: to make room for them 2 MiB leaves may have been split.
  const made = makeTables(m, parent, child) && copyAreas(m, parent, child, statistics) &&
    (!m.superpages || makeTables(m, parent, child));
  if (!made) {
    releaseSpace(m, child);
    return undefined;
  }
  for (const area of parent.areas) {
    if (!copies(m, area)) shareArea(m, parent, child, area, statistics);
    if (area.backing !== undefined) holdFile(m, area.backing.file);
  }
  child.areas = parent.areas.map((area) => ({ ...area }));
  child.size = parent.size;
  statistics.tables = countTables(m.ram, child.root);
  flushAll(m, parent, "fork");
  return { space: child, statistics };
}

/** Whether the child gets its own pages at once. The usyscall page tells about one process only. */
function copies(m: Memory, area: Area): boolean {
  return area.kind === "usyscall" || (!area.shared && m.policy.atFork(area) === "copy");
}

/**
 * Gives the child a table wherever the parent has one in an area. Making room for one may split a
 * 2 MiB leaf of the parent that was passed already, so it is repeated until nothing is missing.
 */
function makeTables(m: Memory, parent: AddressSpace, child: AddressSpace): boolean {
  let complete = true;
  let before: number;
  do {
    before = m.state.frames.allocations;
    for (const area of parent.areas) {
      eachBlock(m.ram, parent.root, area.start, area.end, (block, _at, pte) => {
        const ensure = isLeaf(pte) ? ensureMiddle : ensureTable;
        complete &&= ensure(m, child.root, block) !== 0;
      });
    }
  } while (complete && m.superpages && m.state.frames.allocations !== before);
  return complete;
}

/** Copies the pages of areas that are not shared, which the child gets for the undo. */
function copyAreas(
  m: Memory,
  parent: AddressSpace,
  child: AddressSpace,
  statistics: ForkStatistics,
): boolean {
  for (const area of parent.areas) {
    if (!copies(m, area)) continue;
    const { backing: _, ...bare } = area;
    child.areas.push(bare);
    let complete = true;
    eachEntry(m.ram, parent.root, area.start, area.end, (va, _at, pte, level) => {
      if (!complete) return;
      if (area.kind === "usyscall") complete = ownPage(m, parent, child, va, statistics);
      else if (level === 1) complete = copyBlock(m, parent, child, va, pte, statistics);
      else complete = copyPage(m, parent, child, va, statistics);
    });
    if (!complete) return false;
  }
  return true;
}

/** A page of zeros for what the kernel writes there anew: nothing is copied. */
function ownPage(
  m: Memory,
  parent: AddressSpace,
  child: AddressSpace,
  va: VaNum,
  statistics: ForkStatistics,
): boolean {
  const frame = allocate(m, "user", "zeroed");
  if (frame === 0) return false;
  setHome(m, frame, va);
  const flags = flagsOf(m.ram.readPte(entryIn(m, parent, va))) & ~(PTE_A | PTE_D);
  setEntry(m, va, entryIn(m, child, va), 0, makePte(frame, flags), "fork child");
  statistics.ptes++;
  return true;
}

/** Copies the parent's page at `va`, from its frame or from the swap disk. */
function copyPage(
  m: Memory,
  parent: AddressSpace,
  child: AddressSpace,
  va: VaNum,
  statistics: ForkStatistics,
): boolean {
  const frame = ensureTable(m, child.root, va) === 0 ? 0 : allocateSpare(m, "user", "raw");
  if (frame === 0) return false;
  // Only now: making room may have moved the page to the disk.
  const { pte, level } = findEntry(m.ram, parent.root, va)!;
  if (isSwapped(pte)) {
    readSlot(m, slotOf(pte), frame);
    moved(m, "swap-in", parent, va, frame, slotOf(pte), PAGE_SIZE, "fork");
  } else {
    const from = (frameOf(pte) + (level === 1 ? va % SUPERPAGE_SIZE : 0)) as PaNum;
    m.ram.copyFrame(frame, from);
    m.events.copy(va, from, frame, PAGE_SIZE, "fork");
  }
  setHome(m, frame, va);
  const flags = (flagsOf(pte) & ~(PTE_A | PTE_D)) | PTE_V;
  setEntry(m, va, entryIn(m, child, va), 0, makePte(frame, flags), "fork copy");
  statistics.copied++;
  statistics.ptes++;
  return true;
}

/** Copies a 2 MiB leaf: into another one, or, with no block of frames to be had, page by page. */
function copyBlock(
  m: Memory,
  parent: AddressSpace,
  child: AddressSpace,
  block: VaNum,
  pte: number,
  statistics: ForkStatistics,
): boolean {
  const head = copyLeaf(m, block, pte, "fork");
  if (head !== 0) {
    const at = ensureMiddle(m, child.root, block) as PaNum;
    setEntry(m, block, at, 0, makePte(head, flagsOf(pte) & ~(PTE_A | PTE_D)), "fork copy");
    statistics.copied += SUPERPAGE_FRAMES;
    statistics.ptes++;
    return true;
  }
  if (ensureTable(m, child.root, block) === 0) return false;
  for (let i = 0; i < SUPERPAGE_FRAMES; i++) {
    if (!copyPage(m, parent, child, (block + i * PAGE_SIZE) as VaNum, statistics)) return false;
  }
  return true;
}

/** Maps an area's pages in the child, with the policy's marks in both unless MAP_SHARED. */
function shareArea(
  m: Memory,
  parent: AddressSpace,
  child: AddressSpace,
  area: Area,
  statistics: ForkStatistics,
): void {
  eachBlock(m.ram, parent.root, area.start, area.end, (block, at, pte) => {
    if (isLeaf(pte)) {
      const own = ensureMiddle(m, child.root, block) as PaNum;
      shareEntries(m, area, block, (block + 1) as VaNum, at, own, statistics);
      refLeaf(m, pte, "fork");
      statistics.shared += SUPERPAGE_FRAMES - 1;
      return;
    }
    const first = Math.max(block, area.start) as VaNum;
    const stop = Math.min(block + SUPERPAGE_SIZE, area.end) as VaNum;
    const theirs = (frameOf(pte) + ((first - block) / PAGE_SIZE) * 8) as PaNum;
    const own = entryIn(m, child, first);
    shareEntries(m, area, first, stop, theirs, own, statistics, true);
  });
}

/**
 * Shares the entries from `theirs` on with those from `own` on. `counted`: each frame gets one more
 * owner; a 2 MiB leaf's are counted by the caller.
 */
function shareEntries(
  m: Memory,
  area: Area,
  first: VaNum,
  stop: VaNum,
  theirs: PaNum,
  own: PaNum,
  statistics: ForkStatistics,
  counted = false,
): void {
  const { ram, policy } = m;
  const words = ram.wordsOf(Math.floor(theirs / PAGE_SIZE)) + (theirs % PAGE_SIZE) / 4;
  const count = Math.ceil((stop - first) / PAGE_SIZE);
  for (let i = 0; i < count; i++) {
    const pte = ram.words[words + 2 * i];
    if (pte === 0) continue;
    const va = (first + i * PAGE_SIZE) as VaNum;
    const now = area.shared ? pte : policy.sharePte(pte);
    if (now !== pte) {
      setEntry(m, va, (theirs + 8 * i) as PaNum, pte, now, "fork parent");
      statistics.parentPtes++;
      statistics.ptes++;
    }
    // Of a dirty page of a file, one of the two writes it back, not both.
    const child = area.shared ? now & ~PTE_D : now;
    setEntry(m, va, (own + 8 * i) as PaNum, 0, child, "fork child");
    if (isSwapped(pte)) refSlot(m, slotOf(pte));
    statistics.shared++;
    statistics.ptes++;
  }
  if (counted) refEach(m, ram.words, words, count, "fork");
}

/** Where the child's entry stands; its table is there. */
function entryIn(m: Memory, child: AddressSpace, va: VaNum): PaNum {
  const table = ensureTable(m, child.root, va);
  return (table + ((va / PAGE_SIZE) & 511) * 8) as PaNum;
}
