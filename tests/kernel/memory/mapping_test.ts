import { assert, assertEquals, assertExists } from "@std/assert";
import { overlayCached, patchCached } from "../../../src/vm/kernel/memory/reclaim/page_cache.ts";
import { releaseSpace } from "../../../src/vm/kernel/memory/areas/spaces.ts";
import { cow } from "../../../src/vm/kernel/fork/cow.ts";
import type { VaNum } from "../../../src/vm/machine/address.ts";
import type { FileKey } from "../../../src/vm/kernel/memory/areas/backing.ts";
import type { MapRequest } from "../../../src/vm/kernel/memory/options.ts";
import { type AddressSpace, MMAP_TOP } from "../../../src/vm/kernel/memory/areas/space.ts";
import { assertSound } from "./check.ts";
import { forkedSpace, mmap, mprotect, msync, munmap, PAGE, World } from "./world.ts";

/** A file of one and a half pages of `A`, as mmaptest has it. */
function halfFile(world: World, inode = 1): FileKey {
  return world.files.make(inode, new Uint8Array(PAGE * 1.5).fill(0x41));
}

function mapFile(
  world: World,
  space: AddressSpace,
  file: FileKey,
  pages: number,
  more: Partial<MapRequest> & { writable?: boolean; offset?: number } = {},
): number {
  const { writable = true, offset = 0, ...rest } = more;
  const length = pages * PAGE;
  const backing = { file, offset, length, writable };
  return mmap(world.memory, space, { length, perm: 3, kind: "file", backing, ...rest });
}

Deno.test("mmap makes an area and takes no frame and reads nothing", () => {
  const world = new World();
  const space = world.space();
  const free = world.memory.state.frames.free;
  const va = mapFile(world, space, halfFile(world), 2);
  assertEquals(va, MMAP_TOP - 2 * PAGE);
  assertEquals(world.memory.state.frames.free, free);
  assertEquals(world.files.reads, 0);
  assertSound(world);
});

Deno.test("a file page is read at first touch, and the tail is zero", () => {
  const world = new World();
  const space = world.space();
  const va = mapFile(world, space, halfFile(world), 3);
  assertEquals(world.load(space, va + 8), 0x4141_4141_4141_4141n);
  assertEquals(world.files.reads, 1);
  assertEquals(world.load(space, va + PAGE + 2040, 8), 0x4141_4141_4141_4141n);
  assertEquals(world.load(space, va + PAGE + 2048, 8), 0n);
  const beyond = world.refusal(() => world.load(space, va + 2 * PAGE));
  assertEquals(beyond, "page beyond the end of the mapped file");
  assertSound(world);
});

Deno.test("private stores never reach the file; shared ones do at munmap, without growing it", () => {
  for (const shared of [false, true]) {
    const world = new World();
    const space = world.space();
    const file = halfFile(world);
    const va = mapFile(world, space, file, 2, { shared });
    world.load(space, va);
    world.store(space, va, 0x5a5a_5a5a_5a5a_5a5an);
    world.store(space, va + PAGE + 2044, 0x5a5a_5a5a_5a5a_5a5an);
    assertSound(world);
    assert(munmap(world.memory, space, va as VaNum, 2 * PAGE));
    assertSound(world);
    const bytes = world.files.contents.get(1)!;
    assertEquals(bytes.length, PAGE * 1.5);
    assertEquals([bytes[0], bytes[7], bytes[8]], shared ? [0x5a, 0x5a, 0x41] : [0x41, 0x41, 0x41]);
    assertEquals(bytes.at(-1), shared ? 0x5a : 0x41);
    assertEquals(world.files.holders.get(1), 0);
    assertEquals(world.refusal(() => world.load(space, va)), "no area there");
  }
});

