/**
 * Every command on a guest's kernel: it answers, or says in one line why it cannot. Nothing else is thrown, wherever
 * the guest stands, and nothing but what was asked for is changed.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { COMMANDS } from "../../src/commands/registry.ts";
import { vmOver } from "../../src/vm/guest_computer.ts";
import { whyRefused } from "../../src/vm/refusals.ts";
import { typed } from "../commands/typist.ts";
import { LabGuest } from "./lab.ts";

/** Commands that write host files, or take a terminal, or end the session. */
const LEFT_OUT = ["record", "render", "save", "mkfs", "play", "source", "quit", "compare"];

/** What is typed for each command beside its examples. */
const LINES = `
  help  help pte  history  set  ps  ps --json  pte 0  pte 0x4000  pte -a 0x4000  pte -k 0x80000000  pte -p 3 0
  pte 3:0x4000  pte usertrap  pte 0x8000000000000000  decode 0x21ffadd3  refcount pa(2:0)  refcount 0x80000000
  refcount 0x87000000  refcount 5  mappings pa(3:0x4000)  mappings 0x80200000  use 3  x 0x4000  x usertrap  x 0x9000
  use 2  use 9  x -1 8  xp 0x80002000  xp 0  dis  dis usertrap 3  dis 0x9000  find cow  find --ram proc
  find -w 8 $satp --ram  vmmap  vmmap 1  vmmap 9  share  share 2 3  share --frames  share --dot  free  stats  tlb
  tlb -c  timeline  audit  reg  reg pc  reg -p 1  reg -p 3 a0  reg --hart 0  reg --hart 9  reg satp  reg nosuch  reg a0 1
  print ticks  print u32(ticks)  print $pc  print pa(2:0x4000)  print va(pa(3:0x4000))  print free()
  print refcount(pa(2:0))  print mappings(pa(2:0))  print nosuch  print $nosuch  expect 1 == 1
  expect mappings(pa(2:0x4000)) == 2  sym  sym user  sym usertrap+4  sym 0x10  break usertrap  break 2:8  break  watch ticks 4
  watch 2:0x3000  watch --phys pa(2:0)  delete 1  delete 99  delete  dir  dir /  fsck  sync --force /dev/null  swap
  snap a  snap  diff a  fork  exit  kill 1  kill 2  wait  run echo  run nosuch  strace echo  spawn  spawn echo
  bt  bt 1  bt -p 1  bt -p 9  bt --hart 0  bt --hart 9  frame  frame 1  frame 99  frame -p 2  up  down  locals
  info args  info registers  list  list usertrap  list trap.c:3  list 0x80000000  break trap.c:3  until usertrap
  until trap.c:3  until nosuch  next  finish  print proc[0].pid  print *proc  print &proc  print &5  print sizeof(int)
  print (uint64)5  print 5[0]  print proc->  print *(uint64 *)0x80000000  print ticks.x
  engine  engine regions  engine show usertrap  engine show 0x80000000  engine show
  call getpid  sbrk 1  mmap 4096  munmap 0 4096  mprotect 0 4096 r  load 0  store 0 1  fill 0 1 1  reclaim 1
`.trim().split(/ {2,}|\n/).map((line) => line.trim()).filter(Boolean);

/** Guests that stand somewhere. */
const PLACES: Readonly<Record<string, () => LabGuest>> = {
  "before its first instruction": () => new LabGuest(),
  "in user mode": () => at(0),
  "in user mode, without symbols": () => at(0, { symbols: false }),
  "inside the kernel": () => {
    const g = at(0);
    g.runToMode(1);
    g.run(20);
    return g;
  },
  "on its way into the kernel": () => {
    const g = at(0);
    g.runToMode(1);
    return g;
  },
  "with three harts": () => at(0, { harts: 3 }),
};

function at(mode: number, options: ConstructorParameters<typeof LabGuest>[0] = {}): LabGuest {
  const g = new LabGuest(options);
  g.runToMode(mode);
  g.run(100);
  g.runToMode(mode);
  return g;
}

