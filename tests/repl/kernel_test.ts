/**
 * `--kernel`: somebody's own kernel under cowsh's shell, as a program of its own. `XV6_TREES` is a folder with one
 * built tree in each of its folders.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { echoGuest, elf, li, say } from "../machine/bare_lab.ts";
import { Assembler } from "../machine/engine_lab.ts";
import { BIN, Launched } from "../qemu/launch.ts";
import { toiling } from "../qemu/programs.ts";
import { isMissing, TREES } from "../trees.ts";

const COWSH = `${BIN}/cowsh`;

/** What it says for these arguments and this input, and its code. */
async function cowsh(
  args: string[],
  input = "",
): Promise<{ code: number; out: string; err: string }> {
  const run = new Launched(COWSH, { args });
  await run.type(input);
  await run.endInput();
  const { code, err } = await run.end();
  return { code, out: run.out, err };
}

async function withKernel(file: Uint8Array, body: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, file);
    await body(path);
  } finally {
    await Deno.remove(path);
  }
}

/** A kernel that says that it panics, and stands still. */
function panicking(): Uint8Array {
  const a = li(say(new Assembler(), "panic: freewalk: leaf\n"), 7, 0x8000_0f00);
  a.put("addi", { rd: 6, imm: 1 }).put("sw", { rs1: 7, rs2: 6, imm: 0 });
  const code = a.label("here").put("jal", { rd: 0 }, "here").bytes();
  return elf(code, { symbols: [{ name: "panicked", value: 0x8000_0f00n, size: 4 }] });
}

Deno.test("commands are asked of a kernel that has come to its prompt, and its console gets lines", async () => {
  await withKernel(elf(echoGuest()), async (path) => {
    const asked = await cowsh(
      ["--kernel", path, "--mem", "16M", "-c", "reg pc", "-c", "console"],
      "ab\nc",
    );
    assertEquals([asked.code, asked.err], [0, ""]);
    assertMatch(asked.out, /^pc .*\nab\nc\nthe guest waits for input at its console\n/s);
    const json = await cowsh(["--kernel", path, "--mem", "16M", "--json", "-c", "continue"]);
    assertEquals(JSON.parse(json.out).stop, "idle");
  });
});

Deno.test("facts are given beside a kernel; one that says nothing is told before it boots", async () => {
  const known = elf(echoGuest(), {
    symbols: [{ name: "list", value: 0x8000_0f00n, size: 8 }],
  });
  await withKernel(known, async (path) => {
    const asked = (fact: string) =>
      cowsh(["--kernel", path, "--mem", "16M", "--fact", fact, "-c", "facts --json"]);
    const { code, out, err } = await asked("free=list");
    assertEquals([code, err], [0, ""]);
    const free = JSON.parse(out).facts.find((one: { name: string }) => one.name === "free list");
    assertEquals([free.value, free.sure], ["0 frames", "given"]);
    for (
      const [fact, why] of [
        ["frees=list", /^cowsh: fact frees=list: there is no fact frees; want processes=…, .*\n$/],
        ["free=lists", /^cowsh: fact free=lists: there is no lists in the kernel; did you mean l/],
        ["kernel=0x1000", /^cowsh: fact kernel=0x1000: 0x1000 is outside of RAM, 0x80000000\.\./],
      ] as const
    ) {
      const wrong = await asked(fact);
      assertEquals([wrong.code, wrong.out], [2, ""]);
      assertMatch(wrong.err, why);
    }
  });
});

Deno.test("a kernel that panics while it boots: the shell is there to look, and the code is 3", async () => {
  await withKernel(panicking(), async (path) => {
    const r = await cowsh(["--kernel", path, "--mem", "16M", "-c", "x panicked"]);
    assertEquals(r.code, 3);
    assertMatch(r.out, /^VA .*\n0x80000f00 01 00 00 00/);
    assertEquals(
      r.err,
      `cowsh: ${path}: panicked while it booted: freewalk: leaf; it had no disk: --disk IMAGE gives it one\n`,
    );
  });
});

Deno.test("files that cannot be used are one line and exit code 5, a boot beyond --budget is 4", async () => {
  await withKernel(elf(echoGuest()), async (path) => {
    for (
      const [args, code, err] of [
        [["--kernel", "no/such"], 5, /^cowsh: no\/such: no such file\n$/],
        [["--kernel", COWSH], 5, /^cowsh: .*cowsh: not an ELF file.*\n$/],
        [
          ["--kernel", path, "--disk", COWSH],
          5,
          /^cowsh: .*cowsh: \d+ bytes are no disk: .*fs\.img\n$/,
        ],
      ] as const
    ) {
      const r = await cowsh([...args, "-c", "ps"]);
      assertEquals([r.code, r.out], [code, ""]);
      assertMatch(r.err, err);
    }
  });
  const spins = new Assembler().label("here").put("addi", { rd: 5, rs1: 5, imm: 1 });
  await withKernel(elf(spins.put("jal", { rd: 0 }, "here").bytes()), async (path) => {
    const r = await cowsh(["--kernel", path, "--budget", "1M", "-c", "print 1"]);
    assertEquals([r.code, r.out], [4, "0x1  1\n"]);
    assertMatch(r.err, /not at its prompt within the instructions of --budget\n$/);
  });
});

