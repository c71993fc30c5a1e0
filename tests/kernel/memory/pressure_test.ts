/** Allocator and swap slots when there is little of either: nobody gets what another has, and nothing is lost. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { EventLog } from "../../../src/vm/events.ts";
import type { PaNum } from "../../../src/vm/machine/address.ts";
import { Ram } from "../../../src/vm/machine/memory.ts";
import {
  allocJunk,
  allocRaw,
  allocSuperpage,
  allocZeroed,
  countOf,
  dropFrame,
  failAllocation,
  freeList,
  newFrames,
  type Pool,
  refFrame,
  SUPERPAGE_FRAMES,
} from "../../../src/vm/kernel/memory/frames/frames.ts";
import {
  dropSlot,
  freeSlots,
  readSlot,
  refSlot,
  writeSlot,
} from "../../../src/vm/kernel/memory/reclaim/swap_disk.ts";
import { assertSound } from "./check.ts";
import { MIB, mmap, PAGE, World } from "./world.ts";

/** A number, in the first and the last word of a frame. */
function stamp(ram: Ram, frame: PaNum, value: number): void {
  ram.writePte(frame, value);
  ram.writePte((frame + PAGE - 8) as PaNum, value);
}

function stampOf(ram: Ram, frame: PaNum): number[] {
  return [ram.readPte(frame), ram.readPte((frame + PAGE - 8) as PaNum)];
}

Deno.test("random allocations with 560 frames: no frame twice, none lost, contents kept", () => {
  const step = fc.record({
    do: fc.constantFrom(
      "alloc",
      "alloc",
      "zeroed",
      "superpage",
      "ref",
      "drop",
      "drop",
      "many",
      "fail",
    ),
    which: fc.nat(10_000),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 120, size: "max" }), (steps) => {
      const ram = new Ram(16 * MIB);
      const frames: Pool = {
        ram,
        events: new EventLog({ instret: 0 }),
        state: { frames: newFrames(ram, 4096 - 560) },
      };
      const held = new Map<PaNum, { count: number; stamp: number }>();
      const free = () => 560 - held.size;
      let next = 1, failing = false;
      const take = (frame: PaNum | 0) => {
        assertEquals(frame === 0, free() === 0 || failing, "refused");
        failing = false;
        if (frame === 0) return;
        assert(!held.has(frame) && frame % PAGE === 0, "given out twice");
        stamp(ram, frame, next);
        held.set(frame, { count: 1, stamp: next++ });
      };
      for (const { do: what, which } of steps) {
        const some = [...held.keys()][which % Math.max(1, held.size)];
        if (what === "alloc") take(allocRaw(frames, "user"));
        else if (what === "many") {
          for (let i = 0; i < which % 90; i++) take(allocJunk(frames, "user"));
        } else if (what === "zeroed") {
          const frame = allocZeroed(frames, "user");
          if (frame !== 0) assert(ram.bytes(frame, PAGE).every((byte) => byte === 0), "zeroed");
          take(frame);
        } else if (what === "superpage") {
          const head = allocSuperpage(frames, true);
          failing = false;
          if (head === 0) continue;
          assertEquals(head % (2 * MIB), 0);
          for (let i = 0; i < SUPERPAGE_FRAMES; i++) take((head + i * PAGE) as PaNum);
        } else if (what === "fail") {
          failAllocation(frames, 1);
          failing = true;
        } else if (some !== undefined) {
          const one = held.get(some)!;
          one.count += what === "ref" ? 1 : -1;
          if (what === "ref") refFrame(frames, some, "test");
          else dropFrame(frames, some, "test");
          assertEquals(countOf(frames, some), one.count);
          if (one.count === 0) held.delete(some);
        }
        assertEquals(frames.state.frames.free, free());
      }
      for (const [frame, { count, stamp }] of held) {
        assertEquals([countOf(frames, frame), ...stampOf(ram, frame)], [count, stamp, stamp]);
      }
      for (const [frame, { count }] of held) {
        for (let i = 0; i < count; i++) dropFrame(frames, frame, "test");
      }
      held.clear();
      assertEquals([frames.state.frames.free, [...freeList(frames)].length <= 560], [560, true]);
      failAllocation(frames, 0);
      failing = false;
      while (frames.state.frames.free > 0) take(allocRaw(frames, "user"));
      assertEquals(held.size, 560, "every frame can be had again");
    }),
    { numRuns: 25 },
  );
});

Deno.test("random use of 9 swap slots: a full disk refuses, contents and counts are kept", () => {
  const step = fc.record({
    do: fc.constantFrom("write", "write", "ref", "drop", "read"),
    which: fc.nat(1000),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 100, size: "max" }), (steps) => {
      const world = new World({ swap: 9 * PAGE });
      const { memory, ram } = world;
      const frame = allocZeroed(memory, "user") as PaNum;
      const held = new Map<number, { count: number; stamp: number }>();
      for (const [i, { do: what, which }] of steps.entries()) {
        const slot = [...held.keys()][which % Math.max(1, held.size)];
        if (what === "write") {
          stamp(ram, frame, i + 1);
          const got = writeSlot(memory, frame, 1 + (which % 3));
          assertEquals(got < 0, held.size === 9);
          if (got < 0) continue;
          assert(!held.has(got) && got < 9, "a slot in use");
          held.set(got, { count: 1 + (which % 3), stamp: i + 1 });
        } else if (slot !== undefined) {
          const one = held.get(slot)!;
          if (what === "ref") refSlot(memory, slot);
          if (what === "drop") dropSlot(memory, slot);
          one.count += what === "ref" ? 1 : what === "drop" ? -1 : 0;
          if (one.count === 0) held.delete(slot);
          else {
            readSlot(memory, slot, frame);
            assertEquals(stampOf(ram, frame), [one.stamp, one.stamp]);
          }
        }
        assertEquals(freeSlots(memory.state.swap), 9 - held.size);
        assertEquals(
          [...memory.state.swap.counts],
          Array.from({ length: 9 }, (_, n) => {
            return held.get(n)?.count ?? 0;
          }),
        );
      }
    }),
    { numRuns: 25 },
  );
});

Deno.test("whichever mapping stored, an eviction writes the page back: two spaces, two places in one", () => {
  for (let storing = 0; storing < 4; storing++) {
    const world = new World();
    const [a, b] = [world.space(), world.space()];
    const file = world.files.make(1, new Uint8Array(PAGE).fill(3));
    const backing = { file, offset: 0, length: PAGE, writable: true };
    const map = { length: PAGE, perm: 3, kind: "file" as const, backing };
    const places = [a, a, b, b].map((space) => ({
      space,
      va: mmap(world.memory, space, { ...map, shared: true }),
    }));
    // A private mapping beside them, so that the first mapper is not always a shared one.
    const own = mmap(world.memory, a, map);
    for (const { space, va } of places) world.load(space, va);
    world.load(a, own);
    world.store(places[storing].space, places[storing].va, 0x55n);
    for (let i = 0; i < 3; i++) world.reclaim(10);
    assertEquals(world.memory.state.cache.byFrame.size, 0);
    assertEquals([world.files.writes, world.files.contents.get(1)![0]], [1, 0x55]);
    for (const { space, va } of places) assertEquals(world.load(space, va), 0x55n);
    assertEquals(world.load(a, own), 0x55n);
    assertSound(world);
  }
});
