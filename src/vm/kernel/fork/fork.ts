/**
 * fork of an address space, the same for all policies: tables first, then copies, then shared
 * pages. Only the first two can run out of memory, and neither changes the parent, so a fork that
 * fails leaves everything as it was.
 */

import {
  offset,
  PAGE_SIZE,
  type PaNum,
  SUPERPAGE_SIZE,
  type VaNum,
  vaNum,
} from "../../machine/address.ts";
import { frameOf, makePte, PTE_A, PTE_D, PTE_V } from "../../machine/sv39.ts";
import { holdFile } from "../memory/areas/shm.ts";
import { type AddressSpace, type Area, pidOf } from "../memory/areas/space.ts";
import { createSpace, releaseSpace } from "../memory/areas/spaces.ts";
import { refEach, setHome, SUPERPAGE_FRAMES } from "../memory/frames/frames.ts";
import type { Memory } from "../memory/memory.ts";
import { allocate, allocateSpare } from "../memory/reclaim/allocate.ts";
import { readSlot, refSlot } from "../memory/reclaim/swap_disk.ts";
import {
  countTables,
  eachBlock,
  eachEntry,
  entryAt,
  findEntry,
  inLeaf,
  nthEntry,
  readEntry,
  setEntry,
} from "../memory/tables/entry.ts";
import { flushAll } from "../memory/tables/flush.ts";
import { ensureMiddle, ensureTable } from "../memory/tables/page_table.ts";
import { flagsOf, isLeaf, isSwapped, slotOf } from "../memory/tables/pte.ts";
import { copyLeaf, refLeaf } from "../memory/tables/superpage.ts";
import { type ForkStatistics, noForks } from "../../fork_statistics.ts";

/** A fork: the two spaces, and what was done for the child's. */
export interface Fork {
  /** The parent's space. */
  readonly parent: AddressSpace;
  /** The child's space. */
  readonly space: AddressSpace;
  /** What it took. */
  readonly statistics: ForkStatistics;
}

/** A child's space; undefined when memory does not suffice, with everything as before. */
export function forkSpace(m: Memory, parent: AddressSpace): Fork | undefined {
  const child = createSpace(m);
  if (child === undefined) return undefined;
  const fork: Fork = { parent, space: child, statistics: noForks() };
  // Again after the copies: to make room for them 2 MiB leaves may have been split.
  if (!makeTables(m, fork) || !copyAreas(m, fork) || (m.superpages && !makeTables(m, fork))) {
    releaseSpace(m, child);
    return undefined;
  }
  for (const area of parent.areas) {
    if (!copies(m, area)) shareArea(m, fork, area);
    if (area.backing !== undefined) holdFile(m, area.backing.file);
  }
  child.areas = parent.areas.map((area) => ({ ...area }));
  child.size = parent.size;
  fork.statistics.tables = countTables(m.ram, child.root);
  flushAll(m, parent, "fork");
  return fork;
}

/** Whether the child gets its own pages at once. The usyscall page tells about one process only. */
function copies(m: Memory, area: Area): boolean {
  return area.kind === "usyscall" || (!area.shared && m.policy.atFork(area) === "copy");
}

/**
 * Gives the child a table wherever the parent has one in an area. Making room for one may split a
 * 2 MiB leaf of the parent that was passed already, so it is repeated until nothing is missing.
 */
function makeTables(m: Memory, { parent, space }: Fork): boolean {
  let complete = true;
  let before: number;
  do {
    before = m.state.frames.allocations;
    for (const area of parent.areas) {
      eachBlock(m.ram, parent.root, area.start, area.end, (block, _at, pte) => {
        const ensure = isLeaf(pte) ? ensureMiddle : ensureTable;
        complete &&= ensure(m, space.root, block) !== 0;
      });
    }
  } while (complete && m.superpages && m.state.frames.allocations !== before);
  return complete;
}

/** Copies the pages of areas that are not shared, which the child gets for the undo. */
function copyAreas(m: Memory, fork: Fork): boolean {
  for (const area of fork.parent.areas) {
    if (!copies(m, area)) continue;
    const { backing: _, ...bare } = area;
    fork.space.areas.push(bare);
    let complete = true;
    eachEntry(m.ram, fork.parent.root, area.start, area.end, (va, _at, pte, level) => {
      if (!complete) return;
      if (area.kind === "usyscall") complete = ownPage(m, fork, va);
      else if (level === 1) complete = copyBlock(m, fork, va, pte);
      else complete = copyPage(m, fork, va);
    });
    if (!complete) return false;
  }
  return true;
}

/** A page of zeros for what the kernel writes there anew: nothing is copied. */
function ownPage(m: Memory, { parent, space, statistics }: Fork, va: VaNum): boolean {
  const frame = allocate(m, "user", "zeroed");
  if (frame === 0) return false;
  setHome(m, frame, va);
  const flags = flagsOf(readEntry(m.ram, parent.root, va)) & ~(PTE_A | PTE_D);
  setEntry(m, va, entryIn(m, space, va), 0, makePte(frame, flags), "fork child");
  statistics.ptes++;
  return true;
}

