/**
 * Bugs of students, planted into a copy of a tree that solves the COW lab, each named by one
 * command with frame and line. `XV6_TREES` is a folder with built trees of xv6, one of them the
 * 2025 lab's, `2025-cow`.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { BUGS } from "./bugs.ts";
import {
  type Edit,
  edited,
  instead,
  withoutAssignment,
  withoutCall,
  withoutInstruction,
} from "./edit.ts";
import { TREES } from "../trees.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const trees = TREES;
const tree = `${trees}/2025-cow`;

/** Why the bugs are not planted; undefined: they are. */
function missing(): string | undefined {
  if (trees === undefined) return "XV6_TREES is not set to a folder of built trees";
  try {
    Deno.statSync(`${tree}/kernel/kalloc.c`);
    new Deno.Command("riscv64-unknown-elf-gcc", { args: ["--version"] }).outputSync();
    return undefined;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return "XV6_TREES has no 2025-cow, or there is no riscv64-unknown-elf-gcc";
  }
}

async function succeed(command: string, args: string[], cwd?: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, {
    args,
    stdout: "null",
    ...(cwd === undefined ? {} : { cwd }),
  }).output();
  assert(success, `${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** Does something with the kernel of a copy of the tree, with some changes, built. */
async function planted<T>(edits: readonly Edit[], body: (kernel: string) => Promise<T>) {
  const work = await Deno.makeTempDir();
  try {
    // With times kept, so that only what is changed is built.
    await succeed("cp", ["-a", `${tree}/.`, work]);
    for (const edit of edits) {
      const file = `${work}/${edit.file}`;
      await Deno.writeTextFile(file, edited(await Deno.readTextFile(file), edit));
    }
    await succeed("make", ["-s", "kernel/kernel"], work);
    return await body(`${work}/kernel/kernel`);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** What the shell says to some lines on a kernel. */
async function asked(kernel: string, harts: number, lines: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-read", "--allow-write", "--allow-env=TERM", `${ROOT}main.ts`],
      ...["--kernel", kernel, "--disk", `${tree}/fs.img`, "--harts", String(harts), "--keep-going"],
      ...lines.flatMap((line) => ["-c", line]),
    ],
    env: { NO_COLOR: "1" },
  }).output();
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  return { code, text };
}

const why = missing();
if (why !== undefined) {
  console.log(`bugs of the COW lab: skipped, ${why}`);
} else {
  for (const { name, edits, lines, says, line, harts = [1, 3] } of BUGS) {
    Deno.test(`a bug of the COW lab is named by one command: ${name}`, async () => {
      await planted(edits, async (kernel) => {
        for (const many of harts) {
          const { code, text } = await asked(kernel, many, lines);
          for (const one of says) assertMatch(text, one);
          const named = new RegExp(
            `\\b${line}\\b\\)?.*\\b\\w+\\.c:\\d+|${line} \\(\\w+\\.c:\\d+\\)`,
          );
          assertMatch(text, named);
          assert(code === 1 || code === 3, `exit code ${code}: ${text}`);
        }
      });
    });
  }

  Deno.test("counts that are never right are known by their type and use", async () => {
    const { edits } = BUGS.find(({ name }) => name === "no-incref")!;
    await planted(edits, async (kernel) => {
      const { text } = await asked(kernel, 1, ["facts"]);
      assertMatch(
        text,
        /^counts +kmem\.refcnt, int each, by \(pa - 0x80000000\) \/ 4096 +likely$/m,
      );
      assertMatch(
        text,
        /^counts: used in .* kalloc.*; one for each frame, and 1 for \d+ of \d+ pages/m,
      );
    });
  });

  Deno.test("docs/cow-lab.md shows what the shell says", async () => {
    const page = await Deno.readTextFile(`${ROOT}docs/cow-lab.md`);
    const blocks = [...page.matchAll(/^```(good|bug) ?(\S*)\n([^]*?)^```$/gm)];
    assert(blocks.length > 4);
    for (const [, kind, name, shown] of blocks) {
      const bug = kind === "good" ? undefined : BUGS.find((one) => one.name === name)!;
      const lines = [...shown.matchAll(/^> (.*)$/gm)].map(([, line]) => line);
      const said = await planted(bug?.edits ?? [], async (kernel) => {
        const { text } = await asked(kernel, bug?.harts?.[0] ?? 1, lines);
        return text;
      });
      // Another compiler lays the kernel out otherwise.
      const plain = (text: string) =>
        text.replace(/^> .*\n/gm, "").replace(/0x[0-9a-f]+|\d{2,}/g, "N").replace(/\s+/g, " ");
      assertEquals(plain(said), plain(shown), name);
    }
  });

  Deno.test("the tree without a bug is in order at each system call of the same programs", async () => {
    const programs = ["ls", "forktest", "usertests pipe1", "usertests nowrite"];
    const lines = programs.map((one) => `audit --each syscall ${one}`);
    for (const harts of [1, 3]) {
      const { code, text } = await asked(`${tree}/kernel/kernel`, harts, lines);
      assertEquals([...text.matchAll(/^clean at \d+ syscalls/gm)].length, programs.length, text);
      assertEquals(code, 0);
    }
  });
}

Deno.test("edits are told by names and tokens, and say what is missing", () => {
  const text =
    "int\nf(int a)\n{\n  g(a);\n  b[0] = 1;\n  return h(a, 0);\n}\n\nvoid\ng(int a)\n{\n}\n";
  const change = (change: (body: string) => string, inside = "f") =>
    edited(text, { file: "f.c", inside, change });
  assertEquals(change(withoutCall("g")), text.replace("  g(a);", "  ;"));
  assertEquals(change(withoutAssignment("b")), text.replace("  b[0] = 1;", "  ;"));
  assertEquals(change(instead("a", "c", 1)), text.replace("g(a)", "g(c)"));
  const asm = "f:\n  sfence.vma zero, zero\n  ret\n";
  const quiet = { file: "f.S", inside: "f", change: withoutInstruction("sfence.vma") };
  assertEquals(edited(asm, quiet), "f:\n\n  ret\n");
  for (
    const [inside, call, message] of [
      ["k", "g", "f.c: no function k"],
      ["f", "k", "f.c: nothing changed in f"],
    ] as const
  ) {
    let said = "";
    try {
      change(withoutCall(call), inside);
    } catch (error) {
      said = (error as Error).message;
    }
    assertEquals(said, message);
  }
});
