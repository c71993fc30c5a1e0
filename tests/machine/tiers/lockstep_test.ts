/**
 * Random guests run in both tiers in lockstep: the interpreter, and the compiler made to compile all that it can.
 */

import { assert, assertEquals } from "@std/assert";
import { type Cast, casts, cut, manyHarts, playAll, tries } from "./cast.ts";

Deno.test("property: a random guest does the same in both tiers, however it is cut", () => {
  let [instructions, ended] = [0, 0];
  playAll(casts, tries(20), ({ one, over }) => {
    instructions += one.instret;
    if (over) ended++;
  });
  // They run, and most for as long as they may.
  assert(instructions > tries(20) * 5000, `${instructions} instructions`);
  assert(ended < tries(20) * 0.8, `${ended} ended`);
});

Deno.test("property: so do several harts that run one program over the same data and code", () => {
  let [instructions, most] = [0, 0];
  playAll(manyHarts, tries(10), ({ one }) => {
    instructions += one.instret;
    most = Math.max(most, one.harts.filter(({ retired }) => retired > 500).length);
  });
  assert(instructions > tries(10) * 5000, `${instructions} instructions`);
  assertEquals(most, 3);
});

/** Long enough to be sampled: a hundred times around, in long runs. */
const long = ({ slices, program, care, ...rest }: Cast): Cast => ({
  ...rest,
  program: { ...program, rounds: 1_000_000 },
  slices: slices.map((length) => 59 * length),
  care: { ...care, second: "hot" },
});

Deno.test("property: so does one whose hot code alone is compiled, over millions of instructions", () => {
  let [instructions, inside, samples] = [0, 0, 0];
  playAll(casts.map(long), tries(6), ({ one, two }) => {
    instructions += one.instret;
    inside += two.engine.tier!.counters.inside;
    samples += two.engine.tier!.counters.samples;
  }, ({ slices }) => () => cut(slices, 2_000_000));
  assert(instructions > tries(6) * 500_000, `${instructions} instructions`);
  assert(inside > samples / 10, `${inside} of ${samples} samples in regions`);
});
