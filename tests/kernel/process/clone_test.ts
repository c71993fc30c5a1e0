/** clone: threads share memory, everything else is their own; the memory goes with the last of them. */

import { assert, assertEquals } from "@std/assert";
import { spaceOf } from "../../../src/vm/kernel/process/table.ts";
import { takeOutput } from "../../../src/vm/kernel/console.ts";
import type { Process } from "../../../src/vm/process.ts";
import type { Vm } from "../../../src/vm/vm.ts";
import { assertAudit, boot, frameOf, Guest, R, runGuest } from "../../vm/lab.ts";
import { kernelOf, machineOf, recordOf } from "../../../src/vm/parts.ts";
import type { Proc } from "../../../src/vm/kernel/process/proc.ts";
import { fileOf } from "../../../src/vm/kernel/files/table.ts";

const CLONE_VM = 0x100;
const DATA = 0x1000;

function thread(vm: Vm, p: Process, stack = 0): Process {
  return vm.process(Number(p.call("clone", CLONE_VM, stack).result));
}

Deno.test("a thread's stores are its maker's, and so are its sbrk, mmap and munmap", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(4096);
  const t = thread(vm, p);
  assert(spaceOf(kernelOf(vm), recordOf(p)) === spaceOf(kernelOf(vm), recordOf(t)));
  t.store(0x3000, 7n);
  assertEquals(p.load(0x3000), 7n);
  assertEquals([t.sbrk(4096), p.break], [0x4000n as never, 0x5000n as never]);
  const at = t.mmap(8192);
  p.store(at, 9n);
  assertEquals(t.load(at), 9n);
  t.munmap(at, 8192);
  assertEquals(p.access(at).killed?.why, "no area there");
  assertEquals(t.load(0x3000), 7n);
  assertAudit(vm);
});

Deno.test("registers, pid, descriptors and directory are a thread's own", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(4096);
  const t = thread(vm, p, 0x3ff0);
  assertEquals(t.call("getpid").result, BigInt(t.pid));
  assertEquals(t.call("close", 0).result, 0n);
  assertEquals(p.call("dup", 0).result, 3n);
  const sp = machineOf(vm).ram.read64((recordOf(t).trapframe + 48) as never);
  assertEquals(sp, 0x3ff0n);
  assert(recordOf(t).trapframe !== recordOf(p).trapframe);
  assertAudit(vm);
});

Deno.test("whoever exits last frees the memory, in any order, also while others fork", () => {
  for (const order of [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]]) {
    const vm = boot();
    const free = vm.free().free;
    const p = vm.spawn();
    p.sbrk(8192);
    const all = [p, thread(vm, p), thread(vm, p)];
    all[1].store(0x3000, 5n);
    const child = all[2].fork();
    assertAudit(vm);
    const frame = frameOf(child, 0x3000);
    for (const [i, n] of order.entries()) {
      assertEquals(vm.frame(frame).stored, 2, `${order} before ${i}`);
      all[n].exit(0);
      // Dead threads that nobody waits for are init's: gone at once, if their maker is.
      for (const one of all) if (one.alive) { while (one.wait() !== undefined); }
      assertAudit(vm, `${order} after ${i}`);
    }
    assertEquals(child.load(0x3000), 5n);
    if (child.alive) child.exit(0);
    for (const one of vm.processes()) if (one.pid !== 1 && one.alive) one.kill();
    assertEquals(vm.processes().map((one) => one.pid), [1]);
    assertEquals(vm.free().free, free, `${order}`);
    assertAudit(vm);
  }
});

Deno.test("a fault of one thread kills that thread, not the others", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(4096);
  const t = thread(vm, p);
  assertEquals(t.access(0x9000, 8, 1n).killed?.cause, 15);
  p.store(0x3000, 1n);
  assertEquals(p.wait(), t.pid);
  assertEquals(spaceOf(kernelOf(vm), recordOf(p)).users, 1);
  assertAudit(vm);
});

Deno.test("exec in a thread leaves the others their memory", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(4096);
  const t = thread(vm, p);
  [..."echo\0"].forEach((c, i) => p.store(0x3000 + i, c.charCodeAt(0), 1));
  p.store(0x3100, 0x3000n);
  p.store(0x3108, 0n);
  assertEquals(t.call("exec", 0x3000, 0x3100).result, 1n);
  assertEquals([t.name, p.name, spaceOf(kernelOf(vm), recordOf(p)).users], ["echo", "demo", 1]);
  assertEquals(p.load(0x3100), 0x3000n);
  assertAudit(vm);
});

