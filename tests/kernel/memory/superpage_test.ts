import { assert, assertEquals, assertExists } from "@std/assert";
import { reclaim } from "../../../src/vm/kernel/memory/reclaim/reclaim.ts";
import {
  allocRaw,
  failAllocation,
  freeFrame,
} from "../../../src/vm/kernel/memory/frames/frames.ts";
import { releaseSpace } from "../../../src/vm/kernel/memory/areas/spaces.ts";
import { usageOf } from "../../../src/vm/kernel/memory/areas/usage.ts";
import { mapArea } from "../../../src/vm/kernel/memory/areas/populate.ts";
import { cow } from "../../../src/vm/kernel/fork/cow.ts";
import { eager } from "../../../src/vm/kernel/fork/eager.ts";
import type { PaNum, VaNum } from "../../../src/vm/machine/address.ts";
import { findEntry } from "../../../src/vm/kernel/memory/tables/entry.ts";
import type { AddressSpace } from "../../../src/vm/kernel/memory/areas/space.ts";
import { assertSound } from "./check.ts";
import {
  forkedSpace,
  grow,
  MIB,
  mmap,
  mprotect,
  munmap,
  PAGE,
  promoteSpace,
  shrink,
  World,
} from "./world.ts";
import { forkSpace } from "../../../src/vm/kernel/fork/fork.ts";

const SUPER = 2 * MIB;

function make(more: Record<string, unknown> = {}): World {
  return new World({ policy: cow, superpages: true, bytes: 64 * MIB, ...more });
}

function level(world: World, space: AddressSpace, va: number): number {
  return findEntry(world.ram, space.root, va as VaNum)!.level;
}

/** The heap's pages numbered: page i holds i. */
function number(world: World, space: AddressSpace, from: number, to: number): void {
  for (let va = from; va < to; va += PAGE) world.store(space, va, BigInt(va / PAGE));
}

function numbered(world: World, space: AddressSpace, from: number, to: number): boolean {
  for (let va = from; va < to; va += PAGE) {
    if (world.load(space, va) !== BigInt(va / PAGE)) return false;
  }
  return true;
}

Deno.test("sbrk maps aligned 2 MiB by one leaf, the rest by 4 KiB pages", () => {
  const world = make();
  const space = world.space();
  const text = { start: 0 as VaNum, end: PAGE as VaNum, perm: 5, kind: "text" as const };
  assert(mapArea(world.memory, space, { ...text, shared: false, lazy: false }));
  space.size = PAGE as VaNum;
  assert(grow(world.memory, space, 8 * MIB, false));
  assertSound(world);
  const levels = [0, PAGE, SUPER - PAGE, SUPER, 2 * SUPER, 3 * SUPER, 4 * SUPER];
  assertEquals(levels.map((va) => level(world, space, va)), [0, 0, 0, 1, 1, 1, 0]);
  number(world, space, PAGE, 8 * MIB);
  assert(numbered(world, space, PAGE, 8 * MIB));
  const usage = usageOf(world.memory, space);
  assertEquals([usage.rss, usage.private], [2049, 2049]);
});

Deno.test("touching 2 MiB misses once as a leaf and 512 times as pages", () => {
  for (const superpages of [true, false]) {
    const world = make({ superpages });
    const space = world.heap(512);
    world.load(space, 0);
    const before = world.mmu.counters().walks;
    for (let va = PAGE; va < SUPER; va += PAGE) world.load(space, va);
    assertEquals(world.mmu.counters().walks - before, superpages ? 0 : 511);
  }
});

Deno.test("fork of 2 MiB leaves writes one entry in parent and child each", () => {
  const world = make();
  const parent = world.heap(10 * 512);
  const forked = forkSpace(world.memory, parent);
  assertEquals(forked?.statistics, {
    shared: 5120,
    copied: 0,
    ptes: 20,
    parentPtes: 10,
    tables: 4,
  });
  assertSound(world);
});