/** Copies the parent's page at `va`, from its frame or from the swap disk. */
function copyPage(m: Memory, { parent, space, statistics }: Fork, va: VaNum): boolean {
  const frame = ensureTable(m, space.root, va) === 0 ? 0 : allocateSpare(m, "user", "raw");
  if (frame === 0) return false;
  // Only now: making room may have moved the page to the disk.
  const entry = findEntry(m.ram, parent.root, va)!;
  const { pte } = entry;
  if (isSwapped(pte)) {
    readSlot(m, slotOf(pte), frame);
    m.events.move("swap-in", pidOf(m, parent), va, frame, slotOf(pte), PAGE_SIZE, "fork");
  } else {
    const from = inLeaf(va, entry);
    m.ram.copyFrame(frame, from);
    m.events.copy(va, from, frame, PAGE_SIZE, "fork");
  }
  setHome(m, frame, va);
  const flags = (flagsOf(pte) & ~(PTE_A | PTE_D)) | PTE_V;
  setEntry(m, va, entryIn(m, space, va), 0, makePte(frame, flags), "fork copy");
  statistics.copied++;
  statistics.ptes++;
  return true;
}

/** Copies a 2 MiB leaf: into another one, or, with no block of frames to be had, page by page. */
function copyBlock(m: Memory, fork: Fork, block: VaNum, pte: number): boolean {
  const { space, statistics } = fork;
  const head = copyLeaf(m, block, pte, "fork");
  if (head !== 0) {
    const flags = flagsOf(pte) & ~(PTE_A | PTE_D);
    setEntry(m, block, middleIn(m, space, block), 0, makePte(head, flags), "fork copy");
    statistics.copied += SUPERPAGE_FRAMES;
    statistics.ptes++;
    return true;
  }
  if (ensureTable(m, space.root, block) === 0) return false;
  for (let i = 0; i < SUPERPAGE_FRAMES; i++) {
    if (!copyPage(m, fork, offset(block, i * PAGE_SIZE))) return false;
  }
  return true;
}

/** Maps an area's pages in the child, with the policy's marks in both unless MAP_SHARED. */
function shareArea(m: Memory, fork: Fork, area: Area): void {
  eachBlock(m.ram, fork.parent.root, area.start, area.end, (block, at, pte) => {
    if (isLeaf(pte)) {
      shareEntries(m, fork, area, block, 1, at, middleIn(m, fork.space, block));
      refLeaf(m, pte, "fork");
      fork.statistics.shared += SUPERPAGE_FRAMES - 1;
      return;
    }
    const first = vaNum(Math.max(block, area.start));
    const count = Math.ceil((Math.min(block + SUPERPAGE_SIZE, area.end) - first) / PAGE_SIZE);
    const theirs = entryAt(frameOf(pte), first, 0);
    const words = shareEntries(m, fork, area, first, count, theirs, entryIn(m, fork.space, first));
    refEach(m, m.ram.words, words, count, "fork");
  });
}

/**
 * Shares `count` entries from `theirs` on with those from `own` on, without counting the frames'
 * new owner. The index of the first in `ram.words`.
 */
function shareEntries(
  m: Memory,
  { statistics }: Fork,
  area: Area,
  first: VaNum,
  count: number,
  theirs: PaNum,
  own: PaNum,
): number {
  const { ram, policy } = m;
  const words = ram.wordsOf(Math.floor(theirs / PAGE_SIZE)) + (theirs % PAGE_SIZE) / 4;
  for (let i = 0; i < count; i++) {
    const pte = ram.words[words + 2 * i];
    if (pte === 0) continue;
    const va = offset(first, i * PAGE_SIZE);
    const now = area.shared ? pte : policy.sharePte(pte);
    if (now !== pte) {
      setEntry(m, va, nthEntry(theirs, i), pte, now, "fork parent");
      statistics.parentPtes++;
      statistics.ptes++;
    }
    // Of a dirty page of a file, one of the two writes it back, not both.
    setEntry(m, va, nthEntry(own, i), 0, area.shared ? now & ~PTE_D : now, "fork child");
    if (isSwapped(pte)) refSlot(m, slotOf(pte));
    statistics.shared++;
    statistics.ptes++;
  }
  return words;
}

/** Where the child's level-0 entry stands; its table is there. */
function entryIn(m: Memory, { root }: AddressSpace, va: VaNum): PaNum {
  return entryAt(ensureTable(m, root, va) as PaNum, va, 0);
}

/** Where the child's level-1 entry stands; its table is there. */
function middleIn(m: Memory, { root }: AddressSpace, va: VaNum): PaNum {
  return ensureMiddle(m, root, va) as PaNum;
}