Deno.test("a clean page is not written back; msync cleans a dirty one", () => {
  const world = new World();
  const space = world.space();
  const va = mapFile(world, space, halfFile(world), 2, { shared: true });
  world.load(space, va);
  world.store(space, va + PAGE, 1n);
  assert(msync(world.memory, space, va as VaNum, 2 * PAGE));
  assertEquals(world.files.writes, 1);
  assertEquals(world.files.contents.get(1)![PAGE], 1);
  assertSound(world);
  releaseSpace(world.memory, space);
  assertEquals(world.files.writes, 1);
  assert(!msync(world.memory, world.space(), 0x1000 as VaNum, PAGE), "msync of a hole");
});

Deno.test("two processes see each other's stores in a shared file, and an exit writes them back", () => {
  const world = new World();
  const [a, b] = [world.space(), world.space()];
  const file = halfFile(world);
  const inA = mapFile(world, a, file, 2, { shared: true });
  mapFile(world, b, file, 1, { shared: true });
  const inB = mapFile(world, b, file, 1, { shared: true, offset: PAGE });
  world.store(a, inA + PAGE + 16, 77n);
  assertEquals(world.load(b, inB + 16), 77n);
  assertEquals(world.files.reads, 1);
  assertSound(world);
  releaseSpace(world.memory, a);
  assertEquals(world.files.contents.get(1)![PAGE + 16], 77);
  assertEquals(world.load(b, inB + 16), 77n);
  assertSound(world);
});

Deno.test("private file pages share the cached frame until one is stored to", () => {
  const world = new World({ policy: cow });
  const [a, b] = [world.space(), world.space()];
  const file = halfFile(world);
  const inA = mapFile(world, a, file, 1);
  const inB = mapFile(world, b, file, 1);
  const free = world.memory.state.frames.free;
  world.load(a, inA);
  const tables = free - world.memory.state.frames.free - 1;
  world.load(b, inB);
  assertEquals(free - world.memory.state.frames.free, 1 + 2 * tables);
  world.store(b, inB, 9n);
  assertSound(world);
  assertEquals(world.load(a, inA), 0x4141_4141_4141_4141n);
  world.store(a, inA, 8n); // the last mapper, but the frame is the file's: a copy, never in place
  assertSound(world);
  assertEquals(world.load(b, inB), 9n);
  assertEquals(world.files.contents.get(1)![0], 0x41);
});

Deno.test("fork inherits: shared stays shared, touched before or after; private is copied", () => {
  const world = new World({ policy: cow });
  const space = world.space();
  const anon = { length: 2 * PAGE, perm: 3, kind: "anon" as const };
  const shared = mmap(world.memory, space, { ...anon, shared: true });
  const own = mmap(world.memory, space, anon);
  world.store(space, shared, 1n);
  world.store(space, own, 1n);
  const child = forkedSpace(world.memory, space);
  assertExists(child);
  assertSound(world);
  world.store(child, shared, 2n);
  world.store(child, shared + PAGE, 3n);
  world.store(child, own, 2n);
  assertSound(world);
  assertEquals(world.load(space, shared), 2n);
  assertEquals(world.load(space, shared + PAGE), 3n);
  assertEquals(world.load(space, own), 1n);
  releaseSpace(world.memory, space);
  assertSound(world);
  assertEquals(world.load(child, shared + PAGE), 3n);
});

Deno.test("munmap of head, middle and tail; holes are no error", () => {
  const world = new World();
  const space = world.space();
  const file = world.files.make(1, new Uint8Array(8 * PAGE).map((_, i) => i / PAGE + 1));
  const va = mapFile(world, space, file, 8);
  for (let i = 0; i < 8; i++) assertEquals(world.load(space, va + i * PAGE, 1), BigInt(i + 1));
  const unmap = (page: number, pages: number) =>
    assert(munmap(world.memory, space, (va + page * PAGE) as VaNum, pages * PAGE));
  unmap(0, 1);
  unmap(7, 1);
  unmap(3, 2);
  assertSound(world);
  assertEquals(world.files.holders.get(1), 2);
  const there = Array.from(
    { length: 8 },
    (_, i) =>
      world.refusal(() => assertEquals(world.load(space, va + i * PAGE, 1), BigInt(i + 1))) ===
        undefined,
  );
  assertEquals(there, [false, true, true, false, false, true, true, false]);
  unmap(0, 8);
  assertEquals(world.files.holders.get(1), 0);
  assertEquals(space.areas, []);
  unmap(0, 8);
});

