/** The swap disk: slots of one page, each with the number of PTEs that refer to it. */

import { PAGE_SIZE, type PaNum } from "../../../machine/address.ts";
import type { SwapDisk } from "../state.ts";
import type { Memory } from "../memory.ts";

/** Bytes of the largest swap disk: a PTE of 32 bits has 22 for a slot (see `swapPte`). */
export const MAX_SWAP: number = 2 ** 22 * PAGE_SIZE;

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
  const disk = m.state.swap;
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
  m.ram.write(into, m.state.swap.pages.get(slot)!);
}

/** One more PTE refers to the slot (fork). */
export function refSlot(m: Memory, slot: number): void {
  m.state.swap.counts[slot]++;
}

/** One PTE less; the slot is free with the last. */
export function dropSlot(m: Memory, slot: number, references = 1): void {
  m.state.swap.counts[slot] -= references;
  if (m.state.swap.counts[slot] > 0) return;
  m.state.swap.pages.delete(slot);
  m.state.clock.wall = 0;
}
