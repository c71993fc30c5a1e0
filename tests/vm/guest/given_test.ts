/**
 * Facts that a person gives in the place of what would be found out: on the small kernel of tests/guest/lab.ts with
 * other names, or none, in which nothing is found; and on the kernels of tests/vm/dwarf/fixture/records.c, which have
 * debug information.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { placeIn } from "../../../src/vm/guest/c_place.ts";
import { GIVEN, givenFacts, type GivenName } from "../../../src/vm/guest/given.ts";
import { type Given, headsIn, knownOf } from "../../../src/vm/guest/known.ts";
import { placeNamed } from "../../../src/vm/guest/place_named.ts";
import { ProcTable } from "../../../src/vm/guest/proc_table.ts";
import { ImageSymbols } from "../../../src/vm/guest/symbols.ts";
import { Words } from "../../../src/vm/guest/words.ts";
import { vmOver } from "../../../src/vm/guest_computer.ts";
import { pa, type PaNum, RAM_BASE } from "../../../src/vm/machine/address.ts";
import { parseElf } from "../../../src/vm/machine/elf.ts";
import { Machine } from "../../../src/vm/machine/machine.ts";
import type { Vm } from "../../../src/vm/vm.ts";
import { typed } from "../../commands/typist.ts";
import { AT, LabGuest } from "../../guest/lab.ts";

const hex = (n: number) => `0x${n.toString(16)}`;

/** What is found by its name, called otherwise. */
const NAMES = {
  proc: "tasks",
  cpus: "harts",
  kernel_pagetable: "kvm_root",
  kmem: "pool",
  exec: "start_program",
};
const GIVEN_BY_NAME = [
  "processes=tasks",
  "cpus=harts,bytes=128,proc=0,noff=120",
  "kernel=kvm_root",
  "free=pool+24",
  "stack=1",
];
/** The same of a file without symbols. */
const GIVEN_BY_ADDRESS = [
  `processes=${hex(AT.proc)}@4,pid=48,state=24,chan=32,parent=56,unused=0,made=1,sleeping=2,` +
  "runnable=3,running=4,zombie=5",
  `cpus=${hex(AT.cpus)}@8,bytes=128,proc=0,noff=120`,
  `kernel=*${hex(AT.kernel_pagetable)}`,
  `free=${hex(AT.kmem + 24)}`,
  "stack=1",
];

/** The small kernel in user mode, what is told of it recorded. */
function lab(options: ConstructorParameters<typeof LabGuest>[0] = {}): { g: LabGuest; vm: Vm } {
  const g = new LabGuest(options);
  g.runToMode(0);
  const vm = vmOver(g.guest);
  vm.history.start();
  return { g, vm };
}

/** What the audit finds, but for the pages of the small kernel that nobody has been given. */
function notLost(vm: Vm) {
  return vm.audit().filter((f) => !f.class.includes("leak"));
}

/** What many commands answer. */
async function told(vm: Vm, lines: readonly string[]): Promise<[line: string, text: string][]> {
  const answers = await typed([...lines], [], { vm });
  return answers.map(({ line, text }) => [line, text]);
}

const ASKED = `
  ps --json  vmmap 1 --json  vmmap 2 --json  vmmap 0 --json  share 1 2 3 --json  free --json  tlb --json
  refcount pa(2:0) --json  refcount pa(3:0x4000) --json  mappings pa(2:0x4000) --json  audit --json
  pte 2:0x4000 --json  reg -p 3 --json  call getpid  step 40 --json  ps --json  audit --each syscall --for 2000 --json
  events --json  timeline --json  audit --json
`.trim().split(/ {2,}|\n/).map((line) => line.trim()).filter(Boolean);

Deno.test("what is given of a kernel in which nothing is found makes all commands answer as if it were", async () => {
  // Of a file without symbols: what is called after them.
  const named = (line: string) => !/^(step|events|timeline|audit|ps|tlb)/.test(line);
  for (
    const [options, given, lines] of [
      [{ names: NAMES }, GIVEN_BY_NAME, ASKED],
      [{ symbols: false }, GIVEN_BY_ADDRESS, ASKED.filter(named)],
    ] as const
  ) {
    const found = await told(lab().vm, lines);
    const { vm } = lab(options);
    const without = await told(vm, ["ps --json", "free --json", "facts --json"]);
    assertEquals(JSON.parse(without[0][1]).processes.map((p: { pid: number }) => p.pid), [-1]);
    const facts = JSON.parse(without[2][1]).facts as { name: string; value: unknown }[];
    for (const name of ["processes", "cpus", "kernel table", "free list", "areas"]) {
      assertEquals(facts.find((one) => one.name === name)!.value, null, name);
    }
    for (const text of given) vm.giveFact(text);
    for (const { name, sure } of vm.facts()) {
      assertEquals(sure === "given", !["counts", "cow bit"].includes(name), name);
    }
    assertEquals(await told(vm, lines), found);
  }
});

