import { assert, assertEquals, assertThrows } from "@std/assert";
import { Frames, KERNEL_FRAMES } from "../../../src/vm/kernel/memory/frames/frames.ts";
import { KernelPanic } from "../../../src/vm/kernel/memory/panic.ts";
import { EventLog } from "../../../src/vm/events.ts";
import { Ram } from "../../../src/vm/machine/memory.ts";
import type { PaNum } from "../../../src/vm/machine/address.ts";
import { MIB } from "./world.ts";

function make(): { ram: Ram; frames: Frames } {
  const ram = new Ram(16 * MIB);
  return { ram, frames: new Frames(ram, new EventLog({ instret: 0 })) };
}

Deno.test("the first allocation is the highest frame, the last freed comes first", () => {
  const { ram, frames } = make();
  assertEquals(frames.freeCount, 4096 - KERNEL_FRAMES);
  const first = frames.alloc("user") as PaNum;
  assertEquals(first, ram.end - 4096);
  const second = frames.alloc("user") as PaNum;
  assertEquals(second, ram.end - 8192);
  frames.drop(first, "test");
  assertEquals(frames.alloc("user"), first);
  assertEquals(frames.alloc("user"), ram.end - 3 * 4096);
});

Deno.test("junk is 5 when allocated and 1 when freed, with the list's links in the frame", () => {
  const { ram, frames } = make();
  const [a, b] = [frames.alloc("user") as PaNum, frames.alloc("user") as PaNum];
  assert(ram.bytes(a, 4096).every((byte) => byte === 5));
  frames.drop(a, "test");
  frames.drop(b, "test");
  assert(ram.bytes((b + 16) as PaNum, 4080).every((byte) => byte === 1));
  assertEquals(ram.read64(b), BigInt(a));
  assertEquals([...frames.listed()], [b, a]);
});

Deno.test("a zeroed frame is zero, used before or not", () => {
  const { ram, frames } = make();
  for (let i = 0; i < 3; i++) {
    const frame = frames.allocZeroed("table") as PaNum;
    assert(ram.bytes(frame, 4096).every((byte) => byte === 0));
    ram.fillFrame(frame, 9);
    frames.free(frame, "test");
  }
});

Deno.test("all frames can be had, then none; all come back", () => {
  const { frames } = make();
  const free = frames.freeCount;
  const taken = new Set<number>();
  for (let frame = frames.allocRaw("user"); frame !== 0; frame = frames.allocRaw("user")) {
    assert(!taken.has(frame));
    taken.add(frame);
  }
  assertEquals(taken.size, free);
  assertEquals(frames.freeCount, 0);
  for (const frame of taken) frames.drop(frame as PaNum, "test");
  assertEquals(frames.freeCount, free);
  assertEquals([...frames.listed()].length, free);
});

Deno.test("the allocation that is told to fail fails, and only that one", () => {
  const { frames } = make();
  frames.failAt(3);
  const got = [1, 2, 3, 4].map(() => frames.allocRaw("user") !== 0);
  assertEquals(got, [true, true, false, true]);
});

Deno.test("2 MiB blocks: aligned, out of fresh frames and out of freed ones", () => {
  const { ram, frames } = make();
  const heads: number[] = [];
  for (let head = frames.allocSuperpage(true); head !== 0; head = frames.allocSuperpage(true)) {
    heads.push(head);
  }
  assertEquals(heads.length, 7); // the kernel's frames spoil the first of eight blocks
  assert(heads.every((head) => head % (2 * MIB) === 0));
  const rest = frames.freeCount;
  assertEquals(rest, 512 - KERNEL_FRAMES);
  const [head] = heads;
  for (let i = 511; i >= 0; i--) {
    ram.fillFrame((head + i * 4096) as PaNum, 7);
    frames.drop((head + i * 4096) as PaNum, "test");
  }
  const small = frames.allocRaw("user") as PaNum;
  assertEquals(small, head); // freed last
  assertEquals(frames.allocSuperpage(true), 0);
  frames.drop(small, "test");
  assertEquals(frames.allocSuperpage(true), head);
  assert(ram.bytes(head as PaNum, 2 * MIB).every((byte) => byte === 0));
  assertEquals([...frames.listed()], []);
});

Deno.test("a damaged free list panics instead of giving out a frame in use", () => {
  for (const link of [0x8000_0001, 0x10_0000, 0x8000_0000]) {
    const { ram, frames } = make();
    const [a, b] = [frames.alloc("user") as PaNum, frames.alloc("user") as PaNum];
    frames.drop(a, "test");
    frames.drop(b, "test");
    ram.write64(b, BigInt(link));
    assertThrows(() => frames.alloc("user"), KernelPanic, "free list damaged");
  }
});

Deno.test("freeing what is not allocated panics", () => {
  const { frames } = make();
  const frame = frames.alloc("user") as PaNum;
  frames.free(frame, "test");
  assertThrows(() => frames.free(frame, "test"), KernelPanic, "not an allocated frame");
  assertThrows(() => frames.drop(frame, "test"), KernelPanic, "count below zero");
  assertThrows(() => frames.free(frames.at(0), "test"), KernelPanic, "not an allocated frame");
});
