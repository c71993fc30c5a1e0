/** Whatever pieces a run is cut into, and whatever the schedule: what programs compute is the same. */

import { findProc } from "../../../src/vm/kernel/process/table.ts";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { assertAudit, boot, fingerprint } from "../../vm/lab.ts";
import type { BootOptions, Vm } from "../../../src/vm/vm.ts";
import { kernelOf, machineOf } from "../../../src/vm/parts.ts";

/** Pipes, files, forks, waits and sleeps in one line of the guest's shell. */
const LINE = "echo one two three | cat | wc; echo hi > f; cat f; (echo a; echo b) | grep b; rm f";

/** Runs to the end in slices of that many instructions; everything it printed. */
function inSlices(vm: Vm, slice: number, line: string): string {
  const run = vm.start("sh", ["-c", line]);
  for (let n = 0; !run.slice(slice); n++) assert(n < 10_000_000);
  const report = run.report();
  assertEquals([report.stop.kind, report.status], ["exited", 0]);
  return report.console;
}

Deno.test("slices of 1, 7, 1000 and all at once give the same output, events and final state", () => {
  const whole = boot();
  const output = inSlices(whole, Number.MAX_SAFE_INTEGER, LINE);
  assertEquals(output, "1 3 14 \nhi\nb\n");
  const events = whole.events();
  const state = fingerprint(whole);
  for (const slice of [1, 7, 1000]) {
    const vm = boot();
    assertEquals(inSlices(vm, slice, LINE), output, `slices of ${slice}`);
    assertEquals(fingerprint(vm), state, `slices of ${slice}`);
    assertEquals(vm.events().length, events.length);
  }
});

Deno.test("slices change nothing under small ticks and a random schedule either", () => {
  const options: BootOptions = { quantum: 97, seed: 7 };
  const line = "forktest";
  const whole = boot(options);
  inSlices(whole, Number.MAX_SAFE_INTEGER, line);
  const vm = boot(options);
  inSlices(vm, 997, line);
  assertEquals(fingerprint(vm), fingerprint(whole));
  assert(kernelOf(vm).state.ticks > 20);
});

Deno.test("another quantum or seed is another schedule and the same result", () => {
  const traces = new Set<string>();
  for (const [quantum, seed] of [[100_000, 0], [5000, 0], [5000, 1], [5000, 2], [900, 3]]) {
    const vm = boot({ quantum, seed });
    const free = vm.free().free;
    assertEquals(inSlices(vm, 1e9, LINE), "1 3 14 \nhi\nb\n", `quantum ${quantum} seed ${seed}`);
    assertAudit(vm);
    assertEquals(vm.free().free, free);
    const switches = vm.events().filter((e) => e.kind === "switch");
    traces.add(switches.map((e) => e.new).join(" "));
  }
  assertEquals(traces.size, 5);
});

Deno.test("the same seed gives the same run, twice", () => {
  const [one, two] = [0, 1].map(() => {
    const vm = boot({ quantum: 500, seed: 99 });
    inSlices(vm, 1e9, "forktest");
    return fingerprint(vm);
  });
  assertEquals(one, two);
});

Deno.test("an endless loop is preempted and others go on", () => {
  const vm = boot({ quantum: 10_000 });
  const spin = vm.start("spin");
  spin.slice(25_000);
  assertEquals(kernelOf(vm).state.ticks, 2);
  const other = vm.run("echo", ["there"], { budget: 200_000 });
  assertEquals([other.status, other.console.trim()], [0, "there"]);
  assertEquals(vm.process(spin.pid).alive, true);
  spin.interrupt();
  assertEquals(findProc(kernelOf(vm), spin.pid), undefined);
  assertAudit(vm);
});

Deno.test("when all sleep time jumps: a thousand ticks cost no instructions", () => {
  const vm = boot();
  const p = vm.spawn();
  const before = kernelOf(vm).state.ticks;
  const mark = vm.mark();
  assertEquals(p.call("pause", 1000).result, 0n);
  assertEquals(kernelOf(vm).state.ticks - before, 1000);
  assertEquals(vm.since(mark).instructions, 0);
  assertEquals(p.call("uptime").result, BigInt(kernelOf(vm).state.ticks));
  assertNotEquals(kernelOf(vm).state.skipped, 0);
});

Deno.test("a budget of n retires exactly n instructions, if anybody can run that long", () => {
  const vm = boot();
  const run = vm.start("spin");
  for (const n of [1, 2, 3, 1000, 99_999, 100_001]) {
    const before = machineOf(vm).instret;
    assertEquals(run.slice(n), false);
    assertEquals(machineOf(vm).instret - before, n);
  }
});
