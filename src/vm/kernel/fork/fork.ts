/**
 * fork of an address space, the same for all policies: tables first, then copies, then shared pages.
 * Only the first two can run out of memory, and neither changes the parent, so a fork that fails leaves
 * everything as it was.
 *
 * @module
 */

import { MEGAPAGE_SIZE, PAGE_SIZE } from "../../machine/address.ts";
import type { PaNum, VaNum } from "../../machine/address.ts";
import { PTE_A, PTE_D, PTE_V } from "../../machine/sv39.ts";
import type { Memory } from "../memory/memory.ts";
import { eachBlock, eachEntry, ensureTable, setEntry } from "../memory/page_table.ts";
import { flagsOf, frameOf, isSwapped, makePte, slotOf } from "../memory/pte.ts";
import { readSlot, refSlot } from "../memory/swap.ts";
import type { AddressSpace, Area } from "../memory/space.ts";

/** What a fork did, for `fork` and `compare`. Pages of 4 KiB. */
export interface ForkStatistics {
  /** Pages that both map now. */
  shared: number;
  /** Pages that the child got copies of. */
  copied: number;
  /** PTEs written, in the child and in the parent. */
  ptes: number;
  /** Frames taken for the child's tables. */
  tables: number;
}

/** A child's space; undefined when memory does not suffice, with everything as before. */
export function forkSpace(m: Memory, parent: AddressSpace): AddressSpace | undefined {
  const free = m.frames.freeCount;
  const child = m.createSpace();
  if (child === undefined) return undefined;
  const statistics: ForkStatistics = { shared: 0, copied: 0, ptes: 0, tables: 0 };
  if (!makeTables(m, parent, child) || !copyAreas(m, parent, child, statistics)) {
    m.releaseSpace(child);
    return undefined;
  }
  for (const area of parent.areas) {
    if (!copies(m, area)) shareArea(m, parent, child, area, statistics);
    if (area.backing !== undefined) m.hold(area.backing.file);
  }
  child.areas = parent.areas.map((area) => ({ ...area }));
  child.size = parent.size;
  statistics.tables = free - m.frames.freeCount - statistics.copied - child.trapframes.length;
  m.lastFork = statistics;
  m.flushAll(parent, "fork");
  return child;
}

/** Whether the child gets its own pages at once. The usyscall page tells about one process only. */
function copies(m: Memory, area: Area): boolean {
  return area.kind === "usyscall" || (!area.shared && m.policy.atFork(area) === "copy");
}

/** Gives the child a table wherever the parent has one in an area. */
function makeTables(m: Memory, parent: AddressSpace, child: AddressSpace): boolean {
  let complete = true;
  for (const area of parent.areas) {
    eachBlock(m.ram, parent.root, area.start, area.end, (block) => {
      complete &&= ensureTable(m, child.root, block) !== 0;
    });
  }
  return complete;
}

/** Copies the pages of areas that are not shared; the child's areas list grows with them, for the undo. */
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
    eachEntry(m.ram, parent.root, area.start, area.end, (va, at) => {
      complete &&= copyPage(m, child, va, at);
      if (complete) {
        statistics.copied++;
        statistics.ptes++;
      }
    });
    if (!complete) return false;
  }
  return true;
}

/** Copies the page that the parent's entry at `theirs` maps, or its content on the swap disk. */
function copyPage(m: Memory, child: AddressSpace, va: VaNum, theirs: PaNum): boolean {
  const frame = m.take("user", "raw");
  if (frame === 0) return false;
  const pte = m.ram.readPte(theirs); // only now: making room may have moved the page to the disk
  if (isSwapped(pte)) {
    readSlot(m, slotOf(pte), frame);
    m.events.move("swap-in", va, frame, slotOf(pte), PAGE_SIZE, "fork");
  } else {
    m.ram.copyFrame(frame, frameOf(pte));
    m.events.copy(va, frameOf(pte), frame, PAGE_SIZE, "fork");
  }
  m.frames.setHome(frame, va);
  const flags = (flagsOf(pte) & ~(PTE_A | PTE_D)) | PTE_V;
  setEntry(m, va, entryIn(m, child, va), 0, makePte(frame, flags), "fork copy");
  return true;
}

/** Maps the parent's pages of an area in the child, with the policy's marks in both unless MAP_SHARED. */
function shareArea(
  m: Memory,
  parent: AddressSpace,
  child: AddressSpace,
  area: Area,
  statistics: ForkStatistics,
): void {
  const { ram, events, frames, policy } = m;
  const shared = statistics.shared;
  eachBlock(ram, parent.root, area.start, area.end, (block, _at, pointer) => {
    const first = Math.max(block, area.start);
    const stop = Math.min(block + MEGAPAGE_SIZE, area.end);
    let theirs = (frameOf(pointer) + ((first - block) / PAGE_SIZE) * 8) as PaNum;
    let own = entryIn(m, child, first as VaNum);
    for (let va = first as VaNum; va < stop; va = (va + PAGE_SIZE) as VaNum) {
      const pte = ram.readPte(theirs);
      if (pte !== 0) {
        const now = area.shared ? pte : policy.sharePte(pte);
        if (now !== pte) {
          ram.writePte(theirs, now);
          events.pte(va, theirs, pte, now, "fork parent");
          statistics.ptes++;
        }
        // Of a dirty page of a file, one of the two writes it back, not both.
        const child = area.shared ? now & ~PTE_D : now;
        ram.writePte(own, child);
        events.pte(va, own, 0, child, "fork child");
        if (isSwapped(pte)) refSlot(m, slotOf(pte));
        else frames.ref(frameOf(pte));
        statistics.shared++;
      }
      theirs = (theirs + 8) as PaNum;
      own = (own + 8) as PaNum;
    }
  });
  statistics.ptes += statistics.shared - shared;
}

/** Where the child's entry stands; its table is there. */
function entryIn(m: Memory, child: AddressSpace, va: VaNum): PaNum {
  const table = ensureTable(m, child.root, va);
  return (table + ((va / PAGE_SIZE) & 511) * 8) as PaNum;
}
