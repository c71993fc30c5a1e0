/** The face of a computer: boot options, runs and their reports, counters, live handles. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { KernelError } from "../../src/vm/kernel/manual.ts";
import type { ProgramSource } from "../../src/vm/kernel/programs.ts";
import { type BootOptions, Vm } from "../../src/vm/vm.ts";
import { assertAudit, boot, frameOf, Guest, R, runGuest } from "./lab.ts";
import { kernelOf, machineOf, recordOf } from "../../src/vm/parts.ts";

Deno.test("bad options are refused with what would be right", () => {
  const cases: [BootOptions, RegExp][] = [
    [
      { policy: "cows" },
      /^policy "cows": want cow, eager(, [a-z-]+)* or [a-z-]+; did you mean cow\?$/,
    ],
    [{ abi: "linux" }, /^abi "linux": want xv6, xv6-mmap, or a table/],
    [{ mem: 1 }, /16M/],
    [{ mem: "15M" }, /16M/],
    [{ mem: "4G" }, /2G/],
    [{ mem: "lots" }, /lots/],
    [{ mem: 16 * 1024 * 1024 + 1 }, /^mem 16777217: want 16M to 2G in steps of 64K$/],
    [{ mem: "16388K" }, /^mem "16388K": want 16M to 2G in steps of 64K$/],
    [{ mem: NaN }, /^mem NaN: want/],
    [{ quantum: 0 }, /^quantum 0: want a whole number from 1 to 4294967295$/],
    [{ quantum: NaN }, /^quantum NaN: want/],
    [{ quantum: 1.5 }, /^quantum 1.5: want/],
    [{ seed: -1 }, /^seed -1: want a whole number from 0/],
    [{ swap: -1 }, /^swap -1: want 0 to 16G in steps of 4K$/],
    [{ swap: "1T" }, /^swap "1T": want 0 to 16G/],
    [{ readAhead: NaN }, /^readAhead NaN: want a whole number from 0 to 512$/],
    [{ exec: "lazy" as "eager" }, /^exec "lazy": want eager or demand$/],
    [
      { superpageCow: "hole" as "whole" },
      /^superpageCow "hole": want split or whole; did you mean whole\?$/,
    ],
    [{ lazy: "yes" as unknown as boolean }, /^lazy "yes": want true or false$/],
    [{ superpages: 1 as unknown as boolean }, /^superpages 1: want true or false$/],
    [{ fs: [] as unknown as Uint8Array }, /^fs a list: want the bytes of an image/],
    [{ programs: {} as ProgramSource }, /^programs an object: want an object with get and list$/],
    [{ polcy: "cow" } as BootOptions, /^boot has no option polcy; did you mean policy\?$/],
    [{ zzz: 1 } as BootOptions, /^boot has no option zzz: there are policy, mem/],
    ["mem" as BootOptions, /^boot: options are an object of policy/],
  ];
  for (const [options, says] of cases) {
    const error = assertThrows(
      () => typeof options === "string" ? new Vm(options) : boot(options),
      RangeError,
    );
    assertMatch(error.message, says);
    assert(!error.message.includes("\n"));
  }
});

Deno.test("a fresh computer: init alone, nothing to audit, the same frames free each time", () => {
  const [one, two] = [boot(), boot()];
  assertEquals(one.processes().map((p) => [p.pid, p.name]), [[1, "init"]]);
  assertEquals(one.free(), two.free());
  assertAudit(one);
  assertEquals(machineOf(one).instret, 0);
});

Deno.test("a run's report: status, console, instructions, calls, faults, copies, forks", () => {
  const vm = boot();
  const report = runGuest(
    vm,
    new Guest().data(0x1000, "hi\n")
      .call("write", 1, 0x1000, 3)
      .call("fork").unless(R.a0, "parent").call("exit", 0)
      .label("parent").li(R.s0, 0x1000).put("sd", { rs1: R.s0, rs2: R.s0, imm: 8 })
      .call("wait", 0).call("exit", 3),
  );
  assertEquals([report.status, report.console, report.stop.kind], [3, "hi\n", "exited"]);
  assertEquals([report.forks, report.framesCopied, report.bytesCopied], [1, 1, 4096]);
  assertEquals(report.faults, { 12: 0, 13: 0, 15: 1 });
  assertEquals(report.calls, 5);
  // ecalls trap and do not retire: 4 + 2 of the write, 1 of fork, and so on.
  assertEquals(report.instructions, machineOf(vm).instret);
  assertEquals([report.name, report.killedBy], ["guest", ""]);
});

Deno.test("a run that is out of budget goes on where it was", () => {
  const vm = boot();
  const run = vm.start("spin");
  assertEquals(run.slice(1000), false);
  assertEquals(run.report().stop.kind, "budget");
  assertEquals(run.report().status, undefined);
  assertEquals(run.slice(1000), false);
  assertEquals(machineOf(vm).instret, 2000);
});

Deno.test("nobody can run: the report says so, and typing helps", () => {
  const vm = boot();
  const run = vm.start("cat");
  assertEquals(run.slice(1e6), true);
  assertEquals([run.report().stop.kind, run.waitsForConsole()], ["idle", true]);
  vm.type("x\n\x04");
  assertEquals(run.finish().status, 0);
  assertMatch(run.report().console, /x\n/);
});

Deno.test("console text that is cut inside a character is put together", () => {
  const vm = boot();
  const run = vm.start("guest", [], twoBytes().elf());
  let text = "";
  while (!run.slice(1)) text += run.takeOutput();
  text += run.takeOutput();
  assertEquals(text, "é");
});

/** Writes the two bytes of é one at a time. */
function twoBytes(): Guest {
  return new Guest().data(0x1000, "é").call("write", 1, 0x1000, 1).call("write", 1, 0x1001, 1)
    .call("exit", 0);
}

