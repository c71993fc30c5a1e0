/** What a program leaves behind when it ends before its children: a run ends when all of them have. */

import { runOf } from "../../src/vm/kernel/process/table.ts";
import { assert, assertEquals } from "@std/assert";
import type { Vm } from "../../src/vm/vm.ts";
import { assertAudit, boot, fingerprint, Guest, R } from "./lab.ts";
import { kernelOf, machineOf, recordOf } from "../../src/vm/parts.ts";

const SAID = 0x1000;

/** Exits with 3 while a child still has to sleep, to count and to write a line, and a grandchild as well. */
function early(): Guest {
  return new Guest().data(SAID, "child\ngrand\n")
    .call("fork").unless(R.a0, "parent")
    .call("fork").unless(R.a0, "child")
    .call("pause", 9).call("write", 1, SAID + 6, 6).call("exit", 0)
    .label("child")
    .call("pause", 4).li(R.s0, 4000).label("count")
    .put("addi", { rd: R.s0, rs1: R.s0, imm: -1 }).unless(R.s0, "count")
    .call("write", 1, SAID, 6).call("exit", 0)
    .label("parent").call("exit", 3);
}

/** Exits with 0 and leaves a child that does `what` for ever. */
function daemon(what: (g: Guest) => Guest): Guest {
  return what(
    new Guest().call("fork").unless(R.a0, "parent").label("ever"),
  ).jump("ever").label("parent").call("exit", 0);
}

const spins = daemon((g) => g);
const sleeps = daemon((g) => g.call("pause", 1));
const reads = daemon((g) => g.call("read", 0, 0x1000, 10));

function start(vm: Vm, guest: Guest) {
  return vm.start("guest", [], guest.elf());
}

Deno.test("output and costs of children that end later are the run's; the status is the program's", () => {
  const vm = boot({ quantum: 2000 });
  const run = start(vm, early());
  const report = run.finish();
  assertEquals([report.status, report.stop.kind, report.console], [3, "exited", "child\ngrand\n"]);
  assertEquals([report.left, run.ended], [[], true]);
  assertEquals(report.instructions, machineOf(vm).instret);
  assert(report.instructions > 8000 && report.ticks >= 9);
  assertEquals(report.calls, 9);
  // Whoever runs next pays for itself alone.
  assertEquals(vm.run("echo", ["hi"]).console, "hi\n");
  assertAudit(vm);
});

Deno.test("in slices of any size it is the same run", () => {
  const whole = boot({ quantum: 2000 });
  start(whole, early()).finish();
  for (const part of [1, 7, 1000]) {
    const vm = boot({ quantum: 2000 });
    const run = start(vm, early());
    while (!run.slice(part));
    assertEquals(run.report().console, "child\ngrand\n", `${part}`);
    assertEquals(fingerprint(vm), fingerprint(whole), `${part}`);
  }
});

Deno.test("a daemon runs on for a while and is held; when that is does not depend on the slices", () => {
  for (const guest of [spins, sleeps]) {
    const vm = boot({ quantum: 100_000 });
    const report = vm.run("guest", [], { bytes: guest.elf() });
    assertEquals([report.status, report.stop.kind], [0, "exited"]);
    assertEquals(report.left.map(({ pid, name }) => [pid, name]), [[3, "guest"]]);
    assertEquals(recordOf(vm.process(3)).held, true);
    const { instret } = machineOf(vm);
    assertEquals(vm.run("echo").status, 0);
    assert(machineOf(vm).instret < instret + 1000, "echo paid for the daemon");
    const sliced = boot({ quantum: 100_000 });
    const run = start(sliced, guest);
    while (!run.slice(777_777));
    assertEquals(machineOf(sliced).instret, instret);
    assertEquals(run.report().left.length, 1);
    assertAudit(vm);
  }
});

Deno.test("who only waits for the console is left waiting, and said to", () => {
  const vm = boot();
  const report = vm.run("guest", [], { bytes: reads.elf() });
  assertEquals([report.status, report.stop.kind], [0, "idle"]);
  assertEquals(report.left, [{ pid: 3, name: "guest", waits: "console" }]);
  const later = vm.resume(3);
  vm.type("x\n");
  assertEquals(later.slice(1000), true);
  assert(later.waitsForConsole());
  assertAudit(vm);
});

Deno.test("a budget counts what children do; what it cuts off is held and goes on when resumed", () => {
  const vm = boot();
  const cut = vm.run("guest", [], { bytes: spins.elf(), budget: 5000 });
  assertEquals([cut.status, cut.stop.kind, cut.left.length], [0, "budget", 1]);
  assertEquals(machineOf(vm).instret, 5000);
  vm.advance(1000);
  assertEquals(machineOf(vm).instret, 5000);
  const fork = new Guest().call("fork").label("ever").jump("ever");
  const both = vm.run("guest", [], { bytes: fork.elf(), budget: 400_000 });
  assertEquals([both.status, both.stop.kind], [undefined, "budget"]);
  vm.advance(1000);
  assertEquals(machineOf(vm).instret, 405_000, "a child of a held program runs");
  vm.resume(both.pid).slice(300_000);
  const [parent, child] = runOf(kernelOf(vm), both.pid);
  assert(parent.accounting.instructions > 250_000 && child.accounting.instructions > 250_000);
});

Deno.test("interrupting ends orphans, too", () => {
  const vm = boot();
  const { free } = vm.free();
  const run = start(vm, spins);
  while (!run.ended) run.slice(50);
  run.interrupt();
  assertEquals([run.report().stop.kind, run.report().status], ["interrupted", 0]);
  assertEquals(vm.processes().map((p) => p.pid), [1]);
  assertEquals(vm.free().free, free);
});

Deno.test("the status is known after a hundred exits of children that came later", () => {
  const vm = boot();
  const guest = new Guest()
    .call("fork").unless(R.a0, "parent")
    .li(R.s0, 100)
    .label("more").call("fork").unless(R.a0, "child").call("exit", 0)
    .label("child").call("wait", 0)
    .put("addi", { rd: R.s0, rs1: R.s0, imm: -1 }).unless(R.s0, "more")
    .call("exit", 0)
    .label("parent").call("exit", 42);
  assertEquals(vm.run("guest", [], { bytes: guest.elf() }).status, 42);
});

Deno.test("a manual process's children are runs of their own; a child resumed leaves its parent alone", () => {
  const vm = boot();
  const p = vm.spawn();
  const child = p.fork();
  assertEquals([recordOf(p).run, recordOf(child).run], [p.pid, child.pid]);
  const run = start(
    vm,
    new Guest().call("fork").unless(R.a0, "parent").call("exit", 1)
      .label("parent").call("pause", 5).call("exit", 2),
  );
  run.slice(3);
  const forked = vm.process(run.pid + 1);
  assertEquals(vm.resume(forked.pid).finish().stop.kind, "exited");
  assertEquals(run.ended, false);
  assertEquals(run.finish().status, 2);
});