Deno.test("COW between processes that have threads: a copy is seen by all threads of one, by none of the other", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(4096);
  p.store(0x3000, 1n);
  const t = thread(vm, p);
  const child = t.fork();
  const childThread = thread(vm, child);
  t.store(0x3000, 2n);
  childThread.store(0x3000, 3n);
  assertEquals([p, t, child, childThread].map((one) => one.load(0x3000)), [2n, 2n, 3n, 3n]);
  assertAudit(vm);
});

Deno.test("threads count to a sum with amoadd, whatever the schedule", () => {
  const guest = () =>
    new Guest()
      .call("sbrk", 4096, 1).li(R.t3, 4080).put("add", { rd: R.a1, rs1: R.a0, rs2: R.t3 })
      .li(R.a0, CLONE_VM).call("clone").mv(R.s2, R.a0)
      .li(R.s0, DATA).li(R.s1, 300).li(R.a3, 1)
      .label("count")
      .put("amoadd.d", { rd: 0, rs1: R.s0, rs2: R.a3 })
      .put("addi", { rd: R.s1, rs1: R.s1, imm: -1 })
      .unless(R.s1, "count")
      .unless(R.s2, "maker").call("exit", 0)
      .label("maker").call("wait", 0)
      .li(R.s0, DATA).put("ld", { rd: R.a0, rs1: R.s0, imm: 0 }).call("exit");
  for (const [quantum, seed] of [[100_000, 0], [600, 1], [501, 2], [37, 3]]) {
    const vm = boot({ quantum, seed });
    assertEquals(runGuest(vm, guest()).status, 600, `quantum ${quantum} seed ${seed}`);
    assertAudit(vm);
  }
});

Deno.test("clone without CLONE_VM is a fork; a full table or no memory is -1, nothing kept", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(4096);
  p.store(0x3000, 1n);
  const child = vm.process(Number(p.call("clone", 0, 0).result));
  child.store(0x3000, 2n);
  assertEquals(p.load(0x3000), 1n);
  const free = vm.free().free;
  vm.failAllocation(1);
  assertEquals(p.call("clone", CLONE_VM, 0).result, -1n);
  assertEquals([vm.free().free, spaceOf(kernelOf(vm), recordOf(p)).users], [free, 1]);
  while (kernelOf(vm).state.procs.includes(undefined)) thread(vm, p);
  const full = vm.free().free;
  assertEquals(p.call("clone", CLONE_VM, 0).result, -1n);
  assertEquals(vm.free().free, full);
  assertAudit(vm);
});

Deno.test("what is shared is shared still in a state that was put back", () => {
  const vm = boot();
  const p = vm.spawn();
  const t = p.clone({ vm: true, files: true, fs: true });
  const other = p.clone({ vm: true });
  vm.restore(vm.save());
  const [a, b, c] = [p, t, other].map((one) => recordOf(one));
  const isOpen = (one: Proc) => fileOf(kernelOf(vm), one, 3) !== undefined;
  assert(a.files === b.files && a.files !== c.files);
  assert(a.place === b.place && a.place !== c.place);
  p.put(0x2000, "/dir\0");
  assertEquals([p.call("mkdir", 0x2000).result, t.call("chdir", 0x2000).result], [0n, 0n]);
  assertEquals(t.open("/README"), 3);
  assertEquals([isOpen(a), isOpen(c)], [true, false]);
  assertAudit(vm);
  t.exit(0);
  assertAudit(vm);
  assertEquals(isOpen(a), true, "the thread's exit closed its maker's file");
  p.exit(0);
  assertAudit(vm);
});

Deno.test("a thread group: one pid, one parent, ended as one; its threads are gone when they exit", () => {
  const vm = boot();
  const free = vm.free().free;
  const p = vm.spawn();
  const t = p.clone({ thread: true });
  const u = t.clone({ thread: true });
  const child = u.fork();
  assertEquals([p, t, u].map((one) => one.call("getpid").result), [2n, 2n, 2n]);
  assertEquals([p, t, u].map((one) => one.call("gettid").result), [2n, 3n, 4n]);
  assertEquals([recordOf(t).parent, recordOf(u).parent, recordOf(child).parent], [1, 1, 2]);
  assertEquals(vm.descendants(2).map((one) => one.pid), [2, 3, 4, 5]);
  t.exit(7);
  assertEquals(vm.processes().map((one) => one.pid), [1, 2, 4, 5]);
  assertAudit(vm);
  // The first thread's record stays, unwaitable, until the last has exited.
  p.exit(3);
  assertEquals([p.alive, u.alive], [false, true]);
  assertEquals(vm.processes().map((one) => one.pid), [1, 2, 4, 5]);
  child.exit(0);
  assertEquals(u.wait(), child.pid);
  assertAudit(vm);
  u.exit(0);
  assertEquals(vm.processes().map((one) => one.pid), [1]);
  assertEquals(vm.free().free, free);
});

