/**
 * Backwards: to before the last instruction of a hart, and to the last breakpoint or watchpoint that
 * was passed. The record is gone through backwards, from one kept state to the one before it, each
 * time running forwards from there and looking.
 */

import type { Stop } from "../machine/machine_state.ts";
import type { Watch } from "../machine/watch.ts";
import type { GuestHistory } from "./history.ts";
import { quietly } from "./quietly.ts";

/** Pieces in which a stretch of the record is searched for an instruction. */
const PIECES = 4;

/** A breakpoint or watchpoint that was passed. */
export type Passed =
  /** Stopped right before it, after so many instructions. */
  | {
    readonly kind: "break";
    readonly instret: number;
    readonly hart: number;
    readonly pc: bigint;
  }
  /** The access was made by the next instruction. */
  | {
    readonly kind: "watch";
    readonly instret: number;
    readonly hart: number;
    readonly watch: Watch;
    readonly va: bigint;
    readonly pc: bigint;
  };

/** Where a search stands that has not found anything. */
export type NotFound = "start" | "searching";

/**
 * Goes back by the last step of a hart: to before the last instruction that it retired, or before a
 * trap that it has taken since. If that is not in the last `slice` instructions and somewhat more,
 * the guest stands where it was searched to.
 */
export function stepBack(history: GuestHistory, hart: number, slice: number): "done" | NotFound {
  const { machine } = history;
  const here = history.now;
  const one = machine.harts[hart];
  const count = one.retired;
  const [start] = history.span!;
  if (!history.settled) {
    const { pc, mode } = one;
    history.goto(here);
    // What it did since its last instruction was a trap.
    if (one.pc !== pc || one.mode !== mode) return "done";
  }
  // Nearly always it is the one that ran last.
  if (here > start) {
    history.goto(here - 1);
    if (one.retired < count) return afterTraps(history, hart);
  }
  for (let to = history.now; to > start; to = history.now) {
    history.gotoStateBefore(to);
    if (one.retired < count) {
      narrow(history, to, () => one.retired >= count);
      return afterTraps(history, hart);
    }
    if (here - history.now >= slice) return "searching";
  }
  return "start";
}

/** Before the next instruction, which is this hart's: after the last trap that it takes till then. */
function afterTraps(history: GuestHistory, hart: number): "done" {
  const { machine } = history;
  const here = history.now;
  const traps = (most: number) => {
    let count = 0;
    while (count < most && history.scan(here + 1, true).kind === "trapped") count++;
    return count;
  };
  quietly(machine, () => {
    machine.stopsAtTrapOf = hart;
    try {
      const count = traps(Infinity);
      history.goto(here);
      traps(count);
    } finally {
      machine.stopsAtTrapOf = undefined;
    }
  });
  return "done";
}

/** From a moment at which something is not yet so to the last one; at `to` it is so. */
function narrow(history: GuestHistory, to: number, isSo: () => boolean): void {
  let low = history.now;
  for (let high = to; high - low > 1;) {
    const step = Math.ceil((high - low) / PIECES);
    for (let at = low + step;; at += step) {
      history.leaveState();
      history.goto(Math.min(at, high));
      if (isSo()) break;
      low = history.now;
    }
    high = history.now;
    history.goto(low);
  }
}

/** How far a search has come. */
interface Stretch {
  /** Where it began, and before which moment it ends. */
  readonly from: number;
  readonly to: number;
  /** The last one that was passed so far. */
  last: Passed | undefined;
  /** A breakpoint where the guest stands is not passed once more. */
  pass: boolean;
  /** All of it was searched; it goes to what was found. */
  landing: boolean;
}

/**
 * Goes back to the last breakpoint or watchpoint of those that `counts` which was passed before
 * here, in slices: a stretch of the record may take seconds to be gone through again.
 */
export class RunBack {
  readonly #history: GuestHistory;
  readonly #counts: (watch: Watch) => boolean;
  #stretch: Stretch | undefined;
  /** The history's revision when the last slice was over. */
  #revision = -1;

  constructor(history: GuestHistory, counts: (watch: Watch) => boolean) {
    this.#history = history;
    this.#counts = counts;
  }

  /**
   * The next slice, of about so many instructions. `searching`: there is more to search; the guest
   * stands somewhere in it, and the next call goes on unless it was moved meanwhile.
   */
  go(slice: number): Passed | NotFound {
    const found = this.#go(slice);
    if (found !== "searching") this.#stretch = undefined;
    this.#revision = this.#history.revision;
    return found;
  }

  #go(slice: number): Passed | NotFound {
    const history = this.#history;
    if (this.#stretch === undefined || this.#revision !== history.revision) {
      const passed = this.#begin();
      if (passed !== undefined) return passed;
    }
    for (let left = slice; left > 0;) {
      const stretch = this.#stretch!;
      const before = history.now;
      if (stretch.landing) {
        const { last } = stretch;
        if (this.#near(last!.instret, left)) {
          land(history, last!);
          return last!;
        }
      } else if (this.#scan(stretch, left)) {
        left -= history.now - before;
        if (!this.#next(stretch)) return "start";
        continue;
      }
      left -= history.now - before;
    }
    return "searching";
  }