for (const [place, make] of Object.entries(PLACES)) {
  Deno.test(`every command answers or refuses in one line: ${place}`, async () => {
    const examples = COMMANDS.filter(({ name }) => !LEFT_OUT.includes(name))
      .flatMap(({ examples }) => examples.flatMap(({ lines }) => lines))
      .filter((line) => !/^(quit|console|compare)\b/.test(line));
    const lines = ["set budget 100000", ...LINES, ...new Set(examples)];
    for (const json of [false, true]) {
      const answers = await typed(json ? ["set json on", ...lines] : lines, [], {
        vm: vmOver(make().guest),
      });
      for (const { line, text, status } of answers) {
        assert([0, 1, 2, 3, 4, 5].includes(status), `${line}: ${status}\n${text}`);
        assert(!text.includes("bug in cowsh"), `${line}\n${text}`);
        // deno-lint-ignore no-control-regex -- that is what is looked for
        assert(!/[\x00-\x09\x0b-\x1f\x7f]/.test(text), `${line}\n${JSON.stringify(text)}`);
        if (status === 2 && !json) {
          assertEquals(text.trimEnd().split("\n").length, 1, `${line}\n${text}`);
        }
      }
    }
  });
}

Deno.test("what only the built-in kernel does is refused by its name, and why", async () => {
  const g = at(0);
  const refused = COMMANDS.filter(({ name }) => whyRefused(name) !== undefined);
  assert(refused.length > 1);
  const words: Record<string, string> = {
    strace: "strace echo",
    reclaim: "reclaim 1",
    compare: "compare fork-exec",
  };
  const answers = await typed(refused.map(({ name }) => words[name] ?? name), [], {
    vm: vmOver(g.guest),
  });
  for (const [i, { text, status }] of answers.entries()) {
    assertEquals([text, status], [`${refused[i].name}: ${whyRefused(refused[i].name)}\n`, 1]);
  }
});

/** What one line answers on a guest. */
async function answer(g: LabGuest, ...lines: string[]): Promise<string> {
  return (await typed(lines, [], { vm: vmOver(g.guest) })).at(-1)!.text;
}

Deno.test("processes, their page tables and frames, as the guest's memory has them", async () => {
  const g = at(0);
  const ps = await answer(g, "ps");
  assertMatch(ps, /^ +1 +0 sleeping init +20K 20K +20K +0 +20K a child to exit$/m);
  assertMatch(ps, /^ +2 +1 running +sh +20K 20K +12K +8K +20K$/m);
  assertMatch(ps, /^ +3 +2 sleeping cow +20K 20K +12K +8K +20K a clock tick$/m);
  const shared = `0x${g.shared.toString(16)}`;
  assertStringIncludes(
    await answer(g, "pte 3:0x4000"),
    `frame ${shared}  stored ?  counted 2  unknown  2:0x4000  3:0x4000`,
  );
  assertMatch(await answer(g, "pte 3:0x4000"), /write → store fault \(15\), unknown: not writable/);
  assertMatch(await answer(g, `mappings ${shared}`), /2 sh +0x4000 +4K .*\n +3 cow +0x4000/);
  assertMatch(await answer(g, "vmmap 3"), /^0x2000 +0x3000 +4K ---p guard/m);
  assertMatch(await answer(g, "vmmap 3"), /trapframe/);
  const census = JSON.parse(await answer(g, "free --json"));
  assertEquals([census.free, census.total], [20, 4096]);
  assertEquals(census.census.trapframe, 3);
  assertStringIncludes(await answer(g, "share 2 3"), "2,3         2    8K heap text");
});

Deno.test("without symbols, the space that a hart is in is all that is known", async () => {
  const g = at(0, { symbols: false });
  assertMatch(await answer(g, "ps"), /^ +-1 +\? running hart 0 +\? 20K/m);
  assertMatch(await answer(g, "pte 0x4000"), /^pid -1 hart 0 +satp 0x8000000000080/);
  assertStringIncludes(await answer(g, "free"), "FREE unknown");
  assertStringIncludes(await answer(g, "audit"), "not judged: no free list is known");
});

