/** exec: what it loads, what it refuses and why, and that a refusal keeps nothing. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { program } from "../../../user/programs.ts";
import { mkfs } from "../../../src/vm/kernel/files/xv6fs/mkfs.ts";
import { KernelError } from "../../../src/vm/kernel/manual.ts";
import type { Vm } from "../../../src/vm/vm.ts";
import { assertAudit, boot, Guest, makeElf, R, runGuest } from "../../vm/lab.ts";
import { kernelOf, machineOf, recordOf } from "../../../src/vm/parts.ts";
import { fileOf } from "../../../src/vm/kernel/files/table.ts";

const good = () => new Guest().call("exit", 0).elf();

/** A good file with one field changed. */
function changed(change: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const bytes = good();
  change(new DataView(bytes.buffer), bytes);
  return bytes;
}

const HEADER = 64;
const BAD: [name: string, bytes: () => Uint8Array, says: RegExp][] = [
  ["an empty file", () => new Uint8Array(), /not an ELF file/],
  ["text", () => new TextEncoder().encode("#!/bin/sh\n".repeat(10)), /not an ELF file/],
  ["32-bit", () => changed((_, b) => b[4] = 1), /not a 64-bit ELF/],
  ["big-endian", () => changed((_, b) => b[5] = 2), /not a little-endian ELF/],
  [
    "x86-64",
    () => changed((v) => v.setUint16(18, 62, true)),
    /not for RISC-V \(machine 62/,
  ],
  ["cut in the headers", () => good().subarray(0, 100), /truncated: program header/],
  ["cut in the code", () => good().subarray(0, 178), /truncated: segment 0/],
  ["without segments", () => makeElf([]), /nothing to load/],
  [
    "smaller in memory than in the file",
    () => changed((v) => v.setBigUint64(HEADER + 40, 1n, true)),
    /segment 0: 1 bytes in memory, \d+ in the file/,
  ],
  ["unaligned", () => changed((v) => v.setBigUint64(HEADER + 16, 8n, true)), /page-aligned/],
  ["beyond MAXVA", () => changed((v) => v.setBigUint64(HEADER + 16, 1n << 38n, true)), /MAXVA/],
  [
    "at the top of 64 bits",
    () => changed((v) => v.setBigUint64(HEADER + 16, 0xffff_ffff_ffff_f000n, true)),
    /MAXVA/,
  ],
  [
    "larger than memory",
    () => changed((v) => v.setBigUint64(HEADER + 40, 1n << 30n, true)),
    /out of memory/,
  ],
  [
    "in the way of the trapframe",
    () => changed((v) => v.setBigUint64(HEADER + 56 + 16, 0x3f_ffff_e000n, true)),
    /./,
  ],
  [
    "program headers beyond 2^53",
    () => changed((v) => v.setBigUint64(32, 0xffff_ffff_ffff_ff00n, true)),
    /program header offset is absurd/,
  ],
  [
    "an offset beyond 2^53",
    () => changed((v) => v.setBigUint64(HEADER + 8, 0xffff_ffff_ffff_0000n, true)),
    /offset of segment 0 is absurd/,
  ],
];

Deno.test("bad program files: one line that says why, and nothing kept", () => {
  const vm = boot();
  const free = vm.free().free;
  for (const [name, bytes, says] of BAD) {
    const error = assertThrows(() => vm.run("bad", [], { bytes: bytes() }), KernelError);
    assertMatch(error.message, says, name);
    assert(!error.message.includes("\n"));
    assertEquals(vm.free().free, free, name);
    assertEquals(vm.processes().length, 1, name);
    assertAudit(vm, name);
  }
});

/** A disk with these files. */
function disk(files: Record<string, Uint8Array>): Uint8Array {
  return mkfs({ files: Object.entries(files).map(([name, bytes]) => ({ name, bytes })) });
}

/** A program that execs the path in its data page with argv {path} and exits with 0 - the result. */
function execs(path: string): Guest {
  const guest = new Guest().data(0x1000, path + "\0");
  return guest
    .li(R.s0, 0x1000).put("sd", { rs1: R.s0, rs2: R.s0, imm: 256 })
    .call("exec", 0x1000, 0x1100)
    .put("sub", { rd: R.a0, rs1: 0, rs2: R.a0 })
    .call("exit", null);
}

Deno.test("exec of each bad file is -1 for the caller, which goes on with its memory", () => {
  for (const [name, bytes] of BAD) {
    const vm = boot({ fs: disk({ bad: bytes() }) });
    const free = vm.free().free;
    assertEquals(runGuest(vm, execs("bad")).status, 1, name);
    assertEquals(vm.free().free, free, name);
    assertAudit(vm, name);
  }
  for (const path of ["nothing", "/", ".", "x".repeat(127), "x".repeat(200)]) {
    const vm = boot();
    assertEquals(runGuest(vm, execs(path)).status, 1, path);
    assertAudit(vm, path);
  }
});

Deno.test("an exec that runs out of memory at any allocation leaves the caller as it was", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(4096);
  p.store(0x3000, 0x6f68_6365n); // "echo"
  p.store(0x3100, 0x3000n);
  p.store(0x3108, 0n);
  const saved = vm.save();
  for (let n = 1;; n++) {
    vm.restore(saved);
    const q = vm.process(p.pid);
    const free = vm.free().free;
    vm.failAllocation(n);
    const { result } = q.call("exec", 0x3000, 0x3100);
    if (result !== -1n) {
      assert(n > 6, `exec of echo took only ${n} allocations`);
      assertEquals(recordOf(q).name, "echo");
      break;
    }
    assertEquals(vm.free().free, free, `n = ${n}`);
    assertEquals([q.name, q.load(0x3000)], ["demo", 0x6f68_6365n]);
    assertAudit(vm, `n = ${n}`);
  }
});

