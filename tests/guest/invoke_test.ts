/**
 * Functions of a guest's kernel in expressions: they run, return what they would, and nothing is changed by that.
 *
 * @module
 */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { vmOver } from "../../src/vm/guest_computer.ts";
import { KernelError } from "../../src/vm/kernel/manual.ts";
import { sameSaved } from "../../src/vm/machine/saver.ts";
import { guestMachineOf, partsOf } from "../../src/vm/parts.ts";
import { Vm } from "../../src/vm/vm.ts";
import { newTyped } from "../commands/typist.ts";
import { AT, LabGuest } from "./lab.ts";

/** Where the hart stands, and what it takes to be there. */
const PLACES: Readonly<Record<string, (g: LabGuest) => void>> = {
  "in user mode": (g) => g.runToMode(0),
  "in the kernel": (g) => {
    g.runToMode(0);
    vmOver(g.guest).advance(30);
    for (let i = 0; i < 50 && guestMachineOf(g.guest).hart.mode !== 1; i++) {
      vmOver(g.guest).advance(1);
    }
  },
};

function entry(vm: Vm, name: string): bigint {
  return partsOf(vm).view.symbols.all(0).get(name)!;
}

for (const [where, go] of Object.entries(PLACES)) {
  Deno.test(`a function of the kernel is called, and forgotten: ${where}`, () => {
    const g = new LabGuest();
    go(g);
    g.guest.record();
    const vm = vmOver(g.guest);
    vm.listen();
    vm.advance(1000);
    const before = g.machine.save();
    const { revision } = vm;
    const events = vm.events();
    const call = entry(vm, "sys_getpid");
    assertEquals(vm.invoke(call, [BigInt(AT.proc)]), 1n);
    assertEquals(vm.invoke(call, [BigInt(AT.proc + 360)]), 2n);
    const refused = (name: string, args: bigint[]) =>
      assertThrows(() => vm.invoke(entry(vm, name), args), KernelError).message;
    assertEquals(refused("sys_getpid", [0x10n]), "sys_getpid: load page fault at 0x40");
    // It counts in `ticks`, and goes to user mode.
    assertStringIncludes(refused("usertrap", []), "usertrap: ");
    assertEquals(
      refused("sys_getpid", Array(9).fill(0n)),
      "sys_getpid has 9 arguments; 8 fit into registers",
    );
    assertEquals(sameSaved(before, g.machine.save()), true);
    assertEquals(vm.revision, revision);
    assertEquals(vm.events(), events);
    vm.advance(1000);
    assertEquals(vm.events().slice(0, events.length), events);
  });
}

Deno.test("print calls them by name; of a guest that has no counts, pa2idx says so", async () => {
  const g = new LabGuest();
  g.runToMode(0);
  const typist = await newTyped([], { vm: vmOver(g.guest) });
  const say = async (line: string) => (await typist.type(line)).text;
  assertStringIncludes(await say("print sys_getpid(proc)"), "0x1");
  assertStringIncludes(await say("print sys_getpid(proc + 360) + 1"), "0x3");
  assertStringIncludes(await say("print sys_getpid(16)"), "load page fault at 0x40");
  assertStringIncludes(await say("print nothing(1)"), "no function nothing");
  assertStringIncludes(await say("print pa2idx(0x80100000)"), "how the kernel counts is unknown");
  await say("facts counts=ticks");
  assertStringIncludes(await say("print pa2idx(0x80100000)"), "0x100  256");
});

Deno.test("the built-in kernel has none", () => {
  const refused = assertThrows(() => new Vm().invoke(0n), KernelError).message;
  assertEquals(
    refused,
    "invoke: only of a guest's computer; here the kernel has no functions in memory",
  );
});
