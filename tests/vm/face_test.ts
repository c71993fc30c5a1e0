import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { hex, paNum } from "../../src/vm/machine/address.ts";
import { CALL_SHAPES, meaningsOf, traceCalls } from "../../src/vm/calls.ts";
import { FsError } from "../../src/vm/disk.ts";
import { nearestSymbol, symbolsOf } from "../../src/vm/symbols.ts";
import { boot, frameOf } from "./lab.ts";

const HEAP = 0x3000n;

Deno.test("registers of a process by every name they have", () => {
  const vm = boot();
  const p = vm.spawn();
  p.registers.set("a0", -1n);
  assertEquals(p.registers.get("x10"), 2n ** 64n - 1n);
  assertEquals(p.registers.values()[10], 2n ** 64n - 1n);
  p.registers.set("fp", 7n);
  assertEquals([p.registers.get("s0"), p.registers.get("x8")], [7n, 7n]);
  assertEquals(p.registers.get("pc"), p.registers.pc);
  assertEquals(p.registers.satp, p.pte(HEAP).satp);
  assertEquals([p.registers.get("zero"), p.registers.get("nosuch")], [0n, undefined]);
  for (const name of ["zero", "pc", "nosuch"]) {
    assertThrows(() => p.registers.set(name, 1n), RangeError, `${name} cannot be set`);
  }
  assertEquals(vm.register("misa")! >> 62n, 2n, "MXL of RV64");
  assertEquals(vm.register("nosuch"), undefined);
});

Deno.test("peek reads across pages, and changes nothing", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(8192);
  p.store(HEAP + 0xffcn, 0x8877_6655_4433_2211n);
  const before = vm.save();
  const bytes = p.peek(HEAP + 0xffcn, 8)!;
  assertEquals([...bytes], [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88]);
  assertEquals(p.peek(HEAP + 8190n, 4), undefined, "the second page is the last");
  assertEquals(p.peek(p.break, 1), undefined);
  const { ptes, frames } = vm.diff(before);
  assertEquals([ptes, frames], [[], []]);
});

Deno.test("what a process does, is told by one word", () => {
  const vm = boot();
  const typed = vm.spawn();
  const held = vm.spawn("echo", ["hi"]);
  assertEquals([typed.state, typed.manual, typed.held], ["manual", true, false]);
  assertEquals([held.state, held.manual, held.held], ["held", false, true]);
  assertEquals([held.parent, held.run, held.waits], [1, held.pid, ""]);
  const child = typed.fork();
  child.exit(3);
  assertEquals([child.state, child.parent], ["zombie", typed.pid]);
  assertEquals(vm.ended(child.pid)?.status, 3);
  assert(vm.hasProcess(child.pid));
  typed.wait();
  assert(!vm.hasProcess(child.pid));

  const sh = vm.start("sh");
  sh.finish();
  const waiting = vm.process(sh.pid);
  assertEquals([waiting.state, waiting.waits], ["sleeping", "console"]);
  sh.leave();
  assertEquals([waiting.state, waiting.held], ["sleeping", true]);
});

Deno.test("frames, RAM and TLBs are read from outside", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(4096);
  p.store(HEAP, 0x1234n);
  const frame = frameOf(p, HEAP);
  assertEquals(vm.ram.read64(frame), 0x1234n);
  assertThrows(() => vm.ram.read8(paNum(vm.ram.end)), RangeError);
  const entry = vm.tlb.entries().find((e) => e.va === HEAP && e.access === 1);
  assertEquals(entry?.pa, frame);
  const { free, total, lowest, kinds } = vm.census();
  assertEquals({ free, total }, vm.free());
  assertEquals(Object.values(kinds).reduce((sum, n) => sum + n, 0), total);
  assertEquals(lowest, free, "nothing has been freed");
  const child = p.fork();
  assertEquals(vm.frame(frame).mappings().map((m) => [m.pid, m.va]), [
    [p.pid, HEAP],
    [child.pid, HEAP],
  ]);
  assertEquals(p.mappings().find((m) => m.va === HEAP)?.pte, p.pte(HEAP).pte);
  assertEquals(vm.flags(p.pte(HEAP).pte!), "-C DA-U--RV");
  assertEquals(vm.kernelPte(frame)?.kind, "kernel map");
});

Deno.test("a policy names its own RSW bits", () => {
  assertEquals(boot({ policy: "cow" }).flags(0x353n), "1C -A-U--RV");
  assertEquals(boot({ policy: "share-readonly" }).flags(0x353n), "OS -A-U--RV");
  assertEquals(boot({ policy: "eager" }).flags(0x353n), "1C -A-U--RV");
});

Deno.test("the disk is listed and checked without running anything", () => {
  const vm = boot();
  const root = vm.disk.list("/");
  assertEquals(root.find((e) => e.name === "README")?.inode?.type, "file");
  assertEquals(root.find((e) => e.name === "console")?.inode?.type, "device");
  assertEquals(vm.disk.list("/README").map((e) => [e.name, e.inode?.links]), [["/README", 1]]);
  assertThrows(() => vm.disk.list("/nosuch"), FsError, "/nosuch: no such file");
  assertEquals(vm.disk.check(), []);
  assertEquals(vm.instret, 0);
  // Its magic number stands at the beginning of block 1.
  vm.disk.image!.fill(0, 1024, 1028);
  assertEquals(vm.disk.check()[0].kind, "superblock");
  assertEquals(vm.disk.fat, undefined);
});

Deno.test("a record of calls within another one leaves that one going on", () => {
  const vm = boot();
  const p = vm.spawn();
  const outer = traceCalls(vm);
  p.call("getpid");
  const inner = traceCalls(vm);
  p.call("uptime");
  inner.stop();
  p.call("sbrk", 0, 1);
  outer.stop();
  p.call("getpid");
  assertEquals(inner.calls.map((c) => c.name), ["uptime"]);
  assertEquals(outer.calls.map((c) => c.name), ["getpid", "sbrk"]);
});

Deno.test("calls by name and by number", () => {
  assertEquals(CALL_SHAPES.get("write")?.arguments.map((a) => a.name), ["fd", "buf", "n"]);
  assert(meaningsOf(1).some(({ call }) => call === "fork"));
  assertEquals(meaningsOf(9999), []);
});

Deno.test("who observes forks is told of each, by whoever it is made, until nobody is", () => {
  const vm = boot();
  const p = vm.spawn();
  const told: string[] = [];
  vm.observeForks({
    begins: (pid) => told.push(`${pid} begins`),
    ended: (pid) => told.push(`${pid} ended`),
  });
  const child = p.fork();
  assertEquals(told, ["2 begins", "2 ended"]);
  child.fork();
  assertEquals(told.slice(2), ["3 begins", "3 ended"]);
  vm.observeForks(undefined);
  p.fork();
  assertEquals(told.length, 4);
});

Deno.test("symbols are those of the process's program, and of nothing else in its memory", () => {
  const vm = boot();
  const held = vm.spawn("echo");
  const main = symbolsOf(vm, held.pid).get("main")!;
  assertEquals(nearestSymbol(vm, held.pid, main + 4n), "main+0x4");
  assertEquals(nearestSymbol(vm, held.pid, held.registers.get("sp")!), "", hex(main));
  assertStrictEquals(symbolsOf(vm, vm.spawn().pid).size, 0);
  assertStrictEquals(symbolsOf(vm, 99).size, 0);
});
