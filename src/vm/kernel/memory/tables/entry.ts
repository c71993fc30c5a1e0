/**
 * Page tables in guest RAM, entry by entry: find one, read or change it, go over a range. Nothing
 * is allocated here.
 *
 * ```text
 *  38        30 29        21 20        12 11         0
 * +------------+------------+------------+------------+
 * | level 2    | level 1    | level 0    | offset     |
 * +------------+------------+------------+------------+
 * ```
 * A leaf stands at level 0 (4 KiB) or level 1 (2 MiB); this kernel makes none at level 2.
 */

import type { Ram } from "../../../machine/memory.ts";
import {
  offset,
  PAGE_SHIFT,
  PAGE_SIZE,
  pageDown,
  type PaNum,
  SUPERPAGE_SIZE,
  type VaNum,
} from "../../../machine/address.ts";
import { frameOf, PTE_V } from "../../../machine/sv39.ts";
import { isLeaf, isTable } from "./pte.ts";
import type { Memory } from "../memory.ts";
import { KernelPanic } from "../panic.ts";

/** Bytes that one level-1 table covers (1 GiB). */
export const TABLE_SPAN = 0x4000_0000;

export const ENTRIES = 512;
/** What the PTE of the next frame is more. */
const PTE_NEXT = 1024;

/** One entry of a page table, as it was found. */
export interface Entry {
  /** Where it stands. */
  readonly at: PaNum;
  /** The low word of the PTE. */
  readonly pte: number;
  /** 0, or 1 for a 2 MiB leaf. */
  readonly level: 0 | 1;
}

/** The level-0 entry for `va`, or the 2 MiB leaf that covers it; undefined: no table for it. */
export function findEntry(ram: Ram, root: PaNum, va: VaNum): Entry | undefined {
  const middle = middleAt(ram, root, va);
  if (middle === 0) return undefined;
  const pointer = ram.readPte(middle);
  if ((pointer & PTE_V) === 0) return undefined;
  if (isLeaf(pointer)) return { at: middle, pte: pointer, level: 1 };
  const at = entryAt(frameOf(pointer), va, 0);
  return { at, pte: ram.readPte(at), level: 0 };
}

/** Where the level-1 entry for `va` stands; 0: there is no table for it. */
function middleAt(ram: Ram, root: PaNum, va: VaNum): PaNum | 0 {
  const top = ram.readPte(entryAt(root, va, 2));
  return (top & PTE_V) === 0 ? 0 : entryAt(frameOf(top), va, 1);
}

/** The level-1 entry for `va`, 0 when there is no table for it. */
export function middleEntry(ram: Ram, root: PaNum, va: VaNum): number {
  const at = middleAt(ram, root, va);
  return at === 0 ? 0 : ram.readPte(at);
}

/** Where in a table of that level the entry for `va` stands. */
export function entryAt(table: PaNum, va: VaNum, level: 0 | 1 | 2): PaNum {
  return nthEntry(table, (Math.floor(va / PAGE_SIZE) >>> (9 * level)) & 511);
}

/** Where entry `i` of a table stands. */
export function nthEntry(table: PaNum, i: number): PaNum {
  return offset(table, 8 * i);
}

/** The byte that a leaf maps `va` to. */
export function inLeaf(va: VaNum, { pte, level }: Pick<Entry, "pte" | "level">): PaNum {
  return offset(frameOf(pte), va % (level === 0 ? PAGE_SIZE : SUPERPAGE_SIZE));
}

/** The entry of `va`, 0 when there is no table for it. */
export function readEntry(ram: Ram, root: PaNum, va: VaNum): number {
  return findEntry(ram, root, va)?.pte ?? 0;
}

/** Changes an entry and tells it. */
export function setEntry(
  m: Memory,
  va: VaNum,
  at: PaNum,
  old: number,
  now: number,
  why: string,
): void {
  m.ram.writePte(at, now);
  m.events.pte(va, at, old, now, why);
}

/** Changes nothing but A and D of an entry, and tells it. */
export function setMark(
  m: Memory,
  va: VaNum,
  at: PaNum,
  old: number,
  now: number,
  why: string,
): void {
  m.ram.writePte(at, now);
  m.events.mark(pageDown(va), at, old, now, why);
}

/**
 * Tells the entries of a level-0 table that are not 0, in runs: as new ones, or as gone with the
 * table, which is freed next. `va` is the first address that it maps.
 */
