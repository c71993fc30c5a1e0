import { assert, assertEquals, assertExists } from "@std/assert";
import { copyin, copyinstr, copyout } from "../../../src/vm/kernel/memory/faults/copyin.ts";
import { releaseSpace } from "../../../src/vm/kernel/memory/areas/spaces.ts";
import { activate } from "../../../src/vm/kernel/memory/tables/flush.ts";
import { mapArea } from "../../../src/vm/kernel/memory/areas/populate.ts";
import { allocJunk, freeFrame, homeOf } from "../../../src/vm/kernel/memory/frames/frames.ts";
import { fault } from "../../../src/vm/kernel/memory/faults/fault.ts";
import { cow } from "../../../src/vm/kernel/fork/cow.ts";
import { eager } from "../../../src/vm/kernel/fork/eager.ts";
import { shareReadonly } from "../../../src/vm/kernel/fork/share_readonly.ts";
import { MAXVA, type PaNum, type VaNum } from "../../../src/vm/machine/address.ts";
import { frameOf, READ } from "../../../src/vm/machine/sv39.ts";
import { readEntry } from "../../../src/vm/kernel/memory/tables/entry.ts";
import { isSwapped } from "../../../src/vm/kernel/memory/tables/pte.ts";
import { evict, reclaim } from "../../../src/vm/kernel/memory/reclaim/reclaim.ts";
import { mappersOf } from "../../../src/vm/kernel/memory/reclaim/rmap.ts";
import type { AddressSpace, Area } from "../../../src/vm/kernel/memory/areas/space.ts";
import { assertSound } from "./check.ts";
import { forkedSpace, grow, MIB, mmap, munmap, PAGE, shrink, World } from "./world.ts";
import { plant } from "../../machine/machine_lab.ts";

const at = (n: number) => n as VaNum;

function frame(world: World, space: AddressSpace, va: number): PaNum {
  return frameOf(readEntry(world.ram, space.root, at(va)));
}

/** Why a fault of that cause kills; undefined when it is settled. */
function why(world: World, space: AddressSpace, cause: 12 | 13 | 15, va: number) {
  const result = fault(world.memory, space, cause, at(va));
  return result.handled ? undefined : result.why;
}

function areaOf(kind: Area["kind"], first: number, perm: number): Area {
  const [start, end] = [at(first * PAGE), at((first + 1) * PAGE)];
  return { kind, start, end, perm, shared: false, lazy: true };
}

Deno.test("the fewest free frames there ever were are remembered", () => {
  const { memory } = new World();
  const taken = [allocJunk(memory, "user"), allocJunk(memory, "user")] as PaNum[];
  const lowest = memory.state.frames.lowest;
  assertEquals(lowest, memory.state.frames.free);
  for (const one of taken) freeFrame(memory, one, "test");
  allocJunk(memory, "user");
  assertEquals(memory.state.frames.lowest, lowest);
});

Deno.test("a fault outside what may be touched says why, and leaves no table behind", () => {
  const world = new World();
  const space = world.space();
  mapArea(world.memory, space, areaOf("guard", 1, 0));
  mapArea(world.memory, space, areaOf("data", 2, 3));
  assertEquals(why(world, space, 13, PAGE), "guard page");
  assertEquals(why(world, space, 13, MAXVA), "address beyond MAXVA");
  assertEquals(why(world, space, 13, MAXVA - 1), "no area there");
  assertEquals(why(world, space, 12, 2 * PAGE), "no execute right");
  const free = world.memory.state.frames.free;
  const file = world.files.make(1, new Uint8Array(PAGE));
  const backing = { file, offset: PAGE, length: PAGE, writable: false };
  const va = mmap(world.memory, space, { length: PAGE, perm: 1, kind: "file", backing });
  assertEquals(why(world, space, 13, va), "page beyond the end of the mapped file");
  assertEquals(world.memory.state.frames.free, free);
  assertEquals(why(world, space, 13, 2 * PAGE), undefined);
  assertSound(world);
});

