/**
 * The programs of this folder, each at many quanta and seeds, and once on QEMU where that is wanted. What
 * they may say stands in judges.ts.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { qemu } from "../isa/programs.ts";
import { judged, PROGRAMS } from "./judges.ts";
import { linesOf, named, programFile, QUANTA } from "./lab.ts";

for (const program of PROGRAMS) {
  const { name, most } = program;
  Deno.test(`litmus: ${name} at every quantum`, () => {
    QUANTA.forEach((quantum, i) => {
      judged(program, { harts: Math.min(2 + i % 2, most), quantum, seed: i });
    });
    judged(program, { harts: most, quantum: 50, seed: 2 });
  });

  Deno.test(`property: ${name} with any harts, quantum and seed`, () => {
    const quantum = fc.oneof(
      fc.integer({ min: 2, max: 40 }),
      fc.integer({ min: 41, max: 999 }),
      fc.integer({ min: 1000, max: 12_000 }),
    );
    const seed = fc.integer({ min: 0, max: 0xffff_ffff });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: most }), quantum, seed, (harts, quantum, seed) => {
        judged(program, { harts, quantum, seed });
      }),
      { numRuns: 8 },
    );
  });

  Deno.test({
    name: `litmus on QEMU: ${name}`,
    ignore: Deno.env.get("QEMU") === undefined || program.onlyHere === true,
    fn: async () => {
      const { code, said } = await qemu(programFile(name).pathname, 60, 2);
      assertEquals(code, 0, said);
      program.judge(linesOf(said), 2);
    },
  });
}

const called = (name: string) => PROGRAMS.find((program) => program.name === name)!;

Deno.test("litmus: what is counted without protection is lost at short turns, not at long ones", () => {
  const ends = QUANTA.map((quantum) => {
    const { lines } = judged(called("counters"), { harts: 3, quantum, seed: 0 });
    return Number(named(lines).unprotected);
  });
  assert(Math.min(...ends) < 300);
  assertEquals(Math.max(...ends), 300);
});

Deno.test("litmus: whoever claims, it is not always the same hart, and some come too late", () => {
  const [claims, empty] = [new Set<string>(), new Set<string>()];
  for (let seed = 0; seed < 8; seed++) {
    const { lines } = judged(called("claim"), { harts: 3, quantum: 20, seed });
    claims.add(lines[0].replace(/ empty.*/, ""));
    empty.add(lines[0].replace(/.* empty/, ""));
  }
  assert(claims.size > 1);
  assert([...empty].some((count) => Number(count) > 0));
});

Deno.test("litmus: after a lull short turns are as drawn again, and a race loses", () => {
  for (let seed = 0; seed < 4; seed++) {
    const { lines } = judged(called("lull"), { harts: 2, quantum: 20, seed });
    for (const i of [1, 3]) assert(Number(named([lines[i]]).counted) < 200, lines[i]);
  }
});

Deno.test("litmus: every program is run, and every source has its program", () => {
  const names = (folder: string, ending: string) =>
    [...Deno.readDirSync(new URL(folder, import.meta.url))].map((entry) => entry.name)
      .filter((name) => name.endsWith(ending)).map((name) => name.slice(0, -ending.length)).sort();
  const sources = names(".", ".S");
  assertEquals(names("bin", ".elf"), sources);
  assertEquals(PROGRAMS.map(({ name }) => name).sort(), sources);
});
