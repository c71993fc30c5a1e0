/**
 * Allocation number n fails, for every n of three long scenarios: whatever was under way gives up, nothing is
 * lost, the audit is clean, and all frames and slots come back.
 */

import { assert, assertEquals } from "@std/assert";
import { failAllocation } from "../../../src/vm/kernel/memory/frames/frames.ts";
import { reclaim } from "../../../src/vm/kernel/memory/reclaim/reclaim.ts";
import { copyin, copyout } from "../../../src/vm/kernel/memory/faults/copyin.ts";
import {
  createSpace,
  leaveSpace,
  releaseSpace,
  shareSpace,
} from "../../../src/vm/kernel/memory/areas/spaces.ts";
import { cow } from "../../../src/vm/kernel/fork/cow.ts";
import { eager } from "../../../src/vm/kernel/fork/eager.ts";
import { shareReadonly } from "../../../src/vm/kernel/fork/share_readonly.ts";
import type { VaNum } from "../../../src/vm/machine/address.ts";
import type { MemoryOptions } from "../../../src/vm/kernel/memory/options.ts";
import type { AddressSpace } from "../../../src/vm/kernel/memory/areas/space.ts";
import { assertSound } from "./check.ts";
import {
  forkedSpace,
  grow,
  Killed,
  MIB,
  mmap,
  mprotect,
  munmap,
  PAGE,
  promoteSpace,
  shrink,
  World,
} from "./world.ts";

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
  const first = createSpace(memory);
  if (first === undefined) return;
  if (grow(memory, first, 30 * PAGE, false)) storeAll(world, first, 0, 30);
  const eagerEnd = first.size;
  if (grow(memory, first, 30 * PAGE, true)) storeAll(world, first, eagerEnd, 30, 2);
  const second = forkedSpace(memory, first);
  if (second !== undefined) storeAll(world, second, 0, second.size / PAGE, 3);
  const third = forkedSpace(memory, second ?? first);
  releaseSpace(memory, first);
  if (third !== undefined) {
    storeAll(world, third, 0, third.size / PAGE);
    shrink(memory, third, 20 * PAGE);
    copyout(memory, third, 5 as VaNum, new Uint8Array(3 * PAGE));
    const trapframe = shareSpace(memory, third);
    if (trapframe !== undefined) leaveSpace(memory, third, trapframe);
    releaseSpace(memory, third);
  }
  if (second !== undefined) releaseSpace(memory, second);
}

/** Mapped files and shared memory, forked, cut, protected, evicted. */
function files(world: World): void {
  const { memory } = world;
  const file = world.files.make(1, new Uint8Array(6 * PAGE).fill(7));
  const space = createSpace(memory);
  if (space === undefined) return;
  const request = { length: 6 * PAGE, perm: 3, kind: "file" as const };
  const backing = { file, offset: 0, length: 6 * PAGE, writable: true };
  const shared = mmap(memory, space, { ...request, shared: true, backing });
  const own = mmap(memory, space, { ...request, backing });
  const anon = mmap(memory, space, { ...request, kind: "anon", shared: true });
  for (const va of [shared, own, anon]) storeAll(world, space, va, 6, 2);
  const child = forkedSpace(memory, space);
  reclaim(memory, 10);
  for (const va of [shared, own, anon]) storeAll(world, child ?? space, va, 6);
  munmap(memory, space, (own + PAGE) as VaNum, PAGE);
  mprotect(memory, space, (shared + PAGE) as VaNum, 2 * PAGE, 1);
  reclaim(memory, 10);
  for (const va of [shared, own, anon]) {
    for (let i = 0; i < 6; i++) {
      touch(() => void copyin(memory, space, (va + i * PAGE) as VaNum, 8));
    }
  }
  releaseSpace(memory, space);
  if (child !== undefined) releaseSpace(memory, child);
}

/** 2 MiB leaves made, shared, split, trimmed, put together. */
function leaves(world: World): void {
  const { memory } = world;
  const space = createSpace(memory);
  if (space === undefined) return;
  if (grow(memory, space, 3 * MIB, false)) storeAll(world, space, 0, 768, 37);
  const child = forkedSpace(memory, space);
  if (child !== undefined) storeAll(world, child, 0, child.size / PAGE, 111);
  const va = mmap(memory, space, { length: 4 * MIB, perm: 3, kind: "anon" });
  storeAll(world, space, va, 1024, 300);
  munmap(memory, space, (va + 5 * PAGE) as VaNum, PAGE);
  mprotect(memory, space, (va + 600 * PAGE) as VaNum, PAGE, 1);
  mprotect(memory, space, (va + 600 * PAGE) as VaNum, PAGE, 3);
  promoteSpace(memory, space);
  if (space.size > 0) shrink(memory, space, MIB + 5);
  releaseSpace(memory, space);
  if (child !== undefined) releaseSpace(memory, child);
}

function everyAllocation(
  name: string,
  options: MemoryOptions,
  scenario: (world: World) => void,
): void {
  Deno.test(`every allocation of ${name} fails once`, () => {
    const whole = new World(options);
    scenario(whole);
    const allocations = whole.memory.state.frames.allocations;
    assert(allocations > 40);
    const world = new World(options);
    const free = world.memory.state.frames.free;
    for (let n = 1; n <= allocations; n++) {
      failAllocation(world.memory, n);
      scenario(world);
      failAllocation(world.memory, 0);
      assertEquals(world.memory.state.frames.free, free, `allocation ${n}`);
      assertEquals(world.memory.state.swap.pages.size, 0, `allocation ${n}`);
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
