/** Breakpoints, watchpoints, events, and the way back, as a person types them. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { lastOf, newTyped, typed } from "./typist.ts";
import { kernelOf } from "../../src/vm/parts.ts";

const SMALL = ["--mem", "16M"];

/** What the lines answer, numbered from the first. */
async function texts(lines: readonly string[], flags = SMALL): Promise<string[]> {
  const answers = await typed(lines, flags);
  for (const { line, text, status } of answers) assertEquals(status, 0, `${line}: ${text}`);
  return answers.map((a) => a.text);
}

Deno.test("break, continue to it, list, delete, run to the end", async () => {
  const said = await texts([
    "spawn echo hi",
    "break write",
    "continue",
    "reg",
    "break",
    "continue",
    "delete",
    "continue",
    "ps",
  ]);
  assertMatch(said[1], /breakpoint 1 at 0x[0-9a-f]+ <write at syscall\.S:\d+> of pid 2/);
  assertMatch(
    said[2],
    /breakpoint 1: pid 2 echo\nnext: pid 2 {2}0x[0-9a-f]+ <write at syscall\.S:\d+>: li a7,16/,
  );
  assertMatch(said[4], /1 break +2 0x[0-9a-f]+ +- <write> +syscall\.S:\d+ +1/);
  assertMatch(said[5], /^hi\nbreakpoint 1/);
  assertEquals(said[6], "1 deleted\n");
  assertMatch(said[7], /^\n?echo: status 0|status 0/);
  assert(!said[8].includes("echo"));
});

Deno.test("a breakpoint of one process; with --all of its children too", async () => {
  const one = await texts([
    "spawn forktest",
    "break fork",
    "continue",
    "break -a exit",
    "continue",
  ]);
  assertMatch(one[2], /breakpoint 1: pid 2 forktest/);
  assertMatch(one[3], /breakpoint 2 at .* <exit at syscall\.S:\d+> of every process/);
  assertMatch(one[4], /breakpoint [12]: pid \d+ forktest/);
  const child = await texts(["spawn forktest", "break -a exit", "continue", "ps"]);
  assertMatch(child[2], /breakpoint 1: pid 3 forktest/);
  assertMatch(child[3], /\* +3 +2 /);
});

Deno.test("watch: the store, its values, the instruction; reads with -r", async () => {
  const said = await texts([
    "spawn echo hello",
    "watch $sp-16 16",
    "continue",
    "watch $a1 8 -r -p 2",
    "break",
  ]);
  assertMatch(said[1], /watchpoint 1: stores 16 bytes at 0x[0-9a-f]+.* of pid 2/);
  assertMatch(said[2], /watchpoint 1: pid 2 stored \d bytes at 0x[0-9a-f]+ \(0x8[0-9a-f]+\): 0x/);
  assertMatch(
    said[2],
    /by the instruction at 0x[0-9a-f]+ <main\+0x[0-9a-f]+ at echo\.c:4>\nnext: pid 2/,
  );
  assertMatch(said[3], /watchpoint 2: loads 8 bytes/);
});

Deno.test("as JSON a stop tells its point, its place and its values", async () => {
  const lines = [
    "spawn echo hi",
    "break main",
    "continue --json",
    "watch $sp-16 8",
    "continue --json",
  ];
  const said = (await texts(lines)).map((text) => text.startsWith("{") ? JSON.parse(text) : text);
  assertEquals(said[2].stop, "stopped");
  assertEquals(said[2].stopped, { kind: "break", pid: 2, point: 1, pc: "0x8" });
  const { pc, pa, after, ...rest } = said[4].stopped;
  assertEquals(rest, {
    kind: "watch",
    pid: 2,
    point: 2,
    va: said[4].stopped.va,
    size: 8,
    write: true,
    before: "0x0",
  });
  for (const value of [pc, pa, after]) assertMatch(value, /^0x[0-9a-f]+$/);
});