export function tellEntries(m: Memory, va: VaNum, table: PaNum, why: string, made: boolean): void {
  const words = tableWords(m.ram, table);
  const pteAt = (i: number) => i < ENTRIES ? m.ram.words[words + 2 * i] : 0;
  for (let i = 0; i < ENTRIES;) {
    const pte = pteAt(i);
    let end = i + 1;
    while (pte !== 0 && pteAt(end) === pte + (end - i) * PTE_NEXT) end++;
    const page = offset(va, i * PAGE_SIZE), at = nthEntry(table, i);
    if (pte !== 0) m.events.pte(page, at, made ? 0 : pte, made ? pte : 0, why, end - i);
    i = end;
  }
}

/** The start of the 2 MiB block that holds `va`. */
export function blockDown(va: VaNum): VaNum {
  return offset(va, -(va % SUPERPAGE_SIZE));
}

/** Gets each entry that is not 0: its address, where it stands, its value, 1 for a 2 MiB leaf. */
export type Visitor = (va: VaNum, at: PaNum, pte: number, level: 0 | 1) => void;

/**
 * Visits the entries of [start, end) that are not 0, in order, tables excepted. A 2 MiB leaf is
 * visited once, with the start of its block, though the range may hold only a part of it. The
 * visitor may change the entry it is given.
 */
export function eachEntry(ram: Ram, root: PaNum, start: VaNum, end: VaNum, visit: Visitor): void {
  eachBlock(ram, root, start, end, (block, at, middle) => {
    if (isLeaf(middle)) return visit(block, at, middle, 1);
    if ((middle & PTE_V) === 0) return;
    const first = Math.max(start, block);
    const table = frameOf(middle);
    const words = tableWords(ram, table);
    const last = (Math.min(end, block + SUPERPAGE_SIZE) - 1 - block) >>> PAGE_SHIFT;
    for (let i = (first - block) >>> PAGE_SHIFT; i <= last; i++) {
      const pte = ram.words[words + 2 * i];
      if (pte !== 0) visit(offset(block, i * PAGE_SIZE), nthEntry(table, i), pte, 0);
    }
  });
}

/**
 * Visits the level-1 entries of [start, end) that are not 0, in order: the start of the 2 MiB
 * block, where the entry stands, its value (a pointer to a level-0 table, or a leaf).
 */
export function eachBlock(ram: Ram, root: PaNum, start: VaNum, end: VaNum, visit: Visitor): void {
  for (let block = blockDown(start); block < end;) {
    const top = ram.readPte(nthEntry(root, Math.floor(block / TABLE_SPAN)));
    if ((top & PTE_V) === 0) {
      block = offset(block, TABLE_SPAN - (block % TABLE_SPAN));
      continue;
    }
    const at = nthEntry(frameOf(top), Math.floor(block / SUPERPAGE_SIZE) & 511);
    const pte = ram.readPte(at);
    if (pte !== 0) visit(block, at, pte, 1);
    block = offset(block, SUPERPAGE_SIZE);
  }
}

/** How many frames the tables of a space take, the root included. */
export function countTables(ram: Ram, root: PaNum): number {
  let count = 1;
  eachUsed(ram, root, (_i, top) => {
    if (!isTable(top)) return;
    count++;
    eachUsed(ram, frameOf(top), (_j, pte) => {
      if (isTable(pte)) count++;
    });
  });
  return count;
}

/** Visits the entries of one table whose low word is not 0, in order: number and low word. */
export function eachUsed(ram: Ram, table: PaNum, visit: (i: number, pte: number) => void): void {
  const { words } = ram;
  const first = tableWords(ram, table), end = first + 2 * ENTRIES;
  for (let at = first; (at = nextUsed(words, at, end, 2)) < end; at += 2) {
    visit((at - first) / 2, words[at]);
  }
}

export function isEmpty(ram: Ram, table: PaNum): boolean {
  const first = tableWords(ram, table), end = first + 2 * ENTRIES;
  return nextUsed(ram.words, first, end, 1) >= end;
}

/** The next of the words `at`, `at` + `step` … that is not 0; from `end` on: there is none. */
function nextUsed(words: Uint32Array, at: number, end: number, step: 1 | 2): number {
  // Most of a table is empty: eight at a time.
  for (; at + 8 * step <= end; at += 8 * step) {
    const low = words[at] | words[at + step] | words[at + 2 * step] | words[at + 3 * step];
    const high = words[at + 4 * step] | words[at + 5 * step] | words[at + 6 * step];
    if ((low | high | words[at + 7 * step]) !== 0) break;
  }
  while (at < end && words[at] === 0) at += step;
  return at;
}

/** Index of a table's first entry in `ram.words`; each entry has two. */
export function tableWords(ram: Ram, table: PaNum): number {
  const at = ram.wordsOf(table / PAGE_SIZE);
  if (at < 0) throw new KernelPanic(`page table 0x${table.toString(16)} is outside RAM`);
  return at;
}
