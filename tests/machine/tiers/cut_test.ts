/**
 * How runs are cut makes no difference: a guest that is interpreted in one go, and compiled and run in pieces.
 */

import type { Machine, Stop } from "../../../src/vm/machine/machine.ts";
import { casts, cut, manyHarts, playAll, type ScriptOf, tries } from "./cast.ts";
import type { Cast } from "./cast.ts";
import type { Step } from "./lockstep.ts";

/** Pieces that are looked at together. */
const PIECES = 100;

/** Runs as many instructions as some pieces have together: the interpreter at once. */
const together = (pieces: readonly number[]): Step => ({
  name: `runs of ${pieces}`,
  do: (machine: Machine) => {
    const end = pieces.reduce((sum, piece) => sum + piece, machine.instret);
    if (machine.compile === "never") return machine.run(end - machine.instret);
    let stop: Stop = { kind: "budget" };
    for (const piece of pieces) {
      stop = machine.run(piece);
      if (stop.kind !== "budget") break;
    }
    return stop;
  },
});

const inPieces: ScriptOf<Cast> = ({ slices }) =>
  function* () {
    const all = [...cut(slices)];
    for (let i = 0; i < all.length; i += PIECES) yield together(all.slice(i, i + PIECES));
  };

for (const [name, arbitrary] of Object.entries({ "one hart": casts, "several harts": manyHarts })) {
  Deno.test(`property: in one go or in pieces, a random guest does the same: ${name}`, () => {
    playAll(arbitrary, tries(8), () => {}, inPieces);
  });
}
