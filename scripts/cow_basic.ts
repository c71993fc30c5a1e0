/**
 * Copy-on-write in one page: fork shares the frame, the first writer gets a copy, the last owner
 * its frame back.
 *
 *     deno run scripts/cow_basic.ts
 *
 * @module
 */

import { expect, hex, scenario } from "@cowsh/cowsh";

await scenario("basic copy-on-write", {
  policy: "cow",
  mem: "64M",
  record: "docs/casts/cow_basic.cast",
}, async ({ vm, step, say, shell }) => {
  const free = vm.free().free;
  const parent = vm.spawn();
  const va = parent.sbrk("4 pages");
  parent.store(va, 42n);
  say(`A process has four heap pages at ${hex(va)}; the first one holds 42.`);

  const before = vm.counters();
  const child = await step("fork copies no page: both map the same frame", () => parent.fork());
  const frame = parent.pte(va).frame!;
  expect(frame).toHaveRefcount(2);
  expect(frame).toBeMappedBy([parent.at(va), child.at(va)]);
  expect(parent.pte(va)).toBeCow();
  expect(child.pte(va)).toBeCow();
  expect(vm.since(before).copied.pages).toBe(0);
  say("W is clear in both PTEs and RSW bit 8 says why: C. The next store faults.");
  await shell(`pte ${parent.pid}:${hex(va)}`);

  await step("the child writes: its fault copies one page", () => {
    expect(child.store(va, 7n)).toFault(15, "cow copy");
  });
  expect(vm.since(before).copied).toEqual({ pages: 1, bytes: 4096 });
  expect(frame).toHaveRefcount(1);
  expect(child.frame(va)).not.toBe(frame);
  expect(parent.load(va)).toBe(42n);
  expect(child.load(va)).toBe(7n);
  say("Two frames now, one owner each; the parent still reads 42.");
  await shell(`refcount ${frame}`);

  await step("the parent writes: the last owner takes its frame back, nothing is copied", () => {
    const write = parent.store(va, 43n);
    expect(write).toFault(15, "cow reuse");
    expect(write).toCopy(0);
  });
  expect(parent.frame(va)).toBe(frame);
  expect(parent.pte(va)).toBeWritable();
  await shell(`pte ${parent.pid}:${hex(va)}`);

  await step("both exit: every frame comes back", () => {
    child.exit();
    expect(parent.wait()).toBe(child.pid);
    parent.exit();
  });
  expect(vm).toHaveFree(free);
  expect(vm).toPassAudit();
  await shell("audit");
});
