/**
 * A 2 MiB leaf under copy-on-write: fork shares it by one PTE, a store splits it and copies 4 KiB,
 * or copies it whole; its contents survive both, and munmap of a part.
 *
 *     deno run scripts/superpage_cow.ts
 *
 * @module
 */

import { boot, expect, hex, PAGE_SIZE, scenario } from "@cowsh/cowsh";

const SUPERPAGE = 2 * 2 ** 20;

await scenario("a superpage, shared and split", {
  policy: "cow",
  superpages: true,
  superpageCow: "split",
  mem: "128M",
}, async ({ vm, step, say, shell }) => {
  const parent = vm.spawn();
  const heap = parent.sbrk("6M");
  const superpage = (heap + BigInt(SUPERPAGE - 1)) / BigInt(SUPERPAGE) * BigInt(SUPERPAGE);
  const middle = superpage + BigInt(300 * PAGE_SIZE);
  parent.store(superpage, 1n);
  parent.store(middle, 2n);
  say(`Inside a heap of 6 MiB lies the aligned block ${hex(superpage)}: one leaf at level 1.`);
  expect(parent.pte(superpage)).toHaveSize(SUPERPAGE);
  expect(parent.pte(middle).pte).toBe(parent.pte(superpage).pte);
  await shell(`pte ${parent.pid}:${hex(middle)}`);

  const child = await step("fork shares 512 frames by one PTE on each side", () => parent.fork());
  expect(parent.frame(middle)).toHaveRefcount(2);
  expect(child.pte(middle)).toHaveSize(SUPERPAGE);
  expect(child.pte(middle)).toBeCow();

  const mark = vm.mark();
  await step("the child stores in the middle: its leaf is split, and 4 KiB are copied", () => {
    expect(child.store(middle, 3n)).toCopy(1);
  });
  expect(vm.since(mark).superpages.demoted).toBe(1);
  expect(vm.since(mark).copied.bytes).toBe(4096);
  expect(child.pte(middle)).toHaveSize(PAGE_SIZE);
  expect(child.pte(superpage)).toHaveSize(PAGE_SIZE);
  expect(parent.pte(superpage)).toHaveSize(SUPERPAGE);
  expect([parent.load(middle), child.load(middle), child.load(superpage)]).toEqual([2n, 3n, 1n]);
  expect(parent.frame(middle)).toHaveRefcount(1);
  expect(parent.frame(superpage)).toHaveRefcount(2);
  say("Each of the 512 frames has its own count, so a split changes none.");

  await step(
    "the parent gives back the heap from the middle on: the rest keeps its contents",
    () => {
      parent.sbrk(-Number(heap + BigInt(6 * 2 ** 20) - middle));
      expect(parent.pte(middle)).not.toBeMapped();
      expect(parent.load(superpage)).toBe(1n);
    },
  );
  expect(vm).toPassAudit();

  await step("the other rule: a store copies all of it", () => {
    const whole = boot({ policy: "cow", superpages: true, superpageCow: "whole", mem: "128M" });
    const one = whole.spawn();
    one.sbrk("6M");
    one.store(superpage, 1n);
    const two = one.fork();
    const from = whole.mark();
    two.store(middle, 3n);
    expect(whole.since(from).copied.bytes).toBe(SUPERPAGE);
    expect(two.pte(middle)).toHaveSize(SUPERPAGE);
    expect(whole).toPassAudit();
  });
});
