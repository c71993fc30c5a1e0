/** Breakpoints and watchpoints of one process or of all, and runs until an event. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import type { RunStop } from "../../../src/vm/reports.ts";
import { addBreakpoint, removeBreakpoint } from "../../../src/vm/kernel/breakpoints.ts";
import type { Vm } from "../../../src/vm/vm.ts";
import { assertAudit, boot, fingerprint, Guest, R } from "../../vm/lab.ts";
import { kernelOf } from "../../../src/vm/parts.ts";

const DATA = 0x1000;
const WATCH = { space: "va", length: 8, read: false, write: true } as const;

/** Parent and child each count to 5 at the same address of their own page, the child first. */
function counters(): Guest {
  return new Guest()
    .li(R.s0, DATA).li(R.s1, 5)
    .call("fork") // at 0xc: li, li, li a7, ecall
    .unless(R.a0, "parent")
    .jump("loop")
    .label("parent").call("wait", 0)
    .label("loop")
    .put("ld", { rd: R.s2, rs1: R.s0, imm: 0 })
    .put("addi", { rd: R.s2, rs1: R.s2, imm: 1 })
    .put("sd", { rs1: R.s0, rs2: R.s2, imm: 0 })
    .put("addi", { rd: R.s1, rs1: R.s1, imm: -1 })
    .unless(R.s1, "loop")
    .call("exit", 0);
}

/** Address of the `ld` that begins the loop: after li, lui, li, li a7, ecall, bne, jal and the wait's three. */
function loopOf(guest: Guest): bigint {
  const words = new Uint32Array(guest.bytes().buffer);
  return BigInt(4 * words.findIndex((word) => (word & 0x707f) === 0x3003));
}

/** Runs to the end; the pid and program counter, or address, of each stop on the way. */
function stops(vm: Vm, pid: number): { at: string[]; end: RunStop } {
  const run = vm.resume(pid);
  const at: string[] = [];
  for (;;) {
    const report = run.finish();
    const { stop } = report;
    if (stop.kind !== "stopped") return { at, end: stop };
    if (stop.stop.kind === "break") at.push(`${stop.pid}@${stop.stop.pc}`);
    else if (stop.stop.kind === "watch") at.push(`${stop.pid}:${stop.stop.after}`);
    assert(at.length < 100);
  }
}

function start(): { vm: Vm; pid: number; loop: bigint } {
  const vm = boot({ quantum: 7 });
  const guest = counters();
  return { vm, pid: vm.start("counters", [], guest.elf()).pid, loop: loopOf(guest) };
}

Deno.test("a breakpoint of all processes stops each of them each time", () => {
  const { vm, pid, loop } = start();
  const point = addBreakpoint(kernelOf(vm), loop, undefined);
  const { at, end } = stops(vm, pid);
  const child = pid + 1;
  assertEquals(at, [...Array(5).fill(`${child}@${loop}`), ...Array(5).fill(`${pid}@${loop}`)]);
  assertEquals([end.kind, point.hits], ["exited", 10]);
});

Deno.test("one of a single process lets the others pass", () => {
  for (const whose of [0, 1]) {
    const { vm, pid, loop } = start();
    addBreakpoint(kernelOf(vm), loop, pid + whose);
    assertEquals(stops(vm, pid).at, Array(5).fill(`${pid + whose}@${loop}`));
  }
});

Deno.test("a breakpoint on the instruction after an ecall, and on the child's first", () => {
  const { vm, pid } = start();
  const after = 4n * BigInt(new Uint32Array(counters().bytes().buffer).indexOf(0x73)) + 4n;
  addBreakpoint(kernelOf(vm), after, undefined);
  assertEquals(new Set(stops(vm, pid).at), new Set([`${pid}@${after}`, `${pid + 1}@${after}`]));
});

Deno.test("two points at one address: taking one away leaves the other", () => {
  const { vm, pid, loop } = start();
  const one = addBreakpoint(kernelOf(vm), loop, pid);
  addBreakpoint(kernelOf(vm), loop, pid + 1);
  assertEquals(removeBreakpoint(kernelOf(vm), one.n), true);
  assertEquals(removeBreakpoint(kernelOf(vm), one.n), false);
  assertEquals(stops(vm, pid).at, Array(5).fill(`${pid + 1}@${loop}`));
});

