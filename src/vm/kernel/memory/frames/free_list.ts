/**
 * The free list in the free frames themselves: bytes 0–7 of a member hold the address of the next
 * one, as in xv6's `struct run`; bytes 8–15 that of the one before, so that any member can leave.
 * The links are read from RAM and believed only as far as they lead to free frames.
 */

import { PAGE_SIZE, type PaNum } from "../../../machine/address.ts";
import type { Ram } from "../../../machine/memory.ts";
import { KernelPanic } from "../panic.ts";

/** The number that says of a frame that it is on the list, in `kinds` by frame number. */
export const FREE = 1;
/** The words of a member in which its links begin: to the next one, and to the one before. */
const NEXT = 0, BACK = 2;

/** The next member as the frame says, whatever stands there. */
export function linkOf(ram: Ram, frame: PaNum): number {
  return ram.readHead(frame, NEXT) + ram.readHead(frame, NEXT + 1) * 0x1_0000_0000;
}

/** The member before as the frame says. */
export function linkBack(ram: Ram, frame: PaNum): number {
  return ram.readHead(frame, BACK) + ram.readHead(frame, BACK + 1) * 0x1_0000_0000;
}

/** Puts a frame before `head`, the first member (0: the list is empty). */
export function pushFree(ram: Ram, head: PaNum | 0, frame: PaNum): void {
  ram.writeHead(frame, NEXT, head, 0);
  ram.writeHead(frame, BACK, 0, 0);
  if (head !== 0) ram.writeHead(head, BACK, frame, 0);
}

/**
 * Takes a member out; the list's new head. Members are the frames of kind `free` in `kinds`. Panics
 * when the links are damaged.
 */
export function unlinkFree(ram: Ram, head: PaNum | 0, frame: PaNum, kinds: Uint8Array): PaNum | 0 {
  if (!isMember(ram, kinds, frame)) throw damaged(frame, frame);
  const next = linkOf(ram, frame) as PaNum | 0;
  const back = ram.readHead(frame, BACK) as PaNum | 0;
  if (next !== 0) {
    if (!isMember(ram, kinds, next)) throw damaged(frame, next);
    ram.writeHead(next, BACK, back, 0);
  }
  if (back === 0) return next;
  if (!isMember(ram, kinds, back)) throw damaged(frame, back);
  ram.writeHead(back, NEXT, next, 0);
  return head;
}

/** Whether a link leads to a member; what is no page's first byte has no number, and no kind. */
function isMember(ram: Ram, kinds: Uint8Array, link: PaNum): boolean {
  return kinds[(link - ram.base) / PAGE_SIZE] === FREE;
}

/** `from` is the member whose links led to `link`, which is none. */
function damaged(from: PaNum, link: PaNum): KernelPanic {
  const problem = link === from ? "is no free frame" : `links to 0x${link.toString(16)}`;
  return new KernelPanic(`kalloc: free list damaged: 0x${from.toString(16)} ${problem}`);
}