Deno.test("watch sees what is stored, loaded and filled by hand, and counts it", async () => {
  const said = await texts([
    "spawn",
    "sbrk 3p",
    "store 0x4000 1",
    "watch 0x3ffc 8",
    "watch pa(0x4010) 2 -r --phys",
    "store 0x3ffe 0x11223344 -s 4",
    "load 0x4011 -s 1",
    "fill 0x3000 2p 7",
    "store 0x4004 1",
    "fork",
    "store 3:0x3ffc 9",
    "break",
    "fill 0x4000 1 1 --json",
    "store 0x4000 1 --json",
  ]);
  const line = /watchpoint .*/;
  assertMatch(
    said[5].match(line)![0],
    /^watchpoint 1: pid 2 stored 4 bytes at 0x3ffe \(0x8[0-9a-f]+ffe\): 0x10000 → 0x11223344$/,
  );
  assertMatch(
    said[6].match(line)![0],
    /^watchpoint 2: pid 2 loaded 1 byte at 0x4011 \(0x8[0-9a-f]+011\): 0x0$/,
  );
  assertEquals(said[7].match(/watchpoint.*/g)!.map((text) => text.replace(/ \(.*?\)/, "")), [
    "watchpoint 1: pid 2 stored 4 bytes at 0x3ffc: 0x33440000 → 0x7070707",
    "watchpoint 1: pid 2 stored 4 bytes at 0x4000: 0x1122 → 0x7070707",
  ]);
  for (const quiet of [8, 10]) assert(!said[quiet].includes("watchpoint"), said[quiet]);
  assertMatch(said[11], /1 stores .* 3\n *2 loads .* 1\n/);
  const filled = JSON.parse(said[12]).watched, stored = JSON.parse(said[13]).watched;
  assertEquals([filled.length, filled[0].va, filled[0].before, filled[0].after], [
    1,
    "0x4000",
    "0x7",
    "0x1",
  ]);
  assertEquals([stored.point, stored.pc, stored.size], [1, null, 8]);
});

Deno.test("watch sees what the kernel copies in and out for a call", async () => {
  const said = await texts([
    "spawn",
    "sbrk 2p",
    "watch 0x3000 4",
    "watch 0x4002 1 -r",
    "call pipe 0x3000",
    "store 0x4000 0x64636261",
    "call write 4 0x4000 4",
    "call read 3 0x3001 2",
    "call read 3 0x3004 2",
    "call mkdir x",
    "break",
  ]);
  const lines = [4, 6, 7, 8, 9].map((i) =>
    said[i].match(/watchpoint.*/)?.[0].replace(/ \(.*?\)/, "")
  );
  assertEquals(lines, [
    "watchpoint 1: pid 2 stored 4 bytes at 0x3000: 0x0 → 0x3, by the kernel",
    "watchpoint 2: pid 2 loaded 1 byte at 0x4002: 0x63, by the kernel",
    "watchpoint 1: pid 2 stored 2 bytes at 0x3001: 0x0 → 0x6261, by the kernel",
    undefined,
    undefined,
  ]);
  assertMatch(said[10], /1 stores .* 2\n *2 loads .* 1\n/);
});

Deno.test("a run stops behind a call whose copying hits, and goes on from there", async () => {
  const said = await texts([
    "spawn ls README",
    "break write",
    "continue",
    "watch $a1 1 -r",
    "continue",
    "delete",
    "continue",
  ]);
  assertMatch(
    said[4],
    /watchpoint 2: pid 2 loaded 1 byte at 0x[0-9a-f]+ \(0x8[0-9a-f]+\): 0x52, by the kernel\nnext: pid 2 {2}0x[0-9a-f]+ <write\+/,
  );
  assertMatch(said[4], /^README +2 \d+ \d+\n/);
  assertMatch(said[6], /^ls: status 0/);
});

Deno.test("until stops right behind the event", async () => {
  const said = await texts([
    "spawn forkwrite",
    "until fork",
    "until copy",
    "timeline 3",
    "until exit --by 3",
  ], ["--mem", "64M"]);
  assertMatch(said[1], /event \d+: pid 2: pid 2 → child 3/);
  assertMatch(
    said[2],
    /event \d+: pid \d: frame 0x[0-9a-f]+ copied to 0x[0-9a-f]+: 4K \(cow copy\)/,
  );
  assertMatch(said[4], /pid 3 exits with 0/);
});

Deno.test("a run that no event ends says how it ended", async () => {
  const { text, status } = await lastOf(["spawn echo hi", "until copy"], SMALL);
  assertMatch(text, /hi\necho: status 0/);
  assertEquals(status, 0);
});

Deno.test("back undoes steps one by one, system calls too", async () => {
  const steps = await texts(["spawn echo hi", ...Array(40).fill("step"), "reg", "timeline 200"]);
  const said = await texts([
    "spawn echo hi",
    ...Array(40).fill("step"),
    "back 15",
    "goto 38",
    "reg",
  ]);
  assertMatch(said[41], /at instruction \d+/);
  assert(steps[41] !== "");
  // Forty steps forward, whatever they were, and the same forty lines again after a way back.
  const again = await texts([
    "spawn echo hi",
    ...Array(40).fill("step"),
    "goto 0",
    ...Array(40).fill("step"),
    "reg",
    "timeline 200",
  ]);
  assertEquals(again.slice(42, 82), steps.slice(1, 41));
  assertEquals(again.slice(82), steps.slice(41));
});

