/**
 * A real xv6 at work, recorded and not: what recording costs, the room that the kept states take,
 * and the time to go back. `XV6_TREES` names a folder of built trees (NAME-xv6/kernel/kernel,
 * NAME-xv6/fs.img) or one such tree; the newest one is taken.
 *
 * @module
 */

import type { Guest } from "../../src/vm/guest.ts";
import { guestPartsOf } from "../../src/vm/parts.ts";
import { type Cell, processorTime, seconds, table } from "../report.ts";
import { booted, plainTrees, work } from "../trees.ts";

const HARTS = [1, 3];
/** What it does, and for how many instructions. */
const COMMAND = "usertests -q";
const WORK = 2_000_000_000;
/** Runs of each kind, by turns, the shortest of which counts. */
const TRIES = 3;
/** Random moments that are gone to. */
const MOMENTS = 40;

/** Prints the tables. */
export function back(): Promise<void> {
  const folder = Deno.env.get("XV6_TREES");
  if (folder === undefined) {
    console.log("\nback: skipped, XV6_TREES is not set");
    return Promise.resolve();
  }
  const tree = plainTrees(folder)[0]!;
  const costs: Cell[][] = [], ways: Cell[][] = [];
  for (const harts of HARTS) {
    let plain = Infinity, recorded = Infinity;
    let guest = booted(tree, harts);
    for (let i = 0; i < TRIES; i++) {
      guest = booted(tree, harts);
      plain = Math.min(plain, processorTime(() => work(guest, COMMAND, WORK)));
      guest = booted(tree, harts);
      guest.record();
      recorded = Math.min(recorded, processorTime(() => work(guest, COMMAND, WORK)));
    }
    const { states, bytes } = guestPartsOf(guest).history.size;
    const percent = `${(100 * (recorded / plain - 1)).toFixed(1)}%`;
    const room = `${(bytes / 2 ** 20).toFixed(0)} MiB`;
    costs.push([harts, seconds(plain), seconds(recorded), percent, states, room]);
    ways.push([harts, ...waysOf(guest)]);
  }
  const title = `${COMMAND}, ${WORK / 1e6} million instructions, in processor time`;
  table(title, ["HARTS", "PLAIN", "RECORDED", "COST", "STATES", "ROOM"], costs);
  const columns = ["HARTS", "GOTO, MEAN", "WORST", "THEN ONE BACK", "REVERSE-CONTINUE"];
  table("back in it: to random moments, and to the last timer tick", columns, ways);
  return Promise.resolve();
}

/** Goes to random moments, an instruction before each, and to the store to `ticks` before. */
function waysOf(guest: Guest): Cell[] {
  const { debug } = guest;
  const [from, to] = guest.recorded!;
  const ticks = guestPartsOf(guest).elf.symbol("ticks");
  let all = 0, worst = 0, one = 0, reverse = 0, random = 1;
  for (let i = 0; i < MOMENTS; i++) {
    random = (Math.imul(random, 1103515245) + 12345) >>> 0;
    const moment = Math.floor(from + 1 + (to - from - 1) * (random / 2 ** 32));
    const there = timed(() => guest.goto(moment));
    all += there;
    worst = Math.max(worst, there);
    one += timed(() => guest.back(1));
    if (ticks === undefined) continue;
    const watch = { space: "va", length: 4, read: false, write: true } as const;
    const set = { ...watch, start: Number(ticks.value) };
    debug.watch(set);
    reverse += timed(() => {
      while (debug.reverseRun(1_000_000) === undefined);
    });
    debug.unwatch(set);
  }
  return [all / MOMENTS, worst, one / MOMENTS, reverse / MOMENTS].map(seconds);
}

function timed(body: () => void): number {
  const start = performance.now();
  body();
  return (performance.now() - start) / 1000;
}
