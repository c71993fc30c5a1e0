/** In which order harts see each other's accesses: all that may come does come, see shapes.ts. */
import { assert, assertEquals } from "@std/assert";
import { type Interleaving, QUANTA, run } from "./lab.ts";
import { histogramsOf, SHAPES } from "./shapes.ts";

function checked(how: Interleaving): Map<string, Map<string, number>> {
  const { code, lines } = run("order", how);
  assertEquals(code, 0);
  return histogramsOf(lines, how.harts);
}

/** Most seeds that the search for rare outcomes may take. */
const SEEDS = 40;

Deno.test("litmus: every outcome that is not forbidden comes for some seed", () => {
  const missing = new Set(
    Object.entries(SHAPES).flatMap(([name, { sc }]) => sc.map((what) => `${name} ${what}`)),
  );
  const note = (how: Interleaving) => {
    for (const [name, counts] of checked(how)) {
      for (const what of counts.keys()) missing.delete(`${name} ${what}`);
    }
  };
  for (const quantum of QUANTA) note({ harts: 4, quantum, seed: 0 });
  for (let seed = 1; missing.size > 0 && seed <= SEEDS; seed++) {
    note({ harts: 4, quantum: 20 + 10 * (seed % 5), seed });
  }
  assertEquals([...missing], []);
});

Deno.test("litmus: the same seed gives the same counts, another one others", () => {
  const told = (seed: number) => run("order", { harts: 4, quantum: 20, seed });
  const [one, again, other] = [told(7), told(7), told(8)];
  assertEquals(again, one);
  assert(other.lines.join() !== one.lines.join());
  assert(other.instret !== one.instret);
});

Deno.test("litmus: a program for two harts fails where there is one", () => {
  const { code, lines } = run("order", { harts: 1, quantum: 50, seed: 0 });
  assertEquals(lines, [`fail ${String(code).padStart(5, "0")}`]);
  assert(code > 0);
});
