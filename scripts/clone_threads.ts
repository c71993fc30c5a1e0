/**
 * clone: threads in one address space beside a process with a copy-on-write copy of it.
 *
 *     deno run scripts/clone_threads.ts
 *
 * @module
 */

import { expect, scenario } from "@cowsh/cowsh";

await scenario("clone: threads and copy-on-write", {
  policy: "cow",
  mem: "64M",
}, async ({ vm, step, say, shell }) => {
  const main = vm.spawn();
  const heap = main.sbrk("4 pages");
  main.store(heap, 1n);
  const { free } = vm.free();

  const thread = await step("clone with CLONE_VM: a thread, no page table of its own", () => {
    return main.clone({ vm: true, stack: heap + 0x3000n });
  });
  say("It takes one frame, its trapframe; every PTE is common.");
  expect(free - vm.free().free).toBeLessThanOrEqual(2);
  expect(thread.pte(heap).satp).toBe(main.pte(heap).satp);

  await step("a store by one is seen by the other, without a fault", () => {
    expect(thread.store(heap, 2n)).not.toFault();
    expect(main.load(heap)).toBe(2n);
  });
  expect(main.frame(heap)).toHaveRefcount(1);

  const child = await step("the thread forks: the child gets a copy-on-write copy of all", () => {
    return thread.fork();
  });
  expect(main.frame(heap)).toHaveRefcount(2);
  expect(main.pte(heap)).toBeCow();
  await shell(`refcount ${main.frame(heap)}`);

  await step("a thread writes: one copy, which both threads see", () => {
    expect(main.store(heap, 3n)).toFault(15, "cow copy");
    expect(thread.load(heap)).toBe(3n);
    expect(thread.access(heap, 8, 4n)).not.toFault();
    expect(child.load(heap)).toBe(2n);
  });

  await step("munmap by one: the other's TLB does not remember", () => {
    const map = main.mmap("1 page");
    thread.store(map, 5n);
    expect(main.load(map)).toBe(5n);
    main.munmap(map, "1 page");
    expect(thread.pte(map)).not.toBeMapped();
    expect(thread.access(map)).toKill("no area");
  });
  expect(main).toBeAlive();
  expect(vm).toPassAudit();

  const run = await step("a program with threads of its own", () => vm.run("clonetest"));
  expect(run).toSucceed();
  say(run.console.trimEnd());
  expect(vm).toPassAudit();
});
