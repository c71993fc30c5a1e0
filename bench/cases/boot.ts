/**
 * From the start of the process to the shell's prompt: the launcher that stands in QEMU's place, on
 * public xv6 kernels with 1 and with 3 harts, beside QEMU. `XV6_TREES` names a folder of built trees
 * (NAME-xv6/kernel/kernel, NAME-xv6/fs.img) or one such tree.
 *
 * @module
 */

import { QEMU, qemuVersion } from "../qemu.ts";
import { OURS, promptSeconds } from "../qemu_xv6.ts";
import { type Cell, seconds, table, times } from "../report.ts";
import { plainTrees } from "../trees.ts";

const HARTS = [1, 3];
/** Tries of each, by turns, the shortest of which counts. */
const TRIES = 3;

/** Prints the table. */
export async function boot(): Promise<void> {
  const folder = Deno.env.get("XV6_TREES");
  if (folder === undefined) {
    console.log("\nboot: skipped, XV6_TREES is not set");
    return;
  }
  const qemu = await qemuVersion() === undefined ? [] : [QEMU];
  const rows: Cell[][] = [];
  for (const tree of plainTrees(folder)) {
    const row: Cell[] = [tree.split("/").at(-1)!];
    const ours: number[] = [];
    for (const harts of HARTS) {
      const [us, them] = await shortest([OURS, ...qemu], tree, harts);
      ours.push(us!);
      row.push(seconds(us!));
      if (them !== undefined) row.push(seconds(them), times(them / us!));
    }
    rows.push([...row, times(ours[1]! / ours[0]!)]);
  }
  const ofHarts = (
    n: number,
  ) => [`${n}-HART${n > 1 ? "S" : ""}`, ...qemu.flatMap(() => ["QEMU", "FASTER"])];
  table("real xv6: to the prompt", ["TREE", ...HARTS.flatMap(ofHarts), "3-TO-1"], rows);
}

/** For each emulator the shortest of several tries, which are made by turns. */
async function shortest(emulators: string[], tree: string, harts: number): Promise<number[]> {
  const least = emulators.map(() => Infinity);
  for (let i = 0; i < TRIES; i++) {
    for (const [n, emulator] of emulators.entries()) {
      least[n] = Math.min(least[n]!, await promptSeconds(emulator, tree, harts));
    }
  }
  return least;
}
