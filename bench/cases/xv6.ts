/**
 * Real `usertests -q` of a public xv6 tree: its programs from its disk on the built-in kernel, and
 * the same on its own kernel on QEMU. `XV6_TREES` names a folder of built trees (NAME/fs.img,
 * NAME/kernel/kernel) or one such tree; of several, the newest plain ones are taken (NAME-xv6).
 *
 * @module
 */

import { QEMU, qemuVersion } from "../qemu.ts";
import { onTree } from "../qemu_xv6.ts";
import { plainTrees } from "../trees.ts";
import { type Cell, seconds, table, times } from "../report.ts";
import { bootedVm } from "../vm.ts";

/** What is run. */
export const COMMAND = ["usertests", "-q"] as const;
/** What it says at the end when all is well. */
export const PASSED = "ALL TESTS PASSED";
/** What it, or its kernel, says at the end. */
export const USERTESTS_END = /ALL TESTS PASSED|FAILED|panic/;
/** Most trees measured: QEMU takes a minute each. */
const MOST_TREES = 2;
const SLICE = 5_000_000;

/** How the program went on the built-in kernel. */
export interface CowshRun {
  readonly verdict: "passed" | "failed";
  readonly seconds: number;
  readonly instructions: number;
  readonly lostFrames: number;
  /** What the audit found at the end. */
  readonly findings: number;
  /** Resident memory after each slice, in bytes. */
  readonly memory: readonly number[];
}

/** Prints the table. */
export async function xv6(): Promise<void> {
  const folder = Deno.env.get("XV6_TREES");
  if (folder === undefined) {
    console.log("\nxv6: skipped, XV6_TREES is not set");
    return;
  }
  const qemu = await qemuVersion();
  const rows: Cell[][] = [];
  for (const tree of plainTrees(folder).slice(0, MOST_TREES)) {
    const ours = onCowsh(`${tree}/fs.img`);
    const row: Cell[] = [
      tree.split("/").at(-1)!,
      ours.verdict,
      seconds(ours.seconds),
      `${(ours.instructions / 1e6).toFixed(0)} M`,
      ours.lostFrames,
      ours.findings,
      megabytes(ours.memory),
    ];
    if (qemu !== undefined) {
      const theirs = await onTree(QEMU, tree, COMMAND.join(" "), USERTESTS_END);
      row.push(
        theirs.text.includes(PASSED) ? "passed" : "failed",
        seconds(theirs.seconds),
        times(theirs.seconds / ours.seconds),
      );
    }
    rows.push(row);
  }
  const columns = ["TREE", "COWSH", "TIME", "INSTRUCTIONS", "LOST", "AUDIT", "RSS-MB"];
  if (qemu !== undefined) columns.push("QEMU", "QEMU-TIME", "FASTER");
  table(`real xv6: ${COMMAND.join(" ")} on the built-in kernel`, columns, rows);
  console.log("  LOST: frames; RSS-MB: resident memory at a tenth of the run, half, and the end");
}

/** The disk's `usertests -q` on the built-in kernel: how it ended, and what it took. */
export function onCowsh(image: string): CowshRun {
  const fs = Deno.readFileSync(image);
  const start = performance.now();
  const vm = bootedVm("cow", "128M", { fs });
  const { free } = vm.free();
  const run = vm.start(COMMAND[0], COMMAND.slice(1));
  const memory: number[] = [];
  while (!run.slice(SLICE)) memory.push(Deno.memoryUsage().rss);
  const end = performance.now();
  const report = run.report();
  return {
    verdict: report.status === 0 && report.console.includes(PASSED) ? "passed" : "failed",
    seconds: (end - start) / 1000,
    instructions: report.instructions,
    lostFrames: free - vm.free().free,
    findings: vm.audit().length,
    memory,
  };
}

/** Resident memory at three points of a run. */
function megabytes(samples: readonly number[]): string {
  if (samples.length === 0) return "-";
  const at = (part: number) => samples[Math.min(samples.length - 1, samples.length * part | 0)]!;
  return [0.1, 0.5, 1].map((part) => (at(part) / 2 ** 20).toFixed(0)).join("/");
}