Deno.test("without symbols the processes and the audit are known by what is given", () => {
  const { vm, g } = lab({ symbols: false });
  assert(vm.unjudged().includes("no free list is known"), vm.unjudged().join());
  for (const text of GIVEN_BY_ADDRESS) vm.giveFact(text);
  assertEquals(
    vm.processes().map(({ pid }) => pid),
    [1, 2, 3],
  );
  assertEquals(vm.unjudged().includes("no free list is known"), false);
  g.map(3, 0x5000, g.free[3], 0xd7);
  assertEquals(notLost(vm)[0].class, "free but mapped");
});

Deno.test("what the kernel is said not to have is not there", () => {
  const { vm } = lab();
  const said = (name: string) => vm.facts().find((f) => f.name === name)!;
  assertEquals([vm.processes().length, vm.free().free], [3, 20]);
  for (const name of GIVEN) vm.giveFact(`${name}=none`);
  assertEquals(vm.processes().map(({ pid }) => pid), [-1]);
  for (const name of ["processes", "cpus", "kernel table", "free list", "counts", "cow bit"]) {
    assertEquals([said(name).value, said(name).sure], ["none", "given"], name);
  }
  assertEquals([said("areas").value, said("areas").sure], ["no others", "given"]);
  assertThrows(() => vm.free(), Error, "no free list");
  // The last word holds, and of several that are said at once all or none.
  assertThrows(() => vm.giveFact("processes=proc", "free=kmem+1"), RangeError, "fact free=kmem+1");
  assertEquals(vm.processes().map(({ pid }) => pid), [-1]);
  vm.giveFact("processes=proc", "free=kmem+24");
  assertEquals([vm.processes().length, vm.free().free], [3, 20]);
});

Deno.test("a fact stays given through undo, another moment, and a boot", () => {
  const { vm } = lab({ names: NAMES });
  const state = vm.save();
  for (const text of GIVEN_BY_NAME) vm.giveFact(text);
  const pids = () => vm.processes().map(({ pid }) => pid);
  vm.advance(500);
  assertEquals(pids(), [1, 2, 3]);
  vm.undo();
  assertEquals(pids(), [1, 2, 3]);
  vm.restore(state);
  assertEquals(pids(), [1, 2, 3]);
});

Deno.test("what is told while somebody listens is told anew by what is given", () => {
  const { vm } = lab({ names: NAMES });
  vm.listen();
  vm.advance(2000);
  const calls = () => vm.events().filter(({ kind }) => kind === "syscall").map(({ pid }) => pid);
  assert(calls().length > 5);
  assertEquals(new Set(calls()), new Set([0]));
  const moments = () =>
    vm.events().filter(({ kind }) => kind === "syscall" || kind === "return").map((e) => e.instret);
  const many = calls().length, all = moments();
  vm.giveFact(...GIVEN_BY_NAME);
  assertEquals(calls(), Array(many).fill(2));
  assertEquals(moments(), all);
});

Deno.test("an audit at each call goes by what is given meanwhile", () => {
  const { vm, g } = lab({ names: NAMES });
  const report = vm.auditEach("syscall")!;
  g.map(3, 0x5000, g.free[3], 0xd7);
  assertEquals(vm.advance(2000).kind, "budget");
  for (const text of GIVEN_BY_NAME) vm.giveFact(text);
  assertEquals(vm.advance(2000).kind, "broken");
  assertEquals(report.findings[0].class, "free but mapped");
});

