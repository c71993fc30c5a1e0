/**
 * The audit of a guest's kernel, on the small kernel of tests/guest/lab.ts, with faults planted into its memory: what is
 * found, in which order, and how a frame came to it; and while it runs.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { vmOver } from "../../../src/vm/guest_computer.ts";
import { checkRights } from "../../../src/vm/guest_rights.ts";
import { ImageSymbols } from "../../../src/vm/guest/symbols.ts";
import type { Say } from "../../../src/vm/inspect/finding.ts";
import { parseElf } from "../../../src/vm/machine/elf.ts";
import { elf } from "../../machine/bare_lab.ts";
import type { GuestView } from "../../../src/vm/guest/view.ts";
import { leadsTo, ledTo } from "../../../src/vm/guest/led_to.ts";
import { FreeWalk } from "../../../src/vm/guest/free_walk.ts";
import { Words } from "../../../src/vm/guest/words.ts";
import { pa, PAGE_SIZE, type PaNum, vaNum } from "../../../src/vm/machine/address.ts";
import { PTE_A, PTE_D, PTE_R, PTE_U, PTE_V, PTE_W, walk } from "../../../src/vm/machine/sv39.ts";
import { partsOf } from "../../../src/vm/parts.ts";
import type { Vm } from "../../../src/vm/vm.ts";
import { AT, BASE, LabGuest } from "../../guest/lab.ts";

const DATA = PTE_V | PTE_R | PTE_W | PTE_U | PTE_A | PTE_D;
/** Where the planted counts stand: above the free pages. */
const COUNTS = BASE + 0xc0_0000;

/** A kernel in user mode with counts that agree with what is mapped. */
function counted(): { g: LabGuest; vm: Vm; count: (frame: number, n: number) => void } {
  const g = new LabGuest();
  // What the small kernel has never given to anybody is its own.
  const own = g.page();
  let at = own;
  for (let frame = own; frame < g.free[0]; frame += PAGE_SIZE, at += 8) g.write64(at, frame);
  g.write64(AT.cons, own);
  g.runToMode(0);
  const vm = vmOver(g.guest);
  const view = partsOf(vm).view as GuestView;
  const array = {
    name: "refs",
    origin: COUNTS,
    pointer: undefined,
    stride: 4,
    width: 4,
    more: 0,
  } as const;
  view.know({
    counts: {
      value: { array, bytes: [COUNTS, COUNTS + 4096 * 4] },
      evidence: "planted",
      sure: "given",
    },
  });
  const count = (frame: number, n: number) =>
    g.write32(COUNTS + 4 * ((frame - BASE) / PAGE_SIZE), n);
  const mapped: [frame: number, n: number][] = [];
  for (let frame = BASE + 0x10_0000; frame < own; frame += PAGE_SIZE) {
    mapped.push([frame, vm.refcount(frame).owners.length]);
  }
  for (const [frame, n] of mapped) if (n > 0) count(frame, n);
  return { g, vm, count };
}

const classes = (vm: Vm) => vm.audit().map((f) => f.class);

Deno.test("a sound kernel is clean, and its counts are shown", () => {
  const { g, vm } = counted();
  assertEquals(classes(vm), []);
  assertEquals([vm.refcount(g.shared).stored, vm.refcount(g.shared).state], [2, "ok"]);
  assertEquals(vm.facts().find((f) => f.name === "counts")!.sure, "given");
});

Deno.test("counts are held against mappings, and what they exceed them by is learned", () => {
  const { g, vm, count } = counted();
  count(g.shared, 1);
  count(g.text, 5);
  const [low, high] = vm.audit();
  assertEquals([low.class, low.stored, low.counted], ["count too low", 1, 2]);
  assertEquals([high.class, high.stored, high.counted], ["count too high", 5, 2]);
  assertEquals(low.owners.map(({ pid, va }) => [pid, va]), [[2, 0x4000n], [3, 0x4000n]]);
});

