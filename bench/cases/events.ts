/**
 * A real xv6 at work, with nobody listening and with its events recorded: what listening costs, how
 * many events that is, and the time to hear what nobody listened to. `XV6_TREES` names a folder of
 * built trees (NAME-xv6/kernel/kernel, NAME-xv6/fs.img) or one such tree; the newest one is taken.
 *
 * @module
 */

import { vmOver } from "../../src/vm/guest_computer.ts";
import { type Cell, processorTime, seconds, table } from "../report.ts";
import { booted, plainTrees, work } from "../trees.ts";

const HARTS = [1, 3];
/** What it does, and for how many instructions. */
const WORK: readonly (readonly [command: string, instructions: number])[] = [
  ["forktest", 20_000_000],
  ["usertests -q", 1_000_000_000],
];
/** Runs of each kind, by turns, the shortest of which counts. */
const TRIES = 3;

/** Prints the tables. */
export function events(): Promise<void> {
  const folder = Deno.env.get("XV6_TREES");
  if (folder === undefined) {
    console.log("\nevents: skipped, XV6_TREES is not set");
    return Promise.resolve();
  }
  const tree = plainTrees(folder)[0]!;
  const rows: Cell[][] = [], past: Cell[][] = [];
  for (const [command, instructions] of WORK) {
    for (const harts of HARTS) {
      let quiet = Infinity, heard = Infinity, told = 0, later = Infinity;
      for (let i = 0; i < TRIES; i++) {
        const plain = booted(tree, harts);
        plain.record();
        quiet = Math.min(quiet, processorTime(() => work(plain, command, instructions)));
        later = Math.min(later, processorTime(() => void vmOver(plain).events()));
        const guest = booted(tree, harts), vm = vmOver(guest);
        guest.record();
        vm.listen();
        heard = Math.min(heard, processorTime(() => work(guest, command, instructions)));
        told = vm.listening!.events;
      }
      const percent = `${(100 * (heard / quiet - 1)).toFixed(1)}%`;
      rows.push([
        command,
        harts,
        instructions / 1e6,
        seconds(quiet),
        seconds(heard),
        percent,
        told,
      ]);
      past.push([command, harts, seconds(later)]);
    }
  }
  const columns = ["WORK", "HARTS", "MILLIONS", "NOBODY LISTENS", "EVENTS", "COST", "HOW MANY"];
  table("events of a guest's kernel, in processor time, recorded both times", columns, rows);
  table("the last 20 million instructions and more, listened to afterwards", [
    "WORK",
    "HARTS",
    "TAKES",
  ], past);
  return Promise.resolve();
}