Deno.test("a fault that only the TLB saw drops the entry that caused it", () => {
  const world = new World();
  const space = world.heap(1);
  const other = allocJunk(world.memory, "user") as PaNum;
  world.ram.write64(frame(world, space, 0), 1n);
  world.ram.write64(other, 2n);
  activate(world.memory, space);
  plant(world.mmu, at(0), READ, other, 0xff);
  assertEquals(world.load(space, 0), 2n);
  assertEquals(why(world, space, 13, 0), undefined);
  assertEquals(world.load(space, 0), 1n);
});

Deno.test("a page that fork copies is known at its place", () => {
  const world = new World({ policy: eager, swap: MIB });
  const parent = world.heap(2);
  const gone = world.heap(8);
  releaseSpace(world.memory, gone);
  const child = forkedSpace(world.memory, parent);
  assertExists(child);
  const copy = frame(world, child, PAGE);
  assertEquals(mappersOf(world.memory, copy).map(({ space, va }) => [space.id, va]), [[
    child.id,
    at(PAGE),
  ]]);
});

Deno.test("a copied page is known at its place, so that it can be evicted", () => {
  const world = new World({ policy: cow, swap: MIB });
  const parent = world.heap(2);
  // A frame that was at another place before, as most are.
  const gone = world.heap(8);
  releaseSpace(world.memory, gone);
  const child = forkedSpace(world.memory, parent);
  assertExists(child);
  world.store(child, PAGE, 7n);
  const copy = frame(world, child, PAGE);
  assertEquals(homeOf(world.memory, copy), PAGE);
  assertEquals(mappersOf(world.memory, copy).map(({ space }) => space.id), [child.id]);
});

Deno.test("a frame of which a mapper was not found stays", () => {
  const world = new World({ policy: cow, swap: MIB });
  const parent = world.heap(1);
  const child = forkedSpace(world.memory, parent);
  assertExists(child);
  const shared = frame(world, parent, 0);
  const mappers = mappersOf(world.memory, shared);
  assertEquals(mappers.length, 2);
  assertEquals(evict(world.memory, shared, mappers.slice(1)), false);
  assertEquals(evict(world.memory, shared, mappers), true);
  assertSound(world);
});

Deno.test("a page that only read() stored into is dirty: munmap writes it back", () => {
  const world = new World();
  const space = world.space();
  const file = world.files.make(1, new Uint8Array(PAGE));
  const backing = { file, offset: 0, length: PAGE, writable: true };
  const request = { length: PAGE, perm: 3, kind: "file" as const, shared: true, backing };
  const va = mmap(world.memory, space, request) as VaNum;
  assert(copyout(world.memory, space, va, Uint8Array.of(1, 2, 3)));
  assert(munmap(world.memory, space, va, PAGE));
  assertEquals([...world.files.contents.get(1)!.subarray(0, 4)], [1, 2, 3, 0]);
});

Deno.test("copies stop at the first page that is not there, and say so", () => {
  const world = new World();
  const space = world.heap(2);
  const { memory } = world;
  assertEquals(copyout(memory, space, at(PAGE), new Uint8Array(PAGE + 1)), false);
  assertEquals(copyin(memory, space, at(PAGE), PAGE + 1), undefined);
  assert(copyout(memory, space, at(0), new Uint8Array(2 * PAGE).fill(65)));
  assertEquals(copyinstr(memory, space, at(PAGE - 4), 100), undefined, "no NUL within 100");
  assertEquals(copyinstr(memory, space, at(2 * PAGE - 4), 100), undefined, "none before the end");
  world.store(space, PAGE, 0n, 1);
  assertEquals(copyinstr(memory, space, at(PAGE - 4), 100), "AAAA");
  assertEquals(copyinstr(memory, space, at(PAGE - 4), 4), undefined, "the NUL counts");
  assertEquals(copyinstr(memory, space, at(PAGE - 4), 5), "AAAA");
});

Deno.test("the page that was not touched goes first, wherever the clock's hand stands", () => {
  for (let idle = 0; idle < 4; idle++) {
    const world = new World({ policy: cow, swap: MIB });
    const space = world.heap(4);
    for (let i = 0; i < 4; i++) if (i !== idle) world.load(space, i * PAGE);
    assertEquals(reclaim(world.memory, 1), 1);
    const away = [0, 1, 2, 3].filter((i) =>
      isSwapped(readEntry(world.ram, space.root, at(i * PAGE)))
    );
    assertEquals(away, [idle]);
  }
});

