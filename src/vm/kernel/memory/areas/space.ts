/**
 * An address space and its areas, as plain data: what the kernel believes about a process's memory.
 * What the hardware sees are the page tables in guest RAM under {@link AddressSpace.root}; the two
 * are kept apart so that an audit can hold one against the other.
 *
 * ```text
 * 0                text, data            from the program file
 *                  guard                 one page without PTE_U
 *                  stack                 one page
 *                  heap                  up to `size` (xv6's p->sz), moved by sbrk
 *                  …
 * MMAP_TOP         mapped areas          placed downwards from here
 * …
 * USYSCALL         shared read-only page of the pgtbl lab (when asked for)
 * TRAPFRAME        the process's trapframe; further threads' trapframes stand below USYSCALL
 * TRAMPOLINE       the highest page
 * MAXVA            2^38
 * ```
 */

import { MAXVA, offset, PAGE_SIZE, type PaNum, type VaNum } from "../../../machine/address.ts";
import type { Backing } from "./backing.ts";

/** Where the trampoline page is mapped, R-X without U (xv6's TRAMPOLINE). */
export const TRAMPOLINE: VaNum = offset(MAXVA, -PAGE_SIZE);
/** Where the first thread's trapframe is mapped, RW- without U (xv6's TRAPFRAME). */
export const TRAPFRAME: VaNum = offset(TRAMPOLINE, -PAGE_SIZE);
/** Where the pgtbl lab maps a page that user code may read (xv6's USYSCALL). */
export const USYSCALL: VaNum = offset(TRAPFRAME, -PAGE_SIZE);
/** Mapped areas end here: the 2 MiB above belong to the trampoline and the trapframes. */
export const MMAP_TOP: VaNum = offset(MAXVA, -0x20_0000);

/** Permission bits of an area, as in PROT_READ, PROT_WRITE and PROT_EXEC. */
export const PERM_R = 1;
/** See {@link PERM_R}. */
export const PERM_W = 2;
/** See {@link PERM_R}. */
export const PERM_X = 4;

/** What an area is for. */
export type AreaKind =
  | "text"
  | "data"
  | "guard"
  | "stack"
  | "heap"
  | "anon"
  | "file"
  | "usyscall";

/** One run of pages with the same rights and the same origin (Linux: a VMA). Plain data. */
export interface Area {
  /** First address, page-aligned. */
  start: VaNum;
  /** One beyond the last address, page-aligned, above `start`. */
  end: VaNum;
  /** {@link PERM_R} | {@link PERM_W} | {@link PERM_X}; 0 for a guard. */
  perm: number;
  /** What it is for. */
  kind: AreaKind;
  /** MAP_SHARED: stores are seen by all mappers and go back to the file. */
  shared: boolean;
  /** Pages come at first touch; otherwise all were allocated when the area was made. */
  lazy: boolean;
  /** The file behind the area; pages beyond its length read zero. */
  backing?: Backing;
}

/** The memory of one process, or of several threads. Plain data. */
export interface AddressSpace {
  /** Serial number, from 1, never reused in a VM. */
  readonly id: number;
  /** The root page table's frame. */
  root: PaNum;
  /** Sorted by address, not overlapping. */
  areas: Area[];
  /** End of the heap in bytes: what sbrk moves (xv6's p->sz). Any byte value, not rounded. */
  size: VaNum;
  /** Threads that share it (CLONE_VM); the last one to leave frees it. */
  users: number;
  /** Trapframes mapped in it: the first at {@link TRAPFRAME}, one more for each further thread. */
  trapframes: Trapframe[];
}

/** A user of an address space: as much of a process as memory needs to know. */
export interface SpaceUser {
  /** The process. */
  readonly pid: number;
  /** Id of its address space. */
  readonly space: number;
}

/** One mapped trapframe. */
export interface Trapframe {
  /** Where it is mapped. */
  readonly va: VaNum;
  /** Its frame. */
  readonly frame: PaNum;
}

/** A private area without a file, with all its pages from the start. */
export function newArea(kind: AreaKind, start: VaNum, end: VaNum, perm: number): Area {
  return { kind, start, end, perm, shared: false, lazy: false };
}

/** The process table, as far as memory reads it. */
interface Spaces {
  readonly procs: readonly (SpaceUser | undefined)[];
}

/** The lowest pid that has the space, 0 when no process does. */
export function pidOf(m: { readonly state: Spaces }, space: AddressSpace): number {
  let lowest = 0;
  for (const p of m.state.procs) {
    if (p?.space === space.id && (lowest === 0 || p.pid < lowest)) lowest = p.pid;
  }
  return lowest;
}
