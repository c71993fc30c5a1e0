/**
 * The function that a region becomes: its parameters and locals, and how it begins and ends.
 *
 *     (label, context) → where the interpreter goes on
 *
 * `label` is the number of the entry; `context` an offset into the linear memory, where for each
 * page of the region the offset of its decoded records stands, or 0 while there are none. The result
 * is {@link LOOK_UP}; or the offset of a record in the page that is being executed, with
 * {@link MAY_ENTER}, {@link RAN_OUT} or neither.
 *
 * @module
 */

import * as layout from "../../layout.ts";
import { I32, I64 } from "../wasm.ts";
import { MOST_GROUPS } from "./groups.ts";
import type { CodeWriter, Label } from "./writer.ts";

/** Result of a region: the interpreter looks the page of the PC slot up. */
export const LOOK_UP = 0;
/**
 * Added to a record's offset: the record may be an entry of a region. Without it the interpreter
 * executes the instruction itself, as the region could not.
 */
export const MAY_ENTER = 1;
/** Added to a record's offset: the budget does not suffice for the block there. */
export const RAN_OUT = 2;

/** Parameters: the number of the entry, used later for jumps through the dispatch; the context. */
export const LABEL = 0, CONTEXT = 1;
/** Tables of the TLB bank in use. */
export const READ = 2, WRITE = 3, EXECUTE = 4;
/** A TLB entry; places in the linear memory; the result; a 32-bit value being worked on. */
export const ENTRY = 5, PLACE = 6, SOURCE = 7, RESULT = 8, WORD = 9;
/** Instructions left. */
export const BUDGET = 10;
/** Address of an access; where to go; values being worked on. */
export const VA = 11, TARGET = 12, OLD = 13, COUNT = 14;
/** Where the groups of the block under way begin in the linear memory. */
export const GROUPS = 15;
/** The first register of the guest. */
export const FIRST: number = GROUPS + MOST_GROUPS;

/** Types of the locals after the parameters, the guest's registers left out. */
const TYPES = [
  ...[I32, I32, I32, I32, I32, I32, I32, I32],
  ...[I64, I64, I64, I64, I64],
  ...new Array<number>(MOST_GROUPS).fill(I32),
];

/** The label of the function's end; of its dispatch; of where it goes on at TARGET. */
export const EXIT: Label = -1, DISPATCH: Label = -2, COMPUTE: Label = -3;
/** Inside a block: where its groups are not checked; where its steps are done. */
export const APART: Label = -4, DONE: Label = -5;
/** Of blocks on their own; of loops. */
export const own = (block: number): Label => 2 * block;
export const again = (block: number): Label => 2 * block + 1;

/** The guest's registers that a region keeps in locals. */
export class RegisterLocals {
  readonly #locals = new Uint8Array(32);
  readonly #used: number[];
  readonly #written: number[];

  /** Those that its steps use, and which of them they write; x0 is none of them. */
  constructor(used: ReadonlySet<number>, written: ReadonlySet<number>) {
    this.#used = [...used].filter((register) => register !== 0).sort((a, b) => a - b);
    this.#written = this.#used.filter((register) => written.has(register));
    for (const [i, register] of this.#used.entries()) this.#locals[register] = FIRST + i;
  }

  /** A register's local; 0 for x0. */
  of(register: number): number {
    return this.#locals[register]!;
  }

  /** The registers in the locals from {@link FIRST} on, by their numbers. */
  get used(): readonly number[] {
    return this.#used;
  }

  /** Types of the function's locals after its parameters. */
  get types(): number[] {
    return [...TYPES, ...this.#used.map(() => I64)];
  }

  /** The function's beginning: everything comes from the linear memory. */
  load(out: CodeWriter): void {
    for (
      const [local, slot] of [
        [READ, layout.TLB_READ],
        [WRITE, layout.TLB_WRITE],
        [EXECUTE, layout.TLB_EXECUTE],
      ]
    ) {
      out.i32(0);
      out.load("i32_load", slot);
      out.set(local);
    }
    out.i32(0);
    out.load("i64_load", layout.BUDGET);
    out.set(BUDGET);
    for (const register of this.#used) {
      out.i32(0);
      out.load("i64_load", layout.X + 8 * register);
      out.set(this.of(register));
    }
  }

  /** Its end: everything goes back, pc (in TARGET) and the budget as well. */
  store(out: CodeWriter): void {
    const put = (slot: number, local: number) => {
      out.i32(0);
      out.get(local);
      out.store("i64_store", slot);
    };
    for (const register of this.#written) put(layout.X + 8 * register, this.of(register));
    put(layout.PC, TARGET);
    put(layout.BUDGET, BUDGET);
    out.get(RESULT);
  }
}
