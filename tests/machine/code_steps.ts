/**
 * Random steps of a session in which code is written while it runs: what code_lab.ts plays.
 */

import fc from "fast-check";
import { pairs } from "../../src/vm/machine/engine/pairs.ts";
import { recordOf } from "../../src/vm/machine/engine/records.ts";
import { numberOf, type Variant } from "../../src/vm/machine/engine/variants.ts";
import { decode } from "../../src/vm/machine/isa/decode.ts";
import { encodePattern } from "../../src/vm/machine/isa/pattern.ts";
import { ROWS } from "../../src/vm/machine/isa/rows.ts";

/** Bytes that are written and run: more than a fill decodes ahead, so that fills meet inside. */
export const WINDOW_SIZE = 256;
/** Ways by which RAM changes from outside the hart, by number. */
export const WRITES = 13;

/** One thing that is done to both machines. Offsets are counted from the start of the window. */
export type CodeStep =
  | { op: "write"; how: number; offset: number; value: bigint }
  | { op: "code"; offset: number; words: number[] }
  | { op: "disk"; offset: number; status: number; words: number[] }
  | { op: "run"; offset: number | undefined; seed: number; count: number }
  | { op: "save" | "restore" }
  | { op: "stop"; check: boolean; offset: number; alias: boolean }
  | { op: "watch"; offset: number };

/** Instructions that are often neighbours, by the halves of pairs; stores and atomics into the code; anything. */
const firsts = [...new Set(pairs().flatMap(({ first, second }) => [first, second]))];
const stores = ROWS.filter(({ name }) => /^(s[bhwd]|amo\w+\.[wd]|[ls][rc]\.[wd])$/.test(name));
const shorts = new Map<number, number[]>();
for (let word = 0; word < 65536; word++) {
  const instruction = (word & 3) === 3 ? undefined : decode(word);
  if (instruction === undefined) continue;
  const number = recordOf(instruction, 0x800).head & 0xffff;
  shorts.set(number, [...shorts.get(number) ?? [], word]);
}
const register = fc.nat(31), pointer = fc.integer({ min: 8, max: 15 });
const small = fc.integer({ min: -8, max: 8 }).map((n) => 2 * n);

/** A 4-byte instruction of a row. */
const longOf = ({ row, sink, far }: Omit<Variant, "length">, rs1: fc.Arbitrary<number>) =>
  fc.record({ rd: register, rs1, rs2: register, imm: small }).map(({ rd, rs1, rs2, imm }) => {
    const field = row.pattern.fields.find(({ name }) => name === "imm");
    const value = field === undefined
      ? 0
      : field.signBits === 32
      ? imm << 12
      : far
      ? 0x7fe
      : field.signBits === 0
      ? imm & 31
      : imm;
    return encodePattern(row.pattern, { rd: sink ? 0 : rd, rs1, rs2, imm: value });
  });

/** An instruction's encoding, or what is none. */
const word: fc.Arbitrary<number> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(...firsts).chain((one) =>
      one.length === 4 ? longOf(one, register) : fc.constantFrom(...shorts.get(numberOf(one))!)
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(...stores).chain((row) =>
      longOf({ row, sink: false, far: false }, pointer)
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom(...[...shorts.values()].flat()) },
  { weight: 1, arbitrary: fc.nat(2 ** 32 - 1) },
);
const words = fc.array(word, { minLength: 1, maxLength: 60, size: "max" });
const offset = fc.nat(WINDOW_SIZE - 1);

/** One step; runs and small writes most. */
const step: fc.Arbitrary<CodeStep> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant("run" as const),
      offset: fc.option(offset, { nil: undefined }),
      seed: fc.nat(),
      count: fc.nat(40),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant("write" as const),
      how: fc.nat(WRITES - 1),
      offset,
      value: fc.tuple(word, word).map(([a, b]) => BigInt(a) | (BigInt(b) << 32n)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("code" as const), offset, words }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant("disk" as const), offset, status: offset, words }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom("save" as const, "restore" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant("watch" as const), offset }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant("stop" as const),
      check: fc.boolean(),
      offset: offset.map((n) => n & ~1),
      alias: fc.boolean(),
    }),
  },
);

/** Code with stops at some of its instructions, run from its start and on from where it stopped. */
const program: fc.Arbitrary<CodeStep[]> = fc.record({
  offset: fc.nat(WINDOW_SIZE / 2 - 1),
  words: fc.array(word, { minLength: 4, maxLength: 24, size: "max" }),
  stops: fc.array(
    fc.record({ nth: fc.nat(23), check: fc.boolean(), alias: fc.constantFrom(false, false, true) }),
    { maxLength: 5 },
  ),
  seed: fc.nat(),
  runs: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 }),
  early: fc.boolean(),
}).map(({ offset, words, stops, seed, runs, early }) => {
  const begin = offset & ~1;
  const starts = [begin];
  for (const one of words) starts.push(starts.at(-1)! + ((one & 3) === 3 ? 4 : 2));
  const code: CodeStep = { op: "code", offset: begin, words };
  const run = (offset: number | undefined, count: number): CodeStep => ({
    ...{ op: "run", offset, seed, count },
  });
  const set = stops.map(({ nth, check, alias }): CodeStep => ({
    ...{ op: "stop", check, alias, offset: starts[nth % words.length]! },
  }));
  // Set before the code has run, or after it: then they come into records that are there.
  const first = early ? [...set] : [run(begin, 30), ...set];
  return [code, ...first, ...runs.map((count, i) => run(i === 0 ? begin : undefined, count))];
});

/** Up to so many steps, and programs among them. */
export const sequence = (maxLength: number): fc.Arbitrary<CodeStep[]> =>
  fc.array(
    fc.oneof(
      { weight: 15, arbitrary: step.map((one) => [one]) },
      { weight: 2, arbitrary: program },
    ),
    { minLength: 2, maxLength, size: "max" },
  ).map((parts) => parts.flat());
