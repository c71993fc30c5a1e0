/**
 * Memory runs out in the middle of a copy-on-write fault: the writer is killed, everybody else
 * lives with their bytes untouched, and no frame is lost.
 *
 *     deno run scripts/oom_cow_fault.ts
 *
 * @module
 */

import { expect, PAGE_SIZE, scenario } from "@cowsh/cowsh";

await scenario("out of memory during a copy-on-write fault", {
  policy: "cow",
  mem: "16M",
}, async ({ vm, step, say, shell }) => {
  const start = vm.free().free;
  const parent = vm.spawn();
  const pages = Math.floor(vm.free().free * 2 / 3);
  const va = await step(`the parent fills ${pages} pages, two thirds of what is free`, () => {
    const va = parent.sbrk(`${pages} pages`);
    for (let i = 0; i < pages; i++) parent.store(va + BigInt(i * PAGE_SIZE), BigInt(i));
    return va;
  });
  const child = await step("fork succeeds: it needs page tables, and no page", () => parent.fork());
  say(`Only ${vm.free().free} frames are free, and the child wants to write ${pages} pages.`);

  let written = 0;
  await step("the child writes page after page until there is no frame left", () => {
    while (child.alive) {
      const write = child.access(va + BigInt(written * PAGE_SIZE), 8, 7n);
      if (write.killed === undefined) written++;
      else expect(write).toKill("out of memory");
    }
  });
  say(`${written} pages were copied, and the next store killed the child, and nobody else.`);
  say("What it had is free again at once: its parent may need a page before it can come to wait.");
  expect(written).toBeGreaterThan(pages / 3);
  expect(written).toBeLessThan(pages);
  expect(child).not.toBeAlive();
  expect(parent).toBeAlive();
  expect(vm.free().free).toBeGreaterThan(written);
  expect(vm).toPassAudit();

  await step("the parent waits for it: tables and trapframe follow", () => {
    expect(parent.wait()).toBe(child.pid);
  });

  await step("the parent lost nothing and can write on, page after page, in place", () => {
    for (let i = 0; i < pages; i++) {
      const at = va + BigInt(i * PAGE_SIZE);
      expect(parent.load(at)).toBe(BigInt(i));
      expect(parent.store(at, BigInt(i + 1))).toCopy(0);
    }
  });
  expect(vm).toPassAudit();

  const second = parent.fork();
  await step("the same with one failing allocation while memory is plenty", () => {
    parent.sbrk(-(pages - 1) * PAGE_SIZE);
    vm.failAllocation(1);
    expect(second.access(va, 8, 9n)).toKill("out of memory");
  });
  expect(parent.load(va)).toBe(1n);
  expect(parent.wait()).toBe(second.pid);
  parent.exit();
  expect(vm).toHaveFree(start);
  expect(vm).toPassAudit();
  await shell("audit");
});
