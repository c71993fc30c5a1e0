/** Processes come and go as in xv6: fork, exit, wait, kill, orphans, and a full table. */

import { findProc } from "../../../src/vm/kernel/process/table.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { describeWait, MAX_PROCESSES } from "../../../src/vm/kernel/process/proc.ts";
import { KernelError } from "../../../src/vm/kernel/manual.ts";
import { assertAudit, boot, Guest, R, runGuest } from "../../vm/lab.ts";
import { kernelOf, recordOf } from "../../../src/vm/parts.ts";

/** Where the guest programs keep a buffer, a string, a status. */
const DATA = 0x1000;

Deno.test("wait gives the lowest slot's dead child first, with its status; without children -1", () => {
  const vm = boot();
  const parent = vm.spawn();
  parent.sbrk(4096);
  const [a, b, c] = [parent.fork(), parent.fork(), parent.fork()];
  b.exit(7);
  a.exit(-3);
  assertEquals([recordOf(a).state, recordOf(b).state, recordOf(c).state], [
    "zombie",
    "zombie",
    "runnable",
  ]);
  assertEquals(parent.call("wait", 0x3000).result, BigInt(a.pid));
  assertEquals(parent.load(0x3000, 4), 0xffff_fffdn);
  assertEquals(parent.call("wait", 0x3000).result, BigInt(b.pid));
  assertEquals(parent.load(0x3000, 4), 7n);
  c.exit(0);
  assertEquals(parent.wait(), c.pid);
  assertEquals(parent.call("wait", 0).result, -1n);
  assertAudit(vm);
});

Deno.test("a wait that nobody ends is taken back, and the process can go on", () => {
  const vm = boot();
  const parent = vm.spawn();
  const child = parent.fork();
  const report = parent.call("wait", 0);
  assertEquals([report.result, report.blocked], [undefined, { on: "child" }]);
  assertEquals([recordOf(parent).state, recordOf(parent).inCall], ["runnable", false]);
  assertEquals(parent.call("getpid").result, BigInt(parent.pid));
  child.exit(0);
  assertEquals(parent.wait(), child.pid);
});

Deno.test("a bad address for the status is -1, and the child stays to be waited for", () => {
  const vm = boot();
  const parent = vm.spawn();
  const child = parent.fork();
  child.exit(1);
  for (const bad of [0n, 0x1000n, 0x10_0000n, 1n << 38n, (1n << 64n) - 1n]) {
    if (bad === 0n) continue;
    assertEquals(parent.call("wait", bad).result, -1n, `0x${bad.toString(16)}`);
    assertEquals(recordOf(child).state, "zombie");
  }
  assertEquals(parent.wait(), child.pid);
  assertAudit(vm);
});

Deno.test("orphans go to init, which reaps them at once", () => {
  const vm = boot();
  const free = vm.free().free;
  const parent = vm.spawn();
  const child = parent.fork();
  const grandchild = child.fork();
  const dead = child.fork();
  dead.exit(5);
  assertEquals(recordOf(dead).state, "zombie");
  child.exit(0);
  assertEquals(recordOf(grandchild).parent, 1);
  assertEquals(findProc(kernelOf(vm), dead.pid), undefined);
  grandchild.exit(0);
  assertEquals(findProc(kernelOf(vm), grandchild.pid), undefined);
  assertEquals(parent.wait(), child.pid);
  parent.kill();
  assertEquals(findProc(kernelOf(vm), parent.pid), undefined);
  assertEquals(vm.free().free, free);
  assertAudit(vm);
});

