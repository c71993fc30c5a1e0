/**
 * Page tables paid from the frame pool: tables made on the way to an entry, and freed when empty or
 * with their space. xv6's walk and freewalk.
 */

import { freeFrame } from "../frames/frames.ts";
import { allocate } from "../reclaim/allocate.ts";
import { offset, type PaNum, SUPERPAGE_SIZE, type VaNum, vaNum } from "../../../machine/address.ts";
import { frameOf, makePte, PTE_V } from "../../../machine/sv39.ts";
import type { Memory } from "../memory.ts";
import { KernelPanic } from "../panic.ts";
import { isLeaf, isTable } from "./pte.ts";
import {
  blockDown,
  eachBlock,
  eachUsed,
  entryAt,
  isEmpty,
  middleEntry,
  nthEntry,
  setEntry,
  TABLE_SPAN,
} from "./entry.ts";

/**
 * The level-0 table for `va`, made if need be; 0: out of memory, nothing changed. No 2 MiB leaf may
 * map the block.
 */
export function ensureTable(m: Memory, root: PaNum, va: VaNum): PaNum | 0 {
  const pointer = middleEntry(m.ram, root, va);
  if (isTable(pointer)) return frameOf(pointer);
  if (isLeaf(pointer)) throw new KernelPanic(`0x${va.toString(16)} is inside a 2 MiB leaf`);
  const at = ensureMiddle(m, root, va);
  if (at === 0) return 0;
  const table = allocate(m, "table", "zeroed");
  if (table === 0) {
    prune(m, root, va, offset(va, 1));
    return 0;
  }
  setEntry(m, blockDown(va), at, 0, makePte(table, PTE_V), "table");
  return table;
}

/** Where the level-1 entry for `va` stands, its table made if need be; 0: out of memory. */
export function ensureMiddle(m: Memory, root: PaNum, va: VaNum): PaNum | 0 {
  const at = entryAt(root, va, 2);
  const top = m.ram.readPte(at);
  let table: PaNum | 0 = frameOf(top);
  if ((top & PTE_V) === 0) {
    table = allocate(m, "table", "zeroed");
    if (table === 0) return 0;
    setEntry(m, offset(va, -(va % TABLE_SPAN)), at, 0, makePte(table, PTE_V), "table");
  }
  return entryAt(table, va, 1);
}

/** Frees the tables for [start, end) that hold nothing any more, the root excepted. */
export function prune(m: Memory, root: PaNum, start: VaNum, end: VaNum): void {
  for (let va = offset(start, -(start % TABLE_SPAN)); va < end; va = offset(va, TABLE_SPAN)) {
    const first = vaNum(Math.max(va, start)), stop = vaNum(Math.min(end, va + TABLE_SPAN));
    eachBlock(m.ram, root, first, stop, (block, at, pte) => freeIfEmpty(m, block, at, pte));
    const at = entryAt(root, va, 2);
    freeIfEmpty(m, va, at, m.ram.readPte(at));
  }
}

function freeIfEmpty(m: Memory, va: VaNum, at: PaNum, pte: number): void {
  if (!isTable(pte) || !isEmpty(m.ram, frameOf(pte))) return;
  setEntry(m, va, at, pte, 0, "table empty");
  freeFrame(m, frameOf(pte), "table empty");
}

/** Frees all tables of a space, the root last; no leaf may be left (xv6's freewalk). */
export function freeTables(m: Memory, root: PaNum): void {
  eachUsed(m.ram, root, (i, top) => {
    if (!isTable(top)) throw new KernelPanic("freewalk: leaf");
    const middle = frameOf(top);
    const span = vaNum(i * TABLE_SPAN);
    eachUsed(m.ram, middle, (j, pte) => {
      if (!isTable(pte) || !isEmpty(m.ram, frameOf(pte))) throw new KernelPanic("freewalk: leaf");
      const block = offset(span, j * SUPERPAGE_SIZE);
      m.events.pte(block, nthEntry(middle, j), pte, 0, "space freed");
      freeFrame(m, frameOf(pte), "space freed");
    });
    m.events.pte(span, nthEntry(root, i), top, 0, "space freed");
    freeFrame(m, middle, "space freed");
  });
  freeFrame(m, root, "space freed");
}
