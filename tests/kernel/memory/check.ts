/**
 * An audit of our own for the tests, written against the specification of Sv39 and not against the kernel's
 * code: it reads RAM word by word, counts who maps what, and holds that against counts, kinds, free list,
 * areas and TLB.
 *
 * @module
 */

import {
  countOf,
  frameAt,
  frameTotal,
  freeList,
  kindOf,
} from "../../../src/vm/kernel/memory/frames/frames.ts";
import { assertEquals } from "@std/assert";
import type { PaNum } from "../../../src/vm/machine/address.ts";
import type { World } from "./world.ts";

/** A user or kernel leaf found in a page table. */
interface Leaf {
  readonly va: number;
  readonly frame: number;
  readonly pte: number;
  readonly pages: number;
}

/** Everything that is wrong, in words; empty when all is well. */
export function problems(world: World): string[] {
  const { memory, ram } = world;
  const wrong: string[] = [];
  const mapped = new Map<number, number>();
  const writers = new Map<number, number>();
  const uses = new Map<number, string>();
  const swapped = new Map<number, number>();
  const use = (frame: number, what: string) => {
    if (uses.has(frame)) wrong.push(`${hex(frame)} is ${uses.get(frame)} and ${what}`);
    uses.set(frame, what);
  };
  for (const space of memory.state.spaces.values()) {
    const leaves: Leaf[] = [];
    walkTable(world, space.root, 2, 0, use, leaves, (slot) => {
      swapped.set(slot, (swapped.get(slot) ?? 0) + 1);
    });
    const special = new Set(space.trapframes.map(({ va }) => va as number));
    for (const { frame } of space.trapframes) use(frame, "trapframe");
    for (const leaf of leaves) {
      if (leaf.va === 0x3f_ffff_f000) {
        if ((leaf.pte & 0x1f) !== 0x0b) wrong.push(`trampoline flags ${hex(leaf.pte)}`);
        continue;
      }
      if (special.has(leaf.va)) {
        const trapframe = space.trapframes.find(({ va }) => va === leaf.va)!;
        if (trapframe.frame !== leaf.frame || (leaf.pte & 0x1f) !== 7) wrong.push("trapframe PTE");
        continue;
      }
      const area = space.areas.find(({ start, end }) => start <= leaf.va && leaf.va < end);
      if (area === undefined || leaf.va + leaf.pages * 4096 > area.end) {
        wrong.push(`${hex(leaf.va)} mapped outside areas`);
        continue;
      }
      const w = (leaf.pte & 4) !== 0;
      if (w && (area.perm & 2) === 0 && area.kind !== "guard") {
        wrong.push(`${hex(leaf.va)} gained W`);
      }
      if ((leaf.pte & 8) !== 0 && (area.perm & 4) === 0) wrong.push(`${hex(leaf.va)} gained X`);
      if ((leaf.pte & 16) !== 0 && area.perm === 0) wrong.push(`${hex(leaf.va)} gained U`);
      for (let i = 0; i < leaf.pages; i++) {
        const frame = leaf.frame + i * 4096;
        mapped.set(frame, (mapped.get(frame) ?? 0) + 1);
        if (w && !area.shared) writers.set(frame, (writers.get(frame) ?? 0) + 1);
      }
    }
    for (let i = 0; i < space.areas.length; i++) {
      const { start, end } = space.areas[i];
      if (start >= end || start % 4096 !== 0 || end % 4096 !== 0) wrong.push("area bounds");
      if (i > 0 && space.areas[i - 1].end > start) wrong.push("areas overlap or are not in order");
    }
  }
  for (const [frame, count] of writers) {
    if (mapped.get(frame)! > 1) wrong.push(`${hex(frame)} written by ${count}, mapped by more`);
  }
  const listed = new Set<number>();
  for (const frame of freeList(memory)) {
    if (listed.has(frame)) wrong.push(`${hex(frame)} twice on the free list`);
    listed.add(frame);
    if (ram.read8((frame + 100) as PaNum) !== 1) wrong.push(`${hex(frame)} free without junk`);
  }
  let free = 0;
  for (let i = 0; i < frameTotal(memory); i++) {
    const frame = frameAt(memory, i);
    const kind = kindOf(memory, frame);
    const stored = countOf(memory, frame);
    const counted = mapped.get(frame) ?? 0;
    const used = uses.get(frame);
    if (kind === "free" || kind === "fresh") {
      free++;
      if (counted > 0 || used !== undefined) wrong.push(`${hex(frame)} free but in use`);
      if ((kind === "free") !== listed.has(frame)) {
        wrong.push(`${hex(frame)} ${kind}, listed wrong`);
      }
      if (stored !== 0) wrong.push(`${hex(frame)} free with count ${stored}`);
    } else if (kind === "table" || kind === "trapframe") {
      if (used !== kind) wrong.push(`${hex(frame)} is a lost ${kind}`);
    } else if (kind === "user" || kind === "cache") {
      if (stored !== counted) wrong.push(`${hex(frame)} stored ${stored} counted ${counted}`);
      const shm = memory.state.cache.byFrame.get(frame)?.file;
      const kept = shm?.fs === -1 && memory.state.shm.holders.get(shm.inode)! > 0;
      if (counted === 0 && !kept) wrong.push(`${hex(frame)} leaked`);
      if ((kind === "cache") !== memory.state.cache.byFrame.has(frame)) {
        wrong.push(`${hex(frame)} ${kind} and the cache disagree`);
      }
      if (kind === "cache" && (writers.get(frame) ?? 0) > 0) {
        wrong.push(`${hex(frame)} of a file may be written privately`);
      }
    }
  }
  if (free !== memory.state.frames.free) {
    wrong.push(`free count ${memory.state.frames.free}, found ${free}`);
  }
  let away = 0;
  for (const page of memory.state.cache.byKey.values()) {
    if (page.slot === undefined) continue;
    away++;
    swapped.set(page.slot, (swapped.get(page.slot) ?? 0) + 1);
  }
  if (memory.state.cache.byFrame.size + away !== memory.state.cache.byKey.size) {
    wrong.push("cache maps disagree");
  }
  for (let slot = 0; slot < memory.state.swap.slots; slot++) {
    const stored = memory.state.swap.counts[slot];
    const counted = swapped.get(slot) ?? 0;
    if (stored !== counted) wrong.push(`slot ${slot} stored ${stored} counted ${counted}`);
    if (stored > 0 !== memory.state.swap.pages.has(slot)) wrong.push(`slot ${slot} content`);
  }
  for (const slot of swapped.keys()) {
    if (!(slot < memory.state.swap.slots)) wrong.push(`slot ${slot} does not exist`);
  }
  checkTlb(world, wrong);
  return wrong;
}

