import { assert, assertEquals, assertExists, assertStringIncludes } from "@std/assert";
import { reclaim } from "../../../src/vm/kernel/memory/reclaim/reclaim.ts";
import { releaseSpace } from "../../../src/vm/kernel/memory/areas/spaces.ts";
import { usageOf } from "../../../src/vm/kernel/memory/areas/usage.ts";
import { cow } from "../../../src/vm/kernel/fork/cow.ts";
import type { VaNum } from "../../../src/vm/machine/address.ts";
import { readEntry } from "../../../src/vm/kernel/memory/tables/entry.ts";
import { isSwapped } from "../../../src/vm/kernel/memory/tables/pte.ts";
import type { AddressSpace } from "../../../src/vm/kernel/memory/areas/space.ts";
import { assertSound } from "./check.ts";
import { forkedSpace, MIB, mmap, mprotect, munmap, PAGE, World } from "./world.ts";

const SMALL = { policy: cow, kernelFrames: 4096 - 100, watermarks: { low: 8, high: 16 } };

function swappedPages(world: World, space: AddressSpace): number {
  return usageOf(world.memory, space).swapped;
}

Deno.test("a heap three times as large as RAM keeps its contents", () => {
  const world = new World({ ...SMALL, swap: 4 * MIB });
  const space = world.heap(300, true);
  for (let i = 0; i < 300; i++) world.store(space, i * PAGE + 8, BigInt(i * i));
  assertSound(world);
  assert(swappedPages(world, space) >= 200);
  for (let i = 299; i >= 0; i--) assertEquals(world.load(space, i * PAGE + 8), BigInt(i * i));
  assertSound(world);
  releaseSpace(world.memory, space);
  assertEquals(world.memory.state.swap.pages.size, 0);
  assertEquals(world.memory.state.frames.free, 100);
});

Deno.test("a shared COW page goes out once and comes back once, for all its owners", () => {
  const world = new World({ policy: cow, swap: MIB });
  const first = world.heap(1);
  world.store(first, 0, 5n);
  const second = forkedSpace(world.memory, first);
  assertExists(second);
  const third = forkedSpace(world.memory, second);
  assertExists(third);
  assertEquals(reclaim(world.memory, 1), 1);
  assertSound(world);
  assertEquals(world.memory.state.swap.pages.size, 1);
  assertEquals([...world.memory.state.swap.counts.subarray(0, 2)], [3, 0]);
  assertEquals(world.load(second, 0), 5n);
  assertSound(world);
  assertEquals(world.memory.state.swap.pages.size, 0);
  assertEquals(world.events.counters["swap-in"], 1);
  world.store(third, 0, 6n);
  assertEquals([first, second, third].map((space) => world.load(space, 0)), [5n, 5n, 6n]);
  assertSound(world);
});

Deno.test("fork, exit, munmap and mprotect of swapped pages", () => {
  const world = new World({ policy: cow, swap: MIB });
  const space = world.space();
  const va = mmap(world.memory, space, { length: 4 * PAGE, perm: 3, kind: "anon" }) as VaNum;
  for (let i = 0; i < 4; i++) world.store(space, va + i * PAGE, BigInt(i + 1));
  assertEquals(reclaim(world.memory, 4), 4);
  const child = forkedSpace(world.memory, space);
  assertExists(child);
  assertSound(world);
  assert(munmap(world.memory, space, va, PAGE));
  assert(mprotect(world.memory, space, (va + PAGE) as VaNum, PAGE, 1));
  assertSound(world);
  assertEquals(world.refusal(() => world.store(space, va + PAGE, 9n)), "store to a read-only page");
  assertEquals(world.load(space, va + PAGE), 2n);
  world.store(space, va + 2 * PAGE, 30n);
  assertEquals([0, 1, 2, 3].map((i) => world.load(child, va + i * PAGE)), [1n, 2n, 3n, 4n]);
  assertSound(world);
  releaseSpace(world.memory, space);
  releaseSpace(world.memory, child);
  assertEquals(world.memory.state.swap.pages.size, 0);
  assertSound(world);
});

Deno.test("the clock spares what is used and takes what is not", () => {
  const world = new World({ policy: cow, swap: MIB });
  const space = world.heap(8);
  for (let i = 0; i < 8; i++) world.store(space, i * PAGE, 1n);
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 4; i++) world.load(space, i * PAGE);
    reclaim(world.memory, 1);
  }
  for (let i = 0; i < 4; i++) world.load(space, i * PAGE);
  const out = Array.from(
    { length: 8 },
    (_, i) => isSwapped(readEntry(world.ram, space.root, (i * PAGE) as VaNum)),
  );
  assertEquals(out.slice(0, 4), [false, false, false, false]);
  assertEquals(out.slice(4), [true, true, true, true]);
  assert(world.memory.state.clock.turns > 0);
});

Deno.test("read-ahead brings the pages after it back as well", () => {
  const world = new World({ policy: cow, swap: MIB, readAhead: 3 });
  const space = world.heap(8);
  for (let i = 0; i < 8; i++) world.store(space, i * PAGE, BigInt(i));
  assertEquals(reclaim(world.memory, 8), 8);
  world.load(space, PAGE);
  assertEquals(swappedPages(world, space), 4);
  assertEquals(world.events.counters["swap-in"], 4);
  assertEquals(world.load(space, 4 * PAGE), 4n);
  assertSound(world);
});

Deno.test("clean file pages are dropped, dirty shared ones written back, both read again", () => {
  const world = new World({ policy: cow });
  const space = world.space();
  const file = world.files.make(1, new Uint8Array(2 * PAGE).fill(3));
  const backing = { file, offset: 0, length: 2 * PAGE, writable: true };
  const request = { length: 2 * PAGE, perm: 3, kind: "file" as const, shared: true, backing };
  const va = mmap(world.memory, space, request);
  world.load(space, va);
  world.store(space, va + PAGE, 1n);
  assertEquals(reclaim(world.memory, 10), 2);
  assertSound(world);
  assertEquals(world.files.writes, 1);
  assertEquals(world.load(space, va + PAGE), 1n);
  assertEquals(world.load(space, va), 0x0303_0303_0303_0303n);
  assertEquals(world.files.reads, 4);
});

Deno.test("nothing left: the one that asked is refused with the reason, the rest keeps its pages", () => {
  const world = new World({ ...SMALL, swap: 40 * PAGE });
  const other = world.heap(4);
  world.store(other, 0, 11n);
  const space = world.heap(400, true);
  let why = "";
  let pages = 0;
  while (why === "" && pages < 400) {
    why = world.refusal(() => world.store(space, pages * PAGE, 1n)) ?? "";
    pages++;
  }
  assertStringIncludes(why, "out of memory");
  assert(pages > 100 && pages < 140, `${pages} pages`);
  assertEquals(world.events.counters.oom, 1);
  assertSound(world);
  releaseSpace(world.memory, space);
  assertEquals(world.load(other, 0), 11n);
  assertSound(world);
});
