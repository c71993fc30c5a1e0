import { assert, assertEquals, assertExists } from "@std/assert";
import { releaseSpace } from "../../../src/vm/kernel/memory/areas/spaces.ts";
import { countOf, failAllocation } from "../../../src/vm/kernel/memory/frames/frames.ts";
import { copyin, copyout, loadBytes } from "../../../src/vm/kernel/memory/faults/copyin.ts";
import { mapArea } from "../../../src/vm/kernel/memory/areas/populate.ts";
import { cow } from "../../../src/vm/kernel/fork/cow.ts";
import { eager } from "../../../src/vm/kernel/fork/eager.ts";
import { shareReadonly } from "../../../src/vm/kernel/fork/share_readonly.ts";
import type { ForkPolicy } from "../../../src/vm/kernel/fork/policy.ts";
import type { VaNum } from "../../../src/vm/machine/address.ts";
import { frameOf, PTE_D, PTE_V, PTE_W } from "../../../src/vm/machine/sv39.ts";
import { readEntry } from "../../../src/vm/kernel/memory/tables/entry.ts";
import { PTE_COW, PTE_READONLY, PTE_SHARE } from "../../../src/vm/kernel/memory/tables/pte.ts";
import type { AddressSpace } from "../../../src/vm/kernel/memory/areas/space.ts";
import { assertSound } from "./check.ts";
import { forkedSpace, grow, PAGE, World } from "./world.ts";
import { forkSpace } from "../../../src/vm/kernel/fork/fork.ts";

function entry(world: World, space: AddressSpace, va: number): number {
  return readEntry(world.ram, space.root, va as VaNum);
}

function fork(world: World, parent: AddressSpace): AddressSpace {
  const child = forkedSpace(world.memory, parent);
  assertExists(child);
  assertSound(world, "after fork");
  return child;
}

/** A program's text page (r-x) with one word in it, then a page of heap. */
function program(world: World): AddressSpace {
  const space = world.space();
  const text = { start: 0 as VaNum, end: PAGE as VaNum, perm: 5, kind: "text" as const };
  assert(mapArea(world.memory, space, { ...text, shared: false, lazy: false }));
  assert(loadBytes(world.memory, space, 8 as VaNum, Uint8Array.of(42)));
  space.size = PAGE as VaNum;
  assert(grow(world.memory, space, PAGE, false));
  return space;
}

Deno.test("cow: fork marks writable pages in both and copies nothing", () => {
  const world = new World({ policy: cow });
  const parent = world.heap(4);
  for (let i = 0; i < 4; i++) world.store(parent, i * PAGE, BigInt(i));
  const free = world.memory.state.frames.free;
  const { space: child, statistics } = forkSpace(world.memory, parent)!;
  // root, two tables for the top, two for the heap, and the trapframe
  assertEquals(free - world.memory.state.frames.free, 6);
  assertEquals(statistics, { shared: 4, copied: 0, ptes: 8, parentPtes: 4, tables: 5 });
  for (let i = 0; i < 4; i++) {
    const pte = entry(world, parent, i * PAGE);
    assertEquals(pte, entry(world, child, i * PAGE));
    assertEquals(pte & (PTE_V | PTE_W | PTE_COW), PTE_V | PTE_COW);
    assertEquals(countOf(world.memory, frameOf(pte)), 2);
  }
  assertEquals(world.events.counters.copiedBytes, 0);
});

Deno.test("cow: the first store copies, the last owner's store reuses its frame in place", () => {
  const world = new World({ policy: cow });
  const parent = world.heap(1);
  world.store(parent, 0, 1n);
  const child = fork(world, parent);
  const frame = frameOf(entry(world, parent, 0));
  world.store(child, 8, 2n);
  assertSound(world);
  assertEquals(world.load(child, 0), 1n);
  assertEquals(world.load(child, 8), 2n);
  assertEquals(world.load(parent, 8), 0x0n);
  assertEquals(countOf(world.memory, frame), 1);
  assertEquals(world.events.counters.copiedBytes, PAGE);
  world.store(parent, 0, 3n);
  assertSound(world);
  assertEquals(world.events.counters.copiedBytes, PAGE);
  assertEquals(frameOf(entry(world, parent, 0)), frame);
  assertEquals(entry(world, parent, 0) & (PTE_W | PTE_COW), PTE_W);
  assertEquals(world.load(child, 0), 1n);
});

Deno.test("cow: three generations keep their own values", () => {
  const world = new World({ policy: cow });
  const first = world.heap(2);
  world.store(first, PAGE, 1n);
  const second = fork(world, first);
  const third = fork(world, second);
  assertEquals(countOf(world.memory, frameOf(entry(world, first, PAGE))), 3);
  world.store(third, PAGE, 3n);
  world.store(second, PAGE, 2n);
  assertSound(world);
  assertEquals([first, second, third].map((space) => world.load(space, PAGE)), [1n, 2n, 3n]);
  const free = world.memory.state.frames.free;
  releaseSpace(world.memory, second);
  assertSound(world);
  releaseSpace(world.memory, third);
  assertSound(world);
  assertEquals(world.load(first, PAGE), 1n);
  assert(world.memory.state.frames.free > free);
});