Deno.test("fork of 256 MiB copies nothing: 65,536 entries as pages, 128 as leaves, in each", () => {
  for (const superpages of [false, true]) {
    const world = make({ superpages, bytes: 512 * MIB });
    const parent = world.heap(65_536);
    const { statistics } = forkSpace(world.memory, parent)!;
    const { copied, shared, ptes, parentPtes, tables } = statistics;
    assertEquals([copied, shared], [0, 65_536]);
    const entries = superpages ? 128 : 65_536;
    assertEquals([ptes - parentPtes, parentPtes], [entries, entries]);
    assertEquals(tables, superpages ? 4 : 132);
    assertEquals(world.events.counters.copiedBytes, 0);
  }
});

for (const superpageCow of ["whole", "split"] as const) {
  Deno.test(`a store to a shared leaf: ${superpageCow}`, () => {
    const world = make({ superpageCow });
    const parent = world.heap(512);
    number(world, parent, 0, SUPER);
    const child = forkedSpace(world.memory, parent);
    assertExists(child);
    world.store(child, 5 * PAGE + 8, 1n);
    assertSound(world);
    assertEquals(world.events.counters.copiedBytes, superpageCow === "whole" ? SUPER : PAGE);
    assertEquals(level(world, child, 0), superpageCow === "whole" ? 1 : 0);
    assertEquals(level(world, parent, 0), 1);
    assertEquals(world.load(parent, 5 * PAGE + 8), 0n);
    assert(numbered(world, child, 0, SUPER));
    const copied = world.events.counters.copiedBytes;
    world.store(parent, 0, 99n);
    assertSound(world);
    // whole: the parent is alone with its frames; split: only with the one the child copied
    assertEquals(world.events.counters.copiedBytes - copied, superpageCow === "whole" ? 0 : PAGE);
    assertEquals(world.load(child, 0), 0n);
    assert(numbered(world, parent, PAGE, SUPER));
  });
}

Deno.test("eager fork copies a leaf into a leaf, or into pages when no block is free", () => {
  const world = new World({ policy: eager, superpages: true, bytes: 16 * MIB });
  const parent = world.heap(3 * 512);
  number(world, parent, 0, 3 * SUPER);
  const child = forkedSpace(world.memory, parent);
  assertExists(child);
  assertSound(world);
  assertEquals(level(world, child, 0), 1);
  assert(numbered(world, child, 0, 3 * SUPER));
  releaseSpace(world.memory, child);
  const crumbs = world.heap(1); // breaks one of the four free blocks
  const hold = world.heap(512);
  const again = forkedSpace(world.memory, parent);
  assertExists(again);
  assertSound(world);
  assert(numbered(world, again, 0, 3 * SUPER));
  assert([0, SUPER, 2 * SUPER].some((va) => level(world, again, va) === 0));
  releaseSpace(world.memory, crumbs);
  releaseSpace(world.memory, hold);
});

Deno.test("trimming into a leaf splits it with its contents kept", () => {
  const world = make();
  const space = world.heap(1024);
  number(world, space, 0, 2 * SUPER);
  const free = world.memory.state.frames.free;
  assert(shrink(world.memory, space, 3 * PAGE));
  assertSound(world);
  assertEquals(world.memory.state.frames.free, free + 3 - 1);
  assertEquals(level(world, space, 2 * SUPER - 4 * PAGE), 0);
  assertEquals(level(world, space, 0), 1);
  assert(numbered(world, space, 0, 2 * SUPER - 3 * PAGE));
  assertEquals(world.refusal(() => world.load(space, 2 * SUPER - PAGE)), "no area there");
});

Deno.test("trimming without a free frame takes a trimmed one for the table", () => {
  const world = make();
  const space = world.heap(512);
  number(world, space, 0, SUPER);
  failAllocation(world.memory, 1);
  assert(shrink(world.memory, space, 3 * PAGE));
  assertSound(world);
  assert(numbered(world, space, 0, SUPER - 3 * PAGE));
});

