/**
 * Lazy allocation and the fault triple: sbrk raises a number, the first touch faults, and stval,
 * scause and sepc say where, why and where to go on.
 *
 *     deno run scripts/lazy_allocation.ts
 *
 * @module
 */

import { expect, hex, PAGE_SIZE, scenario } from "@cowsh/cowsh";

await scenario("lazy allocation and the fault triple", {
  policy: "cow",
  mem: "64M",
}, async ({ vm, step, say, shell }) => {
  const p = vm.spawn();
  const { free } = vm.free();
  const heap = await step("sbrk of 1 GiB, sixteen times what RAM holds, takes no frame", () => {
    return p.sbrk("1G", "lazy");
  });
  expect(vm).toHaveFree(free);
  expect(p.pte(heap)).not.toBeMapped();
  await shell(`vmmap ${p.pid}`);

  const far = heap + BigInt(777 * 2 ** 20);
  await step("a load far inside faults (13) and finds a page of zeros", () => {
    const load = p.access(far);
    expect(load).toFault(13, "zero fill");
    expect(load.value).toBe(0n);
  });
  await step("a store next to it faults (15) and finds one, too", () => {
    expect(p.store(far + BigInt(PAGE_SIZE), 5n)).toFault(15, "zero fill");
  });
  await step("a second touch of either does not fault", () => {
    expect(p.store(far, 1n)).not.toFault();
    expect(p.access(far + BigInt(PAGE_SIZE))).not.toFault();
  });
  say("Two pages cost two frames and the page tables above them.");
  expect(free - vm.free().free).toBeLessThanOrEqual(4);

  await step("fork walks over the holes; parent and child fill them on their own", () => {
    const child = p.fork();
    child.store(heap, 1n);
    p.store(heap, 2n);
    expect([child.load(heap), p.load(heap)]).toEqual([1n, 2n]);
    child.exit();
    p.wait();
  });

  await step(
    "beyond the heap, and in the guard page below the stack, there is nothing to fill",
    () => {
      const guard = p.vmmap().find((area) => area.kind === "guard")!;
      expect(p.pte(p.break)).toKillOn("read");
      expect(p.pte(guard.start)).toKillOn("write");
      p.exit();
    },
  );

  const mark = vm.mark();
  const run = await step("a program jumps to where there is no code", () => vm.run("faultjump"));
  expect(run).toExitWith(-1);
  say(run.console.trimEnd());
  const fault = vm.events(mark.event).find((e) => e.kind === "fault")!;
  say(
    `scause ${fault.old}: why. stval ${hex(fault.va)}: where. sepc ${hex(fault.pc)}: resume here.`,
  );
  expect(run).toPrint(`scause ${hex(fault.old)}`);
  expect(run).toPrint(`stval=${hex(fault.va)}`);
  expect(vm).toPassAudit();
});
