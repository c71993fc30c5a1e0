/**
 * Events of a guest's kernel: they change nothing, they are the same each time that a stretch of time is run, and
 * nobody needs to have listened.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import type { VmEvent } from "../../src/vm/events.ts";
import { vmOver } from "../../src/vm/guest_computer.ts";
import { sameSaved } from "../../src/vm/machine/saver.ts";
import { guestPartsOf, partsOf } from "../../src/vm/parts.ts";
import type { Vm } from "../../src/vm/vm.ts";
import { newTyped, typed } from "../commands/typist.ts";
import { AT, LabGuest } from "./lab.ts";

function inUserMode(options: ConstructorParameters<typeof LabGuest>[0] = {}): LabGuest {
  const g = new LabGuest(options);
  g.runToMode(0);
  return g;
}

/** Events without their numbers. */
function from(vm: Vm, instret: number): Omit<VmEvent, "n">[] {
  return vm.events().filter((e) => e.instret >= instret).map(({ n: _, ...rest }) => rest);
}

Deno.test("who listens changes nothing", () => {
  const [quiet, heard] = [inUserMode(), inUserMode()];
  vmOver(heard.guest).listen();
  for (const { guest } of [quiet, heard]) for (let i = 1; i < 30; i++) guest.slice(97 * i);
  assert(vmOver(heard.guest).events().length > 100);
  const [one, two] = [quiet, heard].map(({ machine }) => machine.save());
  assert(sameSaved(one, two));
});

Deno.test("what nobody listened to is told afterwards, and the same", () => {
  const heard = inUserMode(), quiet = inUserMode();
  for (const { guest } of [heard, quiet]) guest.record();
  const begin = heard.guest.instret;
  vmOver(heard.guest).listen();
  for (const { guest } of [heard, quiet]) guest.slice(5000);
  const told = from(vmOver(heard.guest), begin);
  assert(told.length > 100);
  assertEquals(vmOver(quiet.guest).listening, undefined);
  assertEquals(from(vmOver(quiet.guest), begin), told);
  assertEquals(quiet.guest.instret, heard.guest.instret);
  assert(sameSaved(quiet.machine.save(), heard.machine.save()));
});

Deno.test("back and forward in time the events go along, with the same numbers", () => {
  const { guest } = inUserMode();
  guest.record();
  const vm = vmOver(guest);
  const begin = guest.instret;
  guest.slice(4000);
  vm.listen(begin);
  const all = vm.events();
  const counters = vm.mark().counters;
  guest.slice(3000);
  const end = guest.instret;
  const longer = vm.events();
  assertEquals(longer.slice(0, all.length), all);
  for (const at of [begin + 1, begin + 1234, begin + 3999, end - 1, begin + 77, end]) {
    vm.goto(at);
    assertEquals(vm.events(), longer.filter((e) => e.instret < at), `${at}`);
  }
  vm.goto(begin + 1000);
  guest.slice(3000);
  assertEquals(vm.events(), all);
  assertEquals(vm.mark().counters, counters);
  // Before anybody listened: what follows is told again as it comes.
  vm.goto(begin);
  guest.slice(end - begin);
  assertEquals(vm.events(), longer);
});

Deno.test("another future has other events; a state that is put back has its own", () => {
  const g = inUserMode();
  const { guest } = g;
  guest.record();
  const vm = vmOver(guest);
  vm.listen();
  guest.slice(1000);
  const state = vm.save();
  const then = vm.events();
  guest.slice(1000);
  const one = vm.events();
  vm.restore(state);
  assertEquals(vm.events(), then);
  g.write64(AT.ticks, 500);
  vm.setRegister("a0", 12345n);
  guest.slice(1000);
  const two = vm.events();
  assertEquals(two.slice(0, then.length), then);
  assert(two.length > then.length);
  vm.restore(state);
  guest.slice(1000);
  assertEquals(vm.events(), one);
});

Deno.test("system calls, counts and table entries, with hart, process and place", () => {
  const g = inUserMode();
  const { guest } = g;
  guest.record();
  const vm = vmOver(guest);
  const { listening } = partsOf(vm);
  const array = { start: AT.ticks as never, stride: 4, size: 4, signed: true, length: 1 } as const;
  vm.listen();
  listening!.setCounts({ ...array, first: 0x8000_0000 as never });
  const begin = vm.instret;
  guest.slice(400);
  const [call, count, back] = ["syscall", "count", "return"].map((kind) =>
    vm.events().find((e) => e.kind === kind)!
  );
  assertEquals([call.pid, call.hart, call.pc, call.old], [2, 0, 0xcn, 11]);
  assertEquals([count.pa, count.new - count.old, count.why], [0x8000_0000, 1, "usertrap"]);
  assert(count.by >= 0x8000_0200n && count.by < 0x8000_1000n);
  assertEquals([back.pid, back.old, back.pc], [2, 11, 0x10n]);
  assert(begin <= call.instret && call.instret < count.instret && count.instret < back.instret);
  const n = vm.mark().event;
  const pte = g.map(3, 0x6000, g.free[3], 0xd7);
  const made = vm.events(n).filter((e) => e.kind === "pte");
  assertEquals(made.map(({ pa, va, owner, why, root }) => ({ pa, va, owner, why, root })), [
    { pa: pte, va: 0x6000n, owner: 3, why: "outside", root: g.roots[3] },
  ]);
});

