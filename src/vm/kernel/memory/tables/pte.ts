/**
 * PTEs as the built-in kernel makes them: numbers of 32 bits, since its frames lie below 2^32 (see
 * `Ram.readPte`), and what it keeps in bits that the hardware leaves to software.
 */

import {
  PTE_FLAGS,
  PTE_R,
  PTE_RSW0,
  PTE_RSW1,
  PTE_U,
  PTE_V,
  PTE_W,
  PTE_X,
} from "../../../machine/sv39.ts";
import { type Area, PERM_R, PERM_W, PERM_X } from "../areas/space.ts";

/** A page that is copied before a store, if it has other owners (bit 8, as in the COW lab). */
export const PTE_COW = PTE_RSW0;
/** The two-bit design: shared by fork (bit 8). */
export const PTE_SHARE = PTE_RSW0;
/** The two-bit design: was read-only before it was shared (bit 9). */
export const PTE_READONLY = PTE_RSW1;

/** The low ten bits. */
export function flagsOf(pte: number): number {
  return pte & PTE_FLAGS;
}

/** Valid and a leaf: R or X is set (W alone is reserved). */
export function isLeaf(pte: number): boolean {
  return (pte & PTE_V) !== 0 && (pte & (PTE_R | PTE_X)) !== 0;
}

/** Valid and points to a table. */
export function isTable(pte: number): boolean {
  return (pte & (PTE_V | PTE_R | PTE_W | PTE_X)) === PTE_V;
}

/**
 * A page on the swap disk: V clear but not 0. Its slot stands where the frame number would, its
 * flags stay, so that the page comes back with the rights and marks it left with.
 */
export function isSwapped(pte: number): boolean {
  return (pte & PTE_V) === 0 && pte !== 0;
}

/** The swap slot of {@link isSwapped}. */
export function slotOf(pte: number): number {
  return pte >>> 10;
}

/** The PTE of a page that went to a slot. */
export function swapPte(slot: number, pte: number): number {
  return slot * 1024 + (pte & PTE_FLAGS & ~PTE_V);
}

/**
 * The hardware's flags for a page of an area: its rights. The guard page lacks U, as in xv6, and so
 * do pages without any right (PROT_NONE): a leaf must have R or X.
 */
export function areaFlags(area: Area): number {
  if (area.kind === "guard") return PTE_V | PTE_R | PTE_W;
  if (area.perm === 0) return PTE_V | PTE_R;
  let flags = PTE_V | PTE_U;
  if ((area.perm & (PERM_R | PERM_W)) !== 0) flags |= PTE_R; // W without R is reserved
  if ((area.perm & PERM_W) !== 0) flags |= PTE_W;
  if ((area.perm & PERM_X) !== 0) flags |= PTE_X;
  return flags;
}
