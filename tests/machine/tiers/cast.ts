/**
 * Random guests in both tiers: a program, its world, its harts and how its runs are cut, as one value that fast-check
 * shrinks; and what is said of one that fails.
 *
 * @module
 */

import fc from "fast-check";
import type { MachineOptions } from "../../../src/vm/machine/machine.ts";
import { programs, worlds } from "./arbitrary.ts";
import { record } from "./lines.ts";
import { type Guest, guestOf, load } from "./guest.ts";
import {
  type Care,
  type Lockstep,
  type Make,
  maker,
  Parted,
  play,
  type Script,
} from "./lockstep.ts";
import { CODE, RAM, windowOf, type World } from "./places.ts";
import type { Program } from "./tree.ts";

/** How both machines are built: several harts, and how their turns interleave; whether hits are counted. */
export type Options = Pick<MachineOptions, "harts" | "quantum" | "seed" | "countHits" | "traps">;

/** A random guest. */
export interface Cast {
  readonly program: Program;
  readonly world: World;
  /** Lengths of runs, one after the other and over again. */
  readonly slices: readonly number[];
  readonly care: Care;
  readonly options: Options;
}

/** Lengths of runs. */
export const slices: fc.Arbitrary<readonly number[]> = fc.array(
  fc.oneof(fc.constantFrom(1, 7, 101), fc.integer({ min: 1, max: 5000 })),
  { minLength: 1, maxLength: 12 },
);
const care: fc.Arbitrary<Care> = record({
  whole: fc.constant(16),
  saved: fc.constantFrom(0, 0, 40, 3),
});

/** Guests of one hart. */
export const casts: fc.Arbitrary<Cast> = record({
  program: programs,
  world: worlds,
  slices,
  care,
  options: record({ countHits: fc.boolean() }),
});

/** Guests of two and three, that run the same program over the same data. */
export const manyHarts: fc.Arbitrary<Cast> = record({
  program: programs,
  world: worlds,
  slices,
  care,
  options: record({
    countHits: fc.boolean(),
    harts: fc.constantFrom(2, 3),
    quantum: fc.oneof(fc.integer({ min: 2, max: 60 }), fc.integer({ min: 1000, max: 6000 })),
    seed: fc.nat(2 ** 31 - 1),
  }),
});

/** How many guests a test tries: TIERS=N multiplies what the suite tries. */
export const tries = (count: number): number =>
  Math.ceil(count * Number(Deno.env.get("TIERS") ?? 1));

/** Instructions and runs of one guest, at most. */
const MOST_INSTRUCTIONS = 40_000, MOST_RUNS = 1500;

/** How the runs of a guest are cut, up to so many instructions. */
export function* cut(
  slices: readonly number[],
  most: number = MOST_INSTRUCTIONS,
): Generator<number> {
  for (let runs = 0, sum = 0; runs < MOST_RUNS && sum < most; runs++) {
    const length = slices[runs % slices.length]!;
    sum += length;
    yield length;
  }
}

/** What makes both machines of a guest. */
export const makerOf = ({ world, options }: Cast, guest: Guest): Make =>
  maker({ ...options, instructionsPerTick: world.tick }, (machine) => load(machine, guest));

/** Steps of a guest's own, instead of plain runs. */
export type ScriptOf<T extends Cast> = (cast: T, guest: Guest) => Script;

/** Plays a guest in both tiers. Throws {@link Parted}, `closely` with its program and how it came to that. */
export function playCast<T extends Cast>(
  cast: T,
  script: ScriptOf<T> = ({ slices }) => () => cut(slices),
  closely = true,
  make = makerOf,
): Lockstep {
  let guest: Guest;
  try {
    guest = guestOf(cast.program, cast.world);
  } catch (error) {
    // Too long, or a branch too far.
    if (error instanceof RangeError) fc.pre(false);
    throw error;
  }
  try {
    return play(make(cast, guest), script(cast, guest), cast.care, closely);
  } catch (error) {
    if (!(error instanceof Parted) || !closely) throw error;
    throw new Parted([...error.lines, "", "the program:", ...listing(guest, cast)]);
  }
}

/** Milliseconds for which a failing guest is made smaller: longer, when more are tried. */
const PATIENCE = Math.min(10, tries(1)) * 60_000;

/** Plays random guests, `seen` after each. Where one parts, the error is about the smallest that does. */
export function playAll<T extends Cast>(
  arbitrary: fc.Arbitrary<T>,
  numRuns: number,
  seen: (played: Lockstep) => void,
  script?: ScriptOf<T>,
  seed?: number,
): void {
  let failed = Infinity;
  const property = fc.property(arbitrary, (cast) => {
    if (Date.now() > failed + PATIENCE) return;
    try {
      seen(playCast(cast, script, false));
    } catch (error) {
      if (!fc.PreconditionFailure.isFailure(error)) failed = Math.min(failed, Date.now());
      throw error;
    }
  });
  const result = fc.check(property, { numRuns, ...seed === undefined ? {} : { seed } });
  if (!result.failed) return;
  const [cast] = result.counterexample ?? [];
  if (cast === undefined) throw new Error(fc.defaultReportMessage(result));
  const which =
    `after ${result.numRuns} guests, made smaller ${result.numShrinks} times (COWSH_SEED=${result.seed}):`;
  try {
    playCast(cast, script);
  } catch (error) {
    throw new Error(`${which}\n${(error as Error).message}\n\n${fc.stringify(cast)}`);
  }
  throw new Error(
    `${which} it fails only now and then\n${result.errorInstance}\n${fc.stringify(cast)}`,
  );
}

/** Lines of a program that are shown at most. */
const LONGEST = 400;

function listing({ text }: Guest, { world, options, slices, care }: Cast): string[] {
  const lines = text.split("\n");
  const code = `at 0x${(windowOf(world) + CODE - RAM).toString(16)}`;
  return [
    `# ${code}; ${JSON.stringify({ world, options, slices, care })}`,
    ...lines.slice(0, LONGEST),
    ...lines.length > LONGEST ? [`# and ${lines.length - LONGEST} lines more`] : [],
  ];
}
