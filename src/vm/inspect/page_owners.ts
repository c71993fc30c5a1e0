/**
 * Who has a page, wherever it is now: in a frame, on the swap disk, or in the page cache while this process has
 * not touched it yet. Read out of the page tables, to be looked at again after something was done to it.
 *
 * @module
 */

import { type Pa, pa, PAGE_SIZE, type PaNum, paNum, type Va, va } from "../machine/address.ts";
import type { Ram } from "../machine/memory.ts";
import { walk } from "../machine/sv39.ts";
import { eachLeaf, type Mapping, mappingsTo } from "./mappings.ts";
import { type KernelView, userRoots } from "./view.ts";

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

/** The entry of an address in a page table. */
export function entryAt(
  view: KernelView,
  ram: Ram,
  root: PaNum,
  address: Va,
): Pick<PageEntry, "pte" | "frame"> {
  const { leaf, steps } = walk(ram, root, address);
  if (leaf !== undefined) return { pte: leaf.pte, frame: pa(leaf.pa - leaf.pa % PAGE_SIZE) };
  const pte = steps.at(-1)?.pte ?? 0n;
  return { pte: slotIn(view, pte) === undefined ? undefined : pte, frame: undefined };
}

/** The swap slot that an entry names; undefined for any other entry. */
export function slotIn(view: KernelView, pte: bigint): number | undefined {
  return view.slotOf(Number(pte & 0xffff_ffffn));
}

/**
 * All entries for what a page table has at an address; `held`: the frame that it would find there, where it has
 * nothing yet.
 */
export function pageOwners(
  view: KernelView,
  ram: Ram,
  root: PaNum,
  address: Va,
  held: PaNum | undefined,
): PageEntry[] {
  const { pte, frame } = entryAt(view, ram, root, address);
  const found = frame ?? (held && pa(held));
  if (found !== undefined) {
    return mappingsTo(view, ram, paNum(Number(found))).map((m) => at(m, found));
  }
  return pte === undefined ? [] : namersOf(view, ram, slotIn(view, pte)!);
}

function at(m: Mapping, frame: Pa): PageEntry {
  const page = va(m.va + (frame - m.pa));
  return { pid: m.pid, name: m.name, va: page, pte: m.pte, frame };
}

/** The entries that name a swap slot. */
function namersOf(view: KernelView, ram: Ram, slot: number): PageEntry[] {
  const list: PageEntry[] = [];
  for (const { root, pid, name } of userRoots(view)) {
    eachLeaf(ram, root, () => {}, () => {}, (address, pte) => {
      if (view.slotOf(pte) !== slot) return;
      list.push({ pid, name, va: va(address), pte: BigInt(pte), frame: undefined });
    });
  }
  return list;
}
