/**
 * Allocation number n fails, for every n of three long scenarios: whatever was under way gives up, nothing is
 * lost, the audit is clean, and all frames and slots come back.
 */

import { assert, assertEquals } from "@std/assert";
import { cow } from "../../../src/vm/kernel/fork/cow.ts";
import { eager } from "../../../src/vm/kernel/fork/eager.ts";
import { shareReadonly } from "../../../src/vm/kernel/fork/share_readonly.ts";
import type { VaNum } from "../../../src/vm/machine/address.ts";
import type { MemoryOptions } from "../../../src/vm/kernel/memory/memory.ts";
import type { AddressSpace } from "../../../src/vm/kernel/memory/areas/space.ts";
import { assertSound } from "./check.ts";
import { Killed, MIB, PAGE, World } from "./world.ts";

/** Accesses that may be killed for lack of memory, and for nothing else. */
function touch(access: () => void): void {
  try {
    access();
  } catch (error) {
    if (!(error instanceof Killed && error.oom)) throw error;
  }
}

function storeAll(world: World, space: AddressSpace, from: number, pages: number, step = 1): void {
  for (let i = 0; i < pages; i += step) {
    touch(() => world.store(space, from + i * PAGE, BigInt(i)));
  }
}

/** A family that grows, forks, stores and leaves in another order. */
function family(world: World): void {
  const { memory } = world;
  const first = memory.createSpace();
  if (first === undefined) return;
  if (memory.grow(first, 30 * PAGE, false)) storeAll(world, first, 0, 30);
  const eagerEnd = first.size;
  if (memory.grow(first, 30 * PAGE, true)) storeAll(world, first, eagerEnd, 30, 2);
  const second = memory.fork(first);
  if (second !== undefined) storeAll(world, second, 0, second.size / PAGE, 3);
  const third = memory.fork(second ?? first);
  memory.releaseSpace(first);
  if (third !== undefined) {
    storeAll(world, third, 0, third.size / PAGE);
    memory.shrink(third, 20 * PAGE);
    memory.copyout(third, 5 as VaNum, new Uint8Array(3 * PAGE));
    const trapframe = memory.shareSpace(third);
    if (trapframe !== undefined) memory.leaveSpace(third, trapframe);
    memory.releaseSpace(third);
  }
  if (second !== undefined) memory.releaseSpace(second);
}

/** Mapped files and shared memory, forked, cut, protected, evicted. */
function files(world: World): void {
  const { memory } = world;
  const file = world.files.make(1, new Uint8Array(6 * PAGE).fill(7));
  const space = memory.createSpace();
  if (space === undefined) return;
  const request = { length: 6 * PAGE, perm: 3, kind: "file" as const };
  const backing = { file, offset: 0, length: 6 * PAGE, writable: true };
  const shared = memory.map(space, { ...request, shared: true, backing });
  const own = memory.map(space, { ...request, backing });
  const anon = memory.map(space, { ...request, kind: "anon", shared: true });
  for (const va of [shared, own, anon]) storeAll(world, space, va, 6, 2);
  const child = memory.fork(space);
  memory.reclaim(10);
  for (const va of [shared, own, anon]) storeAll(world, child ?? space, va, 6);
  memory.unmap(space, (own + PAGE) as VaNum, PAGE);
  memory.protect(space, (shared + PAGE) as VaNum, 2 * PAGE, 1);
  memory.reclaim(10);
  for (const va of [shared, own, anon]) {
    for (let i = 0; i < 6; i++) touch(() => void memory.copyin(space, (va + i * PAGE) as VaNum, 8));
  }
  memory.releaseSpace(space);
  if (child !== undefined) memory.releaseSpace(child);
}

/** 2 MiB leaves made, shared, split, trimmed, put together. */
function leaves(world: World): void {
  const { memory } = world;
  const space = memory.createSpace();
  if (space === undefined) return;
  if (memory.grow(space, 3 * MIB, false)) storeAll(world, space, 0, 768, 37);
  const child = memory.fork(space);
  if (child !== undefined) storeAll(world, child, 0, child.size / PAGE, 111);
  const va = memory.map(space, { length: 4 * MIB, perm: 3, kind: "anon" });
  storeAll(world, space, va, 1024, 300);
  memory.unmap(space, (va + 5 * PAGE) as VaNum, PAGE);
  memory.protect(space, (va + 600 * PAGE) as VaNum, PAGE, 1);
  memory.protect(space, (va + 600 * PAGE) as VaNum, PAGE, 3);
  memory.promote(space);
  if (space.size > 0) memory.shrink(space, MIB + 5);
  memory.releaseSpace(space);
  if (child !== undefined) memory.releaseSpace(child);
}

function everyAllocation(
  name: string,
  options: MemoryOptions,
  scenario: (world: World) => void,
): void {
  Deno.test(`every allocation of ${name} fails once`, () => {
    const whole = new World(options);
    scenario(whole);
    const allocations = whole.memory.frames.allocations;
    assert(allocations > 40);
    const world = new World(options);
    const free = world.memory.frames.freeCount;
    for (let n = 1; n <= allocations; n++) {
      world.memory.frames.failAt(n);
      scenario(world);
      world.memory.frames.failAt(0);
      assertEquals(world.memory.frames.freeCount, free, `allocation ${n}`);
      assertEquals(world.memory.swap.pages.size, 0, `allocation ${n}`);
      assertEquals(world.files.holders.get(1) ?? 0, 0, `allocation ${n}`);
      assertSound(world, `allocation ${n}`);
    }
  });
}

for (const policy of [cow, eager, shareReadonly]) {
  everyAllocation(`a family under ${policy.name}`, { policy }, family);
  everyAllocation(`files under ${policy.name}`, { policy, swap: MIB }, files);
}
everyAllocation("2 MiB leaves, split", { policy: cow, superpages: true }, leaves);
everyAllocation(
  "2 MiB leaves, whole",
  { policy: cow, superpages: true, superpageCow: "whole" },
  leaves,
);
everyAllocation("2 MiB leaves, eager", { policy: eager, superpages: true }, leaves);
