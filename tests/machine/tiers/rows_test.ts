/**
 * Every instruction that computes, loads or stores, in a compiled loop over values at the edges: each with its
 * operands in all the ways that registers can coincide. A difference stays in the sum that all results go into.
 */

import { assert } from "@std/assert";
import type { PaNum } from "../../../src/vm/machine/address.ts";
import { shapeOf } from "../../../src/vm/machine/engine/shape.ts";
import type { Row } from "../../../src/vm/machine/isa/row.ts";
import { ROWS } from "../../../src/vm/machine/isa/rows.ts";
import { assemble } from "../assemble.ts";
import { maker, play } from "./lockstep.ts";

const START = 0x8000_0000 as PaNum, TABLE = 0x8000_8000 as PaNum;
const VALUES = [
  0n,
  1n,
  2n,
  31n,
  63n,
  64n,
  -1n,
  -2n,
  1n << 31n,
  -(1n << 31n),
  (1n << 31n) - 1n,
  1n << 32n,
]
  .concat([
    (1n << 63n) - 1n,
    1n << 63n,
    0x8000n,
    0x7fn,
    0xffn,
    0x0123_4567_89ab_cdefn,
    0xfedc_ba98_7654_3210n,
  ]);
const IMMEDIATES = [0, 1, -1, 7, 2047, -2048], SHIFTS = [0, 1, 31, 32, 63];

/** Puts the result of lines in a0 into the sum. */
const summed = (lines: string) => `${lines}\nslli s3, s2, 5\nadd s2, s2, s3\nxor s2, s2, a0`;

/** All forms of a row over a1 and a2. */
function formsOf({ name, text, pattern }: Row): string[] {
  if (text === "rd,rs1,rs2") {
    return [
      summed(`${name} a0, a1, a2`),
      summed(`c.mv a0, a1\n${name} a0, a0, a2`),
      summed(`c.mv a0, a2\n${name} a0, a1, a0`),
      summed(`${name} a0, a1, a1`),
      summed(`${name} a0, zero, a2`),
      summed(`${name} a0, a1, zero`),
      `${name} zero, a1, a2`,
    ];
  }
  if (text === "rd,upper") {
    return [summed(`${name} a0, 0x80000`), summed(`${name} a0, 0x7ffff\nadd a0, a0, a1`)];
  }
  const wide = pattern.fields.find((field) => field.name === "imm")!.signBits > 0;
  const shifts = /w$/.test(name) ? SHIFTS.filter((n) => n < 32) : SHIFTS;
  return (wide ? IMMEDIATES : shifts).flatMap((imm) => [
    summed(`${name} a0, a1, ${imm}`),
    summed(`c.mv a0, a1\n${name} a0, a0, ${imm}`),
    `${name} zero, a1, ${imm}`,
  ]);
}

/** A program that does something for all pairs of values in a1 and a2, and all over again. */
const forPairs = (body: string) => `
  all:
    li s0, ${TABLE}
  outer:
    li s1, ${TABLE}
  inner:
    ld a1, 0(s0)
    ld a2, 0(s1)
    ${body}
    addi s1, s1, 8
    ld t0, 0(s1)
    beq t0, s5, next
    jal zero, inner
  next:
    addi s0, s0, 8
    ld t0, 0(s0)
    beq t0, s5, again
    jal zero, outer
  again:
    addi s4, s4, 1
    jal zero, all`;

/** Ends the table: no value of it. */
const END = 0x5555_aaaan;

/** Forms together, some at a time: blocks that are longer than the engine's slices are never compiled. */
function bodiesOf(forms: readonly string[]): string[] {
  const bodies = [""];
  for (const form of forms) {
    const last = bodies.at(-1)!;
    if (last.split("\n").length + form.split("\n").length > 60) bodies.push(form);
    else bodies[bodies.length - 1] = `${last}\n${form}`;
  }
  return bodies;
}

/** Instructions for all pairs, and some of them once more. */
const lengthOf = (body: string): number => 1.2 * VALUES.length ** 2 * (body.split("\n").length + 8);

function lockstep(text: string, instructions: number): void {
  const { bytes } = assemble(text);
  const make = maker({}, ({ ram, hart }) => {
    ram.write(START, bytes);
    [...VALUES, END].forEach((value, i) =>
      ram.write64((TABLE + 8 * i) as PaNum, BigInt.asUintN(64, value))
    );
    hart.setX(21, END);
  });
  const { one, two } = play(make, function* () {
    for (let left = instructions; left > 0; left -= 9973) yield 9973;
  });
  assert(one.hart.x(18) !== 0n && one.hart.x(20) > 0n, "all values, and once more");
  const { samples, inside } = two.engine.tier!.counters;
  assert(inside > samples / 2, `${inside} of ${samples} runs of the engine ended in a region`);
}

const computing = ROWS.filter((row) => shapeOf(row).kind === "set");
for (const extension of new Set(computing.map((row) => row.extension))) {
  Deno.test(`each instruction of ${extension} that computes does the same in both tiers`, () => {
    const rows = computing.filter((row) => row.extension === extension);
    for (const body of bodiesOf(rows.flatMap(formsOf))) lockstep(forPairs(body), lengthOf(body));
  });
}

Deno.test("each load and store does the same in both tiers, at every alignment and over page ends", () => {
  const loads = ROWS.filter((row) => shapeOf(row).kind === "load"),
    stores = ROWS.filter((row) => shapeOf(row).kind === "store");
  const all = [
    ...stores.flatMap((
      { name },
      i,
    ) => [`${name} a1, ${3 * i}(t1)`, `${name} a2, ${-5 * i}(t2)`, `${name} zero, 9(t1)`]),
    ...loads.flatMap(({ name }, i) => [
      summed(`${name} a0, ${3 * i - 4}(t1)`),
      summed(`c.mv a0, t2\n${name} a0, ${i}(a0)`),
      `${name} zero, 3(t2)`,
    ]),
    summed(
      "sc.d a0, a1, (t3)\namoadd.w a3, a1, (t3)\nlr.d a4, (t3)\nsc.d a5, a2, (t3)\nsc.w a0, a2, (t3)\nadd a0, a0, a3",
    ),
  ];
  // t1 and t2 go over the ends of two pages, t3 stays aligned.
  const places =
    `li t0, 0x80010ff0\nandi t1, s6, 31\nadd t1, t1, t0\nsrli t2, s6, 5\nandi t2, t2, 31
add t2, t2, t0\nlui t3, 4\nadd t2, t2, t3\nandi t3, t1, -8\naddi s6, s6, 7`;
  for (const forms of bodiesOf(all)) {
    const body = `${places}
${forms}`;
    lockstep(forPairs(body), lengthOf(body));
  }
});
