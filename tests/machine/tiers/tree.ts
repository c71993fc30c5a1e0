/**
 * Random programs as trees of plain data: what fast-check prints of a failing one can be pasted. How they become
 * assembly is in program.ts.
 *
 * @module
 */

/** Lines of assembly; `%` becomes a number of their own, `@uart` the UART's address. */
export type Lines = string;

/** A piece of a program. Only loops and calls go back, and those count. */
export type Item =
  | Lines
  /** Counts down; up; tests at the bottom first; is entered in the middle; is entered there or at the top. */
  | {
    readonly loop: "down" | "up" | "test" | "middle" | "either";
    times: number;
    body: readonly Item[];
  }
  /** `unless` is a branch without its target. */
  | {
    readonly unless: string;
    readonly body: readonly Item[];
    readonly otherwise?: readonly Item[];
  }
  | { readonly leave: "break" | "continue"; readonly when: string }
  /** A jump by a table, with the low bits of a register. */
  | { readonly on: string; readonly cases: readonly (readonly Item[])[] }
  | { readonly call: number; readonly how: Calling; readonly window: number }
  /** A loop over bytes as compilers write it, between offsets in one area or two. */
  | {
    readonly bytes: "fill" | "up" | "down" | "words" | "sum";
    readonly short: boolean;
    readonly swapped: boolean;
    readonly count: number;
    readonly from: Spot;
    readonly to: Spot;
  }
  /** Instructions that a patch may replace: one of four bytes, of two, or two of four. */
  | { readonly hole: "long" | "short" | "double" }
  | {
    readonly patch: number;
    readonly by: Patching;
    readonly value: number;
    readonly window: number;
    readonly fence: boolean;
  }
  /** Copies a function without calls somewhere else, and calls it there. */
  | {
    readonly carry: number;
    readonly to: number;
    readonly bytewise: boolean;
    readonly fence: boolean;
  }
  /** Flips bits of a PTE; a fence of nothing, the page, or everything. */
  | {
    readonly pte: number;
    readonly flip: number;
    readonly fence: 0 | 1 | 2;
    readonly space: 0 | 1;
  }
  | { readonly space: "fenced" | "plain" }
  /** In the other one of S-mode and U-mode. */
  | { readonly visit: readonly Item[]; readonly by: "call" | "sret" }
  | { readonly wait: "timer" };

/** How a function is called: directly; by its address; through a window; with a return address made by hand. */
export type Calling = "jal" | "jalr" | "c.jalr" | "window" | "made";
/** By which store code is changed. */
export type Patching = "word" | "half" | "upper" | "byte" | "double" | "amo";
/** A place: an offset in data, in the troubled pages, or where code is copied to. */
export interface Spot {
  readonly area: "data" | "trouble" | "scratch";
  readonly offset: number;
}

/** A function. */
export interface Fn {
  readonly body: readonly Item[];
  /** Neither calls nor jumps elsewhere: it can be carried. */
  readonly leaf: boolean;
  /** Ends by a jump to another function. */
  readonly tail: boolean;
  /** Calls itself a few times. */
  readonly again: boolean;
  readonly returns: "c.jr" | "jalr" | "other";
  /** Bytes of it before the end of a page; undefined: where the one before ends. */
  readonly before?: number | undefined;
}

/** A whole program. */
export interface Program {
  readonly main: readonly Item[];
  readonly functions: readonly Fn[];
  readonly rounds: number;
  /** Instructions that patches put into holes, of four bytes and of two. */
  readonly long: readonly string[];
  readonly short: readonly string[];
}

/** The items that have a field. */
export type ItemWith<K extends string> = Extract<Item, { readonly [_ in K]: unknown }>;
