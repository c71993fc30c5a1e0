/** Ctrl-C in the middle of what goes through a guest's past: all is as it was before. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { askMeanwhile, vmOver } from "../../src/vm/guest_computer.ts";
import { Interrupted } from "../../src/vm/guest/interrupted.ts";
import { sameSaved } from "../../src/vm/machine/saver.ts";
import { newTyped } from "../commands/typist.ts";
import { AT, LabGuest } from "./lab.ts";

function inUserMode(): LabGuest {
  const g = new LabGuest();
  g.runToMode(0);
  g.guest.record();
  return g;
}

/** Somebody who turns away when it is asked for the `n`th time. */
function impatient(n: number): () => boolean {
  let asked = 0;
  return () => ++asked >= n;
}

Deno.test("ways through the past that are interrupted lead nowhere", () => {
  const vm = vmOver(inUserMode().guest);
  const begin = vm.instret;
  vm.history.start();
  vm.advance(1_000_000);
  vm.goto(begin + 900_000);
  const before = vm.save(), { revision } = vm;
  const lines = vm.history.entries();
  // And how often somebody is asked on them, at least.
  const ways: [way: () => unknown, asked: number][] = [
    [() => vm.goto(begin + 10), 1],
    [() => vm.goto(begin + 600_000), 5],
    [() => vm.back(5), 1],
    [() => vm.back({ kinds: ["fault"] }), 5],
    [() => vm.lastStores(AT.procname, 8, 5), 5],
    [() => vm.events(), 5],
  ];
  for (const [way, asked] of ways) {
    for (const n of [1, asked]) {
      askMeanwhile(vm, impatient(n));
      assertThrows(way, Interrupted, "nothing has changed", `${way} ${n}`);
      askMeanwhile(vm, undefined);
      assert(sameSaved(vm.save(), before), `${way} ${n}`);
      assertEquals([vm.revision, vm.history.entries()], [revision, lines], `${way} ${n}`);
    }
  }
  // What was ahead is ahead still.
  vm.goto(begin + 1_000_000);
  vm.goto(begin + 10);
  assertEquals(vm.instret, begin + 10);
});

Deno.test("what was told is as it was before, and goes on with the same numbers", () => {
  const [cut, whole] = [inUserMode(), inUserMode()].map(({ guest }) => {
    const vm = vmOver(guest);
    const begin = vm.instret;
    guest.slice(400_000);
    vm.listen();
    guest.slice(2000);
    return { vm, guest, begin };
  });
  for (
    const way of [() => cut.vm.goto(cut.begin + 390_000), () => cut.vm.back({ kinds: ["fault"] })]
  ) {
    const told = cut.vm.events();
    askMeanwhile(cut.vm, impatient(2));
    assertThrows(way, Interrupted);
    askMeanwhile(cut.vm, undefined);
    assertEquals(cut.vm.events(), told);
  }
  cut.guest.slice(2000);
  whole.guest.slice(2000);
  assertEquals(cut.vm.events(), whole.vm.events());
});

/** Ctrl-C that is pressed when somebody has looked for it so often, until the next line begins. */
class Pressed {
  left = Infinity;

  get requested(): boolean {
    return --this.left < 0;
  }

  set requested(_: boolean) {}
}

Deno.test("the shell says so in one line, and goes on", async () => {
  const vm = vmOver(inUserMode().guest);
  const interrupt = new Pressed();
  const typist = await newTyped([], { vm, interrupt });
  await typist.type("set budget 500000");
  await typist.type("continue");
  const { instret } = vm;
  interrupt.left = 2;
  const said = await typist.type("goto 450000");
  assertEquals(said.text, "interrupted: it was taken back, nothing has changed\n");
  assertEquals([said.status, vm.instret], [130, instret]);
  interrupt.left = Infinity;
  assertEquals((await typist.type("goto 450000")).status, 0);
});