Deno.test("since() counts what lies between two moments, and nothing else", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(4096);
  const child = p.fork();
  const mark = vm.mark();
  assertEquals(vm.since(mark).copied, { pages: 0, bytes: 0 });
  child.store(0x3000, 1n);
  p.store(0x3000, 2n);
  const done = vm.since(mark);
  assertEquals(done.copied, { pages: 1, bytes: 4096 });
  assertEquals(done.faults, { 12: 0, 13: 0, 15: 2 });
  assertEquals([done.allocated, done.freed, done.forks, done.calls], [1, 0, 0, 0]);
});

Deno.test("a handle is live: it outlives its process and says so", () => {
  const vm = boot();
  const p = vm.spawn();
  const child = p.fork();
  assertEquals([child.alive, child.name], [true, "demo"]);
  child.exit(4);
  assertEquals(child.alive, false);
  p.wait();
  assertThrows(() => recordOf(child), KernelError, "it is gone");
  assertThrows(() => vm.process(child.pid), KernelError, `no process ${child.pid}: there are 1, 2`);
});

Deno.test("descendants are children and theirs, in any order of pids", () => {
  const vm = boot();
  const a = vm.spawn();
  const b = vm.spawn();
  const c = a.fork();
  const d = c.fork();
  assertEquals(vm.descendants(a.pid).map((p) => p.pid), [a.pid, c.pid, d.pid]);
  assertEquals(vm.descendants(b.pid).map((p) => p.pid), [b.pid]);
});

Deno.test("fill stores each byte, faults once a page, and stops where it may not", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(3 * 4096);
  p.fork();
  const mark = vm.mark();
  p.fill(0x3003, 2 * 4096, 0xab);
  assertEquals([vm.since(mark).faults[15], vm.since(mark).copied.pages], [3, 3]);
  assertEquals(p.load(0x3002, 1), 0n);
  for (const at of [0x3003, 0x3fff, 0x4000, 0x5002]) assertEquals(p.load(at, 1), 0xabn);
  assertEquals(p.load(0x5003, 1), 0n);
  assertThrows(() => p.fill(0x5000, 8192, 1), KernelError, "was killed: store to 0x6000");
});