Deno.test("requests that Linux refuses are refused, with nothing done", () => {
  const world = new World();
  const space = world.heap(2);
  const anon = { length: PAGE, perm: 3, kind: "anon" as const };
  const { memory } = world;
  assertEquals(mmap(memory, space, { ...anon, length: 0 }), -1);
  assertEquals(mmap(memory, space, { ...anon, at: 0x3000_0001 as VaNum }), -1);
  assertEquals(mmap(memory, space, { ...anon, at: PAGE as VaNum }), -1, "over the heap");
  assertEquals(mmap(memory, space, { ...anon, length: MMAP_TOP }), -1);
  assert(!munmap(memory, space, 1 as VaNum, PAGE));
  assert(!munmap(memory, space, 0 as VaNum, PAGE), "the heap is sbrk's");
  const va = mmap(memory, space, anon) as VaNum;
  assert(!munmap(memory, space, va, 0));
  assert(!mprotect(memory, space, va, 2 * PAGE, 1), "a hole in the range");
  const file = halfFile(world);
  const readOnly = mapFile(world, space, file, 1, { shared: true, perm: 1, writable: false });
  assert(!mprotect(memory, space, readOnly as VaNum, PAGE, 3), "the file is not open for writing");
  assertSound(world);
});

Deno.test("a fixed address replaces what is there; a hint is taken when free", () => {
  const world = new World();
  const space = world.space();
  const anon = { length: 3 * PAGE, perm: 3, kind: "anon" as const };
  const va = mmap(world.memory, space, { ...anon, hint: 0x1000_0000 as VaNum });
  assertEquals(va, 0x1000_0000);
  world.store(space, va + PAGE, 5n);
  assertEquals(mmap(world.memory, space, { ...anon, hint: va as VaNum }), MMAP_TOP - 3 * PAGE);
  const at = (va + PAGE) as VaNum;
  assertEquals(mmap(world.memory, space, { ...anon, length: PAGE, perm: 1, at }), at);
  assertEquals(world.load(space, at), 0n);
  assertEquals(world.refusal(() => world.store(space, at, 1n)), "store to a read-only page");
  world.store(space, at + PAGE, 1n);
  assertSound(world);
});

Deno.test("mprotect takes rights away at once and gives them back with COW intact", () => {
  const world = new World({ policy: cow });
  const space = world.space();
  const va = mmap(world.memory, space, { length: 4 * PAGE, perm: 3, kind: "anon" }) as VaNum;
  world.store(space, va, 1n);
  const child = forkedSpace(world.memory, space);
  assertExists(child);
  for (const perm of [1, 0, 3]) {
    assert(mprotect(world.memory, space, va, PAGE, perm));
    assertSound(world);
    const load = world.refusal(() => world.load(space, va));
    assertEquals(load, perm === 0 ? "no read right" : undefined);
    if (perm !== 3) {
      assertEquals(world.refusal(() => world.store(space, va, 2n)), "store to a read-only page");
    }
  }
  world.store(space, va, 2n);
  assertEquals(world.load(child, va), 1n);
  assertSound(world);
  assertEquals(space.areas.length, 1, "joined again");
});

Deno.test("a read() sees what a mapper stored, and a mapper sees what write() wrote", () => {
  const world = new World();
  const space = world.space();
  const file = halfFile(world);
  const va = mapFile(world, space, file, 2, { shared: true });
  world.store(space, va + 4, 0x0102_0304n, 4);
  const bytes = world.files.contents.get(1)!.slice(0, 16);
  overlayCached(world.memory, file, 0, bytes);
  assertEquals([...bytes.subarray(3, 9)], [0x41, 4, 3, 2, 1, 0x41]);
  world.load(space, va + PAGE);
  patchCached(world.memory, file, PAGE - 2, Uint8Array.of(7, 8, 9, 10));
  assertEquals(world.load(space, va + PAGE - 2, 4), 0x0a09_0807n);
});
