/**
 * The only hart of a machine has no turns: nobody waits for their ends. Now and then it is looked
 * where it is, and a hart that is where it was before, with the same registers, may only spin; then
 * it is searched (spin.ts). One that works meets hardly any of its states again, so that this costs
 * it next to nothing; one that goes round through N states meets one after about √N looks.
 *
 * @module
 */

import type { Hart } from "./hart/hart.ts";
import { meetsAgain, type SpinState } from "./spin_state.ts";

/** Instructions between two pairs of looks, at first and after a sign of life, and at most. */
const OFTEN = 100_000, SELDOM = 2 ** 20;
/**
 * Instructions from a look to its second one: a multiple of all numbers up to 10 and of many more,
 * so that a hart in a loop of so many instructions is then just where it was.
 */
const PAIR = 5040;
/** Instructions after which a hart that was parked is looked at. */
const SOON = 1000;
/** Each search in vain puts off the next one for so many times the looks, up to so many. */
const LESS = 4, MOST_PATIENCE = 1024;

/** Looks at the hart. True: it may only spin. `known`: it is where it waited before. */
export function mayOnlySpin(state: SpinState, hart: Hart, known: boolean): boolean {
  const { life, retired } = hart;
  if (life !== state.life) {
    state.life = life;
    state.every = OFTEN;
    state.pair = false;
    state.lookAt = retired + OFTEN;
    return false;
  }
  const again = known || meetsAgain(state, hart);
  state.pair = !state.pair;
  if (!state.pair) state.every = Math.min(SELDOM, Math.max(OFTEN, 2 * state.every));
  state.lookAt = retired + (state.pair ? PAIR : state.every - PAIR);
  state.calm++;
  return again && state.calm >= state.patience;
}

/** The hart goes on after it was parked: what it waited for may not have come. */
export function lookSoon(state: SpinState, hart: Hart): void {
  state.every = OFTEN;
  state.pair = false;
  state.lookAt = hart.retired + SOON;
}

/** A search in vain puts off the next one. */
export function putOff(state: SpinState): void {
  state.calm = 0;
  state.patience = Math.min(MOST_PATIENCE, LESS * state.patience);
}
