/** sbrk: the heap grows and shrinks at `size`, xv6's p->sz, which need not be page-aligned. */

import { hex, offset, PAGE_SIZE, pageUp, type VaNum } from "../../../machine/address.ts";
import { findArea, insertArea } from "./areas.ts";
import { promote } from "../tables/promote.ts";
import type { Memory } from "../memory.ts";
import { blockDown } from "../tables/entry.ts";
import { clearAreas, unmapAreas, unmapRange } from "./unmap.ts";
import { populate } from "./populate.ts";
import {
  type AddressSpace,
  type Area,
  MMAP_TOP,
  newArea,
  PERM_R,
  PERM_W,
  TRAPFRAME,
} from "./space.ts";
import { DONE, type Outcome, outOfFrames, refused } from "../outcome.ts";
import { counted } from "../../../machine/counted.ts";

/** sbrk upwards by `n` bytes. */
export function grow(m: Memory, space: AddressSpace, n: number, lazy: boolean): Outcome {
  const size = offset(space.size, n);
  const start = pageUp(space.size);
  const end = pageUp(size);
  const blocking = firstFrom(space, start, end);
  if (blocking !== undefined && start < MMAP_TOP) {
    const where = `${hex(blocking.start)}..${hex(blocking.end)} is ${blocking.kind}`;
    return refused(`${where}, in the way of a heap up to ${hex(size)}`);
  }
  if (size > TRAPFRAME || reachesTrapframe(space, end)) {
    return refused(`the heap would end at ${hex(size)}, beyond ${hex(TRAPFRAME)}`);
  }
  if (start < end) {
    const area = { ...newArea("heap", start, end, PERM_R | PERM_W), lazy };
    if (!lazy && !populate(m, space, area, "sbrk")) {
      return outOfFrames(m, `for ${counted((end - start) / PAGE_SIZE, "page")} and their tables`);
    }
    insertArea(space, area);
    if (!lazy) promoteBlocks(m, space, start, end);
  }
  space.size = size;
  return DONE;
}

/** The lowest area that starts in [start, end). */
function firstFrom({ areas }: AddressSpace, start: VaNum, end: VaNum): Area | undefined {
  let found: Area | undefined;
  for (let i = areas.length - 1; i >= 0 && areas[i].start >= start; i--) {
    if (areas[i].start < end) found = areas[i];
  }
  return found;
}

/** Blocks that sbrk has just made whole become 2 MiB leaves. */
function promoteBlocks(m: Memory, space: AddressSpace, start: VaNum, end: VaNum): void {
  if (!m.superpages) return;
  for (const block of [blockDown(start), blockDown(offset(end, -1))]) {
    const area = findArea(space, block);
    if (area !== undefined) promote(m, space, area, block);
  }
}

/**
 * sbrk downwards by `n` bytes, at most the size, through stack, guard and program if need be. Pages
 * go when the new size no longer reaches into them.
 */
export function shrink(m: Memory, space: AddressSpace, n: number): Outcome {
  const size = offset(space.size, -n);
  const start = pageUp(size);
  const end = pageUp(space.size);
  if (start < end) {
    // xv6's uvmdealloc leaves the tables, and sysinfotest counts on it. An empty table would keep a
    // 2 MiB leaf from its place.
    const unmap = m.superpages ? unmapAreas : clearAreas;
    const unmapped = unmapRange(m, space, start, end, "sbrk", unmap);
    if (!unmapped.ok) return unmapped;
  }
  space.size = size;
  return DONE;
}

/** Whether a heap up to `end` would cover a mapped trapframe. */
function reachesTrapframe(space: AddressSpace, end: VaNum): boolean {
  return space.trapframes.some(({ va }) => va + PAGE_SIZE <= TRAPFRAME && va < end);
}
