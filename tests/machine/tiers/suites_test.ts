/**
 * The assembly tests of tests/isa in lockstep, and, with RISCV_TESTS set to a folder of them, the public riscv-tests:
 * with tier 1 forced, in runs of 1, 7 and 101 instructions.
 */

import { assertEquals } from "@std/assert";
import type { PaNum } from "../../../src/vm/machine/address.ts";
import { parseElf } from "../../../src/vm/machine/elf.ts";
import { load } from "../../isa/programs.ts";
import { type Care, maker, play, type Step } from "./lockstep.ts";

/** Runs of one length at most. Those of one instruction are for the beginning; all end in long ones. */
const LENGTHS: readonly (readonly [length: number, most: number])[] = [[1, 4000], [7, 6000], [
  101,
  8000,
]];
const LONG = 100_000, MOST_LONG = 300;
const CARE: Care = { whole: 128, saved: 0 };
/** sv39_many.S uses that much. */
const memBytes = 2 ** 27;

/** Runs of a length, then long ones. */
function* runs(length: number, most: number): Generator<number> {
  for (let i = 0; i < most; i++) yield length;
  for (let i = 0; i < MOST_LONG; i++) yield LONG;
}

const isa = new URL("../../isa/bin/", import.meta.url);
for (const { name } of Deno.readDirSync(isa)) {
  Deno.test(`both tiers in lockstep: ${name}`, () => {
    const file = Deno.readFileSync(new URL(name, isa));
    const make = maker({ memBytes }, (machine) => load(machine, file));
    for (const [length, most] of LENGTHS) {
      const { one, two } = play(make, () => runs(length, most), CARE);
      for (const { finisher } of [one, two]) {
        assertEquals(finisher.finish, { code: 0, reset: false });
      }
    }
  });
}

const suite = Deno.env.get("RISCV_TESTS");
if (suite === undefined) {
  console.log(
    "riscv-tests in both tiers: skipped, RISCV_TESTS is not set to a folder of built rv64* programs",
  );
} else {
  for (const { name } of Deno.readDirSync(suite)) {
    Deno.test(`both tiers in lockstep: riscv-tests, ${name}`, () => {
      const file = Deno.readFileSync(`${suite}/${name}`);
      const tohost = Number(
        parseElf(file).symbols.find(({ name }) => name === "tohost")!.value,
      ) as PaNum;
      const make = maker({ memBytes }, (machine) => load(machine, file));
      for (const [length, most] of LENGTHS) {
        let told = 0n;
        const look: Step = { name: "tohost", do: ({ ram }) => told = ram.read64(tohost) };
        play(make, function* () {
          let n = 0;
          for (const run of runs(length, most)) {
            yield run;
            if (++n % 64 !== 0 && run !== LONG) continue;
            yield look;
            if (told !== 0n) return;
          }
        }, CARE);
        assertEquals(told, 1n, `in runs of ${length}`);
      }
    });
  }
}