Deno.test("a frame on the free list twice, and a link that leads nowhere", () => {
  const { g, vm } = counted();
  const last = g.free[0];
  g.write64(last, g.free[5]);
  assertEquals(classes(vm), ["free list damaged"]);
  assertMatch(vm.audit()[0].detail, /^stands on the free list kmem\+24 twice/);
  g.write64(last, 0x1234);
  assertMatch(vm.audit()[0].detail, /its link on the free list kmem\+24 is 0x1234, which is no/);
});

Deno.test("what nothing leads to is lost; what a word of the kernel's may mean is not", () => {
  const { g, vm } = counted();
  const first = g.free[10];
  g.write64(g.free[11], g.free[9]);
  assertEquals(vm.audit().map((f) => [f.class, f.pa]), [["leak", pa(first)]]);
  // A table that somebody has forgotten is told as such.
  g.machine.ram.fill(first as PaNum, PAGE_SIZE, 0);
  g.write64(first + 8, (g.shared / PAGE_SIZE) * 1024 + 1);
  assertEquals(classes(vm), ["table leak"]);
  g.write64(AT.cons + 8, first);
  assertEquals(classes(vm), []);
});

Deno.test("what needs no count comes first, and leaks last", () => {
  const { g, vm, count } = counted();
  const free = g.free[10];
  g.map(3, 0x5000, g.free[3], DATA);
  count(g.text, 1);
  g.write64(g.free[11], g.free[9]);
  const found = vm.audit();
  assertEquals(found[0].class, "free but mapped");
  assertEquals(found.at(-1)!.pa, pa(free));
  const order = found.map((f) => f.class);
  assert(order.indexOf("count too low") > order.indexOf("free but mapped"), order.join());
});

Deno.test("a run that is audited at each call stops at the first moment that is not in order", () => {
  const { g, vm, count } = counted();
  const fine = vm.auditEach("syscall")!;
  assertEquals(vm.advance(2000).kind, "budget");
  assert(fine.looks > 20, `${fine.looks}`);
  assertEquals([fine.skipped, fine.findings], [0, []]);
  count(g.shared, 3);
  assertEquals(vm.advance(2000).kind, "broken");
  assertEquals(fine.findings.map((f) => f.class), ["count too high"]);
  // It stands where the call has been made, and nothing done about it.
  assertEquals(vm.register("pc"), 0x3f_ffff_f000n);
  assertEquals(vm.register("scause"), 8n);
  vm.auditEach(undefined);
  assertEquals(vm.advance(2000).kind, "budget");
});

Deno.test("the trail of a frame names who stored to its count, and leaves the machine where it is", () => {
  const { vm } = counted();
  assertThrows(() => vm.trail(BASE), RangeError, "nothing is recorded");
  vm.history.start();
  vm.advance(3000);
  const before = vm.save();
  // `ticks` is counted in each call: it stands in for a count here.
  const view = partsOf(vm).view as GuestView;
  const array = { name: "ticks", pointer: undefined, stride: 4, width: 4, more: 0 } as const;
  view.know({
    counts: {
      value: { array: { ...array, origin: AT.ticks }, bytes: [AT.ticks, AT.ticks + 4] },
      evidence: "",
      sure: "given",
    },
  });
  const steps = vm.trail(BASE);
  assertEquals(steps.length, 16);
  const ticks = BigInt(vm.ram.read32(AT.ticks as PaNum));
  assertEquals(steps.at(-1)!.after, ticks);
  for (const [i, step] of steps.entries()) {
    assertEquals([step.what, step.pid, step.after - step.before], ["count", 2, 1n]);
    if (i > 0) assertEquals(step.before, steps[i - 1].after);
    assertEquals(view.symbols.at(0, step.pc)?.name, "usertrap");
  }
  assertEquals(vm.save().machine, before.machine);
});