Deno.test("free lists that are given are lists, whatever stands there", () => {
  const { vm, g } = lab();
  const fact = () => vm.facts().find((f) => f.name === "free list")!;
  // One behind the other, and one that is empty.
  g.write64(AT.cons, g.free[4]);
  g.write64(g.free[5], 0);
  g.write64(AT.cons + 8, 0);
  vm.giveFact(`free=kmem+24,cons+0,cons+8`);
  assertEquals([fact().value, fact().sure], ["20 frames", "given"]);
  assertEquals(
    fact().evidence,
    "a person says so; a chain of 15 from kmem+24, a chain of 5 from cons+0, a chain of 0 from cons+8",
  );
  assertEquals(notLost(vm), []);
  // Both lead to the same frames.
  g.write64(g.free[5], g.free[4]);
  const [twice] = notLost(vm);
  assertEquals([twice.class, twice.pa], ["free list damaged", pa(g.free[4] as PaNum)]);
  assertMatch(twice.detail, /^stands on the free list cons\+0 twice/);
  g.write64(AT.cons, 0x1234);
  assertMatch(fact().evidence, /cons\+0 names 0x1234, which is no frame/);
  assertEquals(notLost(vm)[0].detail, "the free list cons+0 begins with 0x1234, which is no frame");
});