Deno.test("a watchpoint tells each store of its process, not the other's at the same address", () => {
  const { vm, pid } = start();
  addBreakpoint(kernelOf(vm), BigInt(DATA), pid, WATCH);
  assertEquals(stops(vm, pid).at, [1, 2, 3, 4, 5].map((n) => `${pid}:${n}`));
  assertAudit(vm);
});

Deno.test("two processes' watchpoints at one address are kept apart", () => {
  const { vm, pid } = start();
  addBreakpoint(kernelOf(vm), BigInt(DATA), pid, WATCH);
  addBreakpoint(kernelOf(vm), BigInt(DATA), pid + 1, WATCH);
  const wanted = [pid + 1, pid].flatMap((p) => [1, 2, 3, 4, 5].map((n) => `${p}:${n}`));
  assertEquals(stops(vm, pid).at, wanted);
});

Deno.test("a physical watchpoint follows the frame, whoever maps it", () => {
  const { vm, pid } = start();
  // The parent waits; the child's first store copies the page away, so only the parent writes this frame.
  const frame = vm.process(pid).pte(DATA).pa!;
  addBreakpoint(kernelOf(vm), frame, undefined, { ...WATCH, space: "pa" });
  assertEquals(stops(vm, pid).at, [1, 2, 3, 4, 5].map((n) => `${pid}:${n}`));
});

Deno.test("points change nothing: the run ends in the same state, at the same instruction", () => {
  const plain = start();
  stops(plain.vm, plain.pid);
  const wanted = fingerprint(plain.vm);
  for (const whose of [undefined, 0, 999]) {
    const { vm, pid, loop } = start();
    const point = addBreakpoint(kernelOf(vm), loop, whose && pid + whose);
    addBreakpoint(kernelOf(vm), BigInt(DATA), whose && pid + whose, WATCH);
    stops(vm, pid);
    assertEquals(fingerprint(vm), wanted, `${whose} ${point.hits}`);
  }
});

Deno.test("a saved state does not hold points, and restoring keeps those there are", () => {
  const { vm, pid, loop } = start();
  const saved = vm.save();
  addBreakpoint(kernelOf(vm), loop, undefined);
  vm.restore(saved);
  assertEquals(stops(vm, pid).at.length, 10);
});

Deno.test("addresses that nothing can have are refused", () => {
  const { vm } = start();
  assertThrows(() => addBreakpoint(kernelOf(vm), 0x1001n, undefined), RangeError, "no address of");
  assertThrows(
    () => addBreakpoint(kernelOf(vm), 1n << 40n, undefined),
    RangeError,
    "no address of",
  );
  assertEquals(kernelOf(vm).breakpoints.points, []);
});

Deno.test("a run until an event stops right behind it", () => {
  const { vm, pid } = start();
  const run = vm.resume(pid, { until: { kinds: ["copy"] } });
  const { stop } = run.finish();
  assert(stop.kind === "event");
  assertEquals([stop.event.kind, stop.event.pid], ["copy", pid + 1]);
  assertEquals(stop.event.va, BigInt(DATA));
  assertEquals(kernelOf(vm).events.counters.copy, 1);
  const child = vm.resume(pid, { until: { kinds: ["exit"], pid: pid + 1 } }).finish();
  assertEquals(child.stop.kind, "event");
  const never = vm.resume(pid, { until: { kinds: ["copy"], va: 0x5000n } }).finish();
  assertEquals(never.stop.kind, "exited");
});

Deno.test("a manual process's call that a breakpoint interrupts is taken back", () => {
  const { vm, loop } = start();
  addBreakpoint(kernelOf(vm), loop, undefined);
  const p = vm.spawn();
  const child = p.fork();
  const report = p.call("wait", 0);
  assertEquals([report.result, report.stop?.kind], [undefined, "stopped"]);
  assertEquals(p.call("getpid").result, BigInt(p.pid));
  child.exit(3);
  assertEquals(p.wait(), child.pid);
  assertAudit(vm);
});