Deno.test("a free list that is followed is the one that is walked anew", () => {
  const g = new LabGuest();
  const { ram } = g.machine;
  const words = new Words(ram);
  const head = (AT.kmem + 24) as PaNum;
  const whole = () => {
    const marks = new Uint8Array(4096);
    for (let at = words.long(head)!; at !== 0; at = words.long(at)!) {
      marks[(at - BASE) / PAGE_SIZE] = 1;
    }
    return marks;
  };
  const marks = new Uint8Array(4096);
  const walk = new FreeWalk(words, ram.base, head, marks);
  const taken: number[] = [];
  let state = 7;
  const random = (n: number) => ((state = Math.imul(state, 1103515245) + 12345) >>> 16) % n;
  for (let round = 0; round < 300; round++) {
    for (let i = random(5); i > 0; i--) {
      const first = words.long(head)!;
      if (random(2) === 0 && taken.length < 15) {
        taken.push(first);
        g.write64(head, words.long(first)!);
      } else if (taken.length > 0) {
        const back = taken.splice(random(taken.length), 1)[0];
        g.write64(back, first);
        g.write64(head, back);
      }
    }
    assert(walk.walk(), `round ${round}`);
    assertEquals(marks, whole(), `round ${round}`);
  }
  // Freed twice.
  const first = words.long(head)!;
  const second = words.long(first)!;
  g.write64(second, first);
  g.write64(head, second);
  assertEquals(walk.walk(), false);
});

Deno.test("what a person says stands in place of what would be found out, and is checked", () => {
  const { vm } = counted();
  const said = (name: string) => vm.facts().find((f) => f.name === name)!;
  vm.giveFact("counts=ticks,first=0x80110000,bytes=2,stride=8,more=1");
  assertEquals(said("counts").sure, "given");
  const view = partsOf(vm).view as GuestView;
  const place = view.countPlace((BASE + 0x11_0000 + PAGE_SIZE) as PaNum);
  assertEquals(place, { pa: pa(AT.ticks + 8), size: 2, index: 1 });
  assertEquals(view.frames.more, 1);
  const unknown = "stored counts are unknown";
  assertEquals(vm.unjudged().includes(unknown), false);
  vm.giveFact("counts=none");
  assertEquals(vm.unjudged().includes(unknown), false);
  assertEquals([said("counts").value, vm.refcount(BASE).stored], ["none", undefined]);
  vm.giveFact("cow=0x300");
  assertEquals([said("cow bit").value, vm.rsw], ["0x300", ["C", "C"]]);
  for (
    const [text, why] of [
      ["cow=1", "want cow=0x100, 0x200, 0x300 or none"],
      ["counts=nosuch", "there is no nosuch in the kernel"],
      ["counts=ticks,first=7", "first=0x7 is no frame"],
      ["counts=ticks,bytes=3", "a count has 1, 2, 4 or 8 bytes, not 3"],
      ["counts=ticks,size=3", "size=3: want first=N, bytes=N, stride=N, more=N"],
      ["counts=ticks,stride=2", "stride 2 is less than a count's 4 bytes"],
      ["counts=0x1000", "0x1000 is no place in RAM for it"],
      ["counts=a b", "want a variable or an address"],
    ]
  ) {
    const error = assertThrows(() => vm.giveFact(text), RangeError);
    assert((error as Error).message.includes(why), `${text}: ${(error as Error).message}`);
  }
});

Deno.test("a page that a program's file says is read-only may not be written, where the kernel maps so", () => {
  const { g, vm } = counted();
  const real = partsOf(vm).view as GuestView;
  const view = (name: string) => ({
    known: {
      symbols: { function: (wanted: string) => wanted === name ? {} : undefined },
      given: {},
    },
    roots: () => real.roots(),
  } as unknown as GuestView);
  const program = (pid: number) =>
    pid === 2
      ? { readOnlyPages: new Set([0, 0x1000, 0x4000]), end: 0x2000 } as unknown as ImageSymbols
      : undefined;
  const found: string[] = [];
  const say: Say = (rule, { address, pid }, detail) =>
    found.push(`${rule} ${pid} ${address} ${detail}`);
  checkRights(view("flags2perm"), g.machine.ram, program, say);
  assertEquals(found.length, 1);
  assertMatch(
    found[0],
    /^flag gained 2 4096 0x1000 of pid 2, PTE .* may be written, and its program/,
  );
  checkRights(view("another"), g.machine.ram, program, say);
  assertEquals(found.length, 1);
  const file = elf(new Uint8Array(0x1800));
  assertEquals([...new ImageSymbols(parseElf(file)).readOnlyPages], []);
  file[68] = 5; // R and X
  const pages = [...new ImageSymbols(parseElf(file)).readOnlyPages];
  assertEquals(pages, [0x8000_0000, 0x8000_1000, 0x8000_2000]);
});

