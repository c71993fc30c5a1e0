/**
 * The sorted list of a space's areas: find, insert, split, cut, find room. Pure list work, no page
 * is touched here.
 */

import { PAGE_SIZE, pageUp, type VaNum, vaNum } from "../../../machine/address.ts";
import type { Memory } from "../memory.ts";
import { holdFile } from "./shm.ts";
import { type AddressSpace, type Area, MMAP_TOP } from "./space.ts";
import type { Backing } from "./backing.ts";

/** The area that holds `va`. */
export function findArea(space: AddressSpace, va: VaNum): Area | undefined {
  const areas = space.areas;
  let low = 0, high = areas.length;
  while (low < high) {
    const mid = (low + high) >>> 1;
    if (areas[mid].end <= va) low = mid + 1;
    else high = mid;
  }
  const area = areas[low];
  return area !== undefined && area.start <= va ? area : undefined;
}

/** The areas that have a byte in [start, end), in order. */
export function areasIn(space: AddressSpace, start: VaNum, end: VaNum): Area[] {
  return space.areas.filter((area) => area.start < end && start < area.end);
}

/** Whether no area has a byte in [start, end). */
export function isHole(space: AddressSpace, start: VaNum, end: VaNum): boolean {
  return !space.areas.some((area) => area.start < end && start < area.end);
}

/** Puts an area in its place, merged with neighbours that continue it. The range must be a hole. */
export function insertArea(space: AddressSpace, area: Area): void {
  const { areas } = space;
  // From the end: most that comes is the heap's, and above it there is little.
  let i = areas.length;
  while (i > 0 && areas[i - 1].start >= area.end) i--;
  const joins = i < areas.length && continues(area, areas[i]);
  if (joins) area.end = areas[i].end;
  if (i > 0 && continues(areas[i - 1], area)) {
    areas[i - 1].end = area.end;
    if (joins) areas.splice(i, 1);
  } else areas.splice(i, joins ? 1 : 0, area);
}

/** Makes `va` a border: an area that goes across it becomes two, and both hold its file. */
export function splitAt(m: Memory, space: AddressSpace, va: VaNum): void {
  const i = space.areas.findIndex((area) => area.start < va && va < area.end);
  if (i < 0) return;
  const head = space.areas[i];
  const tail: Area = { ...head, start: va };
  if (head.backing !== undefined) {
    tail.backing = laterPart(head.backing, va - head.start);
    holdFile(m, head.backing.file);
  }
  head.end = va;
  space.areas.splice(i + 1, 0, tail);
}

/** Takes the areas of [start, end) out of the list, split at the borders; returns them. */
export function cutAreas(m: Memory, space: AddressSpace, start: VaNum, end: VaNum): Area[] {
  splitAt(m, space, start);
  splitAt(m, space, end);
  const cut = areasIn(space, start, end);
  space.areas = space.areas.filter((area) => !cut.includes(area));
  return cut;
}

/** Joins neighbours in the list that continue each other (after a change of rights). */
export function mergeAreas(space: AddressSpace): void {
  const merged: Area[] = [];
  for (const area of space.areas) {
    const last = merged[merged.length - 1];
    if (last !== undefined && continues(last, area)) last.end = area.end;
    else merged.push(area);
  }
  space.areas = merged;
}

/**
 * The highest hole of `length` bytes below {@link MMAP_TOP} and above the heap, its start a
 * multiple of `align`; -1 when there is none.
 */
export function findHole(space: AddressSpace, length: number, align = PAGE_SIZE): VaNum | -1 {
  const lowest = pageUp(space.size);
  let top: number = MMAP_TOP;
  for (let i = space.areas.length - 1; i >= -1; i--) {
    const area = i >= 0 ? space.areas[i] : undefined;
    if (area !== undefined && area.start >= top) continue;
    const bottom = Math.max(lowest, area?.end ?? 0);
    const start = Math.floor((top - length) / align) * align;
    if (start >= bottom) return vaNum(start);
    if (area === undefined || area.start <= lowest) return -1;
    top = area.start;
  }
  return -1;
}

/** Whether `next` can be merged to the end of `area`: adjacent, alike, neither with a file. */
function continues(area: Area, next: Area): boolean {
  return area.end === next.start && area.kind === next.kind && area.perm === next.perm &&
    area.shared === next.shared && area.lazy === next.lazy &&
    area.backing === undefined && next.backing === undefined;
}

/** What is behind an area from `skip` bytes after its start. */
function laterPart(backing: Backing, skip: number): Backing {
  return { ...backing, offset: backing.offset + skip, length: Math.max(0, backing.length - skip) };
}