Deno.test("the table holds 64 processes; the next fork and spawn say why they fail, and cost nothing", () => {
  const vm = boot();
  const parent = vm.spawn();
  while (kernelOf(vm).state.procs.includes(undefined)) parent.fork();
  assertEquals(vm.processes().length, MAX_PROCESSES);
  const free = vm.free().free;
  assertEquals(parent.call("fork").result, -1n);
  assertMatch(assertThrows(() => parent.fork(), KernelError).message, /process table is full/);
  assertMatch(assertThrows(() => vm.spawn(), KernelError).message, /process table is full: 64/);
  assertMatch(assertThrows(() => vm.run("echo"), KernelError).message, /process table is full/);
  assertEquals(vm.free().free, free);
  assertAudit(vm);
  const last = vm.processes().at(-1)!;
  last.exit(0);
  assertEquals(parent.call("fork").result, -1n, "a zombie keeps its place");
  parent.wait();
  assertEquals(recordOf(parent.fork()).slot, MAX_PROCESSES - 1);
  assertAudit(vm);
});

Deno.test("pids are never used twice", () => {
  const vm = boot();
  const seen = new Set(vm.processes().map((p) => p.pid));
  for (let i = 0; i < 100; i++) {
    const p = vm.spawn();
    assert(!seen.has(p.pid));
    seen.add(p.pid);
    p.kill();
  }
});

Deno.test("kill: of nobody is -1, of init too; a zombie may be killed and stays one", () => {
  const vm = boot();
  const parent = vm.spawn();
  const child = parent.fork();
  assertEquals(parent.call("kill", 4711).result, -1n);
  assertEquals(parent.call("kill", -1).result, -1n);
  assertEquals(parent.call("kill", 1).result, -1n);
  child.exit(3);
  assertEquals(parent.call("kill", child.pid).result, 0n);
  assertEquals([recordOf(child).state, recordOf(child).status], ["zombie", 3]);
  assertEquals(parent.wait(), child.pid);
});

Deno.test("a process that kills itself has exited with -1 when the call is over", () => {
  const vm = boot();
  const parent = vm.spawn();
  const child = parent.fork();
  assertEquals(child.call("kill", child.pid).exited, true);
  assertEquals([recordOf(child).state, recordOf(child).status], ["zombie", -1]);
  assertThrows(() => child.call("getpid"), KernelError, "has exited");
  assertThrows(() => child.store(0x2000, 1n), KernelError, "has exited");
  assertEquals(parent.wait(), child.pid);
  assertThrows(() => child.call("getpid"), KernelError, "it is gone");
});

Deno.test("exit's status is a C int", () => {
  const vm = boot();
  const cases: [number, number][] = [[0, 0], [255, 255], [256, 256], [-1, -1], [
    0x7fff_f000,
    2147479552,
  ]];
  for (const [given, status] of cases) {
    assertEquals(runGuest(vm, new Guest().call("exit", given)).status, status);
  }
});

/** Programs that wait for ever inside a call, and what each waits for. */
const SLEEPERS: [name: string, guest: () => Guest, on: string][] = [
  ["pause", () => new Guest().call("pause", 0x7fff_f000).call("exit", 0), "tick"],
  ["console read", () => new Guest().call("read", 0, DATA, 1).call("exit", 0), "console"],
  [
    "wait",
    () =>
      new Guest().call("fork").unless(R.a0, "parent")
        .call("pause", 0x7fff_f000).call("exit", 0)
        .label("parent").call("wait", 0).call("exit", 0),
    "child",
  ],
  [
    "vfork",
    () =>
      new Guest().call("clone", 0x4000, 0).unless(R.a0, "parent")
        .label("ever").jump("ever")
        .label("parent").call("exit", 0),
    "vfork",
  ],
  [
    "pipe read",
    () =>
      new Guest().call("pipe", DATA).put("lui", { rd: R.s0, imm: DATA })
        .put("lw", { rd: R.a0, rs1: R.s0, imm: 0 }).call("read", null, DATA + 16, 1)
        .call("exit", 0),
    "pipe-data",
  ],
  [
    "pipe write",
    () =>
      new Guest().call("pipe", DATA).put("lui", { rd: R.s0, imm: DATA })
        .put("lw", { rd: R.a0, rs1: R.s0, imm: 4 }).call("write", null, DATA, 513)
        .call("exit", 0),
    "pipe-space",
  ],
];

