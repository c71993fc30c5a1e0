/**
 * Every page table there is, read out of RAM: which frame is mapped where, which frames hold
 * tables. Independent of the kernel's own walking code, so that an audit tests that code.
 *
 * @module
 */

import { type Pa, pa, PAGE_SIZE, type PaNum, paNum, type Va, va } from "../machine/address.ts";
import {
  frameOf,
  leafSize,
  PTE_R,
  PTE_V,
  PTE_W,
  PTE_X,
  type TableMemory,
} from "../machine/sv39.ts";
import { type KernelView, partOf, type RootView, userRoots } from "./view.ts";

/** One leaf PTE of one address space. */
export interface Mapping {
  /** The process that owns the space; of threads that share it, the one with the lowest pid. */
  readonly pid: number;
  /** Its name. */
  readonly name: string;
  /** First address mapped. */
  readonly va: Va;
  /** First byte of the frame (for a superpage, of its first frame). */
  readonly pa: Pa;
  /** Bytes mapped: 4096, or 2 MiB or 1 GiB for a superpage. */
  readonly size: number;
  /** Where the PTE stands. */
  readonly pteAddr: Pa;
  /** The PTE. */
  readonly pte: bigint;
  /**
   * The area it lies in: `text`, `heap` …; `trapframe` or `trampoline`; `none` where there is no
   * area, `unknown`.
   */
  readonly kind: string;
}

/**
 * A raw leaf: numbers only, for sweeps over all memory. `level` 0 is 4 KiB, 1 is 2 MiB, 2 is 1 GiB.
 */
export type LeafVisitor = (va: number, pte: number, pteAddr: PaNum, level: number) => void;

/**
 * Visits every valid leaf under a root table, in order of address; `onTable` gets each table's
 * frame with its level (2 for the root), `onAway` each PTE that is not valid and not 0: a page on
 * the swap disk. Pointers outside RAM are visited as leaves of size 0 would be: not at all.
 */
export function eachLeaf(
  ram: TableMemory,
  root: PaNum,
  visit: LeafVisitor,
  onTable: (table: PaNum, level: number) => void = () => {},
  onAway: LeafVisitor = () => {},
): void {
  leavesUnder(ram, root, 2, 0, visit, onTable, onAway);
}

function leavesUnder(
  ram: TableMemory,
  table: PaNum,
  level: number,
  base: number,
  visit: LeafVisitor,
  onTable: (table: PaNum, level: number) => void,
  onAway: LeafVisitor,
): void {
  const ptes = wordsOf(ram, table);
  if (ptes === undefined) return;
  onTable(table, level);
  const span = SPANS[level];
  for (let i = 0; i < 512; i++) {
    const pte = ptes[2 * i];
    if (pte === 0) continue;
    const address = base + i * span;
    if ((pte & PTE_V) === 0) onAway(address, pte, paNum(table + 8 * i), level);
    else if ((pte & LEAF) !== 0) visit(address, pte, paNum(table + 8 * i), level);
    else if (level > 0) leavesUnder(ram, frameOf(pte), level - 1, address, visit, onTable, onAway);
  }
}

/**
 * Bytes that an entry of each level covers; a power in the loops below would be worked out for each
 * entry.
 */
const SPANS = [PAGE_SIZE, 2 ** 21, 2 ** 30] as const;
const LEAF = PTE_R | PTE_W | PTE_X;

/** A table's PTEs, the low word of entry `i` at `2 * i`; undefined outside RAM. */
function wordsOf(ram: TableMemory, table: PaNum): Uint32Array | undefined {
  const first = ram.wordsOf(table / PAGE_SIZE);
  return first < 0 ? undefined : ram.words.subarray(first, first + PAGE_SIZE / 4);
}

/**
 * Finds the leaves under a root that map one frame, and the tables that are that frame; much faster
 * than looking at each leaf, because most entries are only compared.
 */
export function findFrame(
  ram: TableMemory,
  root: PaNum,
  frame: PaNum,
  onLeaf: LeafVisitor,
  onTable: (level: number) => void = () => {},
): void {
  frameUnder(ram, root, 2, 0, frame, onLeaf, onTable);
}

function frameUnder(
  ram: TableMemory,
  table: PaNum,
  level: number,
  base: number,
  frame: PaNum,
  onLeaf: LeafVisitor,
  onTable: (level: number) => void,
): void {
  const ptes = wordsOf(ram, table);
  if (ptes === undefined) return;
  if (table === frame) onTable(level);
  const page = frame / PAGE_SIZE;
  const span = SPANS[level];
  const pages = span / PAGE_SIZE;
  for (let i = 0; i < 512; i++) {
    const pte = ptes[2 * i];
    if ((pte & PTE_V) === 0) continue;
    const address = base + i * span;
    if ((pte & LEAF) === 0) {
      if (level > 0) frameUnder(ram, frameOf(pte), level - 1, address, frame, onLeaf, onTable);
      continue;
    }
    const first = pte >>> 10;
    if (page >= first && page < first + pages) onLeaf(address, pte, paNum(table + 8 * i), level);
  }
}

/** Every leaf of one page table, as objects, in order of address. */
export function mappingsOf(ram: TableMemory, root: RootView): Mapping[] {
  const list: Mapping[] = [];
  eachLeaf(ram, root.root, (address, pte, at, level) => {
    list.push(mapping(root, address, pte, at, level));
  });
  return list;
}

/** Every leaf, of every process, that maps the frame holding `frame` (4 KiB-aligned). */
export function mappingsTo(view: KernelView, ram: TableMemory, frame: PaNum): Mapping[] {
  return usesOf(view, ram, frame).mappings;
}

/** Where page tables of processes lead to a frame: as a page, and as a table. */
export function usesOf(
  view: KernelView,
  ram: TableMemory,
  frame: PaNum,
): { mappings: Mapping[]; tables: { readonly pid: number; readonly level: number }[] } {
  const mappings: Mapping[] = [];
  const tables: { pid: number; level: number }[] = [];
  for (const root of userRoots(view)) {
    const onLeaf: LeafVisitor = (address, pte, at, level) => {
      mappings.push(mapping(root, address, pte, at, level));
    };
    const { pid } = root;
    findFrame(ram, root.root, frame, onLeaf, (level) => tables.push({ pid, level }));
  }
  return { mappings, tables };
}

/**
 * How many processes' leaves map each frame, by its number; a process that maps it twice counts
 * twice.
 */
export function mappedCounts(view: KernelView, ram: TableMemory): Uint32Array {
  const { first, total } = view.frames;
  const counts = new Uint32Array(total);
  for (const root of userRoots(view)) {
    eachLeaf(ram, root.root, (_va, pte, _at, level) => {
      const from = (frameOf(pte) - first) / PAGE_SIZE;
      for (let i = Math.max(from, 0); i < Math.min(from + 512 ** level, total); i++) counts[i]++;
    });
  }
  return counts;
}

/** Whether a mapping is of user memory: neither trapframe nor trampoline. */
export function isUsers({ kind }: Mapping): boolean {
  return kind !== "trapframe" && kind !== "trampoline";
}

function mapping(root: RootView, address: number, pte: number, at: PaNum, level: number): Mapping {
  return {
    pid: root.pid,
    name: root.name,
    va: va(address),
    pa: pa(frameOf(pte)),
    size: leafSize(level),
    pteAddr: pa(at),
    pte: BigInt(pte),
    kind: partOf(root, address),
  };
}
