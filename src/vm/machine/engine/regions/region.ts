/**
 * What a region is: guest code that runs often, cut into blocks, before any of it is translated.
 *
 * A region begins at one block and holds what is reached from there. A function that it calls stands
 * in it as often as it is called, each time in a *context* of its own, so that the return is a jump
 * to a known place. A {@link Place} is a program counter in a context.
 *
 * @module
 */

import type { Instruction } from "../../isa/row.ts";
import type { Kind } from "../shape.ts";

/** Where a step stands: its context × {@link CONTEXT} + its program counter. */
export type Place = number;

/**
 * Contexts are so far apart: more than any program counter that is translated, which are those below
 * 2^39 (the lower half of Sv39, and physical addresses).
 */
export const CONTEXT = 2 ** 40;
/** Program counters from here on are left to the interpreter. */
export const PC_END = 2 ** 38;

/** The program counter of a place. */
export const pcOf = (place: Place): number => place % CONTEXT;
/** Its context; 0: what was not called from inside the region. */
export const contextOf = (place: Place): number => Math.floor(place / CONTEXT);
/** The number of the virtual page that a place is in. */
export const pageOf = (place: Place): number => Math.floor(pcOf(place) / 4096);

/** One instruction of a region. */
export interface Step {
  readonly pc: number;
  readonly instruction: Instruction;
  readonly kind: Kind;
}

/** How a block ends. */
export type End =
  /** Execution goes on at `next`, without a jump. */
  | { readonly kind: "falls"; readonly next: Place }
  /** A conditional branch. */
  | { readonly kind: "branches"; readonly target: Place; readonly next: Place }
  /** A jump, or a call of what stands in the region. */
  | { readonly kind: "jumps"; readonly target: Place }
  /** The return from a called function: as a rule to where it was called. */
  | { readonly kind: "returns"; readonly target: Place }
  /** A jump to where a register says; in the region, if it is one of the places that were learned. */
  | { readonly kind: "computed"; readonly targets: readonly Place[] }
  /** The last step is for the interpreter; or, in a block without steps, what stands there is. */
  | { readonly kind: "hands over" };

/** Steps that are executed one after another, entered at the first only. */
export interface Block {
  readonly place: Place;
  readonly steps: readonly Step[];
  readonly end: End;
}

/** A region. */
export interface Region {
  /** Where it begins; in context 0. */
  readonly root: Place;
  /** Its blocks. */
  readonly blocks: readonly Block[];
  /** Calls around each context, by its number; 0 for context 0. */
  readonly depths: readonly number[];
  /** Places, all in context 0, at which execution may come in from the interpreter. */
  readonly entries: readonly Place[];
  /** Numbers of the virtual pages that its steps stand in, ascending. */
  readonly pages: readonly number[];
  /** Steps in all blocks. */
  readonly steps: number;
  /** How many ways out were learned that are ways inside now. */
  readonly learned: number;
}
