/**
 * Grades xv6 lab trees with QEMU and with cowsh in its place, and prints both side by side.
 *
 *     XV6_LABS=DIR deno task grades                      every tree in DIR
 *     XV6_LABS=DIR deno task grades 2025-cow mmap        those with one of these in their name
 *     XV6_LABS=DIR deno task grades --only qemu|cowsh    one emulator
 *     XV6_LABS=DIR deno task grades --again              also what is known already
 *     XV6_LABS=DIR deno task grades --table              only print what is known
 *
 * DIR has a built tree in each of its folders (NAME/conf/lab.mk, NAME/grade-lab-LAB). What came
 * out is kept in DIR/grades.json, since QEMU takes minutes for each; cowsh is graded anew each time.
 * The labs ask for a free port (uid % 5000 + 25000), so one run at a time.
 *
 * Exit code 0: both gave the same verdicts; 1: they did not; 2: usage; 5: QEMU is missing.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { BIN, type Grade, gradeTree, installedQemu, putQemu, treesIn } from "./grade.ts";
import { differences, type Grades, known, remember } from "./known.ts";

async function main(words: readonly string[]): Promise<number> {
  const unknown: string[] = [];
  const flags = parseArgs([...words], {
    string: ["only"],
    boolean: ["again", "table"],
    unknown: (arg) => !arg.startsWith("-") || arg === "--" || unknown.push(arg) === 0,
  });
  const only = flags.only;
  if (unknown.length > 0 || (only !== undefined && only !== "qemu" && only !== "cowsh")) {
    const what = unknown[0] ?? `--only ${only}`;
    console.error(`${what}: there are --only qemu, --only cowsh, --again and --table`);
    return 2;
  }
  const folder = Deno.env.get("XV6_LABS");
  if (folder === undefined) {
    console.error("XV6_LABS must name a folder of built xv6 lab trees");
    return 2;
  }
  const wanted = flags._.map(String).filter((word) => word !== "--");
  const trees = treesIn(folder).filter((name) =>
    wanted.length === 0 || wanted.some((word) => name.includes(word))
  );
  if (trees.length === 0) {
    console.error(
      `${folder}: no tree with ${wanted.map((w) => `"${w}"`).join(" or ")} in its name`,
    );
    return 2;
  }
  if (!flags.table) {
    if (only !== "cowsh" && installedQemu() === undefined) {
      console.error("qemu-system-riscv64 is not in PATH; --only cowsh goes without");
      return 5;
    }
    for (const name of trees) {
      const missing = known(folder)[name]?.qemu === undefined;
      if (only !== "cowsh" && (missing || flags.again)) await qemu(folder, name);
      if (only !== "qemu") await cowsh(folder, name);
    }
  }
  return print(known(folder), trees);
}

async function qemu(folder: string, name: string): Promise<void> {
  const bin = await Deno.makeTempDir();
  try {
    await putQemu(`${folder}/${name}`, bin);
    await one(folder, name, "qemu", bin);
  } finally {
    await Deno.remove(bin, { recursive: true });
  }
}

const cowsh = (folder: string, name: string) => one(folder, name, "cowsh", BIN);

async function one(folder: string, name: string, who: "qemu" | "cowsh", bin: string) {
  const grade = await gradeTree(`${folder}/${name}`, bin);
  console.error(`${name} ${who}: ${score(grade)}, ${grade.seconds.toFixed(1)} s`);
  if (grade.instead !== undefined) console.error(grade.instead);
  remember(folder, name, who, grade);
}

function score(grade: Grade | undefined): string {
  if (grade === undefined) return "-";
  return grade.points === undefined ? "no score" : `${grade.points}/${grade.possible}`;
}

/** Prints the table in Markdown; the exit code. */
function print(all: Grades, trees: readonly string[]): number {
  let code = 0;
  console.log("| tree | QEMU | cowsh | QEMU, s | cowsh, s | faster |");
  console.log("| --- | --- | --- | ---: | ---: | ---: |");
  for (const name of trees) {
    const { qemu, cowsh } = all[name] ?? {};
    const time = (grade?: Grade) => grade?.seconds.toFixed(1) ?? "-";
    const both = qemu !== undefined && cowsh !== undefined;
    const faster = both ? (qemu.seconds / cowsh.seconds).toFixed(1) : "-";
    const cells = [name, score(qemu), score(cowsh), time(qemu), time(cowsh), faster];
    console.log(`| ${cells.join(" | ")} |`);
    if (!both) continue;
    for (const line of differences(qemu, cowsh)) {
      console.error(`${name}: ${line}`);
      code = 1;
    }
  }
  return code;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
