/** trace, sigalarm and their kin, where the guest's own labtest does not look. */

import { takeOutput } from "../../../src/vm/kernel/console.ts";
import { assertEquals, assertMatch } from "@std/assert";
import { assertAudit, boot, fingerprint, Guest, R, runGuest } from "../../vm/lab.ts";
import { kernelOf, recordOf } from "../../../src/vm/parts.ts";

Deno.test("trace prints a line for each call of the mask, of children as well, and of exec", () => {
  const vm = boot();
  const report = runGuest(
    vm,
    new Guest().data(0x1100, "nothing\0")
      .call("trace", 1 << 22 | 1 << 1 | 1 << 7 | 1 << 11)
      .call("fork").unless(R.a0, "parent")
      .call("getpid").call("exit", 0)
      .label("parent")
      .call("wait", 0).call("uptime").call("exec", 0x1100, 0x1200)
      .call("trace", 0).call("getpid").call("exit", 0),
  );
  assertEquals(report.console.split("\n"), [
    "2: syscall trace -> 0",
    "2: syscall fork -> 3",
    "3: syscall getpid -> 3",
    "2: syscall exec -> -1",
    "",
  ]);
});

/** sigalarm(ticks, handler) and a loop that counts in s0 until the handler has stored to 0x1000 `calls` times. */
function alarmed(ticks: number, calls: number): Guest {
  return new Guest()
    .jump("main")
    .label("handler")
    .li(R.s1, 0x1000).put("lw", { rd: R.a0, rs1: R.s1, imm: 0 })
    .put("addi", { rd: R.a0, rs1: R.a0, imm: 1 }).put("sw", { rs1: R.s1, rs2: R.a0, imm: 0 })
    .call("sigreturn").call("exit", 9)
    .label("main")
    .call("sigalarm", ticks, 4).li(R.s0, 0).li(R.s1, 5)
    .label("loop")
    .put("addi", { rd: R.s0, rs1: R.s0, imm: 1 })
    .li(R.s2, 5).put("bne", { rs1: R.s1, rs2: R.s2 }, "bad")
    .li(R.a5, 0x1000).put("lw", { rd: R.a5, rs1: R.a5, imm: 0 })
    .li(R.a4, calls).put("bne", { rs1: R.a5, rs2: R.a4 }, "loop")
    .call("exit", 0)
    .label("bad").call("exit", 8);
}

Deno.test("the handler comes every so many ticks of the process's own time", () => {
  for (const ticks of [1, 2, 5]) {
    const vm = boot({ quantum: 2000 });
    const report = runGuest(vm, alarmed(ticks, 4));
    assertEquals(report.status, 0);
    assertEquals(report.ticks, 4 * ticks, `every ${ticks}`);
    const alarms = vm.events().filter((e) => e.kind === "alarm");
    assertEquals(alarms.map((e) => [e.old, e.new]), Array(4).fill([report.pid, ticks]));
    assertAudit(vm);
  }
});

Deno.test("ticks while it sleeps, or while another runs, are not its own", () => {
  const vm = boot({ quantum: 2000 });
  const guest = alarmed(2, 1);
  const sleeper = new Guest().call("sigalarm", 2, 4).call("pause", 50).call("exit", 0);
  assertEquals(runGuest(vm, sleeper).status, 0);
  assertEquals(kernelOf(vm).events.counters.alarm, 0);
  assertEquals(runGuest(vm, guest).status, 0);
});

Deno.test("a state saved inside a handler goes on as the run that was not", () => {
  const vm = boot({ quantum: 1500 });
  const run = vm.start("guest", [], alarmed(1, 3).elf());
  while (kernelOf(vm).events.counters.alarm < 2) run.slice(1);
  const saved = vm.save();
  run.finish();
  const after = fingerprint(vm);
  vm.restore(saved);
  assertEquals(recordOf(vm.process(run.pid)).alarm?.saved?.length, 264);
  vm.resume(run.pid).finish();
  assertEquals(fingerprint(vm), after);
});

Deno.test("exec ends the alarm; -1 ticks, and sigreturn out of the blue, are refused", () => {
  const vm = boot({ quantum: 2000 });
  const report = runGuest(
    vm,
    new Guest().data(0x1100, "labtest\0info\0")
      .data(0x1200, Uint8Array.of(0, 0x11, 0, 0, 0, 0, 0, 0, 8, 0x11, 0, 0, 0, 0, 0, 0))
      .call("sigalarm", -1, 4).mv(R.s0, R.a0).call("sigreturn")
      .put("bne", { rs1: R.s0, rs2: R.a0 }, "bad")
      .call("sigalarm", 1, 4).call("exec", 0x1100, 0x1200)
      .label("bad").call("exit", 7),
  );
  assertMatch(report.console, /labtest: all tests succeeded\n/);
  assertEquals([report.status, kernelOf(vm).events.counters.alarm], [0, 0]);
  assertAudit(vm);
});

Deno.test("an alarm never meets a process inside a call, whatever the ticks", () => {
  // Three calls and a fourth take 2000: with these ticks it is often pause, the fourth, in which one ends.
  for (const [quantum, seed] of [[1700, 0], [1900, 2], [1650, 5]]) {
    const vm = boot({ quantum, seed });
    const guest = new Guest()
      .jump("main")
      .label("handler").call("getpid").call("sigreturn")
      .label("main")
      .call("sigalarm", 1, 4).li(R.s0, 40)
      .label("loop").call("getpid").call("getpid").call("getpid").call("pause", 1).put("addi", {
        rd: R.s0,
        rs1: R.s0,
        imm: -1,
      })
      .unless(R.s0, "loop").call("exit", 6);
    const report = vm.run("guest", [], { bytes: guest.elf(), budget: 1_000_000 });
    assertEquals(report.status, 6);
    let inside = false;
    let alarms = 0;
    for (const e of vm.events()) {
      if (e.kind === "syscall") inside = true;
      else if (e.kind === "return") inside = false;
      else if (e.kind === "alarm") {
        alarms++;
        assertEquals(inside, false, `event ${e.n}, quantum ${quantum}`);
      }
    }
    assertEquals(alarms > 10, true);
  }
});

Deno.test("masks have 32 bits: call 34 is not call 2", () => {
  const vm = boot();
  const p = vm.spawn();
  p.put(0x2000, "/x\0");
  p.call("interpose", 1 << 2, 0x2000);
  p.call("trace", 1 << 2);
  assertEquals(p.call("kpgtbl").result, 0n);
  const text = new TextDecoder().decode(takeOutput(kernelOf(vm)));
  assertEquals([text.startsWith("page table "), text.includes("syscall")], [true, false]);
});
