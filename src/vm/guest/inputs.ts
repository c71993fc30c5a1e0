/**
 * What came to a guest from outside, each with its moment: typed bytes, which harts a debugger let
 * run, what it changed. A deterministic machine is its inputs, so that these and a state before them
 * are all that is needed to come to any later moment again.
 */

import type { Snapshot } from "./snapshots.ts";

/** Which harts run; all, when undefined. */
export type Only = readonly number[] | undefined;

/** Something that came from outside, right before instruction number `instret`. */
export type Input =
  /** Bytes typed on the UART. */
  | { readonly kind: "typed"; readonly instret: number; readonly bytes: Uint8Array }
  /** From here on only these harts run. */
  | { readonly kind: "only"; readonly instret: number; readonly only: Only }
  /** The machine was changed to this state. */
  | { readonly kind: "change"; readonly instret: number; readonly to: Snapshot };

/** The inputs of a record in their order, and which of them have been given already. */
export class Inputs {
  readonly #all: Input[] = [];
  /** Number of the first one that has not been given. */
  next = 0;

  /** The next one to be given; undefined when there is none. */
  get first(): Input | undefined {
    return this.#all[this.next];
  }

  /** When it is due; Infinity when there is none. */
  get due(): number {
    return this.first?.instret ?? Infinity;
  }

  /** When the last one was given; -1 when none was. */
  get given(): number {
    return this.#all[this.next - 1]?.instret ?? -1;
  }

  /** A new one, given now. Those that had not been given are gone. */
  add(input: Input): void {
    this.forgetRest();
    this.next = this.#all.push(input);
  }

  /** The next one to be given. Those that would have been are gone. */
  addNext(input: Input): void {
    this.forgetRest();
    this.#all.push(input);
  }

  /** What has not been given will not be. */
  forgetRest(): void {
    this.#all.length = this.next;
  }

  /** No moment before this one will be gone to: what was changed earlier need not be known. */
  release(before: number): void {
    for (let i = 0; i < this.#all.length && this.#all[i].instret < before; i++) {
      const { kind, instret } = this.#all[i];
      if (kind === "change") this.#all[i] = { kind: "typed", instret, bytes: new Uint8Array() };
    }
  }
}

/** Whether two lists name the same harts, in the same order. */
export function sameHarts(one: Only, two: Only): boolean {
  if (one === undefined || two === undefined) return one === two;
  return one.length === two.length && one.every((hart, i) => hart === two[i]);
}
