/**
 * The table of all that we do and QEMU does, too, in one run, by turns: bare-metal loops; a real xv6
 * to its prompt, the COW lab's `cowtest` and `usertests -q` on their own kernel with one hart, ours
 * by the launcher that stands in QEMU's place; and `usertests -q` on the built-in kernel beside the
 * same on xv6 under QEMU.
 *
 *     deno task bench -- qemu [--runs N] [--only NAME,NAME…]
 *
 * `XV6_TREES` names a folder of built trees, NAME-xv6 and NAME-cow, of which the newest are taken, or
 * one such tree.
 *
 * @module
 */

import { COLUMNS, compete, type Contest, NotPassed, ratio, row, type Samples } from "../contest.ts";
import { loopFile, LOOPS } from "../loops.ts";
import { parseOptions } from "../options.ts";
import { QEMU, qemuSeconds, qemuVersion, startSeconds } from "../qemu.ts";
import { onTree, OURS, promptSeconds } from "../qemu_xv6.ts";
import { geometricMean, seconds, table, times } from "../report.ts";
import { cowTrees, treesNamed } from "../trees.ts";
import { COMMAND, onCowsh, PASSED, USERTESTS_END } from "./xv6.ts";

const BARE = new URL("../bare.ts", import.meta.url).pathname;
/** What a run of a loop takes at least, whatever its start seems to have taken. */
const LEAST = 1e-3;
/** Runs of each unless asked otherwise; QEMU takes a minute for `usertests`. */
const RUNS = 3, USERTESTS_RUNS = 1;
const COWTEST_PASSED = "ALL COW TESTS PASSED";
const COWTEST_END = /ALL COW TESTS PASSED|fail|error|wrong|panic|\$ $/;
/** Rows that need xv6 trees. */
const OF_TREES = ["boot", "cowtest", "usertests-guest", "usertests-builtin"];

/** Prints the table. Throws an OptionError for options that it does not have. */
export async function qemu(args: readonly string[]): Promise<void> {
  const { runs, only } = parseOptions(args, [...LOOPS, ...OF_TREES]);
  const version = await qemuVersion();
  if (version === undefined) return console.log(`\nqemu: skipped, no ${QEMU} in PATH`);
  const starts = { ours: await startSeconds(bareSeconds), qemu: await startSeconds(qemuSeconds) };
  const notes: string[] = [];
  const contests = [...LOOPS.map((name) => loop(name, starts)), ...ofTrees(notes)];
  const samples: Samples[] = [];
  for (const contest of contests) {
    const ours = contest.ours.filter(({ name }) => only?.includes(name) ?? true);
    if (ours.length === 0) continue;
    try {
      samples.push(...await compete({ ...contest, ours }, runs ?? contest.runs, console.error));
    } catch (error) {
      if (!(error instanceof NotPassed)) throw error;
      notes.push(error.message);
      Deno.exitCode = 1;
    }
  }
  table("ours beside QEMU", COLUMNS, samples.map(row));
  console.log("  FASTER: QEMU's median to ours; above 1 we are the faster ones");
  console.log(`  ${version}`);
  console.log(
    `  taken off the loops, for a program that only exits: ours ${seconds(starts.ours)}, ` +
      `QEMU's ${seconds(starts.qemu)}`,
  );
  const ratios = samples.filter(({ name }) => LOOPS.includes(name)).map(ratio);
  if (ratios.length > 0) {
    console.log(
      `  geometric mean of ${ratios.length} bare-metal loops: ${times(geometricMean(ratios))}`,
    );
  }
  for (const note of notes) console.log(`  ${note}`);
}

/** Seconds of a bare-metal program on our machine, in a process of its own. */
async function bareSeconds(file: string): Promise<number> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-read", BARE, file],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return Number(new TextDecoder().decode(stdout));
}

/** A bare-metal program; on both sides less what one takes that only exits. */
function loop(name: string, starts: { ours: number; qemu: number }): Contest {
  const file = loopFile(name);
  const run = async () => Math.max(LEAST, await bareSeconds(file) - starts.ours);
  const qemu = async () => Math.max(LEAST, await qemuSeconds(file) - starts.qemu);
  return { ours: [{ name, run }], qemu, runs: RUNS };
}

/** What real xv6 does; where there is no tree for it, a note says so. */
function ofTrees(notes: string[]): Contest[] {
  const folder = Deno.env.get("XV6_TREES");
  if (folder === undefined) {
    notes.push(`${OF_TREES.join(", ")}: skipped, XV6_TREES is not set`);
    return [];
  }
  const [plain] = treesNamed(folder, /-xv6$/);
  const [cow] = cowTrees(folder);
  if (plain === undefined) notes.push(`boot, usertests: skipped, no NAME-xv6 in ${folder}`);
  if (cow === undefined) notes.push(`cowtest: skipped, no NAME-cow in ${folder}`);
  notes.push(
    [plain && `boot and usertests: ${leaf(plain)}`, cow && `cowtest: ${leaf(cow)}`]
      .filter((note) => note !== undefined).join("; "),
  );
  return [
    ...plain === undefined ? [] : [boot(plain)],
    ...cow === undefined ? [] : [cowtest(cow)],
    ...plain === undefined ? [] : [usertests(plain)],
  ];
}

function boot(tree: string): Contest {
  const run = () => promptSeconds(OURS, tree, 1);
  return { ours: [{ name: "boot", run }], qemu: () => promptSeconds(QEMU, tree, 1), runs: RUNS };
}

function cowtest(tree: string): Contest {
  const on = (emulator: string) => passing(emulator, tree, "cowtest", COWTEST_END, COWTEST_PASSED);
  return { ours: [{ name: "cowtest", run: () => on(OURS) }], qemu: () => on(QEMU), runs: RUNS };
}

function usertests(tree: string): Contest {
  const command = COMMAND.join(" ");
  const on = (emulator: string) => passing(emulator, tree, command, USERTESTS_END, PASSED);
  const builtin = () => {
    const { verdict, seconds } = onCowsh(`${tree}/fs.img`);
    if (verdict === "passed") return Promise.resolve(seconds);
    return Promise.reject(
      new NotPassed(`${command} of ${leaf(tree)} fails on the built-in kernel`),
    );
  };
  const ours = [
    { name: "usertests-guest", run: () => on(OURS) },
    { name: "usertests-builtin", run: builtin },
  ];
  return { ours, qemu: () => on(QEMU), runs: USERTESTS_RUNS };
}

/** Seconds of a command in a tree's shell. Throws {@link NotPassed} unless it says what it should. */
async function passing(
  emulator: string,
  tree: string,
  command: string,
  end: RegExp,
  passed: string,
): Promise<number> {
  const { seconds, text } = await onTree(emulator, tree, command, end);
  if (text.includes(passed)) return seconds;
  const last = text.trimEnd().split("\n").at(-1)!.trim();
  throw new NotPassed(`${command} of ${leaf(tree)} fails on ${emulator}: ${last}`);
}

function leaf(path: string): string {
  return path.replace(/\/+$/, "").split("/").at(-1)!;
}
