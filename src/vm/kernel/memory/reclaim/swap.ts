/**
 * The swap disk: slots of one page, each with the number of PTEs that refer to it. A page leaves once,
 * however many share it, and comes back once, for all of them: every owner gets its entry
 * back, marks and rights as they were, so that COW sharing survives a stay on the disk.
 *
 * @module
 */

import { PAGE_SIZE } from "../../../machine/address.ts";
import type { PaNum, VaNum } from "../../../machine/address.ts";
import { PTE_V } from "../../../machine/sv39.ts";
import { findArea } from "../areas/areas.ts";
import type { Memory } from "../memory.ts";
import { entryOf, find, readEntry, setEntry } from "../tables/page_table.ts";
import { flagsOf, isSwapped, makePte, slotOf } from "../tables/pte.ts";
import type { AddressSpace } from "../areas/space.ts";

/** Bytes of the largest swap disk: a PTE of 32 bits has 22 for the number of a slot (see `swapPte`). */
export const MAX_SWAP: number = 2 ** 22 * PAGE_SIZE;

/** The disk's state, as plain data. */
export interface SwapDisk {
  /** Pages it has room for; 0: there is no disk. */
  readonly slots: number;
  /** PTEs (or shared anonymous objects) that refer to each slot; 0: free. */
  readonly counts: Uint32Array;
  /** Content of the slots in use. */
  readonly pages: Map<number, Uint8Array>;
  /** Where to look for the next free slot. */
  cursor: number;
}

/** A disk of that many bytes, in whole pages. */
export function newSwapDisk(bytes: number): SwapDisk {
  const slots = Math.floor(bytes / PAGE_SIZE);
  return { slots, counts: new Uint32Array(slots), pages: new Map(), cursor: 0 };
}

/** Free slots. */
export function freeSlots(disk: SwapDisk): number {
  return disk.slots - disk.pages.size;
}

/** Writes a frame to a free slot for `owners` references; -1 when the disk is full. */
export function writeSlot(m: Memory, frame: PaNum, owners: number): number {
  const disk = m.swap;
  if (freeSlots(disk) === 0) return -1;
  while (disk.counts[disk.cursor] !== 0) disk.cursor = (disk.cursor + 1) % disk.slots;
  const slot = disk.cursor;
  disk.cursor = (slot + 1) % disk.slots;
  disk.counts[slot] = owners;
  disk.pages.set(slot, m.ram.bytes(frame, PAGE_SIZE).slice());
  return slot;
}

/** Copies a slot's content to a frame. */
export function readSlot(m: Memory, slot: number, into: PaNum): void {
  m.ram.write(into, m.swap.pages.get(slot)!);
}

/** One more PTE refers to the slot (fork). */
export function refSlot(m: Memory, slot: number): void {
  m.swap.counts[slot]++;
}

/** One PTE less; the slot is free with the last. */
export function dropSlot(m: Memory, slot: number, references = 1): void {
  m.swap.counts[slot] -= references;
  if (m.swap.counts[slot] > 0) return;
  m.swap.pages.delete(slot);
  m.clock.wall = 0;
}

/**
 * Brings back the page whose entry in `space` is swapped, for all who share it, and then up to
 * `readAhead` pages after it as long as that evicts nothing. False: out of memory.
 */
export function swapIn(m: Memory, space: AddressSpace, page: VaNum): boolean {
  if (!bringBack(m, space, page, "swap in")) return false;
  for (let i = 1; i <= m.readAhead; i++) {
    const next = (page + i * PAGE_SIZE) as VaNum;
    if (m.frames.freeCount <= m.watermarks.low || findArea(space, next) === undefined) break;
    if (isSwapped(readEntry(m.ram, space.root, next))) bringBack(m, space, next, "read ahead");
  }
  return true;
}

function bringBack(m: Memory, space: AddressSpace, page: VaNum, why: string): boolean {
  const frame = m.take("user", "raw");
  if (frame === 0) return false;
  const slot = slotOf(readEntry(m.ram, space.root, page));
  readSlot(m, slot, frame);
  m.frames.setHome(frame, page);
  m.moved("swap-in", space, page, frame, slot, PAGE_SIZE, why);
  let owners = 0;
  for (const other of m.spaces.values()) {
    const found = find(m.ram, other.root, page);
    const entry = found === 0 ? 0 : m.ram.readPte(entryOf(found));
    if (!isSwapped(entry) || slotOf(entry) !== slot) continue;
    const pte = makePte(frame, flagsOf(entry) | PTE_V);
    setEntry(m, page, entryOf(found), entry, pte, why);
    if (owners++ > 0) m.frames.ref(frame, why);
  }
  dropSlot(m, slot, owners);
  return true;
}