Deno.test("munmap of a middle and mprotect of a part split, contents kept", () => {
  const world = make();
  const space = world.space();
  const va = mmap(world.memory, space, { length: 3 * SUPER, perm: 3, kind: "anon" });
  assertEquals(va % SUPER, 0);
  number(world, space, va, va + 3 * SUPER);
  assertEquals([0, 1, 2].map((i) => level(world, space, va + i * SUPER)), [1, 1, 1]);
  assert(munmap(world.memory, space, (va + SUPER + PAGE) as VaNum, PAGE));
  assertSound(world);
  assert(mprotect(world.memory, space, (va + 2 * SUPER) as VaNum, PAGE, 1));
  assertSound(world);
  assertEquals([0, 1, 2].map((i) => level(world, space, va + i * SUPER)), [1, 0, 0]);
  assert(numbered(world, space, va, va + SUPER + PAGE));
  assert(numbered(world, space, va + SUPER + 2 * PAGE, va + 3 * SUPER));
  assertEquals(
    world.refusal(() => world.store(space, va + 2 * SUPER, 0n)),
    "store to a read-only page",
  );
});

Deno.test("a block filled page by page becomes a leaf; a split one becomes whole in place", () => {
  const world = make();
  const space = world.heap(0);
  for (let i = 0; i < 512; i++) {
    assert(grow(world.memory, space, PAGE, false));
    world.store(space, i * PAGE, BigInt(i));
  }
  assertSound(world);
  assertEquals(level(world, space, 0), 1);
  assert(numbered(world, space, 0, SUPER));
  const va = (5 * PAGE) as VaNum;
  assert(mprotect(world.memory, space, va, PAGE, 1));
  assertEquals(level(world, space, 0), 0);
  assertEquals(promoteSpace(world.memory, space), 0);
  assert(mprotect(world.memory, space, va, PAGE, 3));
  const copied = world.events.counters.copiedBytes;
  assertEquals(promoteSpace(world.memory, space), 1);
  assertEquals(world.events.counters.copiedBytes, copied);
  assertSound(world);
  assertEquals(level(world, space, 0), 1);
  assert(numbered(world, space, 0, SUPER));
});

Deno.test("a leaf nobody uses is split by the clock and goes to the disk", () => {
  const world = make({ swap: 8 * MIB });
  const space = world.heap(512);
  number(world, space, 0, SUPER);
  assertEquals(reclaim(world.memory, 100), 100);
  assertSound(world);
  assertEquals(usageOf(world.memory, space).swapped, 100);
  assert(numbered(world, space, 0, SUPER));
  assertSound(world);
});

Deno.test("a leaf is split without a free frame: its first page goes out and gives the table", () => {
  const world = make({ swap: 8 * MIB });
  const space = world.heap(512);
  number(world, space, 0, SUPER);
  const held: PaNum[] = [];
  while (world.memory.state.frames.free > 0) {
    held.push(allocRaw(world.memory, "trapframe") as PaNum);
  }
  assertEquals(reclaim(world.memory, 1), 1);
  assertEquals(world.memory.state.frames.free, 1);
  assertEquals(usageOf(world.memory, space).swapped, 2);
  for (const frame of held) freeFrame(world.memory, frame, "test");
  assertSound(world);
  assert(numbered(world, space, 0, SUPER));
  assertSound(world);
});

Deno.test("sparse first touches do not eat RAM up in 2 MiB pieces", () => {
  const world = make();
  const space = world.heap(64 * 512, true); // twice RAM
  for (let i = 0; i < 64; i++) world.store(space, i * SUPER, BigInt(i));
  assertSound(world);
  for (let i = 0; i < 64; i++) assertEquals(world.load(space, i * SUPER), BigInt(i));
});