for (const [name, guest, on] of SLEEPERS) {
  Deno.test(`killed while it sleeps in ${name}`, () => {
    const vm = boot();
    const free = vm.free().free;
    // Somebody is busy, so that time does not jump to the tick that would wake the ones that pause.
    vm.start("spin");
    const run = vm.start("sleeper", [], guest().elf());
    for (let n = 0; recordOf(vm.process(run.pid)).wait?.on !== on; n++) {
      assert(n < 1000, `pid ${run.pid} never waits for ${on}`);
      run.slice(10_000);
    }
    const p = vm.process(run.pid);
    assertEquals(recordOf(p).state, "sleeping");
    assertEquals(findProc(kernelOf(vm), run.pid)!.inCall, true);
    p.kill();
    for (const child of vm.descendants(run.pid)) child.kill();
    run.slice(300_000);
    assertEquals(run.report().status, -1);
    for (const left of vm.processes()) if (left.pid !== 1) left.kill();
    vm.advance(100_000);
    assertEquals(vm.processes().map((one) => one.pid), [1]);
    assertEquals(vm.free().free, free);
    assertAudit(vm);
  });
}

Deno.test("what each process of a pipeline waits for, in words", () => {
  const vm = boot();
  const run = vm.start("sh", ["-c", "cat | wc"]);
  run.slice(1e6);
  const waits = vm.processes().filter((p) => p.pid !== 1)
    .map((p) => `${p.name}: ${describeWait(recordOf(p).wait!)}`);
  assertEquals(waits.sort(), ["cat: console", "sh: wait", "wc: pipe 1 read"]);
  assertEquals(describeWait({ on: "tick", until: 42 }), "sleep until tick 42");
  assertEquals(describeWait({ on: "pipe-space", pipe: 3 }), "pipe 3 write");
});

Deno.test("kill() by another process wakes a sleeper, which then exits with -1", () => {
  // The child pauses for ever; the parent kills it, waits, and exits with what wait stored.
  const guest = new Guest()
    .call("fork").unless(R.a0, "parent")
    .call("pause", 0x7fff_f000).call("exit", 9)
    .label("parent").mv(R.s0, R.a0)
    .call("pause", 2)
    .mv(R.a0, R.s0).call("kill", null)
    .call("wait", DATA)
    .put("lui", { rd: R.s1, imm: DATA }).put("lw", { rd: R.a0, rs1: R.s1, imm: 0 })
    .put("addi", { rd: R.a0, rs1: R.a0, imm: 100 })
    .call("exit", null);
  const vm = boot();
  assertEquals(runGuest(vm, guest).status, 99);
  assert(kernelOf(vm).state.ticks < 100, "not only when its pause was over");
  assertAudit(vm);
});

Deno.test("one that is killed for want of memory gives its own back before it is waited for", () => {
  const vm = boot();
  const parent = vm.spawn();
  const child = parent.fork();
  const { free } = vm.free();
  const start = 0x3000;
  child.call("sbrk", 64 * 2 ** 20, 2);
  for (let at = start;; at += 4096) {
    if (child.access(at, 8, 1n).killed === undefined) continue;
    assert(at > start + free * 2048, "it was killed only when memory was full");
    break;
  }
  assertEquals(recordOf(child).state, "zombie");
  assert(vm.free().free > free, "what it had before is free, too");
  assertAudit(vm);
  assertEquals(parent.wait(), child.pid);
});

Deno.test("a killed process that never makes a call is stopped at the end of its tick", () => {
  const guest = new Guest()
    .call("fork").unless(R.a0, "parent")
    .label("for ever").jump("for ever")
    .label("parent").call("kill", null).call("wait", 0).call("exit", 5);
  const vm = boot();
  assertEquals(runGuest(vm, guest).status, 5);
  assert(kernelOf(vm).state.ticks <= 3);
  assertAudit(vm);
});

