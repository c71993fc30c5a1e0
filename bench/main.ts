/**
 * The bench: what the machine and the kernel cost, in one run, beside QEMU where it is installed.
 *
 *     deno task bench                    all of engine, cowtest, fork, kernel, points,
 *                                        snapshots, start
 *     deno task bench -- engine fork     some of them
 *     deno task bench -- back            a real xv6 recorded, and gone back in; needs XV6_TREES
 *     deno task bench -- events          its events recorded, and not; needs XV6_TREES
 *     deno task bench -- boot            real xv6 to its prompt beside QEMU; needs XV6_TREES
 *     deno task bench -- xv6             real usertests beside QEMU; needs XV6_TREES
 *
 * Times are wall-clock, the best of several tries; figures move with the machine, ratios hardly.
 *
 * @module
 */

import { back } from "./cases/back.ts";
import { boot } from "./cases/boot.ts";
import { cowtest } from "./cases/cowtest.ts";
import { engine } from "./cases/engine.ts";
import { events } from "./cases/events.ts";
import { fork } from "./cases/fork.ts";
import { kernel } from "./cases/kernel.ts";
import { points } from "./cases/points.ts";
import { snapshots } from "./cases/snapshots.ts";
import { start } from "./cases/start.ts";
import { xv6 } from "./cases/xv6.ts";

const CASES: Record<string, () => Promise<void>> = {
  engine,
  cowtest,
  fork,
  kernel,
  points,
  snapshots,
  start,
  back,
  events,
  boot,
  xv6,
};
const BY_DEFAULT = ["engine", "cowtest", "fork", "kernel", "points", "snapshots", "start"];

const wanted = Deno.args.filter((arg) => arg !== "--");
const unknown = wanted.find((name) => !(name in CASES));
if (unknown !== undefined) {
  console.error(`no case "${unknown}": there are ${Object.keys(CASES).join(", ")}`);
  Deno.exit(2);
}
console.log(`deno ${Deno.version.deno}, v8 ${Deno.version.v8}, ${Deno.build.arch}`);
for (const name of wanted.length > 0 ? wanted : BY_DEFAULT) await CASES[name]!();
