/**
 * In which order harts see each other's accesses: what may come of the shapes of order.S. This machine
 * is sequentially consistent: an outcome is one of some interleaving of the harts' instructions, fences
 * or not. On QEMU what the weaker model of the specification (RVWMO) allows without fences may come,
 * too.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { named } from "./lab.ts";

/** What may come of a shape. */
export interface Shape {
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
export const SHAPES: Record<string, Shape> = {
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
/** How often each is run. */
const ROUNDS = 60;

/** What was seen of each shape, how often. */
function histograms(lines: readonly string[]): Map<string, Map<string, number>> {
  const entries = Object.entries(named(lines)).map(([name, rest]) => {
    const counts = rest.split(" ").map((pair) => pair.split(":"));
    return [name, new Map(counts.map(([what, count]) => [what, Number(count)]))] as const;
  });
  return new Map(entries);
}

/** What came of every shape for so many harts. Throws when something came that may not come. */
export function histogramsOf(
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
