/**
 * In which order harts see each other's accesses. This machine is sequentially consistent: an outcome
 * is one of some interleaving of the harts' instructions, fences or not, and each of those comes. On
 * QEMU what the weaker model of the specification (RVWMO) allows without fences may come, too.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { qemu } from "../isa/programs.ts";
import { type Interleaving, linesOf, named, programFile, QUANTA, run } from "./lab.ts";

interface Shape {
  /** What may come under sequential consistency. */
  readonly sc: readonly string[];
  /** What RVWMO allows besides. */
  readonly weak?: readonly string[];
}

/** Two digits of two loads each, without one pair. */
const pairs = [0, 1, 2, 3].flatMap((a) => [0, 1, 2, 3].map((b) => `--${a}${b}`));

const PLAIN: Record<string, Shape> = {
  mp: { sc: ["-0", "-1", "-3"], weak: ["-2"] },
  sb: { sc: ["01", "10", "11"], weak: ["00"] },
  lb: { sc: ["00", "01", "10"], weak: ["11"] },
  "2+2w": { sc: ["--1", "--2", "--3"], weak: ["--0"] },
  r: { sc: ["-01", "-11", "-12"], weak: ["-02"] },
  wrc: { sc: ["-00", "-01", "-10", "-11", "-13"], weak: ["-12"] },
  iriw: { sc: pairs.filter((pair) => pair !== "--22"), weak: ["--22"] },
};

/** Every shape of order.S. */
const SHAPES: Record<string, Shape> = {
  ...PLAIN,
  // Fences forbid what is weak, everywhere.
  ...Object.fromEntries(Object.entries(PLAIN).map(([name, { sc }]) => [`${name}+fences`, { sc }])),
  corr: { sc: ["-0", "-1", "-3"] },
  "mp+amo": { sc: ["-0", "-1", "-3"] },
  "sb+amo": { sc: ["01", "10", "11"] },
  swaps: { sc: ["012", "201"] },
  whole: { sc: ["-0", "-3"] },
  across: { sc: ["-0", "-3"], weak: ["-1", "-2"] },
};
const ROUNDS = 60;

/** What was seen of each shape, how often. */
function histograms(lines: readonly string[]): Map<string, Map<string, number>> {
  const entries = Object.entries(named(lines)).map(([name, rest]) => {
    const counts = rest.split(" ").map((pair) => pair.split(":"));
    return [name, new Map(counts.map(([what, count]) => [what, Number(count)]))] as const;
  });
  return new Map(entries);
}

/** Every shape for so many harts was run, and nothing came that may not come. */
function check(
  lines: readonly string[],
  harts: number,
  weakToo = false,
): Map<string, Map<string, number>> {
  const seen = histograms(lines);
  const shapes = Object.keys(SHAPES).filter((name) =>
    harts >= (name.startsWith("iriw") ? 4 : name.startsWith("wrc") ? 3 : 2)
  );
  assertEquals([...seen.keys()].sort(), shapes.sort());
  for (const [name, counts] of seen) {
    const { sc, weak = [] } = SHAPES[name];
    const allowed = weakToo ? [...sc, ...weak] : sc;
    for (const what of counts.keys()) assert(allowed.includes(what), `${name}: ${what} came`);
    assertEquals([...counts.values()].reduce((sum, count) => sum + count, 0), ROUNDS, name);
  }
  return seen;
}

function checked(how: Interleaving): Map<string, Map<string, number>> {
  const { code, lines } = run("order", how);
  assertEquals(code, 0);
  return check(lines, how.harts);
}

/** Most seeds that the search for rare outcomes may take. */
const SEEDS = 40;

Deno.test("litmus: what is forbidden never comes, and everything else does for some seed", () => {
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

Deno.test("property: whatever the quantum and the seed, what is forbidden never comes", () => {
  const quantum = fc.integer({ min: 2, max: 400 });
  const seed = fc.integer({ min: 0, max: 0xffff_ffff });
  const harts = fc.integer({ min: 2, max: 8 });
  fc.assert(
    fc.property(quantum, seed, harts, (quantum, seed, harts) => {
      checked({ harts, quantum, seed });
    }),
    { numRuns: 12 },
  );
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

Deno.test({
  name: "litmus on QEMU: what the specification forbids never comes",
  ignore: Deno.env.get("QEMU") === undefined,
  fn: async () => {
    const { code, said } = await qemu(programFile("order").pathname);
    assertEquals(code, 0);
    check(linesOf(said), 2, true);
  },
});
