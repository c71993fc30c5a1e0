/**
 * What processes read, against a flat model: every kind of page in every state, with everything that can be done to
 * it; and random lives. The campaigns `memory` and `alloc` go on from here.
 */

import fc from "fast-check";
import { stepLists } from "./play.ts";
import { during, playFrom, Plays, SETTINGS, shortWays } from "./play_settings.ts";

const plays = new Plays();

Deno.test("every kind of page in every state, and one deed", () => {
  for (const { setting, name, steps } of shortWays(1, (n) => n % 7 === 0)) {
    const { play, start } = plays.of(setting);
    during(`${setting.name}: ${name}`, () => playFrom(play, start, steps));
  }
});

Deno.test("every kind of page in every state, and some pairs of deeds", () => {
  for (const { setting, name, steps } of shortWays(2, (n) => n % 1499 === 0)) {
    const { play, start } = plays.of(setting);
    during(`${setting.name}: ${name}`, () => playFrom(play, start, steps));
  }
});

const steps = stepLists(60);

for (const setting of SETTINGS) {
  Deno.test(`random lives of processes read what the model says: ${setting.name}`, () => {
    const { play, start } = plays.of(setting);
    const numRuns = Number(Deno.env.get("COWSH_SEQUENCES") ?? (setting.options.superpages ? 3 : 8));
    fc.assert(fc.property(steps, (list) => playFrom(play, start, list)), { numRuns });
  });
}