/** Time for a line to begin; the work that is interrupted takes many times as long. */
const BEGUN_MS = 300;
const TAKEN_BACK = "interrupted: it was taken back, nothing has changed\n";

/** What is said and the code when SIGINT comes in the middle of the line behind the one that says `mark`. */
async function interrupted(args: string[], mark: string, input?: string) {
  const run = new Launched(COWSH, { args });
  if (input !== undefined) await run.type(input);
  await run.until(mark);
  await new Promise((resolve) => setTimeout(resolve, BEGUN_MS));
  run.child.kill("SIGINT");
  const { code, err } = await run.end();
  return { code, out: run.out, err };
}

Deno.test("SIGINT in the middle of the past ends it, and all lines behind it: -c, a file, a pipe", async () => {
  await withKernel(toiling(), async (path) => {
    const own = ["--kernel", path, "--mem", "16M", "--budget", "40M"];
    const lines = ["print 1", "who wrote 0x80000f00 --phys", "print 2"];
    const file = await Deno.makeTempFile();
    await Deno.writeTextFile(file, lines.join("\n"));
    const ways: [args: string[], place: string, input?: string][] = [
      [lines.flatMap((line) => ["-c", line]), "cowsh"],
      [["--keep-going", file], `${file}:2`],
      [[], "stdin:2", `${lines.join("\n")}\n`],
    ];
    for (const [args, place, input] of ways) {
      const { code, out, err } = await interrupted([...own, ...args], "0x1  1\n", input);
      const boot = `cowsh: ${path}: not at its prompt within the instructions of --budget\n`;
      assertEquals([code, out, err], [130, "0x1  1\n", `${boot}${place}: ${TAKEN_BACK}`]);
    }
    await Deno.remove(file);
  });
});

Deno.test("SIGINT ends lines that come and do not, and many short ones", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "print 1\n".repeat(1_000_000));
  for (const args of [[], [file]]) {
    const { code, err } = await interrupted(args, "0x1  1\n", "print 1\n");
    assertEquals([code, err], [130, ""]);
  }
  await Deno.remove(file);
});

const trees = TREES;
if (trees === undefined) {
  console.log("xv6 by --kernel: skipped, XV6_TREES is not set to a folder of built trees");
} else {
  const kernel = (tree: string) => [
    "--kernel",
    `${trees}/${tree}/kernel/kernel`,
    "--disk",
    `${trees}/${tree}/fs.img`,
  ];
  const lines = "echo one two\nforktest\ncat README | grep xv6 > f\nwc f\nrm f\necho done\n";
  for (const tree of ["2020-xv6", "2022-xv6", "2025-xv6"]) {
    const name = `${tree} boots to its prompt; lines are typed at its prompts, the same each time`;
    Deno.test(name, { ignore: isMissing(tree) }, async () => {
      const args = [...kernel(tree), "-c", "ps", "-c", "console", "-c", "print $instret"];
      const first = await cowsh(args, lines);
      assertEquals([first.code, first.err], [0, ""]);
      assertMatch(
        first.out,
        /^ PID .*\n +1 +0 sleeping init .*\n +2 +1 sleeping sh .*the console\n/,
      );
      assertStringIncludes(first.out, "\necho one two\none two\n$ forktest\n");
      assertStringIncludes(first.out, "fork test OK\n$ cat README | grep xv6 > f\n$ wc f\n");
      assertMatch(first.out, /\$ rm f\n\$ echo done\ndone\n\$ \nthe guest waits for input/);
      assertEquals(await cowsh(args, lines), first);
    });
  }

  Deno.test("the image's file is never written, and boot has the disk of the prompt again", {
    ignore: isMissing("2025-xv6"),
  }, async () => {
    const disk = `${trees}/2025-xv6/fs.img`;
    const before = Deno.readFileSync(disk);
    const { out } = await cowsh(kernel("2025-xv6"), "dir\nconsole\necho x > new\ncat new\n");
    assert(!out.split("echo x")[0].includes("new"));
    assertStringIncludes(out, "$ cat new\nx\n$ ");
    assertEquals(Deno.readFileSync(disk), before);
  });

  Deno.test("SIGINT in the middle of what is done by hand takes it back", {
    ignore: isMissing("2025-xv6"),
  }, async () => {
    const args = ["spawn", "print 1", "call pause 100000"].flatMap((line) => ["-c", line]);
    const { code, err } = await interrupted([...kernel("2025-xv6"), ...args], "0x1  1\n");
    assertEquals([code, err], [130, `cowsh: ${TAKEN_BACK}`]);
  });

  Deno.test("a kernel that misses its disk panics, and the line says what helps", {
    ignore: isMissing("2025-xv6"),
  }, async () => {
    const none = await cowsh([...kernel("2025-xv6").slice(0, 2), "-c", "ps"]);
    assertEquals(none.code, 3);
    assertMatch(
      none.err,
      /panicked while it booted: .*; it had no disk: --disk IMAGE gives it one\n$/,
    );
  });
}
