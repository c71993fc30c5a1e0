/** How much room saved states take: what they share is counted once. */

import { stateBytes } from "./machine/state_bytes.ts";

export { stateBytes };

/** Bytes that all states which are kept may take together, snapshots of the shell among them. */
export const MOST_BYTES: number = 2 ** 30;

/** States that are kept together, and the room they take: what they share is counted once. */
export class KeptStates {
  #seen = new Set<object>();
  /** Bytes of all of them. */
  bytes = 0;

  /** One more; the bytes that it adds. */
  add(state: object): number {
    const added = stateBytes([state], this.#seen);
    this.bytes += added;
    return added;
  }

  /** These and no others. */
  reset(states: Iterable<object>): void {
    this.#seen = new Set();
    this.bytes = 0;
    for (const state of states) this.add(state);
  }
}
