import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  allocJunk,
  allocRaw,
  allocSuperpage,
  allocZeroed,
  dropFrame,
  failAllocation,
  frameAt,
  freeFrame,
  freeList,
  KERNEL_FRAMES,
  newFrames,
  type Pool,
} from "../../../src/vm/kernel/memory/frames/frames.ts";
import { KernelPanic } from "../../../src/vm/kernel/memory/panic.ts";
import { EventLog } from "../../../src/vm/events.ts";
import { Ram } from "../../../src/vm/machine/memory.ts";
import type { PaNum } from "../../../src/vm/machine/address.ts";
import { MIB } from "./world.ts";

function make(): { ram: Ram; frames: Pool } {
  const ram = new Ram(16 * MIB);
  const state = { frames: newFrames(ram, KERNEL_FRAMES) };
  return { ram, frames: { ram, events: new EventLog({ instret: 0 }), state } };
}

Deno.test("the first allocation is the highest frame, the last freed comes first", () => {
  const { ram, frames } = make();
  assertEquals(frames.state.frames.free, 4096 - KERNEL_FRAMES);
  const first = allocJunk(frames, "user") as PaNum;
  assertEquals(first, ram.end - 4096);
  const second = allocJunk(frames, "user") as PaNum;
  assertEquals(second, ram.end - 8192);
  dropFrame(frames, first, "test");
  assertEquals(allocJunk(frames, "user"), first);
  assertEquals(allocJunk(frames, "user"), ram.end - 3 * 4096);
});

Deno.test("junk is 5 when allocated and 1 when freed, with the list's links in the frame", () => {
  const { ram, frames } = make();
  const [a, b] = [allocJunk(frames, "user") as PaNum, allocJunk(frames, "user") as PaNum];
  assert(ram.bytes(a, 4096).every((byte) => byte === 5));
  dropFrame(frames, a, "test");
  dropFrame(frames, b, "test");
  assert(ram.bytes((b + 16) as PaNum, 4080).every((byte) => byte === 1));
  assertEquals(ram.read64(b), BigInt(a));
  assertEquals([...freeList(frames)], [b, a]);
});

Deno.test("a zeroed frame is zero, used before or not", () => {
  const { ram, frames } = make();
  for (let i = 0; i < 3; i++) {
    const frame = allocZeroed(frames, "table") as PaNum;
    assert(ram.bytes(frame, 4096).every((byte) => byte === 0));
    ram.fillFrame(frame, 9);
    freeFrame(frames, frame, "test");
  }
});

Deno.test("all frames can be had, then none; all come back", () => {
  const { frames } = make();
  const free = frames.state.frames.free;
  const taken = new Set<number>();
  for (let frame = allocRaw(frames, "user"); frame !== 0; frame = allocRaw(frames, "user")) {
    assert(!taken.has(frame));
    taken.add(frame);
  }
  assertEquals(taken.size, free);
  assertEquals(frames.state.frames.free, 0);
  for (const frame of taken) dropFrame(frames, frame as PaNum, "test");
  assertEquals(frames.state.frames.free, free);
  assertEquals([...freeList(frames)].length, free);
});

Deno.test("the allocation that is told to fail fails, and only that one", () => {
  const { frames } = make();
  failAllocation(frames, 3);
  const got = [1, 2, 3, 4].map(() => allocRaw(frames, "user") !== 0);
  assertEquals(got, [true, true, false, true]);
});

Deno.test("2 MiB blocks: aligned, out of fresh frames and out of freed ones", () => {
  const { ram, frames } = make();
  const heads: number[] = [];
  for (let head = allocSuperpage(frames, true); head !== 0; head = allocSuperpage(frames, true)) {
    heads.push(head);
  }
  assertEquals(heads.length, 7); // the kernel's frames spoil the first of eight blocks
  assert(heads.every((head) => head % (2 * MIB) === 0));
  const rest = frames.state.frames.free;
  assertEquals(rest, 512 - KERNEL_FRAMES);
  const [head] = heads;
  for (let i = 511; i >= 0; i--) {
    ram.fillFrame((head + i * 4096) as PaNum, 7);
    dropFrame(frames, (head + i * 4096) as PaNum, "test");
  }
  const small = allocRaw(frames, "user") as PaNum;
  assertEquals(small, head); // freed last
  assertEquals(allocSuperpage(frames, true), 0);
  dropFrame(frames, small, "test");
  assertEquals(allocSuperpage(frames, true), head);
  assert(ram.bytes(head as PaNum, 2 * MIB).every((byte) => byte === 0));
  assertEquals([...freeList(frames)], []);
});

Deno.test("a damaged free list panics instead of giving out a frame in use", () => {
  for (const link of [0x8000_0001, 0x10_0000, 0x8000_0000]) {
    const { ram, frames } = make();
    const [a, b] = [allocJunk(frames, "user") as PaNum, allocJunk(frames, "user") as PaNum];
    dropFrame(frames, a, "test");
    dropFrame(frames, b, "test");
    ram.write64(b, BigInt(link));
    assertThrows(() => allocJunk(frames, "user"), KernelPanic, "free list damaged");
  }
});

Deno.test("freeing what is not allocated panics", () => {
  const { frames } = make();
  const frame = allocJunk(frames, "user") as PaNum;
  freeFrame(frames, frame, "test");
  assertThrows(() => freeFrame(frames, frame, "test"), KernelPanic, "not an allocated frame");
  assertThrows(() => dropFrame(frames, frame, "test"), KernelPanic, "count below zero");
  assertThrows(
    () => freeFrame(frames, frameAt(frames, 0), "test"),
    KernelPanic,
    "not an allocated frame",
  );
});
