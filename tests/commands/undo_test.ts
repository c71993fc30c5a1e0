/** Everything typed can be undone and done again: one line of each command. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { COMMANDS } from "../../src/commands/registry.ts";
import { fingerprint } from "../vm/lab.ts";
import { newTyped, type Typist } from "./typist.ts";

const SMALL = ["--mem", "16M", "--swap", "4M"];
/** What stands there before each line. */
const BEGIN = [
  "spawn",
  "sbrk 4p",
  "fill 0x3000 4p 1",
  "fork",
  "spawn forkwrite 1",
  "use 2",
  "snap a",
];
/** A line of each command that changes the computer. */
const LINES = [
  "back 5",
  "break 0",
  "call getpid",
  "console",
  "continue -p 4",
  "delete",
  "exit 3",
  "fail 3",
  "fill 0x3000 2p 7",
  "finish",
  "fork",
  "goto 10",
  "kill 3",
  "load 0x3000",
  "mmap 3p",
  "mprotect 0x3000 4096 r",
  "munmap $_ 4096",
  "next",
  "reclaim 3",
  "reg s3 77",
  "restore a",
  "run echo hi",
  "sbrk -4096",
  "source /dev/stdin",
  "spawn",
  "step 5 -p 4",
  "store 0x3000 99",
  "strace echo hi",
  "until copy -p 4",
  "wait",
  "watch 0x3000",
];
/** What is tested here, begins a history of its own, or names another process and changes none. */
const ITSELF = ["undo", "redo", "boot", "use"];

/** Computer, breakpoints, and the process that commands act on. */
function seen({ session: { vm, pid } }: Typist): unknown[] {
  return [fingerprint(vm), vm.breakpoints().map((point) => ({ ...point })), pid];
}

async function begun(line: string): Promise<Typist> {
  const typist = await newTyped(SMALL);
  const more: string[] = /^(back|goto)/.test(line)
    ? ["step 20 -p 4"]
    : /^delete/.test(line)
    ? ["break 0"]
    : [];
  if (line === "next" || line === "finish") {
    more.push("use 4", `break ${line === "next" ? "main" : "write"}`, "continue");
  }
  if (line.startsWith("munmap")) more.push("mmap 2p");
  if (line.startsWith("restore")) more.push("store 0x3000 3");
  const child = line === "wait" ? ["use 3", "exit", "use 2"] : [];
  for (const first of [...BEGIN, ...more, ...child]) {
    assertEquals((await typist.type(first)).status, 0, first);
  }
  return typist;
}

for (const line of LINES.filter((line) => !line.startsWith("source"))) {
  Deno.test(`undone and done again: ${line}`, async () => {
    const typist = await begun(line);
    const { type, session: { vm } } = typist;
    const [before, { revision }] = [seen(typist), vm];
    const said = await type(line);
    assert(said.status <= 1, said.text);
    assert(vm.revision !== revision, "no change is recorded");
    const after = seen(typist);
    assertThrows(() => assertEquals(after, before), Error, "", "it has changed nothing");
    assertMatch(
      (await type("undo")).text,
      new RegExp(`^undone: ${line.replace(/[()$+]/g, ".")}\n`),
    );
    assertEquals(seen(typist), before);
    assertMatch(
      (await type("redo")).text,
      new RegExp(`^redone: ${line.replace(/[()$+]/g, ".")}\n`),
    );
    assertEquals(seen(typist), after);
    await type("undo");
    assertEquals(seen(typist), before);
  });
}

