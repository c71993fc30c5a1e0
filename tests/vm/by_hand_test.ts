/** What is done for a process by hand goes where its instructions would: traps, calls, time, watchpoints. */

import { fileOf } from "../../src/vm/kernel/files/table.ts";
import { takeOutput } from "../../src/vm/kernel/console.ts";
import { now } from "../../src/vm/kernel/process/time.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { run } from "../../src/vm/kernel/run.ts";
import { boot } from "./lab.ts";
import { kernelOf, recordOf } from "../../src/vm/parts.ts";

/** What a trap costs, in instructions of virtual time. */
const TRAP = 500;

Deno.test("a trap made by hand takes its virtual time, an access without one takes none", () => {
  const vm = boot();
  const p = vm.spawn();
  const at = p.sbrk(8 * 4096, "lazy");
  const took = (body: () => unknown) => {
    const before = now(kernelOf(vm));
    body();
    return now(kernelOf(vm)) - before;
  };
  assertEquals(took(() => p.store(at, 1)), TRAP);
  assertEquals(took(() => p.store(at, 2)), 0);
  assertEquals(took(() => p.load(at + 4092n)), TRAP);
  assertEquals(took(() => p.fill(at, 3 * 4096, 7)), TRAP);
  assertEquals(took(() => p.put(at + 3n * 4096n - 2n, "abcd")), TRAP);
  assertEquals(took(() => p.bytes(at, 4 * 4096)), 0);
  assertEquals(took(() => p.call("getpid")), TRAP);
  assertEquals(took(() => p.close(1)), TRAP);
  assertEquals(took(() => p.exit(3)), TRAP);
});

Deno.test("exit and close are system calls: counted, events, forbidden by interpose", () => {
  const vm = boot();
  const p = vm.spawn(), child = p.fork();
  const mark = vm.mark();
  const { accounting } = recordOf(p);
  const calls = accounting.calls;
  const epc = kernelOf(vm).machine.ram.read64(recordOf(p).trapframe);
  p.close(2);
  assertEquals(accounting.calls, calls + 1);
  assertEquals(kernelOf(vm).machine.ram.read64(recordOf(p).trapframe), epc);
  assertThrows(() => p.close(2), Error, "pid 2 has no descriptor 2");
  child.exit(5);
  assertThrows(() => child.exit(5), Error, "process 3 has exited");
  const seen = vm.events(mark.event).filter((e) => e.kind === "syscall").map((e) => [e.pid, e.why]);
  assertEquals(seen, [[2, "close"], [2, "close"], [3, "exit"]]);
  assertEquals(p.wait(), 3);
  p.put(0x2000, "/\0");
  p.call("interpose", 1 << 21, 0x2000);
  assertThrows(() => p.close(1), Error, "no descriptor");
  assert(fileOf(kernelOf(vm), recordOf(p), 1) !== undefined);
});

Deno.test("a trap that kills says what an instruction's would", () => {
  const vm = boot();
  for (
    const [act, why] of [
      [(p: ReturnType<typeof vm.spawn>) => p.store(0n, 1n), "store to 0x0"],
      [(p: ReturnType<typeof vm.spawn>) => p.load(1n << 38n), "load from 0x4000000000"],
      [(p: ReturnType<typeof vm.spawn>) => p.bytes(0x2ffe, 4), "load from 0x3000"],
      [(p: ReturnType<typeof vm.spawn>) => p.fill(0x2000, 8192, 1), "store to 0x3000"],
      [(p: ReturnType<typeof vm.spawn>) => p.put(-1n, "x"), "store to 0xffffffffffffffff"],
    ] as const
  ) {
    const p = vm.spawn();
    assertThrows(() => act(p), Error, `pid ${p.pid} was killed: ${why}: `);
    assert(!p.alive);
    const printed = new TextDecoder().decode(takeOutput(kernelOf(vm)));
    assert(printed.includes(`pid=${p.pid}\n            sepc=0x0 stval=0x`), printed);
  }
});

Deno.test("a fill goes through every page, watched or not, and reports its hits", () => {
  const vm = boot({ mem: "64M" });
  const p = vm.spawn();
  const at = p.sbrk("16M", "lazy");
  assertEquals(p.fill(at + 1n, (16 << 20) - 2, 0xab), 4096);
  assertEquals([p.load(at, 2), p.load(at + (16n << 20n) - 2n, 2)], [0xab00n, 0x00abn]);
  vm.watch(at + 4096n, { size: 2 * 4096 });
  const { faults, watched } = p.fillReport(at, 4 * 4096, 1);
  assertEquals(faults, 0);
  assertEquals(watched.map((hit) => [hit.va, hit.size, hit.before, hit.point.n]), [
    [at + 4096n, 8, 0xabab_abab_abab_ababn, 1],
    [at + 8192n, 8, 0xabab_abab_abab_ababn, 1],
  ]);
  assertEquals(kernelOf(vm).breakpoints.points[0].hits, 2);
});

Deno.test("a watchpoint of another process is not hit, one of every process is", () => {
  const vm = boot();
  const p = vm.spawn();
  const at = p.sbrk(4096);
  p.store(at, 1);
  const child = p.fork();
  const own = vm.watch(at, { pid: child.pid });
  assertEquals([p.store(at, 2).watched, own.hits], [undefined, 0]);
  const every = vm.watch(at, { size: 1 });
  assertEquals(p.store(at, 3).watched?.point, every);
  assertEquals(child.store(at, 4).watched?.point, own);
  assertEquals([own.hits, every.hits], [1, 1]);
});

Deno.test("what was copied for one process before a run is no stop of another's", () => {
  const vm = boot();
  const p = vm.spawn();
  vm.watch(0x2000n, { size: 4096, read: true });
  p.put(0x2100, "README\0");
  const hits = kernelOf(vm).breakpoints.points[0].hits;
  // Taken with the call's own result; nothing is left for the run.
  assert(p.call("open", 0x2100, 0).watched !== undefined);
  vm.removeBreakpoint(1);
  const every = vm.watch(0n, { size: 0x10_0000 });
  const echo = vm.spawn("echo", ["hi"]);
  assertEquals([hits, every.hits], [1, 0]);
  const stop = run(kernelOf(vm), 1e6, { only: echo.pid });
  assert(stop.kind === "stopped" && stop.stop.kind === "watch");
  assert(stop.stop.pc !== undefined, "an instruction's, not what exec copied");
  assertEquals(every.hits, 1);
});
