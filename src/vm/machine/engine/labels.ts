/**
 * Where the interpreter's code can branch to. WebAssembly counts labels outwards from where the
 * branch stands, so a place in the code is known by how many blocks are around it.
 *
 * @module
 */

import { br, type Bytes } from "./wasm.ts";

/** Depths (blocks around, from the function's own) of the labels. */
export interface Depths {
  /** Look up the page of the `pc` local and go on there. */
  readonly far: number;
  /** Execute the record at `rp`. */
  readonly next: number;
  /** The slow path of loads and stores. */
  readonly slow: number;
  /** An atomic operation found no place to work on. */
  readonly refused: number;
  /** An atomic operation is done. */
  readonly done: number;
  /** The budget is used up. */
  readonly exhausted: number;
}

/** The labels as seen from one place. */
export class Labels {
  /** The labels from a place inside `depth` blocks, the function's own not counted. */
  constructor(readonly depths: Depths, readonly depth: number) {}

  /** Branch to a label from `inside` further blocks (`if`s) at this place. */
  to(label: keyof Depths, inside = 0): Bytes {
    return br(this.distance(label, inside));
  }

  /** Blocks between. */
  distance(label: keyof Depths, inside = 0): number {
    return this.depth + inside - this.depths[label];
  }
}
