/**
 * Memory that runs out anywhere: allocation number n fails, for every n of a program's life. Programs may
 * fail, and processes may be killed for it, but nothing is lost and the kernel goes on.
 */

import { assert, assertEquals } from "@std/assert";
import { KernelError } from "../../../src/vm/kernel/manual.ts";
import type { BootOptions, Vm } from "../../../src/vm/vm.ts";
import { assertAudit, boot, Guest, R } from "../../vm/lab.ts";
import { kernelOf, recordOf } from "../../../src/vm/parts.ts";

const DATA = 0x1000;

/** Forks twice, writes shared pages in each, passes bytes through a pipe into one, waits, and says so. */
function family(): Guest {
  return new Guest()
    .data(DATA + 64, "ok\n")
    .call("sbrk", 5 * 4096, 1)
    .below(R.a0, "bad")
    .mv(R.s1, R.a0)
    .call("pipe", DATA)
    .below(R.a0, "bad")
    .call("fork")
    .below(R.a0, "bad")
    .unless(R.a0, "parent")
    // The child writes what it shares, forks once more, and both write again.
    .put("sd", { rs1: R.s1, rs2: R.s1, imm: 0 })
    .call("fork")
    .below(R.a0, "bad")
    .put("lui", { rd: R.t3, imm: 0x1000 })
    .put("add", { rd: R.t3, rs1: R.s1, rs2: R.t3 })
    .put("sd", { rs1: R.t3, rs2: R.s1, imm: 0 })
    .call("wait", 0)
    .put("lui", { rd: R.t3, imm: DATA })
    .put("lw", { rd: R.a0, rs1: R.t3, imm: 4 })
    .call("write", null, DATA + 64, 3)
    .call("exit", 0)
    .label("parent")
    .put("sd", { rs1: R.s1, rs2: R.s1, imm: 8 })
    // The other end of the pipe must not keep our read waiting when the children die early.
    .put("lui", { rd: R.t3, imm: DATA })
    .put("lw", { rd: R.a0, rs1: R.t3, imm: 4 })
    .call("close", null)
    .put("lui", { rd: R.t3, imm: DATA })
    .put("lw", { rd: R.a0, rs1: R.t3, imm: 0 })
    .mv(R.a1, R.s1)
    .call("read", null, null, 3)
    .call("wait", 0)
    .call("mmap", 0, 3 * 4096, 3, 0x22, -1, 0)
    .below(R.a0, "bad")
    .put("sd", { rs1: R.a0, rs2: R.a0, imm: 0 })
    .call("exit", 0)
    .label("bad")
    .call("exit", 1);
}

/** A way to run something, its options, and whether it succeeds when nothing fails. */
const SCENES: [name: string, options: BootOptions, run: (vm: Vm) => void][] = [
  ["forks, a pipe and mmap under cow", {}, (vm) => void go(vm, family())],
  ["forks, a pipe and mmap under eager", { policy: "eager" }, (vm) => void go(vm, family())],
  ["the guest's shell, a pipeline", {}, (vm) => void shell(vm, "echo a b c | cat | wc")],
  ["demand-loaded programs", { exec: "demand" }, (vm) => void shell(vm, "echo hi; echo there")],
];

function go(vm: Vm, guest: Guest) {
  return vm.run("guest", [], { bytes: guest.elf(), budget: 1_000_000 });
}

function shell(vm: Vm, line: string) {
  return vm.run("sh", ["-c", line], { budget: 10_000_000 });
}

for (const [name, options, scene] of SCENES) {
  Deno.test(`allocation number n fails, for every n: ${name}`, () => {
    const vm = boot(options);
    const booted = vm.save();
    const free = kernelOf(vm).state.frames.free;
    const before = kernelOf(vm).state.frames.allocations;
    scene(vm);
    const allocations = kernelOf(vm).state.frames.allocations - before;
    assert(allocations > 20, `only ${allocations}`);
    assertEquals(kernelOf(vm).state.frames.free, free);
    let failed = 0;
    for (let n = 1; n <= allocations + 1; n++) {
      vm.restore(booted);
      vm.failAllocation(n);
      try {
        scene(vm);
      } catch (error) {
        if (!(error instanceof KernelError)) throw error;
        failed++;
      }
      assertEquals(kernelOf(vm).state.panicked, undefined, `n = ${n}`);
      assertAudit(vm, `n = ${n}`);
      for (const p of vm.processes()) if (p.pid !== 1) p.kill();
      vm.advance(1_000_000);
      assertEquals(vm.processes().length, 1, `n = ${n}: somebody cannot be killed`);
      assertEquals(kernelOf(vm).state.frames.free, free, `n = ${n}: frames are lost`);
      assertAudit(vm, `n = ${n}, afterwards`);
    }
    assert(failed > 0, "starting the program itself never failed");
  });
}

Deno.test("the family succeeds when nothing fails", () => {
  for (const policy of ["cow", "eager"]) {
    const vm = boot({ policy });
    assertEquals(go(vm, family()).status, 0);
    assertAudit(vm);
  }
});

Deno.test("a failed fork leaves the parent as it was, page for page", () => {
  for (const policy of ["cow", "eager"]) {
    const vm = boot({ policy });
    const p = vm.spawn();
    p.sbrk(8 * 4096);
    for (let i = 0; i < 8; i++) p.store(0x3000 + i * 4096, BigInt(i));
    const pages = () =>
      Array.from(
        { length: 8 },
        (_, i) => [p.load(0x3000 + i * 4096), p.pte(0x3000 + i * 4096).pte],
      );
    const wanted = pages();
    for (let n = 1; n < 40; n++) {
      vm.failAllocation(n);
      const { result } = p.call("fork");
      if (result !== -1n) break;
      assertEquals(pages(), wanted, `${policy}, n = ${n}`);
      assertAudit(vm);
      assert(n < 39);
    }
  }
});

Deno.test("a store that cannot get its copy kills that process only", () => {
  const vm = boot();
  const parent = vm.spawn();
  parent.sbrk(4096);
  parent.store(0x3000, 42n);
  const child = parent.fork();
  vm.failAllocation(1);
  const report = child.access(0x3000, 8, 7n);
  assertEquals(report.killed?.why, "out of memory");
  assertEquals(parent.load(0x3000), 42n);
  assertEquals(parent.wait(), child.pid);
  assertEquals(vm.refcount(parent.pte(0x3000).pa!).stored, 1);
  assertAudit(vm);
});

Deno.test("who asked for more than there is gives it back before anybody waits for it", () => {
  const vm = boot();
  const parent = vm.spawn();
  const child = parent.fork();
  child.sbrk("1G", "lazy");
  const free = vm.free().free;
  let last = 0x3000n;
  while (child.access(last, 1, 1n).killed === undefined) last += 4096n;
  assertEquals(recordOf(vm.process(child.pid)).state, "zombie");
  assert(vm.free().free >= free, "its pages are there again");
  parent.sbrk("8M");
  assertAudit(vm);
  assertEquals(parent.wait(), child.pid);
  assertAudit(vm);
});

Deno.test("with memory and swap full, a parent whose stack is on the swap disk comes to wait", () => {
  const vm = boot({ mem: "16M", swap: "16M" });
  const { console, status } = vm.run("lazytest");
  assertEquals([console.split("\n").at(-2), status], ["lazytest: all tests succeeded", 0]);
  assertAudit(vm);
});
