/**
 * Every page table there is, read out of RAM: which frame is mapped where, which frames hold tables.
 * Independent of the kernel's own walking code, so that an audit tests that code.
 *
 * @module
 */

import { procs } from "../kernel/process/table.ts";
import {
  type Pa,
  pa,
  PAGE_SIZE,
  type PaNum,
  paNum,
  type Va,
  va,
  type VaNum,
} from "../machine/address.ts";
import type { Ram } from "../machine/memory.ts";
import { PTE_R, PTE_V, PTE_W, PTE_X, pteFrame } from "../machine/sv39.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Proc } from "../kernel/process/proc.ts";
import { findArea } from "../kernel/memory/areas/areas.ts";
import { type AddressSpace, TRAMPOLINE } from "../kernel/memory/areas/space.ts";

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
  /** The area it lies in: `text`, `heap` …; `trapframe` or `trampoline`; `none` when there is no area. */
  readonly kind: string;
}

/** A raw leaf: numbers only, for sweeps over all memory. `level` 0 is 4 KiB, 1 is 2 MiB, 2 is 1 GiB. */
export type LeafVisitor = (va: number, pte: number, pteAddr: PaNum, level: number) => void;

/**
 * Visits every valid leaf under a root table, in order of address; `onTable` gets each table's frame with
 * its level (2 for the root), `onAway` each PTE that is not valid and not 0: a page on the swap disk. Pointers
 * outside RAM are visited as leaves of size 0 would be: not at all.
 */
export function eachLeaf(
  ram: Ram,
  root: PaNum,
  visit: LeafVisitor,
  onTable: (table: PaNum, level: number) => void = () => {},
  onAway: LeafVisitor = () => {},
): void {
  const descend = (table: PaNum, level: number, base: number) => {
    onTable(table, level);
    const span = 2 ** (12 + 9 * level);
    const ptes = lowWords(ram, table);
    for (let i = 0; i < 512; i++) {
      const pte = ptes[2 * i];
      if (pte === 0) continue;
      const address = base + i * span;
      if ((pte & PTE_V) === 0) onAway(address, pte, paNum(table + 8 * i), level);
      else if ((pte & LEAF) !== 0) visit(address, pte, paNum(table + 8 * i), level);
      else if (level > 0 && ram.contains(pteFrame(pte), PAGE_SIZE)) {
        descend(pteFrame(pte), level - 1, address);
      }
    }
  };
  if (ram.contains(root, PAGE_SIZE)) descend(root, 2, 0);
}

const LEAF = PTE_R | PTE_W | PTE_X;

/** A table's PTEs as they stand in RAM: the low word of entry `i` is at `2 * i`. */
function lowWords(ram: Ram, table: PaNum): Uint32Array {
  const bytes = ram.bytes(table, PAGE_SIZE);
  return new Uint32Array(bytes.buffer, bytes.byteOffset, PAGE_SIZE / 4);
}

/**
 * Finds the leaves under a root that map one frame, and the tables that are that frame; much faster than
 * looking at each leaf, because most entries are only compared.
 */
function findFrame(
  ram: Ram,
  root: PaNum,
  frame: PaNum,
  onLeaf: LeafVisitor,
  onTable: (level: number) => void,
): void {
  const page = frame / PAGE_SIZE;
  const descend = (table: PaNum, level: number, base: number) => {
    if (table === frame) onTable(level);
    const span = 2 ** (12 + 9 * level);
    const pages = 512 ** level;
    const ptes = lowWords(ram, table);
    for (let i = 0; i < 512; i++) {
      const pte = ptes[2 * i];
      if ((pte & PTE_V) === 0) continue;
      if ((pte & LEAF) !== 0) {
        const first = pte >>> 10;
        if (page >= first && page < first + pages) {
          onLeaf(base + i * span, pte, paNum(table + 8 * i), level);
        }
      } else if (level > 0 && ram.contains(pteFrame(pte), PAGE_SIZE)) {
        descend(pteFrame(pte), level - 1, base + i * span);
      }
    }
  };
  if (ram.contains(root, PAGE_SIZE)) descend(root, 2, 0);
}

/** The address spaces in use, each once, with the process that stands for it. */
export function spacesInUse(k: Kernel): { space: AddressSpace; process: Proc }[] {
  const seen = new Map<AddressSpace, Proc>();
  for (const p of procs(k).sort((a, b) => a.pid - b.pid)) {
    const space = k.state.spaces.get(p.space);
    if (space !== undefined && !seen.has(space)) seen.set(space, p);
  }
  return [...seen].map(([space, process]) => ({ space, process }));
}

/** What part of a space an address lies in. */
export function partOf(space: AddressSpace, address: VaNum): string {
  const area = findArea(space, address);
  if (area !== undefined) return area.kind;
  if (address === TRAMPOLINE) return "trampoline";
  return space.trapframes.some((t) => t.va === address) ? "trapframe" : "none";
}

/** Every leaf of one process, as objects. */
export function mappingsOf(k: Kernel, space: AddressSpace, process: Proc): Mapping[] {
  const list: Mapping[] = [];
  eachLeaf(k.machine.ram, space.root, (address, pte, at, level) => {
    list.push(mapping(space, process, address, pte, at, level));
  });
  return list;
}

/** Every leaf, of every space, that maps the frame holding `frame` (4 KiB-aligned). */
export function mappingsTo(k: Kernel, frame: PaNum): Mapping[] {
  return usesOf(k, frame).mappings;
}

/** Where page tables lead to a frame: as a page, and as a table. */
export function usesOf(
  k: Kernel,
  frame: PaNum,
): { mappings: Mapping[]; tables: { readonly pid: number; readonly level: number }[] } {
  const mappings: Mapping[] = [];
  const tables: { pid: number; level: number }[] = [];
  for (const { space, process } of spacesInUse(k)) {
    const onLeaf: LeafVisitor = (address, pte, at, level) => {
      mappings.push(mapping(space, process, address, pte, at, level));
    };
    const { pid } = process;
    findFrame(k.machine.ram, space.root, frame, onLeaf, (level) => tables.push({ pid, level }));
  }
  return { mappings, tables };
}

function mapping(
  space: AddressSpace,
  process: Proc,
  address: number,
  pte: number,
  at: PaNum,
  level: number,
): Mapping {
  return {
    pid: process.pid,
    name: process.name,
    va: va(address),
    pa: pa(pteFrame(pte)),
    size: 2 ** (12 + 9 * level),
    pteAddr: pa(at),
    pte: BigInt(pte),
    kind: partOf(space, address as VaNum),
  };
}
