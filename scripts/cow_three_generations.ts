/**
 * Three generations share one page; each write takes one owner away, in any order, and counts stay
 * exact.
 *
 *     deno run scripts/cow_three_generations.ts
 *
 * @module
 */

import { expect, scenario } from "@cowsh/cowsh";

await scenario("three generations of one page", {
  policy: "cow",
  mem: "64M",
}, async ({ vm, step, say, shell }) => {
  const free = vm.free().free;
  const parent = vm.spawn();
  const va = parent.sbrk(4096);
  parent.store(va, 0x1000n);

  const child = await step("the parent forks a child", () => parent.fork());
  const grandchild = await step("the child forks a grandchild", () => child.fork());
  const frame = parent.frame(va)!;
  expect(frame).toHaveRefcount(3);
  expect(frame).toBeMappedBy([parent.at(va), child.at(va), grandchild.at(va)]);
  say("A page that was already copy-on-write in the child is so in the grandchild, too.");
  await shell(`refcount ${frame}`);

  await step("the grandchild writes first: it leaves with a copy", () => {
    expect(grandchild.store(va, 0x3000n)).toCopy(1);
  });
  expect(frame).toBeMappedBy([parent.at(va), child.at(va)]);
  expect(grandchild.frame(va)).toHaveRefcount(1);

  await step("the parent writes next: the child is the last owner of the first frame", () => {
    expect(parent.store(va, 0x1001n)).toCopy(1);
  });
  expect(frame).toBeMappedBy([child.at(va)]);
  expect(child.load(va)).toBe(0x1000n);

  await step("the child writes last: nothing is left to share, nothing is copied", () => {
    expect(child.store(va, 0x2000n)).toCopy(0);
  });
  expect([parent, child, grandchild].map((p) => p.load(va))).toEqual([0x1001n, 0x2000n, 0x3000n]);
  expect(new Set([parent, child, grandchild].map((p) => p.frame(va))).size).toBe(3);
  expect(vm).toPassAudit();

  await step("the middle one exits: init adopts the grandchild, which lives on", () => {
    child.exit();
    expect(parent.wait()).toBe(child.pid);
  });
  expect(grandchild.load(va)).toBe(0x3000n);
  expect(frame).toBeFree();

  await step("a second fork of the grandchild is copy-on-write again", () => {
    const fourth = grandchild.fork();
    expect(grandchild.pte(va)).toBeCow();
    fourth.store(va, 0x4000n);
    expect(grandchild.load(va)).toBe(0x3000n);
    fourth.exit();
    grandchild.exit();
    parent.exit();
  });
  expect(vm).toHaveFree(free);
  expect(vm).toPassAudit();
});
