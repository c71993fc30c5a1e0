/**
 * `deno task campaign tiers`: random guests in both tiers in lockstep, plain and while somebody meddles with them. See
 * tests/machine/tiers.
 *
 * @module
 */

import fc from "fast-check";
import { acts } from "../machine/tiers/acts.ts";
import { casts, manyHarts, playAll } from "../machine/tiers/cast.ts";
import { meddling } from "../machine/tiers/meddle.ts";
import type { Campaign } from "./campaign.ts";

/** Guests that one seed of fast-check gives; a failing one is made smaller and printed. */
const BATCH = 20;

/** The campaign. */
export const tiers: Campaign = {
  name: "tiers",
  about: "random guests, interpreted and compiled, in lockstep",
  unit: "instructions",
  count: 10_000_000,
  run({ count, random, done }) {
    let left = count;
    const counted = ({ one: { instret } }: { one: { readonly instret: number } }) => {
      left -= instret;
      done(instret);
    };
    for (const arbitrary = [casts, manyHarts]; left > 0;) {
      const guests = random.pick(arbitrary), seed = random.below(2 ** 31);
      if (random.oneIn(2)) playAll(guests, BATCH, counted, undefined, seed);
      else {
        const meddled = fc.tuple(guests, acts).map(([cast, acts]) => ({ ...cast, acts }));
        playAll(meddled, BATCH, counted, (cast, guest) => meddling(cast.acts, cast, guest), seed);
      }
    }
  },
};