Deno.test("a guard page or a trapframe that user code can reach", () => {
  const { g, vm } = counted();
  const view = partsOf(vm).view as GuestView;
  const program = () => ({ readOnlyPages: new Set(), end: 0x1abc }) as unknown as ImageSymbols;
  const found = () => {
    const list: string[] = [];
    checkRights(view, g.machine.ram, program, (rule, { address, pid, frame }, detail) => {
      list.push(`${rule} ${pid} ${address} ${frame} ${detail}`);
    });
    return list;
  };
  const leaf = (pid: number, at: number) =>
    walk(g.machine.ram, g.roots[pid] as PaNum, vaNum(at)).leaf!;
  const give = (pid: number, at: number) =>
    g.write64(leaf(pid, at).pteAddr, leaf(pid, at).pte | BigInt(PTE_U));
  assertEquals(found(), []);
  // Of pid 3 nothing says that what stands above is its stack still.
  give(3, 0x2000);
  assertEquals(found(), []);
  g.write64(leaf(3, 0x3000).page + 0xff0, 0x6873);
  assertEquals(found().length, 1);
  assertMatch(
    found()[0],
    new RegExp(`^flag gained 3 8192 ${leaf(3, 0x2000).page} 0x2000 of pid 3, .* the guard page`),
  );
  // Where no process has such a page without U, the kernel does not make them so.
  give(1, 0x2000);
  give(2, 0x2000);
  assertEquals(found(), []);
});

Deno.test("a page of the kernel's that gains U ends a run that is audited", () => {
  const { g, vm } = counted();
  vm.auditEach("syscall");
  assertEquals(vm.advance(2000).kind, "budget");
  const at = 0x3f_ffff_e000;
  const { pteAddr, pte, page } = walk(g.machine.ram, g.roots[3] as PaNum, vaNum(at)).leaf!;
  g.write64(pteAddr, pte | BigInt(PTE_U));
  assertEquals(vm.advance(2000).kind, "broken");
  const [finding] = vm.audit();
  assertEquals([finding.class, finding.pid, finding.pa], ["flag gained", 3, pa(page)]);
  assertMatch(finding.detail, /^0x3fffffe000 of pid 3, PTE .*, has U, and is the trapframe$/);
});

/** States of a process, and where its record has that; bytes of a record. */
const MADE = 1, SLEEPING = 2, ZOMBIE = 5, STATE = 24, RECORD = 360;

Deno.test("what does not fit while somebody is inside is told when all who were have come out", () => {
  const { g, vm, count } = counted();
  const state = (slot: number, n: number) => g.write32(AT.proc + slot * RECORD + STATE, n);
  state(2, MADE);
  const seen = vm.auditEach("syscall")!;
  assertEquals(vm.advance(2000).kind, "budget");
  assert(seen.looks > 20, `${seen.looks}`);
  assertEquals(seen.skipped, 0);
  // It may be counting just now.
  count(g.shared, 3);
  assertEquals(vm.advance(2000).kind, "budget");
  assert(seen.skipped > 20, `${seen.skipped}`);
  // Who comes in later has not touched it.
  state(0, MADE);
  assertEquals(vm.advance(2000).kind, "budget");
  state(2, SLEEPING);
  assertEquals(vm.advance(2000).kind, "broken");
  assertEquals(seen.findings.map((f) => [f.class, f.pa]), [["count too high", pa(g.shared)]]);
  assertEquals(vm.audit().map((f) => f.class), ["not at rest"]);
});

