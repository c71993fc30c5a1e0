/**
 * `deno task campaign code`: code written while it runs, in every way that RAM changes, against a machine that decodes
 * each instruction afresh. See tests/machine/code_lab.ts.
 *
 * @module
 */

import fc from "fast-check";
import { CodeTwins } from "../machine/code_lab.ts";
import { type CodeStep, sequence } from "../machine/code_steps.ts";
import type { Campaign } from "./campaign.ts";

/** Sequences that one seed of fast-check gives; a failing one is shrunk and printed with it. */
const BATCH = 100;

/** The campaign. */
export const code: Campaign = {
  name: "code",
  about: "code that is written while it runs, against a machine that decodes afresh",
  unit: "operations",
  count: 1_000_000,
  run(task) {
    const twins = [new CodeTwins(false), new CodeTwins(true)];
    const play = (which: number, steps: readonly CodeStep[]) => {
      twins[which]!.play(steps);
      left -= steps.length;
      task.done(steps.length);
    };
    let left = task.count;
    while (left > 0) {
      const property = fc.property(fc.nat(1), sequence(60), play);
      fc.assert(property, { seed: task.random.below(2 ** 31), numRuns: BATCH });
    }
  },
};
