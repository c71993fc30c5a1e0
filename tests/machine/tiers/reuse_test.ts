/**
 * Many random guests on the same two machines, one after the other and over again, by saved states: what was translated
 * of one is no code of the next.
 */

import { assert } from "@std/assert";
import fc from "fast-check";
import type { MachineState } from "../../../src/vm/machine/machine.ts";
import { type Cast, casts, cut, makerOf, manyHarts, tries } from "./cast.ts";
import { guestOf } from "./guest.ts";
import { Lockstep } from "./lockstep.ts";

/** States of guests at their first instruction, from machines of their own. */
function statesOf(guests: readonly Cast[]): MachineState[] {
  return guests.flatMap((cast) => {
    try {
      return [makerOf(cast, guestOf(cast.program, cast.world))("never").save()];
    } catch (error) {
      if (error instanceof RangeError) return []; // too long
      throw error;
    }
  });
}

for (
  const [name, arbitrary, seed] of [["one hart", casts, 3], [
    "several harts",
    manyHarts,
    4,
  ]] as const
) {
  Deno.test(`both tiers go from guest to guest, and back: ${name}`, () => {
    const options = { harts: name === "one hart" ? 1 : 2, quantum: 700, seed: 5 };
    const guests = fc.sample(arbitrary, { seed, numRuns: tries(8) })
      .map((cast) => ({ ...cast, options: { ...options, countHits: true } }));
    const states = statesOf(guests);
    const first = guests[0]!;
    const pair = new Lockstep(makerOf(first, guestOf(first.program, first.world)), {
      whole: 16,
      saved: 0,
    });
    for (let round = 0; round < 3; round++) {
      for (const [i, state] of states.entries()) {
        pair.step({ name: `guest ${i}`, do: (machine) => machine.restore(state) });
        pair.over = false;
        let runs = 0;
        for (const length of cut(guests[i]!.slices)) {
          pair.step(length);
          if (pair.over || ++runs > 120) break;
        }
        // In the middle, next time.
        if (round < 2) states[i] = pair.one.save();
        pair.end();
      }
    }
    assert(pair.two.engine.tier!.counters.translated > states.length);
  });
}