  /** Begins where the guest stands; what it passed there since its last instruction is found. */
  #begin(): Passed | undefined {
    const history = this.#history;
    const here = history.now;
    if (!history.settled) {
      const passed = passedHere(history);
      if (passed !== undefined) {
        land(history, passed);
        return passed;
      }
      history.goto(here);
    }
    this.#before(here);
    return undefined;
  }

  #before(to: number): void {
    const from = to > this.#history.span![0] ? this.#history.gotoStateBefore(to) : to;
    this.#stretch = { from, to, last: undefined, pass: false, landing: false };
  }

  /** Looks through a part of a stretch; whether that was the last of it. */
  #scan(stretch: Stretch, most: number): boolean {
    const history = this.#history;
    const until = Math.min(stretch.to, history.now + most);
    const { last, pass, done } = passedUntil(history, until, stretch, this.#counts);
    if (last !== undefined) stretch.last = last;
    stretch.pass = pass;
    return done || history.now >= stretch.to;
  }

  /** Behind a stretch: to what was found in it, or the stretch before it; false: there is none. */
  #next({ from, last }: Stretch): boolean {
    const history = this.#history;
    const landing = last !== undefined;
    history.gotoStateBefore(landing ? last.instret + 1 : from + 1);
    if (landing) this.#stretch = { from, to: last.instret, last, pass: false, landing };
    else if (from <= history.span![0]) return false;
    else this.#before(from);
    return true;
  }

  /** Comes near a moment, from where a few states are left; whether it has. */
  #near(instret: number, most: number): boolean {
    const history = this.#history;
    const near = instret - 2 * NEAR_ENOUGH;
    const until = Math.min(near, history.now + most);
    quietly(history.machine, () => {
      while (history.now < until) history.scan(until, true);
    });
    return history.now >= near;
  }
}

/** Instructions that nobody notices. */
const NEAR_ENOUGH = 500_000;

/** The watchpoint, of those that `counts`, that the next instruction will hit. */
export function passedNext(
  history: GuestHistory,
  counts: (watch: Watch) => boolean,
): Passed | undefined {
  const { settled, now } = history;
  if (!settled) return undefined;
  const passed = lastPassed(history, now + 1, counts);
  history.goto(now);
  return passed?.kind === "watch" ? passed : undefined;
}

/** The last one that is passed on the way from here to a moment. */
function lastPassed(
  history: GuestHistory,
  to: number,
  counts: (watch: Watch) => boolean,
): Passed | undefined {
  return passedUntil(history, to, { to, pass: false }, counts).last;
}

/**
 * The last one that is passed on the way from here to a moment `until`, in a stretch that ends at
 * `to`. `done`: the guest does not go on; `pass`: it stands at a breakpoint that was seen.
 */
function passedUntil(
  history: GuestHistory,
  until: number,
  { to, pass }: { readonly to: number; readonly pass: boolean },
  counts: (watch: Watch) => boolean,
): { last: Passed | undefined; pass: boolean; done: boolean } {
  let last: Passed | undefined;
  while (history.now < until) {
    const before = history.now;
    const stop = history.scan(until, pass);
    if (stop.kind === "break" && history.now < to) last = breakHere(history, stop);
    else if (stop.kind === "watch") {
      if (counts(stop.watch)) last = watchBefore(history, stop);
    } else if (history.now === before) return { last, pass, done: true };
    pass = stop.kind === "break";
  }
  return { last, pass, done: false };
}

/** A breakpoint passed since the last instruction, before the one where the guest stands now. */
function passedHere(history: GuestHistory): Passed | undefined {
  const { machine } = history;
  const here = history.now;
  const { hartid, pc } = machine.hart;
  let last: Passed | undefined;
  history.goto(here);
  for (let pass = false;; pass = true) {
    const stop = history.scan(here + 1, pass);
    if (history.now > here || stop.kind !== "break") return undefined;
    const one = breakHere(history, stop);
    if (one.hart === hartid && one.pc === pc) return last;
    last = one;
  }
}

function breakHere(history: GuestHistory, { pc }: Stop & { kind: "break" }): Passed {
  return { kind: "break", instret: history.now, hart: history.machine.hart.hartid, pc };
}

function watchBefore(history: GuestHistory, { watch, va, pc }: Stop & { kind: "watch" }): Passed {
  const { hart } = history.machine;
  return {
    kind: "watch",
    instret: history.now - 1,
    hart: hart.hartid,
    watch,
    va,
    pc: pc ?? hart.pc,
  };
}

/** Goes to where it was passed. */
function land(history: GuestHistory, passed: Passed): void {
  history.goto(passed.instret);
  if (passed.kind === "watch") return;
  for (let pass = false;; pass = true) {
    const stop = history.scan(passed.instret + 1, pass);
    if (stop.kind === "break" && history.now === passed.instret) {
      if (stop.pc === passed.pc && history.machine.hart.hartid === passed.hart) return;
    } else {
      throw new Error(`the breakpoint at ${passed.pc} was not met again: ${stop.kind}`);
    }
  }
}
