/**
 * Marks: a long loop that was found once is known by an instruction that it executes once a round.
 * See spin.ts.
 *
 * @module
 */

import type { Hart } from "./hart/hart.ts";
import { LONG, type Search } from "./spin_search.ts";
import { HINTS, isAt, type Loop, momentOf, type SpinState } from "./spin_state.ts";

/** Loops shorter than this are found fast enough without a mark. */
export const MARKED = 64;
/** Loops that a hart is known by. */
const MOST_LOOPS = 4;
/** A mark that is passed so much more often than it parks a hart, is given up. */
const PASSES = 4096, PASSES_EACH = 64;
/** Of no loop. */
const NONE = [0, 0] as const;

/**
 * The mark of a loop that a search has found: of all that are executed once, the lowest, so that
 * harts that found the same loop have the same mark. All of it lies in one half: code that crosses
 * a boundary of 4 GiB is not marked rightly, and so never found by its mark.
 */
export function markOf({ kind, counts }: Search, period: number, hart: Hart): Loop["mark"] {
  if (kind !== LONG || period < MARKED) return NONE;
  const once = [...counts].filter(([, count]) => count === 1).map(([low]) => low);
  return once.length > 0 ? [Math.min(...once), hart.registers.pcHigh] : NONE;
}

/** Keeps a loop with a mark, in the place of one with the same or of the oldest. True: it has one. */
export function keep(state: SpinState, loop: Loop): boolean {
  if (loop.mark === NONE) return false;
  const others = state.loops.filter(({ mark }) => mark[0] !== loop.mark[0]);
  state.loops = [...others, loop].slice(-MOST_LOOPS);
  state.hints = HINTS;
  return true;
}

/** The loop whose mark the hart is at. */
export function markedHere({ loops }: SpinState, { registers: { pcLow, pcHigh } }: Hart) {
  return loops.find(({ mark: [low, high] }) => low === pcLow && high === pcHigh);
}

/** The hart passes the mark of a loop of its own: whether it has come round. */
export function comesRound(state: SpinState, hart: Hart, loop: Loop): boolean {
  const { visit } = state;
  if (visit !== undefined && visit.registers[0] === hart.registers.pcLow) {
    const round = hart.retired - visit.retired;
    // Asked again, or on the way from where it was parked.
    if (round === 0) return false;
    // More than a round: it waited for a lock on the way.
    if (round >= loop.period && isAt(hart, visit)) {
      loop.parks++;
      state.visit = momentOf(hart);
      return true;
    }
  }
  loop.passes++;
  state.visit = momentOf(hart);
  return false;
}

/** Gives up a loop whose mark is passed too often. True: it has been. */
export function giveUp(state: SpinState, loop: Loop): boolean {
  if (loop.passes <= PASSES + PASSES_EACH * loop.parks) return false;
  state.loops = state.loops.filter((one) => one !== loop);
  return true;
}

/**
 * The hart passes the mark of another one's loop: when it has come round there, it is searched in
 * its next turn, however many searches were in vain while it worked.
 */
export function passesOther(state: SpinState, hart: Hart): void {
  const { passed } = state;
  if (state.hints === 0 || passed?.retired === hart.retired) return;
  const late = state.calm < state.patience || !state.recurs;
  if (passed !== undefined && late && isAt(hart, passed)) {
    state.hints--;
    state.calm = state.patience;
    state.recurs = true;
  }
  state.passed = momentOf(hart);
}