Deno.test("fatal faults print xv6's two lines and name the cause", () => {
  const vm = boot();
  const cases: [Guest, RegExp, string][] = [
    [
      new Guest().put("sd", { rs1: 0, rs2: 0, imm: 0 }),
      /scause 0xf .*\n +sepc=0x0 stval=0x0\n/,
      "read-only",
    ],
    [
      new Guest().li(R.s0, 0x9000).put("lw", { rd: R.a0, rs1: R.s0, imm: 4 }),
      /scause 0xd .*\n +sepc=0x4 stval=0x9004\n/,
      "no area",
    ],
    [
      new Guest().li(R.s0, 0x9000).put("jalr", { rd: 0, rs1: R.s0, imm: 0 }),
      /scause 0xc .*\n +sepc=0x9000 stval=0x9000\n/,
      "no area",
    ],
    [
      new Guest().put("csrrs", { rd: 5, rs1: 0, imm: 0x180 }),
      /scause 0x2 .*\n +sepc=0x0 stval=0x180022f3\n/,
      "illegal instruction",
    ],
    [new Guest().put("ebreak"), /scause 0x3 /, "breakpoint"],
    [new Guest().put("mret"), /scause 0x2 /, "illegal"],
    [new Guest().li(R.s0, 2).put("lr.w", { rd: 5, rs1: R.s0 }), /scause 0x4 /, "misaligned"],
    [
      new Guest().li(R.s0, 2).put("amoadd.w", { rd: 5, rs1: R.s0, rs2: 0 }),
      /scause 0x6 /,
      "misaligned",
    ],
  ];
  for (const [guest, lines, why] of cases) {
    const report = runGuest(vm, guest);
    assertEquals(report.status, -1);
    assertMatch(report.console, /^usertrap\(\): unexpected scause 0x[0-9a-f]+ pid=\d+\n {12}sepc=/);
    assertMatch(report.console, lines);
    assertStringIncludes(report.killedBy, why);
  }
  assertAudit(vm);
});

Deno.test("a non-canonical address kills with all 64 bits in stval", () => {
  const guest = new Guest().put("addi", { rd: 5, rs1: 0, imm: 1 })
    .put("slli", { rd: 5, rs1: 5, imm: 40 }).put("sb", { rs1: 5, rs2: 0, imm: 0 });
  const report = runGuest(boot(), guest);
  assertStringIncludes(report.console, "scause 0xf");
  assertStringIncludes(report.console, "stval=0x10000000000\n");
});

Deno.test("an unknown call number prints xv6's line, returns -1, and the program goes on", () => {
  const guest = new Guest().li(R.a7, 999).put("ecall")
    .put("sub", { rd: R.a0, rs1: 0, rs2: R.a0 }).call("exit", null);
  const report = runGuest(boot(), guest);
  assertEquals([report.status, report.console], [1, `${report.pid} guest: unknown sys call 999\n`]);
  const negative = runGuest(boot(), new Guest().li(R.a7, -5).put("ecall").call("exit", 2));
  assertEquals([negative.status, negative.console], [
    2,
    `${negative.pid} guest: unknown sys call -5\n`,
  ]);
});

Deno.test("a process that exits leaves its directory", () => {
  const vm = boot();
  const tree = kernelOf(vm).files.root!;
  const before = tree.inUse();
  const p = vm.spawn();
  p.sbrk(4096);
  p.store(0x3000, 0x64n, 8); // "d"
  assertEquals(p.call("mkdir", 0x3000).result, 0n);
  assertEquals(p.call("chdir", 0x3000).result, 0n);
  const child = p.fork();
  assert(tree.inUse().length > before.length);
  p.exit(0);
  child.exit(0);
  assertEquals(tree.inUse(), before);
});