/** Fails with the list of what is wrong. */
export function assertSound(world: World, when = ""): void {
  assertEquals(problems(world), [], when);
}

function walkTable(
  world: World,
  table: number,
  level: number,
  base: number,
  use: (frame: number, what: string) => void,
  leaves: Leaf[],
  swapped: (slot: number) => void,
): void {
  use(table, "table");
  const span = 4096 * 512 ** level;
  const view = new DataView(world.ram.bytes(table as PaNum, 4096).slice().buffer);
  for (let i = 0; i < 512; i++) {
    const pte = Number(view.getBigUint64(i * 8, true));
    if (pte === 0) continue;
    const va = base + i * span;
    const frame = Math.floor(pte / 1024) * 4096;
    if ((pte & 1) === 0) swapped(pte >>> 10);
    else if ((pte & 0xe) !== 0) leaves.push({ va, frame, pte, pages: span / 4096 });
    else walkTable(world, frame, level - 1, va, use, leaves, swapped);
  }
}

/** Each TLB entry must say what the tables say, or less. */
function checkTlb(world: World, wrong: string[]): void {
  const space = world.memory.state.spaces.get(world.memory.state.currentSpace);
  const leaves: Leaf[] = [];
  if (space !== undefined) walkTable(world, space.root, 2, 0, () => {}, leaves, () => {});
  const byPage = new Map(leaves.map((leaf) => [leaf.va / 4096, leaf]));
  for (const entry of world.mmu.entries()) {
    const va = Number(entry.va);
    const page = Math.floor(va / 4096);
    const leaf = byPage.get(page) ?? byPage.get(page - (page % 512));
    const bit = [2, 4, 8][entry.access];
    if (
      leaf === undefined || va >= leaf.va + leaf.pages * 4096 ||
      leaf.frame + va - leaf.va !== entry.pa || (leaf.pte & bit) === 0
    ) {
      wrong.push(`stale TLB entry for ${hex(va)}`);
    } else if (entry.access === 1 && (leaf.pte & 0x80) === 0) {
      wrong.push(`TLB may write ${hex(va)} without D`);
    }
  }
}

function hex(value: number): string {
  return "0x" + value.toString(16);
}
