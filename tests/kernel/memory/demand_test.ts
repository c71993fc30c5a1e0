import { frameOf } from "../../../src/vm/machine/sv39.ts";
import { assert, assertEquals, assertExists } from "@std/assert";
import { activate } from "../../../src/vm/kernel/memory/tables/flush.ts";
import { reclaim } from "../../../src/vm/kernel/memory/reclaim/reclaim.ts";
import { releaseSpace } from "../../../src/vm/kernel/memory/areas/spaces.ts";
import { mapArea } from "../../../src/vm/kernel/memory/areas/populate.ts";
import { cow } from "../../../src/vm/kernel/fork/cow.ts";
import type { VaNum } from "../../../src/vm/machine/address.ts";
import { readEntry } from "../../../src/vm/kernel/memory/tables/entry.ts";
import type { AddressSpace } from "../../../src/vm/kernel/memory/areas/space.ts";
import { assertSound } from "./check.ts";
import { forkedSpace, grow, PAGE, World } from "./world.ts";
import { Saver } from "../../../src/vm/machine/saver.ts";
import type { MemoryState } from "../../../src/vm/kernel/memory/state.ts";

/** A program in file 1: text of two and a half pages, then half a page of data and a page of bss. */
function exec(world: World): AddressSpace {
  const space = world.space();
  const file = { fs: 0, inode: 1 };
  const area = { shared: false, lazy: true };
  const text = { file, offset: PAGE, length: 2.5 * PAGE, writable: false };
  const data = { file, offset: 4 * PAGE, length: PAGE / 2, writable: false };
  const end = (3 * PAGE) as VaNum;
  const { memory } = world;
  assert(
    mapArea(memory, space, {
      ...area,
      start: 0 as VaNum,
      end,
      perm: 5,
      kind: "text",
      backing: text,
    }),
  );
  assert(
    mapArea(memory, space, {
      ...area,
      start: end,
      end: (5 * PAGE) as VaNum,
      perm: 3,
      kind: "data",
      backing: data,
    }),
  );
  space.size = (5 * PAGE) as VaNum;
  return space;
}

function make(): World {
  const world = new World({ policy: cow });
  world.files.make(1, Uint8Array.from({ length: 5 * PAGE }, (_, i) => 1 + (i >> 12)));
  return world;
}

function frame(world: World, space: AddressSpace, va: number): number {
  return frameOf(readEntry(world.ram, space.root, va as VaNum));
}

Deno.test("demand exec reads nothing before the first touch, then one page a touch", () => {
  const world = make();
  const space = exec(world);
  assertEquals(world.files.reads, 0);
  assertEquals(world.load(space, PAGE, 1), 3n);
  assertEquals(world.files.reads, 1);
  assertEquals(world.load(space, 2 * PAGE + PAGE / 2 - 1, 1), 4n);
  assertEquals(world.load(space, 2 * PAGE + PAGE / 2, 1), 0n, "beyond the segment's bytes");
  assertEquals(world.load(space, 3 * PAGE, 1), 5n);
  assertEquals(world.load(space, 3 * PAGE + PAGE / 2, 8), 0n, "bss in the last page of data");
  assertEquals(world.load(space, 4 * PAGE, 8), 0n, "bss beyond the file");
  assertEquals(world.files.reads, 3);
  assertSound(world);
});

Deno.test("processes of one program share text frames, and data until they store to it", () => {
  const world = make();
  const [a, b] = [exec(world), exec(world)];
  for (const va of [0, 2 * PAGE, 3 * PAGE]) {
    world.load(a, va);
    world.load(b, va);
    assertEquals(frame(world, a, va), frame(world, b, va));
  }
  assertEquals(world.files.reads, 3);
  world.store(a, 3 * PAGE, 99n);
  assert(frame(world, a, 3 * PAGE) !== frame(world, b, 3 * PAGE));
  assertEquals(world.load(b, 3 * PAGE, 1), 5n);
  assertEquals(world.refusal(() => world.store(a, 0, 1n)), "store to a read-only page");
  assertSound(world);
  const child = forkedSpace(world.memory, a);
  assertExists(child);
  world.store(child, 3 * PAGE, 98n);
  assertEquals(world.load(a, 3 * PAGE), 99n);
  for (const space of [a, b, child]) releaseSpace(world.memory, space);
  assertSound(world);
  assertEquals(world.memory.state.cache.byKey.size, 0);
  assertEquals(world.files.holders.get(1), 0);
});

Deno.test("what save() returned comes back, with areas, counts, cache and disk", () => {
  const world = new World({ policy: cow, swap: 64 * PAGE });
  world.files.make(1, new Uint8Array(5 * PAGE).fill(9));
  const space = exec(world);
  world.load(space, 0);
  assert(grow(world.memory, space, 3 * PAGE, false));
  for (let i = 0; i < 3; i++) world.store(space, 5 * PAGE + i * PAGE, BigInt(i));
  assertEquals(reclaim(world.memory, 2), 2);
  const saver = new Saver();
  const state = saver.save(world.memory.state);
  const ram = world.ram.bytes(world.ram.base, world.ram.size).slice();
  releaseSpace(world.memory, space);
  world.memory.state = saver.revive<MemoryState>(state);
  world.ram.write(world.ram.base, ram);
  world.mmu.sfence();
  const back = world.memory.state.spaces.get(space.id)!;
  activate(world.memory, back);
  world.files.holders.set(1, 2);
  assertSound(world);
  for (let i = 0; i < 3; i++) assertEquals(world.load(back, 5 * PAGE + i * PAGE), BigInt(i));
  assertEquals(world.load(back, 0, 1), 9n);
  assertSound(world);
});
