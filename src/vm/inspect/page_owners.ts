/**
 * Who has a page, wherever it is now: in a frame, on the swap disk, or in the page cache while this process has
 * not touched it yet. Read out of the page tables, to be looked at again after something was done to it.
 *
 * @module
 */

import { type Pa, pa, PAGE_SIZE, paNum, type Va, va, type VaNum } from "../machine/address.ts";
import { PTE_V, walk } from "../machine/sv39.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { findArea } from "../kernel/memory/areas/areas.ts";
import { cachedAt } from "../kernel/memory/reclaim/page_cache.ts";
import { slotOf } from "../kernel/memory/tables/pte.ts";
import type { AddressSpace } from "../kernel/memory/areas/space.ts";
import { eachLeaf, type Mapping, mappingsTo, spacesInUse } from "./mappings.ts";

/** One process's entry for a page. */
export interface PageEntry {
  readonly pid: number;
  readonly name: string;
  /** The page's address there. */
  readonly va: Va;
  /** The leaf PTE, or the entry of a page on the swap disk; undefined when there is neither. */
  readonly pte: bigint | undefined;
  /** The frame that the page is in. */
  readonly frame: Pa | undefined;
}

/** The entry of an address in a space. */
export function entryAt(
  k: Kernel,
  space: AddressSpace,
  address: Va,
): Pick<PageEntry, "pte" | "frame"> {
  const { leaf, steps } = walk(k.machine.ram, space.root, address);
  if (leaf !== undefined) return { pte: leaf.pte, frame: pa(leaf.pa - leaf.pa % PAGE_SIZE) };
  const pte = steps.at(-1)?.pte ?? 0n;
  return { pte: isAway(pte) ? pte : undefined, frame: undefined };
}

/** Whether an entry is of a page on the swap disk. */
function isAway(pte: bigint): boolean {
  return pte !== 0n && (pte & BigInt(PTE_V)) === 0n;
}

/** The swap slot that an entry names; undefined for any other entry. */
export function slotIn(pte: bigint): number | undefined {
  return isAway(pte) ? slotOf(Number(pte & 0xffff_ffffn)) : undefined;
}

/** All entries for what a space has, or would find, at an address. */
export function pageOwners(k: Kernel, space: AddressSpace, address: Va): PageEntry[] {
  const { pte, frame } = entryAt(k, space, address);
  const found = frame ?? heldFrame(k, space, address);
  if (found !== undefined) return mappingsTo(k, paNum(Number(found))).map((m) => at(m, found));
  return pte === undefined ? [] : namersOf(k, slotOf(Number(pte)));
}

/** The frame of the page cache that a first touch would map. */
function heldFrame(k: Kernel, space: AddressSpace, address: Va): Pa | undefined {
  if (address >= 1n << 38n) return undefined;
  const page = Number(address - address % BigInt(PAGE_SIZE)) as VaNum;
  const area = findArea(space, page);
  const frame = area && cachedAt(k.state.cache, area, page)?.frame;
  return frame ? pa(frame) : undefined;
}

function at(m: Mapping, frame: Pa): PageEntry {
  const page = va(m.va + (frame - m.pa));
  return { pid: m.pid, name: m.name, va: page, pte: m.pte, frame };
}

/** The entries that name a swap slot. */
function namersOf(k: Kernel, slot: number): PageEntry[] {
  const list: PageEntry[] = [];
  for (const { space, process } of spacesInUse(k)) {
    const { pid, name } = process;
    eachLeaf(k.machine.ram, space.root, () => {}, () => {}, (address, pte) => {
      if (slotOf(pte) !== slot) return;
      list.push({ pid, name, va: va(address), pte: BigInt(pte), frame: undefined });
    });
  }
  return list;
}