Deno.test("a frame that was touched meanwhile waits for those who were inside then", () => {
  const touches: ((lab: ReturnType<typeof counted>) => void)[] = [
    ({ g, count }) => {
      count(g.shared, 2);
      count(g.shared, 3);
    },
    ({ g }) => {
      const { pteAddr, pte } = walk(g.machine.ram, g.roots[3] as PaNum, vaNum(0x4000)).leaf!;
      g.write64(pteAddr, 0);
      g.write64(pteAddr, pte);
    },
    ({ g }) => g.write64(g.shared, 7),
  ];
  for (const touch of touches) {
    const lab = counted();
    const { g, vm, count } = lab;
    const state = (slot: number, n: number) => g.write32(AT.proc + slot * RECORD + STATE, n);
    state(2, MADE);
    count(g.shared, 3);
    vm.auditEach("syscall");
    assertEquals(vm.advance(2000).kind, "budget");
    state(0, MADE);
    touch(lab);
    assertEquals(vm.advance(2000).kind, "budget");
    state(2, SLEEPING);
    assertEquals(vm.advance(2000).kind, "budget");
    state(0, SLEEPING);
    assertEquals(vm.advance(2000).kind, "broken");
  }
});

Deno.test("a hart that goes back to user mode holds no spinlock", () => {
  const { g, vm } = counted();
  const seen = vm.auditEach("switch")!;
  assertEquals(vm.advance(2000).kind, "budget");
  // struct spinlock: whether it is held, its name, by whom.
  g.write32(AT.cons, 1);
  g.write64(AT.cons + 8, AT.procname);
  g.write64(AT.cons + 16, AT.cpus);
  assertEquals(vm.advance(2000).kind, "budget");
  g.write32(AT.cpus + 120, 1);
  assertEquals(vm.advance(2000).kind, "broken");
  const [{ class: rule, pid, detail }] = seen.findings;
  assertEquals([rule, pid], ["lock kept", 2]);
  assertEquals(detail, "hart 0 goes back to user mode with 1 spinlock held: proc");
  // It stands where it has gone back.
  assertEquals(vm.register("pc"), 16n);
});

Deno.test("tables that are given back while somebody is inside are not called damaged", () => {
  const { g, vm } = counted();
  const state = (slot: number, n: number) => g.write32(AT.proc + slot * RECORD + STATE, n);
  state(0, MADE);
  state(2, ZOMBIE);
  const seen = vm.auditEach("syscall")!;
  const { pteAddr } = walk(g.machine.ram, g.roots[3] as PaNum, vaNum(0x4000)).leaf!;
  for (let at = pteAddr - pteAddr % PAGE_SIZE, i = 0; i < 512; i++) {
    g.write64(at + 8 * i, 0x0101_0101_0101_0101n);
  }
  assertEquals(vm.advance(2000).kind, "budget");
  assertEquals([seen.findings, vm.audit().map((f) => f.class)], [[], ["not at rest"]]);
  // At rest they are.
  state(0, SLEEPING);
  assertEquals(vm.advance(2000).kind, "broken");
  assert(seen.findings.some((f) => f.class === "PTE damaged"));
});

Deno.test("what leads to a frame: entries, the tables above them, records of the kernel", () => {
  const { g, vm } = counted();
  const view = partsOf(vm).view as GuestView;
  const { ram } = g.machine;
  const { pteAddr } = walk(ram, g.roots[3] as PaNum, vaNum(0x3000)).leaf!;
  const frame = walk(ram, g.roots[3] as PaNum, vaNum(0x3000)).leaf!.page;
  const { words, frames } = ledTo(view.now, frame);
  const above = walk(ram, g.roots[3] as PaNum, vaNum(0x3000)).steps.map((step) => step.pteAddr);
  for (const at of above) assert(words.includes(at), `${at}`);
  assert(words.includes((AT.proc + 2 * RECORD + 80) as PaNum), "its process's table");
  assert(frames.has(g.roots[3] / PAGE_SIZE));
  // An entry that maps it, and its address; no other number.
  const only = new Set([frame / PAGE_SIZE]);
  assertEquals(
    [Number(ram.readPte(pteAddr)), frame, frame + 8, frame + PAGE_SIZE, frame / 4]
      .map((word) => leadsTo(only, word)),
    [true, true, true, false, false],
  );
  // What is free or user memory is not looked at.
  g.write64(g.free[3], frame);
  assert(!ledTo(view.now, frame).words.includes(g.free[3] as PaNum));
});