Deno.test("a given place that leads nowhere now is unknown, and says why", () => {
  const { vm, g } = lab();
  const fact = (name: string) => {
    const { value, sure, evidence } = vm.facts().find((f) => f.name === name)!;
    return [value, sure, evidence];
  };
  vm.giveFact("processes=*cons+8@4");
  assertEquals(fact("processes"), [
    undefined,
    "unknown",
    "a person says *cons+8; the pointer to it leads nowhere now",
  ]);
  g.write64(AT.cons + 8, AT.proc);
  assertEquals(fact("processes")[0], "*cons+8, 4 records of 360 bytes");
  g.write64(AT.cons + 8, 0x1000);
  assertEquals(
    fact("processes")[2],
    "a person says *cons+8; how long its records are is unknown: bytes=N says it",
  );
  vm.giveFact("processes=*cons+8@4,bytes=360");
  assertEquals(fact("processes")[2], "a person says *cons+8; 0x1000..0x15a0 is not in RAM");
  vm.giveFact("kernel=*cons+16");
  assertEquals(fact("kernel table").slice(0, 2), [undefined, "unknown"]);
  // A person is believed, and what speaks against it is said.
  vm.giveFact(`kernel=${hex(g.roots[2])}`);
  assertEquals(fact("kernel table"), [
    hex(g.roots[2]),
    "given",
    `a person says ${hex(g.roots[2])}; it does not map the kernel's code at its own address`,
  ]);
  vm.giveFact(`kernel=${hex(g.roots[0])}`);
  assertMatch(String(fact("kernel table")[2]), /; it maps the kernel's code/);
});

Deno.test("members and states that are given stand in the place of those that are found", () => {
  const { vm } = lab();
  vm.giveFact("processes=proc,sleeping=4,running=2,name=352,chan=40");
  const [init, sh] = vm.processes().map((p) => p.state);
  assertEquals([init, sh], ["running", "sleeping"]);
  const { evidence } = vm.facts().find((f) => f.name === "processes")!;
  assertMatch(
    evidence,
    /^a person says so, and chan at 40, name at 352; the locks' names; pid at 48/,
  );
  assertEquals(vm.facts()[0].sure, "given");
});

/** A kernel with debug information, in memory. */
function kernel(shape: number) {
  const url = new URL(`../dwarf/fixture/bin/records${shape}.elf`, import.meta.url);
  const elf = parseElf(Deno.readFileSync(url));
  const { ram } = new Machine({ memBytes: 1 << 24 });
  for (const { paddr, bytes } of elf.segments) {
    if (Number(paddr) >= RAM_BASE) ram.write(Number(paddr) as PaNum, bytes);
  }
  const symbols = new ImageSymbols(elf);
  const words = new Words(ram);
  return { ram, symbols, words, long: (at: number) => words.long(at) };
}

/** What is given of such a kernel. */
function given(symbols: ImageSymbols, ...texts: string[]): Given {
  const said = new Map(texts.map((text) => [text.split("=")[0] as GivenName, text]));
  return givenFacts(said, { symbols, base: RAM_BASE, size: 1 << 24 });
}

Deno.test("a place as C writes it: members, elements, what pointers lead to", () => {
  const { symbols, long } = kernel(1);
  const at = (text: string) => placeIn(placeNamed(symbols, text), long);
  const { start, size } = symbols.variable("proc")!;
  assertEquals(at("proc"), start);
  assertEquals(at("proc[1]"), start + size / 2);
  assertEquals(at("proc[1].pid"), start + size / 2 + 40);
  assertEquals(at("proc[1].context.sp"), start + size / 2 + 96);
  assertEquals(at("0x80001000+16"), 0x8000_1010);
  const { start: files } = symbols.variable("files")!;
  const { start: inodes } = symbols.variable("inodes")!;
  assertEquals(at("files[1].ip->inum"), inodes + 12);
  assertEquals(at("*files[1].ip"), inodes + 8);
  assertEquals(at("files[0].ip[1].inum"), inodes + 12);
  const place = placeNamed(symbols, "files.ref");
  assertEquals([place.at, place.stride, place.through.length], [files + 4, 24, 1]);
  for (
    const [text, why] of [
      ["prox", "there is no prox in the kernel; did you mean proc?"],
      ["proc[2]", "proc has 2 elements: the last is [1]"],
      ["proc[1].pidd", "proc[1] has no pidd; did you mean pid?"],
      ["files[0].ip.inum", "files[0].ip is a struct inode *: want files[0].ip->inum"],
      ["files[0].ref.x", "files[0].ref is a int, no struct"],
      ["files[0]->ref", "files[0] is a struct file, no pointer to a struct"],
      ["kmem[1]", "kmem is a struct, no array"],
      ["*proc", "proc is a struct proc[2], no pointer"],
      ["0x80001000.x", "no debug information tells what 0x80001000 is: want 0x80001000+BYTES, or"],
      ["&proc", "want a variable or an address, like ref.cnt, *refs or 0x80021018"],
      ["proc+x", "want a variable or an address, like ref.cnt, *refs or 0x80021018"],
      ["12ab", "12ab is no number"],
      ["0x10000000000000000", "0x10000000000000000 is more than any address in RAM"],
    ]
  ) assertThrows(() => placeNamed(symbols, text), RangeError, why);
});

Deno.test("records, harts and lists by their types, wherever they are called what", () => {
  const one = kernel(1), two = kernel(2);
  const slots = (of: ReturnType<typeof kernel>, text: string) => {
    const table = new ProcTable(of.words, knownOf(of.symbols, given(of.symbols, text)));
    return table.slots()!.map(({ pid, name }) => [pid, name]);
  };
  const { start, size } = one.symbols.variable("proc")!;
  for (const at of [start, start + size / 2]) one.ram.write32(at + 24 as PaNum, 2);
  assertEquals(slots(one, "processes=proc"), [[1, "init"], [2, "sh"]]);
  assertEquals(slots(one, "processes=proc@1"), [[1, "init"]]);
  assertEquals(slots(one, "processes=proc[1]@1"), [[2, "sh"]]);
  // The number and the name stand elsewhere.
  assertEquals(slots(one, `processes=${hex(start)}@2`), [[1, "init"], [2, "sh"]]);
  assertEquals(slots(one, "processes=proc,pid=state"), [[2, "init"], [2, "sh"]]);
  assertEquals(slots(one, "processes=proc,unused=2"), []);
  const { processes } = given(two.symbols, "processes=proc,pagetable=root,unused=P_STOPPED,made=4");
  assertEquals(processes!.members, { pagetable: 72 });
  assertEquals([...processes!.states], [[5, "unused"], [4, "made"]]);
  assertEquals(knownOf(two.symbols, { processes: processes! }).record!.unused, 5);
  const { cpus } = given(two.symbols, "cpus=cpus");
  assertEquals([cpus!.each, cpus!.count, cpus!.proc, cpus!.noff], [40, 3, 32, 0]);
  const heads = (text: string) =>
    headsIn(knownOf(two.symbols, given(two.symbols, text)), two.long).map((
      { name, at },
    ) => [name, at - two.symbols.variable("pages")!.start]);
  const both = [["pages[0].list", 24], ["pages[1].list", 56]];
  for (const text of ["pages", "pages.list", "pages[].list", "pages[0].list,pages[1].list"]) {
    assertEquals(heads(`free=${text}`), both, text);
  }
  assertEquals(heads("free=pages[1]"), [["pages[1].list", 56]]);
});

Deno.test("what is given wrongly is told in one line, with what would be right", () => {
  const { symbols } = kernel(1);
  const names = "processes=…, cpus=…, kernel=…, free=…, counts=…, cow=…, areas=… or stack=…";
  const lab = vmOver(new LabGuest().guest);
  for (
    const [text, why] of [
      ["counts", `want ${names}`],
      ["freed=1", `there is no fact freed; want ${names}; did you mean free?`],
      ["kernel= ", "nothing stands behind kernel="],
    ]
  ) {
    const error = assertThrows(() => lab.giveFact(text), RangeError) as Error;
    assertEquals(error.message, `fact ${text}: ${why}`);
  }
  for (
    const [text, why] of [
      ["processes=nosuch", "there is no nosuch in the kernel"],
      ["processes=kmem", "how many are there? want kmem@N"],
      ["processes=*kmem.freelist", "how many are there? want *kmem.freelist@N"],
      ["processes=kmem.freelist", "kmem.freelist is a struct run *: want *kmem.freelist@N for N"],
      ["processes=files[0].ref", "files[0].ref is a int: want an array of structs, or *POINTER@N"],
      ["processes=proc@3", "proc is a struct proc[2]: it has no 3 elements"],
      ["processes=proc@many", "@many: want how many records, a number"],
      ["processes=0x80001000", "how many are there? want 0x80001000@N"],
      ["processes=0x1000@4", "0x1000 is outside of RAM, 0x80000000..0x81000000"],
      ["processes=0x80001001@4", "0x80001001 is no multiple of 8"],
      ["processes=0x80ffff00@4,bytes=360", "what ends at 0x810004a0 is outside of RAM"],
      ["processes=proc,bytes=12", "bytes=12: want a multiple of 8"],
      ["processes=proc,bytes=4096", "bytes=4096: all of it has only"],
      ["processes=proc,pid=nosuch", "struct proc has no nosuch"],
      ["processes=proc,pid=cwd", "pid=cwd: it is a struct inode * of 8 bytes, and a pid has 4"],
      ["processes=proc,pid=4096", "pid=4096 is behind a record's"],
      ["processes=proc,pid=42", "pid=42: it is no multiple of 4"],
      ["processes=proc,idle=4", "idle=4: want bytes=…, pid=…, state=…"],
      ["processes=proc,zombie=DEAD", "zombie=DEAD: want the number of a state, or its name"],
      ["cpus=files", "where does it name its process? want files,proc=…"],
      ["cpus=0x80001000@8", "how long is the record of a hart? want 0x80001000@8,bytes=N"],
      ["cpus=cpus,proc=noff", "proc=noff: it is a int of 4 bytes, and a proc has 8"],
      ["cpus=*kmem.super@8", "*kmem.super stands behind a pointer: want an array in the kernel's"],
      ["kernel=proc[0].pid", "proc[0].pid is a int: want a pointer to the root table, or its"],
      ["kernel=proc.pagetable", "proc.pagetable stands in each element of an array: want one of"],
      ["kernel=kmem", "kmem is a struct: want a pointer to the root table, or its address"],
      ["kernel=0x80001008", "0x80001008 is no multiple of 4096"],
      ["kernel=0x10000000", "0x10000000 is outside of RAM"],
      ["free=kmem.lock", "kmem.lock is a struct spinlock: want pointers to the first frames"],
      ["free=files[0].ip", "files[0].ip is a struct inode *: want pointers to the first frames"],
      ["free=kmem.freelist,", "want a variable or an address"],
      ["free=0x80001004", "0x80001004 is no multiple of 8"],
      ["counts=kmem", "kmem is a struct: want numbers, or ,bytes=N"],
      ["counts=kmem.freelist", "kmem.freelist is a struct run *: want *kmem.freelist for what it"],
      ["areas=vmass", "struct proc has no vmass; did you mean vmas?"],
      ["areas=vmas,begin=addr", "begin=addr: want start=NAME"],
      ["stack=0", "want how many pages a program's stack has, 1 to 256, or none"],
    ]
  ) {
    const error = assertThrows(() => given(symbols, text), RangeError, why, text) as Error;
    assert(error.message.startsWith(`fact ${text}: `), error.message);
    assertEquals(error.message.includes("\n"), false);
  }
  // Of a kernel without debug information.
  for (
    const [text, why] of [
      ["free=kmem", "no debug information tells where in kmem a list begins: want kmem+BYTES, or"],
      ["free=kmem.freelist", "no debug information tells what kmem is: want kmem+BYTES"],
      ["kernel=ticks", "ticks has 4 bytes: want a pointer to the root table, or its address"],
      ["kernel=usertrap", "usertrap is a function of the kernel's: want a variable"],
      ["processes=proc,pid=pid", "pid=pid: no debug information tells: want pid=OFFSET"],
    ]
  ) assertThrows(() => lab.giveFact(text), RangeError, why);
  const bare = vmOver(new LabGuest({ symbols: false }).guest);
  assertThrows(
    () => bare.giveFact("processes=proc"),
    RangeError,
    "there is no proc in the kernel, which has no symbols: want an address",
  );
  // None of it was taken.
  assertEquals(lab.facts()[0].sure, "sure");
});
