/**
 * Allocation failures: in random lives, each step is tried with its first allocation failing, with its second, and so
 * on; each time the audit is clean, and everybody reads what the model says.
 *
 * @module
 */

import { during, Plays } from "../vm/play_settings.ts";
import type { Campaign } from "./campaign.ts";
import { randomSetting, randomSteps } from "./memory.ts";

/** Steps of one life. */
const LENGTH = 40;

export const alloc: Campaign = {
  name: "alloc",
  about: "every allocation of random lives fails once: a clean audit, no content changed",
  unit: "allocations",
  count: 100_000,
  run({ count, random, done }) {
    const plays = new Plays();
    for (let left = count; left > 0;) {
      const setting = randomSetting(random);
      const { play, start } = plays.of(setting);
      play.restore(start);
      const steps = randomSteps(random, LENGTH);
      for (const [i, step] of steps.entries()) {
        const where = `${setting.name}: step ${i} of ${JSON.stringify(steps.slice(0, i + 1))}`;
        during(where, () => {
          const tried = play.failEach(step);
          left -= tried;
          done(tried);
        });
      }
    }
  },
};
