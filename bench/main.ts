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
 *     deno task bench -- qemu            one table of all that QEMU can do, too; --runs N,
 *                                        --only ROW,ROW…; with XV6_TREES also of real xv6
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
import { qemu } from "./cases/qemu.ts";
import { snapshots } from "./cases/snapshots.ts";
import { start } from "./cases/start.ts";
import { xv6 } from "./cases/xv6.ts";
import { OptionError } from "./options.ts";

/** Each case, which gets the options behind its name. */
const CASES: Record<string, (options: readonly string[]) => Promise<void>> = {
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
  qemu,
};
/** Those that take options: `--NAME VALUE`. */
const WITH_OPTIONS = ["qemu"];
const BY_DEFAULT = ["engine", "cowtest", "fork", "kernel", "points", "snapshots", "start"];

/** Says what is wrong, and ends. */
function refuse(problem: string): never {
  console.error(problem);
  Deno.exit(2);
}

const wanted: { name: string; options: string[] }[] = [];
const args = Deno.args.filter((arg) => arg !== "--");
while (args.length > 0) {
  const name = args.shift()!;
  if (!(name in CASES)) refuse(`no case "${name}": there are ${Object.keys(CASES).join(", ")}`);
  const options: string[] = [];
  while (args[0]?.startsWith("--")) options.push(...args.splice(0, 2));
  if (options.length > 0 && !WITH_OPTIONS.includes(name)) {
    refuse(`${name} takes no options: ${options.join(" ")}`);
  }
  wanted.push({ name, options });
}
if (wanted.length === 0) wanted.push(...BY_DEFAULT.map((name) => ({ name, options: [] })));
console.log(`deno ${Deno.version.deno}, v8 ${Deno.version.v8}, ${Deno.build.arch}`);
for (const { name, options } of wanted) {
  try {
    await CASES[name]!(options);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    refuse(error.message);
  }
}
