/**
 * More memory than there is: pages that were not used go to a swap disk, a shared one once for all
 * its owners, and come back at the touch.
 *
 *     deno run scripts/swap.ts
 *
 * @module
 */

import { expect, PAGE_SIZE, scenario } from "@cowsh/cowsh";

await scenario("eviction by age and swap-in at touch", {
  policy: "cow",
  mem: "16M",
  swap: "32M",
}, async ({ vm, step, say, shell }) => {
  const p = vm.spawn();
  const heap = p.sbrk("64 pages");
  const page = (i: number) => heap + BigInt(i * PAGE_SIZE);
  for (let i = 0; i < 64; i++) p.store(page(i), BigInt(1000 + i));
  say("64 pages, each with a number.");

  const child = await step("fork: two owners for each", () => p.fork());
  const mark = vm.mark();
  await step(
    "the kernel takes 30 frames: the clock's first turn clears A bits, its second evicts",
    () => {
      expect(vm.reclaim(30)).toBeGreaterThanOrEqual(30);
    },
  );
  const out = vm.since(mark).swapped.out;
  expect(out).toBeGreaterThanOrEqual(30);
  const gone = Array.from({ length: 64 }, (_, i) => i).filter((i) =>
    p.frame(page(i)) === undefined
  );
  expect(gone.length).toBeGreaterThan(0);
  say(`${gone.length} of the pages have no frame now; their PTEs name a slot, in both processes.`);
  const at = page(gone[0]);
  expect(child.pte(at)).not.toBeMapped();
  await shell("swap | head 12");
  await shell(`pte ${p.pid}:0x${at.toString(16)}`);
  expect(vm).toPassAudit();

  await step("the parent touches one: it comes back from the disk", () => {
    expect(p.access(at)).toFault(13, "swap in");
    expect(p.load(at)).toBe(BigInt(1000 + gone[0]));
  });
  await step("the child's store to it copies nothing that the parent would see", () => {
    child.store(at, 7n);
    expect(p.load(at)).toBe(BigInt(1000 + gone[0]));
    expect(child.load(at)).toBe(7n);
  });
  await step("every page of both holds what it held", () => {
    for (let i = 0; i < 64; i++) {
      expect(p.load(page(i))).toBe(BigInt(1000 + i));
      if (i !== gone[0]) expect(child.load(page(i))).toBe(BigInt(1000 + i));
    }
    child.exit();
    p.wait();
    p.exit();
  });
  expect(vm).toPassAudit();

  const run = await step("a program twice as large as RAM computes the right answer", () => {
    return vm.run("swapper", ["32"]);
  });
  expect(run).toSucceed();
  say(run.console.trimEnd());
  expect(vm).toPassAudit();
});