for (const policy of [cow, eager, shareReadonly]) {
  Deno.test(`${policy.name}: a store to text kills, before and after fork`, () => {
    const world = new World({ policy });
    const parent = program(world);
    const before = world.refusal(() => world.store(parent, 8, 0n));
    const child = fork(world, parent);
    const after = world.refusal(() => world.store(child, 8, 0n));
    if (policy === shareReadonly) {
      assertEquals([before, after], ["write a readonly page", "write a readonly shared page"]);
      assertEquals(entry(world, child, 0) & PTE_SHARE, PTE_SHARE);
      assertEquals(entry(world, child, 0) & PTE_READONLY, PTE_READONLY);
    } else {
      assertEquals([before, after], ["store to a read-only page", "store to a read-only page"]);
      assertEquals(entry(world, child, 0) & (PTE_W | PTE_COW), 0);
    }
    assertEquals(world.load(child, 8, 1), 42n);
    assertSound(world);
  });

  Deno.test(`${policy.name}: all frames come back`, () => {
    const world = new World({ policy });
    const free = world.memory.state.frames.free;
    const parent = world.heap(600);
    for (let i = 0; i < 600; i += 7) world.store(parent, i * PAGE, BigInt(i));
    const child = fork(world, parent);
    for (let i = 0; i < 600; i += 3) world.store(child, i * PAGE, BigInt(-i));
    assertSound(world);
    releaseSpace(world.memory, parent);
    assertSound(world);
    releaseSpace(world.memory, child);
    assertSound(world);
    assertEquals(world.memory.state.frames.free, free);
  });
}

Deno.test("share-readonly: always copies, the last owner's page too", () => {
  const world = new World({ policy: shareReadonly });
  const parent = program(world);
  world.store(parent, PAGE, 1n);
  const child = fork(world, parent);
  world.store(child, PAGE, 2n);
  world.store(parent, PAGE, 3n);
  assertSound(world);
  assertEquals(world.events.counters.copiedBytes, 2 * PAGE);
});

Deno.test("eager: fork copies every page at once", () => {
  const world = new World({ policy: eager });
  const parent = world.heap(3);
  world.store(parent, 0, 9n);
  const child = fork(world, parent);
  assertEquals(world.events.counters.copiedBytes, 3 * PAGE);
  assertEquals(entry(world, child, 0) & (PTE_V | PTE_W | PTE_D), PTE_V | PTE_W);
  world.store(parent, 0, 10n);
  assertEquals(world.load(child, 0), 9n);
});

Deno.test("the kernel's own writes copy a COW page, on every page of several", () => {
  const world = new World({ policy: cow });
  const parent = world.heap(3);
  for (let i = 0; i < 3; i++) world.store(parent, i * PAGE, 7n);
  const child = fork(world, parent);
  const bytes = new Uint8Array(2 * PAGE).fill(0xee);
  assert(copyout(world.memory, child, 100 as VaNum, bytes));
  assertSound(world);
  assertEquals(world.events.counters.copiedBytes, 3 * PAGE);
  assertEquals(world.load(parent, 104), 0n);
  assertEquals(world.load(child, PAGE + 8), 0xeeee_eeee_eeee_eeeen);
  assertEquals(copyin(world.memory, child, 100 as VaNum, 2 * PAGE), bytes);
});

Deno.test("out of memory: fork fails with everything as before, a store to a COW page kills", () => {
  for (const policy of [cow, eager] as ForkPolicy[]) {
    const world = new World({ policy });
    const parent = world.heap(100);
    world.store(parent, 0, 5n);
    const before = entry(world, parent, 0);
    const free = world.memory.state.frames.free;
    let n = 0;
    for (;;) {
      failAllocation(world.memory, ++n);
      const child = forkedSpace(world.memory, parent);
      failAllocation(world.memory, 0);
      assertSound(world, `allocation ${n}`);
      if (child !== undefined) {
        releaseSpace(world.memory, child);
        assertEquals(world.memory.state.frames.free, free);
        break;
      }
      assertEquals(world.memory.state.frames.free, free);
      assertEquals(entry(world, parent, 0), before);
    }
    assertEquals(n, policy === cow ? 7 : 107);
  }
  const world = new World({ policy: cow });
  const parent = world.heap(1);
  world.store(parent, 0, 5n);
  const child = fork(world, parent);
  failAllocation(world.memory, 1);
  assertEquals(world.refusal(() => world.store(child, 0, 6n)), "out of memory");
  assertSound(world);
  assertEquals(world.load(parent, 0), 5n);
});