Deno.test("a parent waits for the group, whose status is the first thread's", () => {
  const vm = boot();
  const parent = vm.spawn();
  const first = parent.fork();
  const t = first.clone({ thread: true });
  first.exit(3);
  assertEquals(parent.call("wait", 0).blocked?.on, "child");
  t.exit(9);
  parent.sbrk(4096);
  assertEquals(parent.call("wait", 0x3000).result, BigInt(first.pid));
  assertEquals(parent.load(0x3000, 4), 3n);
  assertAudit(vm);
});

Deno.test("a fatal access, and kill, of one thread end the others; of another process in the memory, nobody", () => {
  for (const end of ["access", "kill", "call"]) {
    const vm = boot();
    const p = vm.spawn();
    p.sbrk(4096);
    const [t, other] = [p.clone({ thread: true }), p.clone({ vm: true })];
    if (end === "access") t.access(0x9000, 8, 1n);
    else if (end === "kill") t.kill();
    else assertEquals(other.call("kill", t.pid).result, 0n);
    vm.advance(1000);
    if (end === "call") assertEquals([recordOf(p).killed, recordOf(t).killed], [true, true]);
    else assertEquals([p.alive, t.alive], [false, false], end);
    assertEquals([other.alive, recordOf(other).killed], [true, false]);
    assertAudit(vm);
  }
});

Deno.test("exec of a thread makes it the first of its group; the others end, files are its own", () => {
  for (const zombie of [false, true]) {
    const vm = boot();
    const p = vm.spawn();
    p.sbrk(4096);
    p.put(0x3000, "echo\0");
    p.store(0x3100, 0x3000n);
    const t = p.clone({ thread: true, files: true });
    const u = p.clone({ thread: true });
    const beside = p.clone({ vm: true, files: true });
    if (zombie) p.exit(4);
    assertEquals(t.call("exec", 0x3000, 0x3100).result, 1n);
    assertEquals([t.alive, u.alive], [false, false]);
    const now = vm.process(p.pid);
    assertEquals([now.name, recordOf(now).group, recordOf(now).parent], ["echo", p.pid, 1]);
    assert(recordOf(now).files !== recordOf(beside).files);
    assertEquals(vm.events().findLast((e) => e.kind === "exec")?.pid, p.pid);
    assertEquals(kernelOf(vm).state.current, p.pid);
    assertEquals(beside.load(0x3100), 0x3000n);
    assertEquals(vm.resume(p.pid).finish().status, 0);
    assertEquals(beside.write(1, 0x3000, 4), 4, "the program's exit closed the others' console");
    assertAudit(vm);
  }
});

Deno.test("clone that fails for want of memory leaves nothing, with any flags", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(4096);
  for (const flags of [0x11, 0x3d0f00, 0x600, 0x4100]) {
    for (let n = 1; n < 4; n++) {
      const { free } = vm.free();
      vm.failAllocation(n);
      p.call("clone", flags, 0, 0x3000, 0, 0x3008);
      vm.failAllocation(0);
      // A manual maker cannot wait for CLONE_VFORK: the call is taken back, the child is there.
      for (const one of vm.processes()) if (one.pid > p.pid) one.exit(0);
      while (p.wait() !== undefined);
      assertEquals(vm.free().free, free, `flags ${flags.toString(16)} frame ${n}`);
      assertAudit(vm);
    }
  }
});

Deno.test("a thread id that cannot be stored undoes nothing, and is said", () => {
  const vm = boot();
  const p = vm.spawn();
  const { result } = p.call("clone", 0x130_0100, 0, 0, 0, 0xdead_0000);
  assertEquals(result, 3n);
  const text = new TextDecoder().decode(takeOutput(kernelOf(vm)));
  assertEquals(
    text,
    [
      "2 demo: clone: no thread id could be stored at 0x0\n",
      "2 demo: clone: no thread id could be stored at 0xdead0000\n",
    ].join(""),
  );
  assertAudit(vm);
});

Deno.test("CLONE_VFORK: the maker goes on when the child has called exec, not when it ends", () => {
  const vm = boot();
  const guest = new Guest().data(0x1100, "spin\0")
    .data(0x1200, Uint8Array.of(0, 0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    .call("clone", 0x4111, 0).unless(R.a0, "maker")
    .call("exec", 0x1100, 0x1200).call("exit", 1)
    .label("maker").call("exit", 5);
  const report = vm.run("guest", [], { bytes: guest.elf(), budget: 100_000 });
  assertEquals([report.status, report.left.map((one) => one.name)], [5, ["spin"]]);
  assertAudit(vm);
});
