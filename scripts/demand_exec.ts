/**
 * Demand-paged exec: a program starts with no page of its own in memory, each comes from the file
 * at first touch, and processes that run the same file share its text.
 *
 *     deno run scripts/demand_exec.ts
 *
 * @module
 */

import { boot, expect, scenario } from "@cowsh/cowsh";

await scenario("demand-paged exec", {
  policy: "cow",
  exec: "demand",
  mem: "64M",
}, async ({ vm, step, say, shell }) => {
  const start = vm.mark();
  const first = await step("usertests is loaded: only its argument page is there", () => {
    return vm.spawn("usertests");
  });
  const areas = first.vmmap().filter((area) => area.kind === "text" || area.kind === "data");
  expect(areas.map((area) => area.rss)).toEqual(areas.map(() => 0));
  await shell(`vmmap ${first.pid}`);

  const text = areas.find((area) => area.kind === "text")!.start;
  await step("the first touch of text reads the page from the file", () => {
    expect(first.access(text)).toFault(13, "file fill");
  });
  expect(vm.since(start).files.in).toBe(1);

  const second = vm.spawn("usertests");
  await step("a second process with the same file finds the page in memory", () => {
    expect(second.access(text)).toFault(13, "cache hit");
  });
  expect(second.frame(text)).toBe(first.frame(text));
  expect(second.pte(text)).toKillOn("write");
  say("One frame of text for both, read-only; nothing was read twice.");
  await shell(`refcount ${first.frame(text)}`);
  first.kill();
  second.kill();

  const mark = vm.mark();
  const lazy = await step("a program that forks and executes echo ten times", () => {
    return vm.run("forkexec", ["10"]);
  });
  expect(lazy).toSucceed();
  const demand = vm.since(mark);
  const other = boot({ mem: "64M", exec: "eager" });
  const from = other.mark();
  expect(other.run("forkexec", ["10"]).console).toBe(lazy.console);
  const eager = other.since(from);
  const told = (done: typeof eager) => `${done.faults[12]} fetch faults, ${done.allocated} frames`;
  say(`by demand: ${told(demand)}; all at once: ${told(eager)}; the same output.`);
  expect(demand.faults[12]).toBeGreaterThan(0);
  expect(eager.faults[12]).toBe(0);
  expect(demand.allocated).toBeLessThan(eager.allocated);
  expect(vm).toPassAudit();
});
