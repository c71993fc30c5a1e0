/** `$_` is the last address that a command showed or made, and `$__` the last number that one answered. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { COMMANDS } from "../../src/commands/registry.ts";
import { lastOf, newTyped, typed } from "./typist.ts";

/** Two processes that share the page at 0x3000, pid 2 is the current one, and a page is mapped at 0x3fffdff000. */
const BEGIN = ["spawn", "sbrk 4096", "store 0x3000 7", "mmap 4096", "fork"];
const MAPPED = 0x3fffdff000n;

/** What `$_` is after a line; undefined where the line leaves it. */
const PLACES: [line: string, place: string | undefined][] = [
  ["spawn", "0x3000"],
  ["sbrk 8192", "0x4000"],
  ["mmap 8192", "0x3fffdfd000"],
  ["mprotect 0x3fffdff000 4096 r", "0x3fffdff000"],
  ["munmap 0x3fffdff000 4096", "0x3fffdff000"],
  ["store 0x3008 1", "0x3008"],
  ["load 0x3000", "0x3000"],
  ["fill 0x3010 16 1", "0x3010"],
  ["x 0x3000", "0x3000"],
  ["dis 0x1000 1", "0x1000"],
  ["find 0x07", "0x3000"],
  ["find -w 8 0x1122334455667788", undefined],
  ["pte 0x3008", "pa(0x3008)"],
  ["pte 0x9000", undefined],
  ["decode 0x21ffadd3", "0x87feb000"],
  ["refcount pa(0x3008)", "pa(0x3000)"],
  ["mappings pa(0x3000)", "pa(0x3000)"],
  ["xp pa(0x3000) 16", "pa(0x3000)"],
  ["watch 0x3000", "0x3000"],
  ["watch --phys pa(0x3000)", "pa(0x3000)"],
  ["break 0x1000", "0x1000"],
  ["call sbrk 4096 1", "0x4000"],
  ["call getpid", undefined],
];
/** Commands that show numbers, or many addresses and none in particular. */
const LEAVE = [
  "fork",
  "audit",
  "free",
  "ps",
  "use 3",
  "vmmap",
  "share",
  "stats",
  "swap",
  "tlb",
  "timeline",
  "reg",
  "reg sp",
  "kill 3",
  "snap a",
  "diff a",
  "reclaim 1",
  "dir",
  "run echo hi",
  "strace echo hi",
  "expect 1",
  "ps | count",
  "x 0x3000 | count",
  "set",
  "history",
  "help",
  "sync",
];

Deno.test("each command's part in $_", async () => {
  for (const [line, place] of PLACES) {
    const check = place === undefined ? `$_ == ${MAPPED}` : `$_ == ${place}`;
    const [at, answer] = (await typed([...BEGIN, line, `expect ${check}`])).slice(-2);
    assertEquals(answer.status, 0, `${at.line}: ${at.text}${answer.text}`);
  }
  const left = await typed([...BEGIN, ...LEAVE.flatMap((l) => [l, `expect $_ == ${MAPPED}`])]);
  for (const [i, { text, status }] of left.slice(BEGIN.length).entries()) {
    if (i % 2 === 1) assertEquals(status, 0, `${LEAVE[(i - 1) / 2]}: ${text}`);
  }
});

Deno.test("every other command leaves $_, as its examples show", async (t) => {
  // A program's symbols, and what changes the computer's time, are looked at elsewhere.
  const elsewhere = "back continue goto print redo restore step sym undo until boot".split(" ");
  const typedAbove = [...PLACES.map(([line]) => line), ...LEAVE].map((line) => line.split(" ")[0]);
  const others = COMMANDS.filter(({ name }) => ![...elsewhere, ...typedAbove].includes(name));
  for (const { name, examples } of others) {
    for (const { lines } of examples) {
      await t.step(lines.join("; "), async () => {
        const { type, session } = await newTyped();
        for (const line of lines.slice(0, -1)) await type(line);
        const before = session.place;
        await type(lines.at(-1)!);
        assertEquals(session.place, before, `${name} sets $_: give it a line in PLACES`);
      });
    }
  }
});

Deno.test("what fork answers is no address: $_ stays, and $__ is the child", async () => {
  const answers = await typed(["spawn", "mmap 4096", "fork", "store $_ 0x21", "expect $__ == 3"]);
  assertEquals(answers.map((a) => a.status), [0, 0, 0, 0, 0]);
  assertMatch(answers[3].text, /^0x3fffdff000: /);
});

Deno.test("$__: what load read, refcount and count counted", async () => {
  const answers = await typed([
    ...BEGIN,
    "load 0x3000",
    "expect $__ == 7",
    "refcount pa(0x3000)",
    "expect $__ == 2",
    "ps | count",
    "expect $__ == 3",
    "run faulttext",
    "expect $__ == -1",
  ]);
  for (const { line, text, status } of answers) {
    if (line.startsWith("expect")) assertEquals(status, 0, `${line}: ${text}`);
  }
});

Deno.test("a physical $_ is refused where a virtual address is wanted, and the other way round", async () => {
  const refused = await lastOf([...BEGIN, "pte 0x3000", "store $_ 1"]);
  assertMatch(
    refused.text,
    /^\$_ \(0x87feb000\) is a physical address, not a virtual one; va\(\$_\) is where it is mapped\n$/,
  );
  assertEquals(refused.status, 2);
  const other = await lastOf([...BEGIN, "store 0x3000 1", "refcount $_"]);
  assertMatch(other.text, /^\$_ \(0x3000\) is a virtual address, not a physical one; pa\(\$_\) is/);
  const right = await typed([...BEGIN, "pte 0x3000", "refcount $_", "store va($_) 1", "pte -k $_"]);
  assertEquals(right.slice(-3, -1).map((a) => a.status), [0, 0]);
  assert((await lastOf(["pte $_"])).text.startsWith("$_ is the last address shown, and none has"));
});
