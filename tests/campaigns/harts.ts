/**
 * The litmus programs with random numbers of harts, quanta and seeds. Each says only what it may, and once
 * more, cut at random and carried between two machines while it runs, it ends in the same state.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Machine } from "../../src/vm/machine/machine.ts";
import { type Program, PROGRAMS } from "../litmus/judges.ts";
import { BUDGET, type Interleaving, loaded, toldBy } from "../litmus/lab.ts";
import type { Campaign, Random, Task } from "./campaign.ts";

/** A quantum: of a few instructions, of some hundreds, or such that harts that spin are parked. */
function quantumOf(random: Random): number {
  return random.pick([2 + random.below(40), 42 + random.below(958), 1000 + random.below(12_000)]);
}

/** The same program to its end by detours. */
function byDetours(random: Random, name: string, how: Interleaving, instret: number): Machine {
  let now = loaded(name, how);
  let other = loaded(name, { ...how, quantum: quantumOf(random), seed: random.below(2 ** 32) });
  other.run(random.below(instret));
  const most = 1 + random.below(Math.ceil(instret / 20));
  for (;;) {
    const stop = now.run(1 + random.below(random.oneIn(4) ? 3 : most));
    if (stop.kind === "finisher") return now;
    assertEquals(stop.kind, "budget");
    if (!random.oneIn(3)) continue;
    other.restore(now.save());
    [now, other] = [other, now];
  }
}

function one(random: Random, { name, most, judge }: Program): void {
  const harts = 2 + random.below(most - 1);
  const how = { harts, quantum: quantumOf(random), seed: random.below(2 ** 32) };
  try {
    const whole = loaded(name, how);
    whole.run(BUDGET);
    const wanted = whole.save();
    const told = toldBy(whole);
    assertEquals(told.code, 0, `line of ${name}.S`);
    judge(told.lines, harts, { how, told });
    assertEquals(byDetours(random, name, how, whole.instret).save(), wanted);
  } catch (error) {
    throw new Error(`${name} with ${JSON.stringify(how)}: ${(error as Error).stack}`);
  }
}

/** See the module. */
export const harts: Campaign = {
  name: "harts",
  about: "litmus programs say what they may, and end the same when carried between machines",
  unit: "programs",
  count: 2000,
  run({ count, random, done }: Task): void {
    for (let n = 0; n < count; n++) {
      one(random, random.pick(PROGRAMS));
      done(1);
    }
  },
};