/** argc, argv and the stack as the program finds them. */
function startOf(vm: Vm, args: string[]) {
  const p = vm.spawn("echo", args, program("echo"));
  const { ram } = machineOf(vm);
  const reg = (n: number) => ram.read64((recordOf(p).trapframe + 40 + 8 * (n - 1)) as never);
  const argv: string[] = [];
  for (let i = 0n;; i += 8n) {
    const pointer = p.load(reg(R.a1) + i);
    if (pointer === 0n) break;
    assertEquals(pointer % 16n, 0n);
    let text = "";
    for (let at = pointer;; at++) {
      const byte = Number(p.load(at, 1));
      if (byte === 0) break;
      text += String.fromCharCode(byte);
    }
    argv.push(text);
  }
  return { p, argc: reg(R.a0), sp: reg(R.sp), a1: reg(R.a1), argv };
}

Deno.test("arguments stand on the stack as xv6 puts them", () => {
  const vm = boot();
  const args = ["one", "", "x".repeat(100), "last"];
  const { p, argc, sp, a1, argv } = startOf(vm, args);
  assertEquals(argv, ["echo", ...args]);
  assertEquals([argc, sp, sp % 16n], [5n, a1, 0n]);
  const stack = p.vmmap().find((area) => area.kind === "stack")!;
  assert(sp >= stack.start && sp < stack.end);
  assertEquals(p.break, stack.end);
  const guard = p.vmmap().find((area) => area.kind === "guard")!;
  assertEquals(guard.end, stack.start);
  assertEquals(p.access(guard.end - 8n).killed?.why, "guard page");
});

Deno.test("31 arguments pass, 32 do not; a page of them passes, more does not", () => {
  const vm = boot();
  const free = vm.free().free;
  const many = (n: number) => Array.from({ length: n }, (_, i) => `a${i}`);
  assertEquals(vm.run("echo", many(30)).status, 0);
  assertThrows(() => vm.run("echo", many(31)), KernelError, "more than 31 arguments");
  // 4000 bytes and the pointers fit; what is left of the stack is too little for the program itself.
  assertEquals(vm.spawn("echo", ["x".repeat(4000)]).kill(), undefined);
  assertEquals(vm.run("echo", ["x".repeat(3000)]).console.length, 3001);
  assertThrows(() => vm.run("echo", ["x".repeat(4096)]), KernelError, "too long");
  assertThrows(() => vm.run("echo", ["x".repeat(2048), "y".repeat(2048)]), KernelError, "too long");
  assertEquals(vm.free().free, free);
  assertAudit(vm);
});

Deno.test("no such program: the error lists those there are", () => {
  const error = assertThrows(() => boot().run("cowtst"), KernelError);
  assertMatch(error.message, /no program cowtst: there are .*cowtest/);
});

Deno.test("text cannot be written, data cannot be executed", () => {
  const vm = boot();
  const p = vm.spawn("guest", [], new Guest().call("exit", 0).elf());
  assertEquals(p.pte(0).verdicts.map((v) => v.allowed), [true, false, true]);
  const data = p.vmmap().find((area) => area.kind === "data")!;
  const report = runGuest(
    vm,
    new Guest().li(R.s0, 0x1000).put("jalr", { rd: 0, rs1: R.s0, imm: 0 }),
  );
  assertEquals(data.perm, "rw-p");
  assertEquals([report.status, report.killedBy], [-1, "no execute right"]);
});

Deno.test("open files, directory and pid survive exec; memory and registers do not", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(4096);
  p.store(0x3000, 0x6f68_6365n);
  p.store(0x3100, 0x3000n);
  p.store(0x3108, 0n);
  const record = recordOf(p);
  const [console, pid] = [fileOf(kernelOf(vm), record, 0), p.pid];
  assertEquals(p.call("exec", 0x3000, 0x3100).result, 1n);
  assertEquals([fileOf(kernelOf(vm), recordOf(p), 0) === console, p.pid, recordOf(p).held], [
    true,
    pid,
    true,
  ]);
  assertEquals(p.name, "echo");
  assertAudit(vm);
});