Deno.test("frames are one object each, and tell what they hold now", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(4096);
  p.store(0x3000, 0x1122n);
  const child = p.fork();
  const frame = vm.frame(frameOf(p, 0x3000));
  assert(frame === child.frame(0x3010));
  assertEquals([frame.kind, frame.stored, frame.counted], ["user", 2, 2]);
  assertEquals([...frame.bytes().subarray(0, 2)], [0x22, 0x11]);
  child.store(0x3000, 1n);
  assertEquals([frame.stored, frame.owners.map((m) => m.pid)], [1, [p.pid]]);
  assertThrows(() => vm.frame(0x1000), RangeError, "outside RAM");
});

Deno.test("a misaligned store across two COW pages copies both, once", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(8192);
  const child = p.fork();
  const mark = vm.mark();
  child.store(0x3ffc, 0x1122_3344_5566_7788n);
  assertEquals(vm.since(mark).copied.pages, 2);
  assertEquals([child.load(0x3ffc), p.load(0x3ffc)], [0x1122_3344_5566_7788n, 0n]);
  assertAudit(vm);
});

Deno.test("a 2 MiB page copied whole is 512 frames copied, for the VM and for its process", () => {
  const vm = boot({ mem: "32M", superpages: true, superpageCow: "whole" });
  const p = vm.spawn();
  const at = p.mmap("2M");
  p.store(at, 1n);
  const child = p.fork();
  const mark = vm.mark();
  const report = child.store(at, 2n);
  assertEquals(vm.since(mark).copied, { pages: 512, bytes: 2 ** 21 });
  assertEquals(recordOf(child).accounting.framesCopied, 512);
  assertEquals(report.events.filter((e) => e.kind === "copy").map((e) => e.bytes), [2 ** 21]);
});

Deno.test("names of programs: those on the disk's root and those that come along", () => {
  const vm = boot();
  assert(vm.programNames().includes("cowtest"));
  assert(vm.hasProgram("/echo") && vm.hasProgram("echo"));
  assert(!vm.hasProgram("README") || kernelOf(vm).files.isFile("README"));
  assert(!vm.hasProgram("nosuch"));
});

Deno.test("an interrupted run leaves nothing of its family behind", () => {
  const vm = boot();
  const free = vm.free().free;
  const run = vm.start("grind");
  run.slice(400_000);
  assert(vm.descendants(run.pid).length >= 1);
  run.interrupt();
  assertEquals(vm.processes().map((p) => p.pid), [1]);
  assertAudit(vm);
  assertEquals(vm.free().free, free);
});

Deno.test("what is done for nobody leaves the current process's name on its own events", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(4096);
  p.store(0x3000, 1n);
  const mark = kernelOf(vm).events.next;
  vm.spawn();
  const between = kernelOf(vm).events.next;
  p.call("getpid");
  const pids = (from: number, to: number) => [
    ...new Set(vm.events(from).filter(({ n }) => n < to).map(({ pid }) => pid)),
  ];
  assertEquals([pids(mark, between), pids(between, kernelOf(vm).events.next)], [[0], [p.pid]]);
});

Deno.test("a store that changes nothing but a page's bytes is in the difference", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(4096);
  p.store(0x3000, 1n);
  const before = vm.save();
  p.store(0x3000, 2n);
  const { frames, ptes } = vm.diff(before);
  assertEquals(ptes, []);
  const at = frameOf(p, 0x3000);
  const changed = frames.filter((frame) => frame.pa === BigInt(at));
  assertEquals(changed.map(({ bytes, kind, count }) => [bytes, kind, count]), [[
    1,
    ["user", "user"],
    [1, 1],
  ]]);
});