Deno.test("in M-mode and before satp is written addresses are physical", async () => {
  const g = new LabGuest();
  const first = await answer(g, "pte 0x80000000");
  assertMatch(first, /^pid 0 kernel +satp 0x0 Bare: a physical address +va 0x80000000 RAM$/m);
  assertStringIncludes(first, "read ok · write ok · execute ok");
  assertStringIncludes(await answer(g, "pte 0x5000"), "read → an access fault: nothing is there");
  assertMatch(await answer(g, "dis"), /^0x80000000 \w+ +_entry/m);
  assertStringIncludes(await answer(g, "reg"), "hart 0  mode machine  pc 0x80000000  satp 0x0");
  assertMatch(await answer(g, "ps"), /PID PPID/);
});

Deno.test("the kernel's variables and code are there whatever the hart is in; a process named has its own", async () => {
  const g = at(0);
  const ticks = JSON.parse(await answer(g, "print u32(ticks) --json")).value;
  assertEquals(await answer(g, "print u32(ticks)"), `${ticks}  ${Number(ticks)}\n`);
  assertMatch(await answer(g, "dis usertrap 1"), /usertrap +lui t1/);
  assertMatch(await answer(g, "pte ticks"), /^pid 0 kernel .* 0x80002/m);
  assertMatch(await answer(g, "pte -p 2 ticks"), /not mapped: PTE not valid/);
  assertMatch(await answer(g, "pte -k ticks"), /kernel map/);
  assertMatch(await answer(g, "dis 0x3ffffff000 1"), /uservec/);
});

Deno.test("registers: the hart's, or those that a process will run on with", async () => {
  const g = at(0);
  assertMatch(await answer(g, "reg"), /^hart 0 +mode user +pc 0x/);
  assertEquals(await answer(g, "reg -p 3 a0"), "a0 0x12c\n");
  const before = g.machine.hart.x(10);
  assertEquals(await answer(g, "reg a0"), `a0 0x${before.toString(16)}\n`);
  g.runToMode(1);
  const then = g.machine.hart.x(10);
  g.run(20);
  // In the kernel the hart's are the kernel's, the process's stand in its trapframe.
  assertEquals(await answer(g, "reg -p 2 a0"), `a0 0x${then.toString(16)}\n`);
  assertMatch(await answer(g, "reg"), /mode supervisor/);
  assertEquals(await answer(g, "reg s5 0x99", "reg s5"), "s5 0x99\n");
  assertEquals(g.machine.hart.x(21), 0x99n);
  assertMatch(await answer(g, "reg mhartid 5"), /mhartid cannot be set/);
});

Deno.test("with several harts each is asked by its number", async () => {
  const g = at(0, { harts: 3 });
  for (const hart of [0, 1, 2]) {
    assertMatch(await answer(g, `reg --hart ${hart}`), new RegExp(`^hart ${hart} `));
  }
  assertMatch(await answer(g, "reg --hart 3"), /no hart 3: there are 3, from 0/);
});

Deno.test("an audit finds what does not fit, and only at rest", async () => {
  const free = at(0);
  free.map(3, 0x6000, free.free[5], 0xd7);
  assertStringIncludes(await answer(free, "audit"), "on the free list, but mapped 1 time");
  const two = at(0);
  two.map(3, 0x4000, two.shared, 0xd7);
  assertStringIncludes(await answer(two, "audit"), "mapped 2 times, and 1 of them may write");
  const lost = at(0);
  lost.map(1, 0x3f_ffff_f000, lost.page(), 0x4b);
  assertStringIncludes(await answer(lost, "audit"), "trampoline lost");
  two.runToMode(1);
  two.run(20);
  assertStringIncludes(await answer(two, "audit"), "hart 0 is inside the kernel for pid 2");
});