Deno.test("sbrk that runs out takes nothing; sbrk down by a byte keeps the page", () => {
  const world = new World({ kernelFrames: 4096 - 40 });
  const space = world.heap(2);
  const free = world.memory.state.frames.free;
  assertEquals(grow(world.memory, space, 100 * PAGE, false), false);
  assertEquals([world.memory.state.frames.free, space.size], [free, 2 * PAGE]);
  world.store(space, 2 * PAGE - 8, 9n);
  assert(shrink(world.memory, space, 1));
  assertEquals(world.load(space, 2 * PAGE - 8), 9n);
  assert(shrink(world.memory, space, PAGE - 1));
  assertEquals(world.refusal(() => world.load(space, PAGE)), "no area there");
  assertSound(world);
});

Deno.test("what is left of a file mapping behind a hole shows the same part of the file", () => {
  const world = new World();
  const space = world.space();
  const bytes = Uint8Array.from({ length: 4 * PAGE }, (_, i) => 1 + Math.floor(i / PAGE));
  const backing = {
    file: world.files.make(1, bytes),
    offset: 0,
    length: 4 * PAGE,
    writable: false,
  };
  const va = mmap(world.memory, space, { length: 4 * PAGE, perm: 1, kind: "file", backing });
  assert(munmap(world.memory, space, at(va + PAGE), PAGE));
  assertEquals([0, 2, 3].map((i) => world.load(space, va + i * PAGE, 1)), [1n, 3n, 4n]);
  assertSound(world);
});

Deno.test("a 2 MiB leaf of which one page alone is one's own is not one's own", () => {
  const world = new World({ policy: cow, superpages: true, bytes: 32 * MIB });
  const parent = world.heap(1024);
  const block = 2 * MIB;
  world.store(parent, block + PAGE, 1n);
  const child = forkedSpace(world.memory, parent);
  assertExists(child);
  world.store(child, block, 2n); // the child's leaf is split, its first page copied
  world.store(parent, block + PAGE, 3n);
  assertEquals(world.load(child, block + PAGE), 1n);
  assertEquals(world.load(parent, block + PAGE), 3n);
  assertSound(world);
});

Deno.test("share-readonly: fork copies the stack at once, and shares the rest", () => {
  const world = new World({ policy: shareReadonly });
  const parent = world.space();
  const eagerly = { lazy: false };
  assert(mapArea(world.memory, parent, { ...areaOf("data", 0, 3), ...eagerly }));
  assert(mapArea(world.memory, parent, { ...areaOf("stack", 2, 3), ...eagerly }));
  const child = forkedSpace(world.memory, parent);
  assertExists(child);
  const isShared = (page: number) =>
    frame(world, parent, page * PAGE) === frame(world, child, page * PAGE);
  assertEquals([isShared(0), isShared(2)], [true, false]);
  assertSound(world);
});

Deno.test("a munmap that fails for want of a table has taken no page away", () => {
  const world = new World({ policy: cow, superpages: true, bytes: 32 * MIB });
  const { memory } = world;
  const block = 2 * MIB;
  // One leaf of its own, and above it one that a child has, too.
  const space = world.space();
  const shared = mmap(memory, space, { length: block, perm: 3, kind: "anon" }) as VaNum;
  world.store(space, shared, 1n);
  const child = forkedSpace(memory, space);
  assertExists(child);
  const own = mmap(memory, space, { length: block, perm: 3, kind: "anon" }) as VaNum;
  assertEquals(own, shared - block);
  const half = own + block / 2;
  world.store(space, half, 7n);
  while (allocJunk(memory, "user") !== 0) { /* until there is none */ }
  assertEquals(munmap(memory, space, at(half), block), false);
  assertEquals(world.load(space, half), 7n);
  assert(
    munmap(memory, space, at(half), PAGE),
    "alone it can be split: the page that goes gives the table",
  );
});