Deno.test("everything at an earlier instruction is as it was: registers, memory, counts, files", async () => {
  const look = ["reg", "vmmap", "free", "ps", "stats", "tlb", "timeline 20", "dir"];
  const said = await texts([
    "spawn sh -c 'echo a > f; cat f | wc; rm f'",
    "goto 5000",
    ...look,
    "continue",
    "goto 5000",
    ...look,
    "goto 1234",
    "goto 5000",
    ...look,
  ]);
  const first = said.slice(2, 2 + look.length);
  assertMatch(said[1], /at instruction 5000/);
  assertMatch(said[2 + look.length], /1 1 2/);
  assertEquals(said.slice(4 + look.length, 4 + 2 * look.length), first);
  assertEquals(said.slice(6 + 2 * look.length), first);
});

Deno.test("any walk through time shows at each place what the first visit showed", async () => {
  const first = new Map<number, string>();
  const [, end] = await texts(["spawn cat README", "continue"]);
  const length = Number(/: (\d+) instructions/.exec(end)![1]);
  const places = fc.array(fc.integer({ min: 0, max: length }), { minLength: 3, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(places, async (walk) => {
      const lines = walk.flatMap((place) => [`goto ${place}`, "reg", "timeline 5"]);
      const said = await texts(["spawn cat README", "continue", "audit", ...lines]);
      walk.forEach((place, i) => {
        // Going forward, goto prints what the program does.
        const seen = said.slice(4 + 3 * i, 6 + 3 * i).join("");
        assertEquals(seen, first.get(place) ?? seen, `instruction ${place}`);
        first.set(place, seen);
      });
    }),
    { numRuns: 10 },
  );
});

Deno.test("what a person does between two runs is kept on the way back, and undone as one step", async () => {
  const said = await texts([
    "spawn echo hi",
    "step 5",
    "store $sp-64 0x1234",
    "step 5",
    "back 2",
    "x $sp-64 2",
    "back 3",
    "x $sp-64 2",
    "back",
    "x $sp-64 2",
  ]);
  assertStringIncludes(said[5], "34 12");
  assertStringIncludes(said[7], "34 12");
  assert(!said[9].includes("34 12"), said[9]);
});

Deno.test("the past is not invented: what was not recorded is refused with what was", async () => {
  const [, back, gone] = await typed(["spawn echo hi", "goto 0", "back"], SMALL);
  assertMatch(
    back.text,
    /instruction 0 is not in the recorded past: no run is recorded yet; what runs from/,
  );
  assertEquals([back.status, gone.status], [2, 2]);
  const answers = await typed(
    ["spawn echo hi", "step 5", "snap a", "restore a", "step 2", "run echo x", "goto 2"],
    SMALL,
  );
  // What led to the snapshot is known, since it was taken here.
  assertMatch(answers.at(-1)!.text, /^at instruction 2\n/);
});

Deno.test("restore goes to the past of its snapshot; breakpoints stay, and their hits", async () => {
  const answers = await typed([
    "spawn echo hi",
    "snap start",
    "break write",
    "continue",
    "restore start",
    "back",
    "continue",
    "break",
  ], SMALL);
  assertEquals(answers.map((a) => a.status), [0, 0, 0, 0, 0, 2, 0, 0]);
  assertMatch(answers[6].text, /breakpoint 1: pid 2 echo/);
  assertMatch(answers[7].text, /<write> +syscall\.S:\d+ +2\n/);
});

Deno.test("a program in another one's way: manual processes stand, held ones are held", async () => {
  const said = await texts(["spawn", "spawn spin", "step 3", "spawn echo hi", "continue", "ps"]);
  assertMatch(said[4], /hi\necho: status 0/);
  assertMatch(said[5], /3 +1 held +spin/);
});

Deno.test("until fault stops before the fault kills, with all there to look at; then it dies as ever", async () => {
  const { type, session } = await newTyped(SMALL);
  const whole = await lastOf(["run faulttext"], SMALL);
  await type("spawn faulttext");
  const stopped = await type("until fault");
  assertEquals(stopped.status, 0);
  assertMatch(
    stopped.text,
    /event \d+: pid 2: store page fault \(15\) at 0x8 → store to a read-only/,
  );
  assertMatch(stopped.text, /pid 2 will be killed for it .* still there to look at/);
  assertMatch(
    stopped.text,
    /next: pid 2 {2}0x[0-9a-f]+ <main\+0x[0-9a-f]+ at faulttext\.c:6>: sb a5/,
  );
  assertEquals(session.pid, 2);
  for (const look of ["reg a5", "pte 0x8", "vmmap", "refcount pa(0x8)", "audit", "dis $pc"]) {
    assertEquals((await type(look)).status, 0, look);
  }
  // A state in between is as good as any other.
  await type("snap dying");
  const events = session.vm.events().length;
  const dead = await type("until fault");
  assertMatch(
    dead.text,
    /faulttext: status -1 \(killed: store to a read-only page, by 0x2e <main\+0x26 at faulttext\.c:6>\)/,
  );
  const { free } = session.vm.free();
  await type("restore dying");
  assertEquals(session.vm.events().length, events);
  assertMatch((await type("step")).text, /pid 2 has exited with -1 \(killed/);
  assertEquals(session.vm.free().free, free);
  assertMatch(whole.text, /status -1/);
  await type("restore dying");
  await type("kill 2");
  assertEquals([kernelOf(session.vm).state.dying, session.vm.free().free], [undefined, free]);
  assertEquals((await type("run echo hi")).text.split("\n")[0], "hi");
});

Deno.test("until kill stops before any fatal trap kills", async () => {
  const { text } = await lastOf(["spawn faultillegal", "until kill"], SMALL);
  assertMatch(
    text,
    /pid 2 will be killed for it \(illegal instruction 0x[0-9a-f]+\)[^]*next: pid 2/,
  );
});

Deno.test("continue's figures are those from where it went on, and it says so", async () => {
  const { type } = await newTyped(SMALL);
  await type("spawn echo hi");
  await type("step 10");
  const { text } = await type("continue --json");
  const { since, instructions } = JSON.parse(text);
  assertEquals(since, 10);
  const whole = await lastOf(["run echo hi --json"], SMALL);
  assertEquals(instructions + since, JSON.parse(whole.text).instructions);
  const said = await texts(["spawn echo hi", "step 10", "continue"]);
  assertMatch(said[2], /echo: status 0; from instruction 10 on: \d+ instructions/);
});

Deno.test("who comes back to a program that waits sees its prompt, and what was typed there", async () => {
  const keys = ["echo one\n", "ec", "", "ho two\n", "", "", "echo three\n", ""];
  const { type } = await newTyped(SMALL, { keys });
  assertMatch((await type("console")).text, /^\$ echo one\none\n\$ ec\nsh \(pid 2\) waits/);
  assertMatch((await type("console")).text, /^\$ echo two\ntwo\n\$ \nsh \(pid 2\) waits/);
  assertMatch((await type("run echo between")).text, /^between/);
  assertMatch((await type("console")).text, /^\$ \nsh \(pid 2\) waits/);
  assertMatch((await type("continue -p 2")).text, /^\$ echo three\nthree\n\$ \npid 2 sh waits/);
});

Deno.test("a step over a system call stops right behind it", async () => {
  const lines = ["spawn echo hi", "break write+2", "continue", "print $pc", "step", "print $pc"];
  const said = await texts(lines);
  assertMatch(said[4], /<?write\+0x2>? +syscall\.S:\d+ +ecall .*\nhi\n$/s);
  const pc = (text: string) => Number(/0x[0-9a-f]+/.exec(text)![0]);
  assertEquals(pc(said[5]), pc(said[3]) + 4);
});

/** What lines answer, errors too. */
async function answers(lines: readonly string[]): Promise<string[]> {
  return (await typed(lines, SMALL)).map(({ text }) => text);
}

Deno.test("the built-in programs go by lines, over calls and children, and say what returned", async () => {
  const said = await answers([
    "spawn forkwrite 1",
    "next",
    "break 2:fork",
    "continue",
    "finish",
    "next",
    "undo",
    "delete 1",
    "next",
    "next --json",
  ]);
  assertMatch(said[1], /^next: no line of the source is known here; step goes by instructions/);
  assertMatch(said[3], /^breakpoint 1: pid 2 forkwrite\nnext: pid 2 .*<fork at syscall\.S:\d+>/);
  const [, child] = /^fork has returned; a0 = 0x(\w+)\nnext: pid 2 {2}0x\w+ <.* at forkwrite\.c:/
    .exec(said[4])!;
  assertEquals(child, "3");
  // The child comes to the same lines, and does not stop there.
  assertMatch(said[5], /^next: pid 2 {2}0x\w+ <.* at forkwrite\.c:\d+>/m);
  assertMatch(said[6], /^undone: next\n/);
  assertEquals(said[8], said[5]);
  const { stop, pid } = JSON.parse(said[9]);
  assertEquals([stop, pid], ["arrived", 2]);
});

Deno.test("a breakpoint on the way of next stops it; nobody has called main", async () => {
  const said = await answers([
    "spawn echo hi there",
    "break main",
    "continue",
    "next",
    "break write",
    ...Array.from({ length: 9 }, () => "next"),
    "finish",
    "finish",
  ]);
  assertMatch(said[3], /^next: pid 2 .* at echo\.c:\d+>/);
  const stops = said.slice(5, 14).filter((text) => text.includes("breakpoint 2: pid 2 echo"));
  assert(stops.length > 0, said.join("---\n"));
  assertMatch(said.slice(3).join(""), /^ \d+ {6}write\(1, argv\[i\], strlen\(argv\[i\]\)\);$/m);
  assertMatch(said[15], /finish: who has called main is unknown, or nobody|write has returned/);
});
