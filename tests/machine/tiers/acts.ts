/**
 * What somebody outside may do to a machine between two runs, as plain data: breakpoints, watchpoints, probes, saved
 * states, input, and changes of everything. meddle.ts does it.
 *
 * @module
 */

import fc from "fast-check";
import type { PaNum } from "../../../src/vm/machine/address.ts";
import { record } from "./lines.ts";
import { CODE, DATA, LEAVES, STACK, TROUBLE } from "./places.ts";

/** Something done between two runs, or a run. Numbers without a unit choose one of what there is. */
export type Act =
  | { readonly run: number; readonly pass: boolean; readonly only: boolean }
  /** Adds a breakpoint, or takes it away when it is there; `window`: of those that code is seen through. */
  | { readonly stop: number; readonly window: number }
  | {
    readonly watch: Place;
    readonly length: number;
    readonly physical: boolean;
    readonly reads: boolean;
  }
  /** A probe of an instruction, which notes, or ends the run behind it or before it. */
  | { readonly probe: number; readonly does: "notes" | "halts" | "holds" }
  | { readonly stores: Place; readonly length: number }
  | { readonly look: "traps" }
  | { readonly keep: number }
  /** Goes back to a kept state, or to the one that the other machine kept. */
  | { readonly back: number; readonly other: boolean }
  | { readonly type: string }
  | { readonly poke: Place; readonly size: 1 | 2 | 4 | 8; readonly value: bigint }
  | { readonly register: number; readonly value: bigint }
  | { readonly csr: string; readonly value: bigint }
  | { readonly timer: number }
  | { readonly stopsAtTrap: boolean; readonly stopsIdle: boolean };

/** A place in RAM. */
export interface Place {
  readonly area: "data" | "trouble" | "code" | "stack" | "tables";
  readonly offset: number;
}
const AREAS = { data: DATA, trouble: TROUBLE, code: CODE, stack: STACK, tables: LEAVES[0]! };
/** Its physical address. */
export const pa = ({ area, offset }: Place): PaNum => AREAS[area] + offset as PaNum;

const pick = <T>(...list: T[]) => fc.constantFrom(...list);
const place = (...areas: Place["area"][]): fc.Arbitrary<Place> =>
  record({ area: pick(...areas), offset: fc.oneof(fc.nat(0x1ff), fc.nat(0xfff)) });
const bits = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const small = fc.bigInt({ min: 0n, max: 0x3ffn });

/** Any of them; runs most. */
export const acts: fc.Arbitrary<readonly Act[]> = fc.array(
  fc.oneof(
    {
      weight: 14,
      arbitrary: record({
        run: fc.oneof(pick(1, 7, 101), fc.integer({ min: 1, max: 3000 })),
        pass: fc.oneof({ weight: 7, arbitrary: fc.constant(true) }, {
          weight: 1,
          arbitrary: fc.constant(false),
        }),
        only: fc.oneof({ weight: 7, arbitrary: fc.constant(false) }, {
          weight: 1,
          arbitrary: fc.constant(true),
        }),
      }),
    },
    { weight: 3, arbitrary: record({ stop: fc.nat(400), window: pick(0, 0, 0, 1, 2) }) },
    {
      weight: 2,
      arbitrary: record({
        watch: place("data", "trouble", "stack", "code"),
        length: pick(1, 8, 300),
        physical: fc.boolean(),
        reads: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: record({ probe: fc.nat(400), does: pick("notes", "halts", "holds") }),
    },
    {
      weight: 1,
      arbitrary: record({
        stores: place("data", "trouble", "stack", "code", "tables"),
        length: pick(8, 512),
      }),
    },
    { weight: 1, arbitrary: record({ look: fc.constant("traps" as const) }) },
    { weight: 2, arbitrary: record({ keep: fc.nat(2) }) },
    { weight: 2, arbitrary: record({ back: fc.nat(2), other: fc.boolean() }) },
    { weight: 1, arbitrary: record({ type: pick("x", "hello") }) },
    {
      weight: 1,
      arbitrary: record({
        poke: place("data", "trouble", "code", "stack"),
        size: pick(1 as const, 2 as const, 4 as const, 8 as const),
        value: bits,
      }),
    },
    {
      weight: 1,
      arbitrary: record({
        register: pick(5, 8, 9, 10, 11, 18, 27),
        value: fc.oneof(small, bits),
      }),
    },
    {
      weight: 1,
      arbitrary: record({
        csr: pick("sstatus", "mstatus", "sie", "scause", "stval", "sip", "scounteren"),
        value: small,
      }),
    },
    { weight: 1, arbitrary: record({ timer: fc.nat(3000) }) },
    { weight: 1, arbitrary: record({ stopsAtTrap: fc.boolean(), stopsIdle: fc.boolean() }) },
  ),
  { minLength: 1, maxLength: 40, size: "max" },
) as fc.Arbitrary<readonly Act[]>;