Deno.test("lines of a file are undone one by one", async () => {
  const file = await Deno.makeTempFile({ suffix: ".cow" });
  try {
    await Deno.writeTextFile(file, "store 0x3000 1\nfork\nx 0x3000\n");
    const typist = await begun("");
    const before = seen(typist);
    await typist.type(`source ${file}`);
    assertMatch((await typist.type("undo")).text, /^undone: fork\n/);
    assertMatch((await typist.type("undo")).text, /^undone: store 0x3000 1\n/);
    assertEquals(seen(typist), before);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("commands that only look are no steps, and change nothing", async () => {
  const lines = [
    "audit",
    "diff a",
    "dir",
    "dis 0",
    "expect 1 == 1",
    "find 0x01",
    "free",
    "fsck",
    "help",
    "history",
    "mappings pa(0x3000)",
    "print 1",
    "ps",
    "pte 0x3000",
    "refcount pa(0x3000)",
    "set",
    "share",
    "snap b",
    "stats",
    "swap",
    "timeline",
    "tlb",
    "use 3",
    "vmmap",
    "x 0x3000",
    "xp pa(0x3000)",
    "reg",
    "break",
    "sync --force /dev/null",
    "decode 0x13",
  ];
  const { type, session: { vm } } = await begun("");
  const [state, revision, { length }] = [fingerprint(vm), vm.revision, vm.history.entries()];
  for (const line of lines) {
    const { status, text } = await type(line);
    assert(status <= 1, `${line}: ${text}`);
    assertEquals([vm.revision, vm.history.entries().length], [revision, length], line);
  }
  assertEquals(fingerprint(vm), state);
});

Deno.test("every other command only looks, as its examples show", async (t) => {
  const undone = [...LINES.map((line) => line.split(" ")[0]), ...ITSELF];
  for (const { name, examples } of COMMANDS.filter((c) => !undone.includes(c.name))) {
    for (const { lines } of examples) {
      await t.step(lines.join("; "), async () => {
        const typist = await newTyped(SMALL);
        for (const line of lines.slice(0, -1)) await typist.type(line);
        const before = seen(typist);
        await typist.type(lines.at(-1)!);
        assertEquals(seen(typist), before, `${name} changes the computer: give it a line in LINES`);
      });
    }
  }
});

Deno.test("boot begins a history of its own; redo is over once something else is done", async () => {
  const { type, session } = await begun("");
  await type("undo 2");
  assertMatch(
    (await type("undo --list")).text,
    /undo 1 +fill .*\nredo 1 +fork .*\nredo 2 +spawn forkwrite 1/,
  );
  await type("store 0x3000 5");
  assertMatch((await type("redo")).text, /^redo: there is nothing to be done again/);
  await type("boot");
  assertEquals(session.vm.history.entries(), []);
  assertMatch((await type("undo")).text, /^undo: there is nothing to be undone/);
  assertMatch((await type("undo --list")).text, /^nothing has changed the computer yet/);
});

Deno.test("back and goto by events, in a run that nobody stopped", async () => {
  const { type, session } = await newTyped(SMALL);
  await type("run forkwrite 1");
  assertMatch(
    (await type("back copy")).text,
    /^event (\d+): pid 3: .* copied to .*\nat instruction/,
  );
  const copy = session.vm.events().findLast((event) => event.kind === "copy")!;
  assertEquals(session.pid, copy.pid);
  assertMatch((await type("back fork")).text, /^event \d+: pid 2: pid 2 → child 3/);
  // What lies ahead has been recorded, too.
  assertMatch((await type(`goto event ${copy.n}`)).text, new RegExp(`^event ${copy.n}: pid 3`));
  assertMatch((await type("back pte --va 0x3000 --by 2")).text, /^event \d+: pid 2: /);
  const said: [string, RegExp][] = [
    ["back cpoy", /want a number, or a kind of event; did you mean copy\?/],
    ["back 3 --by 2", /--by and --va are about events/],
    ["back 0", /at least one instruction/],
    ["back alarm", /there is no alarm event before this/],
    ["goto event", /goto event needs its number/],
    ["goto 5 6", /want goto INSTRET, or goto event N/],
    ["goto event 999999", /has not happened yet: the next one is/],
    ["undo 0", /at least 1/],
    ["undo 99", /only 5 actions can be undone/],
  ];
  for (const [line, says] of said) {
    const { text, status } = await type(line);
    assertMatch(text, says);
    assertEquals([status, text.trim().split("\n").length], [2, 1], text);
  }
});
