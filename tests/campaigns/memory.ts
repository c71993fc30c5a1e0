/**
 * What processes read against a flat model (tests/vm/model.ts): every kind of page in every state with every two deeds,
 * then random lives, with an audit after each step.
 *
 * @module
 */

import { OPERATIONS, type Step } from "../vm/play.ts";
import { during, playFrom, Plays, SETTINGS, shortWays } from "../vm/play_settings.ts";
import type { Campaign, Random } from "./campaign.ts";

/** Steps of one life, and about as many of a short way. */
const LENGTH = 100, WAY = 5;

/** Some random steps. */
export function randomSteps(random: Random, length: number): Step[] {
  return Array.from({ length }, () => ({
    op: random.pick(OPERATIONS),
    who: random.below(10),
    a: random.below(1_000_000),
    b: random.below(1_000_000),
  }));
}

/** One of the settings; those with 2 MiB pages, which are slow, come less often. */
export function randomSetting(random: Random) {
  const setting = random.pick(SETTINGS);
  return setting.options.superpages && !random.oneIn(8) ? SETTINGS[0] : setting;
}

export const memory: Campaign = {
  name: "memory",
  about: "what processes read, in all states of pages, against a flat model",
  unit: "operations",
  count: 1_000_000,
  run({ count, random, done }) {
    const plays = new Plays();
    let left = count;
    const play = (setting: typeof SETTINGS[number], name: string, steps: readonly Step[]) => {
      const { play, start } = plays.of(setting);
      during(`${setting.name}: ${name}`, () => playFrom(play, start, steps));
      left -= steps.length;
      done(steps.length);
    };
    // Half of the count goes to short ways, evenly over all of them.
    let ways = 0;
    for (const _ of shortWays(2, () => ways++ < 0));
    const every = Math.ceil(ways * WAY / (count / 2));
    const first = random.below(every);
    for (const { setting, name, steps } of shortWays(2, (n) => n % every === first)) {
      play(setting, name, steps);
    }
    while (left > 0) play(randomSetting(random), "random", randomSteps(random, LENGTH));
  },
};
