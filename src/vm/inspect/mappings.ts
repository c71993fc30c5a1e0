/** Every page table, read out of RAM; independent of the kernel's own walks, to audit those. */

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
  /** Its area: `text`, `heap`, `trapframe`, `trampoline` …; `none` or `unknown`. */
  readonly kind: string;
}

/** An entry as numbers, for sweeps over all memory. `level` 0 is 4 KiB, 1 is 2 MiB, 2 is 1 GiB. */
type Visit = (va: number, pte: number, pteAddr: PaNum, level: number) => void;

/** What is visited in a page table, in order of address. */
interface Visitor {
  /** Valid leaves. */
  readonly leaf?: Visit;
  /** Entries that are not valid and not 0: pages on the swap disk. */
  readonly away?: Visit;
  /** Tables; the root is of level 2. Those outside RAM are not visited. */
  readonly table?: (table: PaNum, level: number) => void;
}

/** Bytes that an entry of each level covers; worked out here, not for each entry. */
const SPANS = [PAGE_SIZE, 2 ** 21, 2 ** 30] as const;
const LEAF = PTE_R | PTE_W | PTE_X;

/** Visits what is under a table: the root, unless `level` and its first address say otherwise. */
export function eachLeaf(
  ram: TableMemory,
  table: PaNum,
  visitor: Visitor,
  level: number = 2,
  base: number = 0,
): void {
  const ptes = wordsOf(ram, table);
  if (ptes === undefined) return;
  visitor.table?.(table, level);
  for (let i = 0; i < 512; i++) {
    const pte = ptes[2 * i];
    if (pte === 0) continue;
    const address = base + i * SPANS[level];
    if ((pte & PTE_V) === 0) visitor.away?.(address, pte, paNum(table + 8 * i), level);
    else if ((pte & LEAF) !== 0) visitor.leaf?.(address, pte, paNum(table + 8 * i), level);
    else if (level > 0) eachLeaf(ram, frameOf(pte), visitor, level - 1, address);
  }
}

/** Tables that are not in RAM now, to be walked as if they were; each is read once. */
export function copiedTables(read: (frame: number) => Uint32Array | undefined): TableMemory {
  const places = new Map<number, number>();
  let end = 0;
  const memory = {
    words: new Uint32Array(16 * PAGE_SIZE / 4),
    wordsOf(frame: number): number {
      const known = places.get(frame);
      if (known !== undefined) return known;
      const table = read(frame);
      const place = table === undefined ? -1 : end;
      places.set(frame, place);
      if (table === undefined) return place;
      if (end === memory.words.length) {
        const { words } = memory;
        memory.words = new Uint32Array(2 * end);
        memory.words.set(words);
      }
      memory.words.set(table, end);
      end += table.length;
      return place;
    },
  };
  return memory;
}

/** A table's PTEs, the low word of entry `i` at `2 * i`; undefined outside RAM. */
function wordsOf(ram: TableMemory, table: PaNum): Uint32Array | undefined {
  const first = ram.wordsOf(table / PAGE_SIZE);
  return first < 0 ? undefined : ram.words.subarray(first, first + PAGE_SIZE / 4);
}

/** The leaves that map a frame, and the tables that are it; other entries are only compared. */
export function findFrame(
  ram: TableMemory,
  table: PaNum,
  frame: PaNum,
  visitor: Visitor,
  level: number = 2,
  base: number = 0,
): void {
  const ptes = wordsOf(ram, table);
  if (ptes === undefined) return;
  if (table === frame) visitor.table?.(table, level);
  const page = frame / PAGE_SIZE;
  const span = SPANS[level];
  const pages = span / PAGE_SIZE;
  for (let i = 0; i < 512; i++) {
    const pte = ptes[2 * i];
    if ((pte & PTE_V) === 0) continue;
    const address = base + i * span;
    if ((pte & LEAF) === 0) {
      if (level > 0) findFrame(ram, frameOf(pte), frame, visitor, level - 1, address);
      continue;
    }
    const first = pte >>> 10;
    const found = page >= first && page < first + pages;
    if (found) visitor.leaf?.(address, pte, paNum(table + 8 * i), level);
  }
}

/** Every leaf of one page table, as objects, in order of address. */
export function mappingsOf(ram: TableMemory, root: RootView): Mapping[] {
  const list: Mapping[] = [];
  eachLeaf(ram, root.root, { leaf: (...entry) => list.push(mapping(root, ...entry)) });
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
    const { pid } = root;
    findFrame(ram, root.root, frame, {
      leaf: (...entry) => mappings.push(mapping(root, ...entry)),
      table: (_table, level) => tables.push({ pid, level }),
    });
  }
  return { mappings, tables };
}

/** How many leaves of processes map each frame, by its number. */
export function mappedCounts(view: KernelView, ram: TableMemory): Uint32Array {
  const { first, total } = view.frames;
  const counts = new Uint32Array(total);
  for (const root of userRoots(view)) {
    const leaf: Visit = (_va, pte, _at, level) => {
      const from = (frameOf(pte) - first) / PAGE_SIZE;
      for (let i = Math.max(from, 0); i < Math.min(from + 512 ** level, total); i++) counts[i]++;
    };
    eachLeaf(ram, root.root, { leaf });
  }
  return counts;
}

/** Whether a mapping is of user memory: neither trapframe nor trampoline. */
export function isUsers({ kind }: Mapping): boolean {
  return kind !== "trapframe" && kind !== "trampoline";
}

function mapping(root: RootView, ...[address, pte, at, level]: Parameters<Visit>): Mapping {
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
