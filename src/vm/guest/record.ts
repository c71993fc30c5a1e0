/**
 * What is recorded of a guest's time: states on the way, at some distance from each other, and near
 * the moment that one went back to last. From any of them the same run leads on.
 */

import type { Hart } from "../machine/hart/hart.ts";
import { Inputs } from "./inputs.ts";
import { quietly } from "./quietly.ts";
import type { Runner } from "./runner.ts";
import { framesWritten, type Snapshot, Snapshots } from "./snapshots.ts";

/** How often a state is kept, and how much room there is for them. */
export interface Pace {
  /** Instructions between two of them. */
  readonly every: number;
  /** And for each frame that a state copies. */
  readonly everyFrame: number;
  /** But no more than this. */
  readonly most: number;
  /** Bytes that they may take together. */
  readonly bytes: number;
}

/**
 * So that keeping states costs a run one or two per cent, and what is between two of them is run
 * again in a tenth of a second, in two where it writes all over memory.
 */
export const PACE: Pace = {
  every: 30_000_000,
  everyFrame: 30_000,
  most: 200_000_000,
  bytes: 2 ** 30,
};

/** States left on the way to a moment, so many instructions before it, when that was far. */
const NEAR = [1_000_000, 100_000, 10_000, 1_000];

/** One record, from the moment on at which it was begun. */
export class GuestRecord {
  readonly #runner: Runner;
  /** How often states are kept. */
  readonly pace: Pace;
  /** The states on the way. */
  readonly #kept: Snapshots;
  /** Those near a moment that was gone back to, earliest first. */
  #near: Snapshot[] = [];
  /** The last moment that is known. */
  #end: number;
  /** When the next state is to be kept. */
  #due: number;

  /** Begins here. */
  constructor(runner: Runner, pace: Pace) {
    runner.inputs = new Inputs();
    this.#runner = runner;
    this.pace = pace;
    this.#kept = new Snapshots(runner.snapshot(true), pace.bytes);
    this.#end = runner.now;
    this.#due = runner.now + pace.every;
  }

