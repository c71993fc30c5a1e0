/**
 * Random programs (tree.ts) and worlds (places.ts) for fast-check.
 *
 * @module
 */

import fc from "fast-check";
import {
  bytes,
  condition,
  long,
  low,
  overlapping,
  pick,
  record,
  short,
  straight,
  upset,
} from "./lines.ts";
import type { Fn, Item, Program } from "./tree.ts";
import type { World } from "./places.ts";

const { item } = fc.letrec<{ item: Item; body: readonly Item[] }>((tie) => {
  const body = tie("body");
  const window = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, {
    weight: 3,
    arbitrary: fc.nat(5),
  });
  return {
    body: fc.array(tie("item"), { minLength: 1, maxLength: 7, size: "max" }),
    item: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      { weight: 40, arbitrary: straight },
      { weight: 2, arbitrary: upset },
      {
        weight: 6,
        arbitrary: record({
          loop: pick(
            "down" as const,
            "up" as const,
            "test" as const,
            "middle" as const,
            "either" as const,
          ),
          times: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 60 })),
          body,
        }),
      },
      { weight: 4, arbitrary: record({ unless: condition, body }) },
      { weight: 2, arbitrary: record({ unless: condition, body, otherwise: body }) },
      {
        weight: 2,
        arbitrary: record({
          leave: pick("break" as const, "continue" as const),
          when: condition,
        }),
      },
      {
        weight: 1,
        arbitrary: record({ on: low, cases: fc.array(body, { minLength: 1, maxLength: 4 }) }),
      },
      {
        weight: 6,
        arbitrary: record({
          call: fc.nat(7),
          how: pick(
            "jal" as const,
            "jalr" as const,
            "c.jalr" as const,
            "window" as const,
            "made" as const,
          ),
          window,
        }),
      },
      { weight: 2, arbitrary: bytes },
      { weight: 1, arbitrary: overlapping },
      {
        weight: 2,
        arbitrary: record({ hole: pick("long" as const, "short" as const, "double" as const) }),
      },
      {
        weight: 2,
        arbitrary: record({
          patch: fc.nat(9),
          by: pick(
            "word" as const,
            "half" as const,
            "byte" as const,
            "double" as const,
            "amo" as const,
          ),
          value: fc.nat(31),
          window,
          fence: fc.boolean(),
        }),
      },
      {
        weight: 1,
        arbitrary: record({
          carry: fc.nat(3),
          to: fc.oneof(fc.nat(0x2fff), fc.integer({ min: 0xf80, max: 0xfff })),
          bytewise: fc.boolean(),
          fence: fc.boolean(),
        }),
      },
      {
        weight: 2,
        arbitrary: record({
          pte: fc.nat(31),
          flip: pick(1, 4, 0x104, 8, 0x10, 0x40, 0x80, 0xc0),
          fence: pick(0 as const, 1 as const, 2 as const),
          space: pick(0 as const, 1 as const),
        }),
      },
      { weight: 1, arbitrary: record({ space: pick("fenced" as const, "plain" as const) }) },
      {
        weight: 1,
        arbitrary: record({ visit: body, by: pick("call" as const, "sret" as const) }),
      },
      { weight: 1, arbitrary: record({ wait: fc.constant("timer" as const) }) },
    ),
  };
});

const fn: fc.Arbitrary<Fn> = record({
  body: fc.array(item, { minLength: 1, maxLength: 7, size: "max" }),
  leaf: fc.boolean(),
  tail: fc.boolean(),
  again: fc.boolean(),
  returns: pick("c.jr" as const, "jalr" as const, "other" as const),
  before: fc.option(fc.integer({ min: 1, max: 40 }).map((n) => 2 * n), { nil: undefined }),
});

/** Programs of some tens to some hundreds of instructions. */
export const programs: fc.Arbitrary<Program> = record({
  main: fc.array(item, { minLength: 1, maxLength: 14, size: "max" }),
  functions: fc.array(fn, { maxLength: 6, size: "max" }),
  rounds: fc.constantFrom(400, 1000, 30),
  long: fc.array(long, { minLength: 17, maxLength: 17 }),
  short: fc.array(short, { minLength: 16, maxLength: 16 }),
});

/** What they run in. */
export const worlds: fc.Arbitrary<World> = record({
  mode: pick("S" as const, "U" as const, "M" as const),
  paged: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, {
    weight: 1,
    arbitrary: fc.constant(false),
  }),
  delegated: fc.boolean(),
  timer: pick("none" as const, "clint" as const, "forwarded" as const, "sstc" as const),
  every: fc.oneof(
    { weight: 1, arbitrary: fc.integer({ min: 150, max: 400 }) },
    { weight: 3, arbitrary: fc.integer({ min: 400, max: 9000 }) },
  ),
  tick: pick(10, 1),
  lazy: fc.boolean(),
  pmp: pick("off" as const, "off" as const, "all" as const, "holes" as const),
  seed: fc.nat(2 ** 31 - 1),
});