Deno.test("who stored to bytes last is found without anybody having listened", () => {
  const g = inUserMode();
  const { guest } = g;
  guest.record();
  const vm = vmOver(guest);
  guest.slice(3000);
  const before = vm.save();
  const { stores, since } = vm.lastStores(AT.ticks, 4, 3);
  assert(since <= vm.instret);
  assertEquals(stores.map(({ before, after }) => after - before), [1n, 1n, 1n]);
  assertEquals(stores.map(({ pid, hart, user, by }) => [pid, hart, user, by]), [
    [2, 0, false, "instruction"],
    [2, 0, false, "instruction"],
    [2, 0, false, "instruction"],
  ]);
  assertEquals(stores[2].after, BigInt(guestPartsOf(guest).machine.ram.read32(AT.ticks as never)));
  assert(sameSaved(before.machine, vm.save().machine));
  assertEquals(vm.listening, undefined);
  assertThrows(() => vm.lastStores(0x1000), RangeError, "not in RAM");
});

Deno.test("looking into the past changes nothing: there is nothing to undo, and events keep their numbers", async () => {
  const g = inUserMode();
  const vm = vmOver(g.guest);
  vm.history.start();
  vm.advance(400_000);
  const typist = await newTyped([], { vm });
  const say = async (line: string) => (await typist.type(line)).text;
  await say("goto -250000");
  const entries = vm.history.entries().length;
  const { revision, instret } = vm;
  const before = vm.save();
  await say("timeline 3");
  await say("who wrote ticks --size 4");
  vm.trail(0x8010_0000);
  assertEquals([vm.revision, vm.instret], [revision, instret]);
  assert(sameSaved(before.machine, vm.save().machine));
  assertEquals(vm.history.entries().length, entries);
  await say("back syscall");
  assertStringIncludes(await say("undo"), "undone: back syscall");
});

Deno.test("a trail leaves no states behind that nobody has listened up to", () => {
  const { guest } = inUserMode();
  guest.record();
  const vm = vmOver(guest);
  vm.listen();
  const begin = guest.instret;
  guest.slice(800_000);
  // It is looked for from 500,000 on, and on the way there states are left.
  vm.trail(0x8010_0000);
  const event = vm.events().find(({ instret }) => instret > begin + 499_500)!;
  vm.goto({ event: event.n });
  assertEquals(vm.events().at(-1), event);
});

Deno.test("the commands: events, timeline, who, until and back for every kind", async () => {
  const g = inUserMode();
  const vm = vmOver(g.guest);
  const typist = await newTyped([], { vm });
  const say = async (line: string) => (await typist.type(line)).text;
  assertStringIncludes(await say("events"), "no events are recorded");
  await say("set budget 3000");
  await say("continue");
  assertMatch(
    await say("timeline 3"),
    /^ +N INSTRET HART PID EVENT +WHAT +AT\n.*(syscall|return) /,
  );
  assertMatch(await say("events"), /^since \d+ {2}events \d+ {2}oldest held 0 {2}page tables \d+/);
  assertStringIncludes(await say("events"), "not seen: alloc: the kernel has no function kalloc");
  assertMatch(
    await say("until return"),
    /^event \d+: pid 2 sh: call 11\(\?\) = \d+, by 0x10\nnext/,
  );
  assertMatch(
    await say("back syscall"),
    /^pid 2 sh: system call 11: call 11\(\?\), by the instruction at 0xc$/m,
  );
  const back = await say("back return");
  assertMatch(back, /^event \d+: pid 2 sh: call 11\(\?\) = \d+, by 0x10\nat instruction \d+/);
  const [, n] = /^event (\d+)/.exec(back)!;
  const at = vm.instret;
  await say("continue");
  assertStringIncludes(await say(`goto event ${n}`), `event ${n}: `);
  assertEquals(vm.instret, at);
  assertMatch(
    await say("who wrote ticks --size 4 -n 2"),
    /0x\w+ +0x\w+ +usertrap\+0x\w+\n.* usertrap/,
  );
  assertMatch(await say("who wrote 2:0x3ff8"), / 8 +0x\w+ +0x\w+ +0x4$/m);
  assertStringIncludes(await say("who wrote 2:0x3ff8 --pte"), "nobody since instruction");
  assertStringIncludes(await say("who counted 0x80100000"), "is unknown");
  assertStringIncludes(await say("events off"), "no events are recorded");
  assertStringIncludes(await say("stats"), "is not counted before somebody listens");
});

Deno.test("the built-in kernel's events say who wrote a PTE and who counted", async () => {
  const lines = ["spawn", "sbrk 4096", "store 0x3000 1", "fork", "store 0x3000 2"];
  const questions = ["who wrote 0x3000 --pte", "who counted pa(0x3000)", "who wrote 0x3000"];
  const answers = (await typed([...lines, ...questions])).slice(lines.length);
  assertMatch(answers[0].text, /pte +PTE of 0x3000: .*cow copy/);
  assertMatch(answers[1].text, /alloc +frame 0x\w+ allocated/);
  assertStringIncludes(answers[2].text, "what programs store is not recorded");
});
