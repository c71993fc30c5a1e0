/**
 * Random guests in both tiers, while somebody sets and takes away breakpoints, watchpoints and probes, goes back and
 * forth between saved states, types, and changes registers, CSRs, memory and timers.
 */

import { assert } from "@std/assert";
import fc from "fast-check";
import { acts } from "./acts.ts";
import { casts, manyHarts, playAll, tries } from "./cast.ts";
import { meddling } from "./meddle.ts";

for (const [name, arbitrary] of Object.entries({ "one hart": casts, "several harts": manyHarts })) {
  Deno.test(`property: both tiers answer alike to whatever is done between runs: ${name}`, () => {
    let instructions = 0;
    const meddled = fc.tuple(arbitrary, acts).map(([cast, acts]) => ({ ...cast, acts }));
    playAll(
      meddled,
      tries(10),
      ({ one }) => instructions += one.instret,
      (cast, guest) => meddling(cast.acts, cast, guest),
    );
    assert(instructions > tries(10) * 2000, `${instructions} instructions`);
  });
}