  /** The first and the last moment that can be gone to. */
  get span(): readonly [from: number, to: number] {
    return [this.#kept.start, Math.max(this.#end, this.#runner.now)];
  }

  /** How many states are kept on the way. */
  get count(): number {
    return this.#kept.count;
  }

  /** Bytes that they take, about. */
  get bytes(): number {
    return this.#kept.bytes;
  }

  /** When the next state is to be kept. */
  get due(): number {
    return this.#due;
  }

  /** This moment is known. */
  extend(): void {
    this.#end = Math.max(this.#end, this.#runner.now);
  }

  /** Keeps a state if it is time; where that would cost too much for its age, it is due later. */
  keepIfDue(): void {
    const { now, settled, machine } = this.#runner;
    const since = now - this.#kept.last.instret;
    if (now < this.#due || since <= 0 || !settled) return;
    const { everyFrame, most } = this.pace;
    const wanted = Math.min(everyFrame * framesWritten(machine), most);
    if (since >= wanted) this.#keep(this.#runner.snapshot(false));
    else this.#due = now + wanted - since;
  }

  /** The state to which somebody has changed the machine is an input. */
  keepChange(): void {
    const { inputs, now } = this.#runner;
    const to = this.#runner.snapshot(true, inputs.next + 1);
    inputs.add({ kind: "change", instret: now, to });
    this.#keep(to);
  }

  #keep(one: Snapshot): void {
    this.#kept.add(one);
    this.#runner.inputs.release(this.#kept.start);
    this.#due = one.instret + this.pace.every;
  }

  /** What came after this moment will not come again. */
  forgetFuture(): void {
    const { now, inputs } = this.#runner;
    this.#kept.forgetAfter(now, inputs.next);
    this.#near = this.#near.filter(({ instret }) => instret <= now);
    this.#end = now;
    this.#due = this.#kept.last.instret + this.pace.every;
  }

  /**
   * Goes to the moment after so many instructions, before what was typed then. Throws a RangeError
   * for one that is not recorded.
   */
  goto(instret: number): void {
    const [from, to] = this.span;
    if (!(Number.isInteger(instret) && instret >= from && instret <= to)) {
      throw new RangeError(`instruction ${instret} is not in the recorded past: ${from} to ${to}`);
    }
    const { machine } = this.#runner;
    const base = this.#before(instret);
    if (!this.#isOnTheWay(base, instret)) this.#runner.putBack(base);
    quietly(machine, () => this.#runTo(instret));
    // What was said on the way was said before.
    machine.uart.take();
  }

  /** Goes to the last state that is there before a moment, or to the first one. Returns its moment. */
  gotoStateBefore(instret: number): number {
    const base = this.#before(Math.max(instret - 1, this.#kept.start));
    this.#runner.putBack(base);
    return base.instret;
  }

  /** Looks for something, where nobody goes along, and comes back here. */
  look<T>(body: () => T): T {
    const runner = this.#runner;
    const { follower } = runner;
    return this.#andBack(() => {
      const near = this.#near;
      follower?.rest();
      runner.follower = undefined;
      try {
        return quietly(runner.machine, body);
      } finally {
        runner.follower = follower;
        // Nobody went along to those that were left on the way.
        this.#near = near;
      }
    });
  }

  /**
   * Comes to this moment again, from the last state that is there at or before another one, where
   * `begin` is called: for a {@link Follower} that has not followed. Returns that state's moment.
   */
  again(from: number, begin: () => void): number {
    const runner = this.#runner;
    return this.#andBack((here) => {
      this.#near = [];
      const base = this.#before(from);
      const { pc, mode } = runner.machine.hart;
      runner.putBack(base);
      begin();
      base.followed = runner.follower?.save();
      quietly(runner.machine, () => {
        for (const one of this.#kept.between(base.instret, here.instret)) {
          runner.reach(one.instret);
          if (one.settled) one.followed = runner.follower?.save();
        }
        runner.reach(here.instret);
        here.followed = runner.follower?.save();
        if (!here.settled) this.#followTraps(here, (hart) => hart.pc === pc && hart.mode === mode);
      });
      return base.instret;
    });
  }

  /** It had gone further without an instruction, by traps. */
  #followTraps(here: Snapshot, isThere: (hart: Hart) => boolean): void {
    const runner = this.#runner, { machine } = runner;
    machine.stopsAtTrapOf = machine.hart.hartid;
    while (!isThere(machine.hart)) {
      const stop = runner.scan(here.instret + 1, true);
      if (stop.kind !== "trapped" || runner.now !== here.instret) break;
      here.followed = runner.follower?.save();
    }
    machine.stopsAtTrapOf = undefined;
  }

  /** Goes elsewhere, and comes back to what is here, as if nothing had been. */
  #andBack<T>(body: (here: Snapshot) => T): T {
    const runner = this.#runner;
    const here = runner.snapshot(false);
    const { jump, revision } = runner;
    try {
      return body(here);
    } finally {
      runner.machine.uart.take();
      runner.putBack(here);
      runner.jump = jump;
      runner.asIn(revision);
    }
  }

  /** Leaves a state here, for those who come back at once. */
  leaveState(): void {
    const { now } = this.#runner;
    this.#near = this.#near.filter(({ instret }) => instret < now);
    this.#near.push(this.#runner.snapshot(false));
  }

  /** The last state that is there at or before a moment. */
  #before(instret: number): Snapshot {
    const close = this.#near.findLast((one) => one.instret <= instret);
    const base = this.#kept.before(instret)!;
    return close !== undefined && close.instret > base.instret ? close : base;
  }

  /** Whether a moment is reached from here at least as well as from a state before it. */
  #isOnTheWay(base: Snapshot, instret: number): boolean {
    const { now, settled, inputs } = this.#runner;
    if (!settled || now < base.instret || now > instret) return false;
    // Behind it, or there, but after a change and before what was typed.
    return now > base.instret ? now < instret || inputs.given < now : false;
  }

  /** To a moment behind the present one; if that is far, states are left near the end. */
  #runTo(instret: number): void {
    const runner = this.#runner;
    if (instret - runner.now > 2 * NEAR[1]) {
      this.#near = [];
      for (const n of NEAR) {
        if (instret - n <= runner.now) continue;
        runner.reach(instret - n);
        this.#near.push(runner.snapshot(false));
      }
    }
    runner.reach(instret);
  }
}
