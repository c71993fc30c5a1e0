/**
 * sbrk: the heap grows and shrinks at `size`, xv6's p->sz, which need not be page-aligned.
 *
 * @module
 */

import { holdFile } from "./shm.ts";
import { PAGE_SIZE, pageUp, type VaNum } from "../../../machine/address.ts";
import { cutAreas, findArea, insertArea, isHole } from "./areas.ts";
import { promote } from "../tables/promote.ts";
import { splitBorders } from "../tables/superpage.ts";
import type { Memory } from "../memory.ts";
import { blockDown } from "../tables/entry.ts";
import { clearAreas, unmapAreas } from "./unmap.ts";
import { populate } from "./populate.ts";
import { type AddressSpace, type Area, PERM_R, PERM_W, TRAPFRAME } from "./space.ts";

/** sbrk upwards by `n` bytes. False when there is no room or no memory, with everything as before. */
export function grow(m: Memory, space: AddressSpace, n: number, lazy: boolean): boolean {
  const size = space.size + n;
  if (size > TRAPFRAME) return false;
  const start = pageUp(space.size as VaNum);
  const end = pageUp(size as VaNum);
  if (start < end) {
    if (!isHole(space, start, end) || reachesTrapframe(space, end)) return false;
    const area: Area = {
      start,
      end,
      perm: PERM_R | PERM_W,
      kind: "heap",
      shared: false,
      lazy,
    };
    if (!lazy && !populate(m, space, area, "sbrk")) return false;
    insertArea(space, area);
    if (!lazy) promoteBlocks(m, space, start, end);
  }
  space.size = size;
  return true;
}

/** Blocks that sbrk has just made whole become 2 MiB leaves. */
function promoteBlocks(m: Memory, space: AddressSpace, start: VaNum, end: VaNum): void {
  if (!m.superpages) return;
  for (const block of [blockDown(start), blockDown((end - 1) as VaNum)]) {
    const area = findArea(space, block);
    if (area !== undefined) promote(m, space, area, block);
  }
}

/**
 * sbrk downwards by `n` bytes, through stack, guard and program if need be. Pages go when the new size no
 * longer reaches into them. False, with nothing done, when `n` exceeds the size, or when a shared 2 MiB leaf would
 * have to be split and there is no frame for the table.
 */
export function shrink(m: Memory, space: AddressSpace, n: number): boolean {
  if (n > space.size) return false;
  const start = pageUp((space.size - n) as VaNum);
  const end = pageUp(space.size as VaNum);
  if (start < end) {
    if (!splitBorders(m, space, start, end, true)) return false;
    // xv6's uvmdealloc leaves the tables, and sysinfotest counts on it. An empty table would keep a 2 MiB
    // leaf from its place.
    const unmap = m.superpages ? unmapAreas : clearAreas;
    unmap(m, space, cutAreas(space, start, end, (file) => holdFile(m, file)), "sbrk");
  }
  space.size -= n;
  return true;
}

/** Whether a heap up to `end` would cover a mapped trapframe. */
function reachesTrapframe(space: AddressSpace, end: VaNum): boolean {
  return space.trapframes.some(({ va }) => va + PAGE_SIZE <= TRAPFRAME && va < end);
}
