/**
 * Whatever is typed wrong: one clear line that says what and what would be right, the exit code of its kind,
 * and the session goes on.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { COMMANDS } from "../../src/commands/registry.ts";
import { makeElf } from "../vm/lab.ts";
import { lastOf, typed } from "./typist.ts";

/** A line, its exit code, what it says. */
type Case = [line: string, status: number, says: RegExp];

const WORDS: Case[] = [
  ["frok", 2, /^no command frok; did you mean fork\?$/],
  ["refcont 0x80000000", 2, /did you mean refcount\?/],
  ["xyzzy", 2, /^no command xyzzy; help lists the commands$/],
  ["pte 3ff", 2, /^3ff is not a number; did you mean 0x3ff\?$/],
  ["pte 0x", 2, /^0x is not a number/],
  ["pte 0x3fg", 2, /^0x3fg is not a number/],
  ["pte 12Q", 2, /^12Q is not a number; units are K, M, G and T$/],
  ["pte ff", 2, /no symbol ff; did you mean 0xff\?/],
  ["pte pc", 2, /no symbol pc; did you mean \$pc\?/],
  ["pte", 2, /^pte needs VA/],
  ["pte 1 2", 2, /no use for "2"/],
  ["pte 1 + 2", 2, /in brackets/],
  ["pte (1", 2, /\( is never closed/],
  ["pte 1/0", 2, /division by zero/],
  ["pte 1<<64", 2, /shifts by 0 to 63/],
  ["pte 0x10000000000000000", 2, /does not fit in 64 bits/],
  ["pte $x99", 2, /no register \$x99/],
  ["pte pb(1)", 2, /no function pb/],
  ["pte 0x3000 --pdi 2", 2, /no flag --pdi; did you mean --pid\?/],
  ["pte 0x3000 -p", 2, /-p needs a value: a process id, like 2; ps shows them$/],
  ["pte 0x3000 -p zero", 2, /no symbol zero/],
  ["pte 9:0x3000", 2, /^no process 9: there are 1, 2$/],
  ["pte 2:0x3000 -p 1", 2, /name two processes/],
  ["use sh", 2, /^sh is not a process id, like 2; ps shows them$/],
  ["step often", 2, /^often is not a whole number$/],
  ["sbrk much", 2, /^much is not a number of bytes, like 4096, 64K or 4p for pages$/],
  ["kill abc", 2, /^no symbol abc; did you mean 0xabc\?$/],
  ["expect 1 = 1", 2, /^"=" has no place in an expression; did you mean ==\?$/],
  ["fill 0x3000 1 256", 2, /^256 is no byte: 0 to 255 is one$/],
  ["strace --only opne echo", 2, /not opne; did you mean open\?$/],
  ["strace echo --only", 2, /^strace --only needs a value: only these calls, like open,read$/],
  ["call", 2, /^call needs NAME: a system call, like getpid \(usage: /],
  ["decode", 2, /decode needs/],
  ["| count", 2, /no command in front of \|/],
  ["ps | wear PID", 2, /no filter wear; filters are where, /],
  ["sbrk 1T", 2, /its argument is an int, -2\^31 to 2\^31-1 bytes$/],
  ["mmap 1T", 2, /no 1099511627776 bytes in one piece between 0x3000 and 0x3fffe00000$/],
  ["munmap 0x3000 1T", 2, /not below 0x3fffe00000, where mapped areas end$/],
  ["x 0x3000 1T", 2, /too many to print: at most 1M$/],
  ["watch 0x3000 1T", 2, /1 to 1G$/],
  ["mmap 4KB", 2, /^4KB is not a number; did you mean 4K\?$/],
  ["timeline 5000000000", 2, /0 to 2\^32-1$/],
  ["store 0x3000", 2, /store needs VALUE/],
  ["store 0x3000 1 -s 3", 2, /3/],
  ["mprotect 0x3000 4096 rq", 2, /letters out of rwx/],
  ["timeline -k falut", 2, /did you mean fault\?/],
  ["until cow", 2, /event is one of fault, /],
  ["snap", 0, /no snapshots/],
  ["diff nope", 2, /no snapshot nope; snap NAME takes one/],
  ["restore nope", 2, /no snapshot nope/],
  ["delete 7", 2, /no breakpoint or watchpoint 7: there are none/],
  ["break 0x1001", 2, /0x1001 is no address of an instruction/],
  ["break 0x1234567890000", 2, /no address of an instruction/],
  ["watch 0x3000 0", 2, /1 to 1G/],
  ["watch 0x1000 8 --phys", 2, /outside RAM/],
  ["find 0x123", 2, /pairs of hexadecimal digits/],
  ['find ""', 2, /at least one byte/],
  ["find 300 -w 1", 2, /does not fit in 1 byte$/],
  ["find 1 -w 3", 2, /1, 2, 4 or 8/],
  ["back", 2, /not in the recorded past: no run is/],
  ["goto 17", 2, /pid 2 has no program to run/],
  ["continue", 2, /pid 2 has no program to run/],
  ["step", 2, /no program to step/],
  ["share 99", 2, /no process 99/],
  ["sym main", 1, /pid 2 demo has no symbols/],
  ["dir /nope", 1, /\/nope: no such file/],
  ["kill 99", 2, /no process 99: there are 1, 2/],
  ["use 99", 2, /no process 99/],
  ["vmmap 99", 2, /no process 99/],
];

const ADDRESSES: Case[] = [
  [
    "refcount 0x1000",
    2,
    /^physical address 0x1000 is outside RAM, 0x80000000..0x87ffffff; if it is a virtual one, try pa\(0x1000\)$/,
  ],
  ["refcount -1", 2, /^physical address 0xffffffffffffffff is outside RAM, 0x8[0-9a-f.x]+$/],
  ["mappings 0x88000000", 2, /outside RAM/],
  ["xp 0x7fffffff", 2, /outside RAM/],
  ["timeline --pa 0x3000", 2, /outside RAM.*try pa\(0x3000\)/],
  ["expect refcount(0) == 1", 2, /outside RAM/],
  [
    "pte pa(0x2000)",
    2,
    /^pa\(0x2000\) is a physical address, not a virtual one; va\(pa\(0x2000\)\) is/,
  ],
  ["store pa(0x2000) 1", 2, /is a physical address/],
  ["timeline --va pa(0x2000)", 2, /is a physical address/],
  ["mmap 4096 --at pa(0x2000)", 2, /is a physical address/],
  [
    "refcount va(pa(0x2000))",
    2,
    /is a virtual address, not a physical one; pa\(va\(pa\(0x2000\)\)\) is/,
  ],
  ["expect refcount(va(pa(0x2000)))", 2, /is a virtual address/],
  ["expect u64(pa(0x2000))", 2, /is a physical address/],
  ["pte pa(0x9000)", 1, /2:0x9000 is not mapped/],
  ["pte va(0x80000000)", 1, /nobody maps 0x80000000/],
  ["pte u64(0x9000)", 1, /2:0x9000 is not mapped/],
  ["dis 0x9000", 2, /2:0x9000 is not mapped/],
  ["dis 0xfffffffffffffffe", 2, /is not mapped/],
  ["dis 0x8000000000", 2, /is not mapped/],
];

/** What is not mapped is told as such; that is an answer, not an error. */
const UNMAPPED: Case[] = [
  ["pte 0x9000", 0, /not mapped: PTE not valid/],
  ["pte 0x4000000000", 0, /address beyond MAXVA/],
  ["pte 0x8000000000", 0, /not mapped: address not canonical/],
  ["pte -1", 0, /address beyond MAXVA/],
  ["x 0x8000000000 16", 0, /0x8000000000 -- not there/],
  ["x -8 16", 0, /0xfffffffffffffff8 (-- ){8}/],
];

for (
  const [name, cases] of Object.entries({ words: WORDS, addresses: ADDRESSES, unmapped: UNMAPPED })
) {
  Deno.test(`bad input: ${name}`, async () => {
    const lines = cases.flatMap(([line]) => [line, "expect 1"]);
    const [, ...answers] = await typed(["spawn", ...lines]);
    for (const [i, [line, status, says]] of cases.entries()) {
      const { status: code } = answers[2 * i];
      const text = answers[2 * i].text.trimEnd();
      assertMatch(text, says, line);
      assertEquals(code, status, `${line}: ${text}`);
      if (status !== 0) assertEquals(text.split("\n").length, 1, `${line}: ${text}`);
      assertEquals(answers[2 * i + 1].status, 0, `after ${line}`);
    }
  });
}

Deno.test("what is said again in an error is cut: one line that can be read", async () => {
  const lines = [
    "pte " + "1".repeat(100_000),
    "x".repeat(50_000),
    `pte "a\nb"`,
    "pte '" + "a ".repeat(9000) + "'",
  ];
  for (const { text, status } of await typed(lines)) {
    assertEquals([status, text.trimEnd().split("\n").length], [2, 1], text.slice(0, 200));
    assert(text.length < 1100, text);
  }
});

Deno.test("an access that kills says so, with the cause, and the session goes on", async () => {
  for (
    const [line, says] of [
      ["load 0x8000000000000000", /killed: address beyond MAXVA/],
      ["store 0 1", /killed: store to a read-only page/],
      ["store 0x1000 1", /killed: guard page/],
      ["load 0x9000", /killed: no area there/],
      ["load 0x3ffffff000", /killed/],
    ] as const
  ) {
    const answers = await typed(["spawn", line, "ps", "load 0x3000", "spawn"]);
    assertMatch(answers[1].text, says, line);
    assertEquals(answers.map((a) => a.status), [0, 1, 0, 2, 0], line);
    assertMatch(answers[3].text, /no current process; spawn makes one/);
  }
});

Deno.test("every command without a process, without arguments and with too many", async () => {
  const lines = COMMANDS.filter((c) => !["quit", "console", "compare"].includes(c.name))
    .flatMap((c) => [c.name, `${c.name} 1 2 3 4 5 6 7 8 9`, `${c.name} --nonsense`]);
  for (const { line, text, status } of await typed(lines, ["--mem", "16M"])) {
    assert([0, 1, 2, 5].includes(status), `${line}: exit code ${status}: ${text}`);
    assert(!/bug in cowsh|undefined|\[object|NaN/.test(text), `${line}: ${text}`);
    if (line.endsWith("--nonsense") && !line.startsWith("expect")) {
      assert(status === 2 || text !== "", `${line}: ${text}`);
    }
  }
});

Deno.test("a disk image where lines are wanted is refused at its first byte", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const image = `${folder}/fs.img`;
    const [sync, ...answers] = await typed([
      `sync ${image}`,
      ...["source", "boot --abi"].map((verb) => `${verb} ${image}`),
    ]);
    assertEquals(sync.status, 0, sync.text);
    for (const { line, text, status } of answers) {
      assertMatch(text, /fs\.img: no text, byte 0 is 0; an image goes behind --fs/, line);
      assertEquals(status, 5, line);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("program files that are none, cut, or of another machine", async () => {
  const folder = await Deno.makeTempDir();
  const good = makeElf([{ va: 0, flags: 5, bytes: new Uint8Array(64) }]);
  const foreign = good.slice();
  new DataView(foreign.buffer).setUint16(18, 62, true);
  const files: [string, Uint8Array, RegExp][] = [
    ["empty", new Uint8Array(), /empty: not an ELF file/],
    ["text", new TextEncoder().encode("hello\n"), /text: not an ELF file/],
    ["cut", good.slice(0, 80), /cut: truncated/],
    ["foreign", foreign, /foreign: not for RISC-V \(machine 62/],
  ];
  try {
    for (const [name, bytes, says] of files) {
      await Deno.writeFile(`${folder}/${name}`, bytes);
      for (const verb of ["run", "spawn", "strace"]) {
        const { text, status } = await lastOf([`${verb} ${folder}/${name}`]);
        assertMatch(text, says);
        assertEquals([status, text.trimEnd().split("\n").length], [5, 1], `${verb} ${name}`);
      }
    }
    const missing = await lastOf([`run ${folder}/missing`]);
    assertMatch(missing.text, /missing: no such file/);
    assertEquals(missing.status, 5);
    const unknown = await lastOf(["run cowtset"]);
    assertMatch(unknown.text, /no program cowtset; did you mean cowtest\?/);
    assertEquals(unknown.status, 5);
    const workload = await lastOf(["compare fork-exe"]);
    assertMatch(workload.text, /no workload or program fork-exe; did you mean fork-exec\?/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
