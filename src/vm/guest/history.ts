/**
 * A guest's time: runs, what comes in from outside, and, when it is recorded, the way back. The
 * machine is deterministic, so what is kept are its inputs, and states at some distance from each
 * other; any moment is the last state before it and the same run again.
 */

import type { Machine } from "../machine/machine.ts";
import type { Stop } from "../machine/machine_state.ts";
import type { Follower } from "./follower.ts";
import { type Only, sameHarts } from "./inputs.ts";
import { Interrupted } from "./interrupted.ts";
import { GuestRecord, PACE, type Pace } from "./record.ts";
import { Runner, type RunnerState } from "./runner.ts";
import type { Snapshot } from "./snapshots.ts";

/** How a machine is run. */
export interface RunOptions {
  /** A breakpoint at the first instruction does not stop the run; true unless given. */
  readonly passBreak?: boolean;
  /** Only these harts run; all, unless given. */
  readonly only?: Only;
}

/** A moment that one can come back to, with what is recorded on both sides of it. */
export interface GuestMoment extends Snapshot {
  readonly typed: readonly number[];
  /** Somebody had changed the machine since it ran. */
  readonly changed: boolean;
  /** All harts waited till then; see {@link GuestHistory.idle}. */
  readonly jump: number | undefined;
  /** The record that it is in. */
  readonly record: object | undefined;
}

/** A guest's state as plain data. */
export interface GuestState extends RunnerState {
  /** Typed, and not given to the machine yet. */
  readonly typed: readonly number[];
}

/** Runs a machine, and goes back in its time. */
export class GuestHistory {
  readonly #runner: Runner;
  #typed: number[] = [];
  /** Somebody has changed the machine since it ran. */
  #changed = false;
  #record: GuestRecord | undefined;
  /** What came after this moment was undone: running on does something else. */
  #undone = false;

  /** A machine's history. `decide` chooses the version of its disk, when it stops for that. */
  constructor(machine: Machine, decide: () => void) {
    this.#runner = new Runner(machine, decide);
  }

  /** What runs. */
  get machine(): Machine {
    return this.#runner.machine;
  }

  /**
   * Another number after each thing that has changed the machine, or may have; with the same number
   * it is the same.
   */
  get revision(): number {
    return this.#runner.revision;
  }

  /** Something else has changed that goes with the machine, or may have. */
  anew(): void {
    this.#runner.anew();
  }

  /** Who goes along from now on. */
  set follower(follower: Follower) {
    this.#runner.follower = follower;
  }

  /** Asked now and then while something is done again; true ends that by {@link Interrupted}. */
  get asked(): (() => boolean) | undefined {
    return this.#runner.asked;
  }

  set asked(asked: (() => boolean) | undefined) {
    this.#runner.asked = asked;
  }

  /** Does something; if it is interrupted, all is as it was before. */
  wholly<T>(body: () => T): T {
    const runner = this.#runner;
    const { revision } = runner;
    const here = this.moment(), undone = this.#undone;
    try {
      return body();
    } catch (error) {
      if (error instanceof Interrupted) {
        this.comeBack(here);
        this.#undone = undone;
        runner.asIn(revision);
      }
      throw error;
    }
  }

  /** What the guest has sent to the UART and nobody has taken. */
  get output(): Uint8Array[] {
    return this.#runner.output;
  }

  /** How many bytes it has sent, those that were sent again among them. */
  get said(): number {
    return this.#runner.said;
  }

  /** Instructions retired. */
  get now(): number {
    return this.#runner.now;
  }

  /** Nothing has happened since the last instruction. */
  get settled(): boolean {
    return this.#runner.settled;
  }

  /** The first and the last moment that can be gone to; undefined unless it is recorded. */
  get span(): readonly [from: number, to: number] | undefined {
    return this.#record?.span;
  }

  /** All harts wait: ticks until a timer wakes one, Infinity: none will. Undefined: they do not. */
  get idle(): number | undefined {
    const { jump, machine } = this.#runner;
    return jump === undefined ? undefined : jump - machine.clock.time;
  }

  /** How many states are kept, and the bytes that they take, about. */
  get size(): { readonly states: number; readonly bytes: number } {
    const { count = 0, bytes = 0 } = this.#record ?? {};
    return { states: count, bytes };
  }

  /** From now on all is recorded. */
  record(pace: Pace = PACE): void {
    if (this.#record !== undefined) return;
    this.#record = new GuestRecord(this.#runner, pace);
    this.#changed = false;
  }

  /** Bytes typed on the UART: given as soon as the machine runs and is settled. */
  type(bytes: Uint8Array): void {
    this.#forgetFuture();
    for (const byte of bytes) this.#typed.push(byte);
  }

  /** Whether something was typed that has not been given yet. */
  get typing(): boolean {
    return this.#typed.length > 0;
  }

  /** Whether running on does something again that is recorded: what was waited for will come. */
  get repeats(): boolean {
    return !this.#undone && this.now < (this.span?.[1] ?? 0);
  }

  /** The machine has been changed from outside. */
  change(): void {
    this.anew();
    this.#forgetFuture();
    this.#runner.jump = undefined;
    this.#changed = true;
    this.machine.changed();
  }

  /** What was undone by going back cannot be gone forward to any more. */
  #forgetFuture(): void {
    this.#undone = false;
    const { inputs, follower } = this.#runner;
    inputs.forgetRest();
    if (this.#record === undefined) return;
    // Where it wanted to begin will not come.
    if (follower !== undefined && follower.due !== Infinity) follower.begin();
    follower?.forked();
    this.#record.forgetFuture();
  }

  /**
   * Runs at most so many instructions, with the recorded inputs where they were given. It ends where
   * all harts wait for a time (`idle`); when it goes on and nothing has come in, time jumps there.
   */
  run(budget: number, { passBreak = true, only }: RunOptions = {}): Stop {
    if (this.#undone) this.#forgetFuture();
    const runner = this.#runner;
    if (!sameHarts(only, runner.only)) this.#choose(only);
    let pass = passBreak;
    for (let left = budget; left > 0;) {
      this.#keepIfDue();
      if (!runner.give() && !this.#giveTyped()) runner.jumpOn();
      const before = this.now;
      runner.runsOn = true;
      const stop = runner.advance(this.#part(left), pass);
      runner.runsOn = false;
      const done = this.now - before;
      left -= done;
      if (done > 0) pass = false;
      runner.collect();
      this.#record?.extend();
      if (stop.kind === "held") {
        this.#fail();
        pass = false;
        continue;
      }
      if (stop.kind !== "budget" && stop.kind !== "version") return stop;
    }
    return { kind: "budget" };
  }

  /**
   * The call number `n` from now on of functions at these addresses returns 0 at once, as if it had
   * been able to do nothing; 0 takes that back. That is a change from outside, recorded as any
   * other. Going elsewhere in time before it takes it back.
   */
  failCall(entries: readonly number[], n: number): void {
    const { failing } = this.#runner;
    failing.cancel();
    if (n === 0) return;
    this.#forgetFuture();
    failing.plan(entries, n);
  }

  /** The function at whose entry the hart stands returns 0. */
  #fail(): void {
    const { machine: { hart }, failing, follower } = this.#runner;
    follower?.failed(hart);
    failing.returnZero(hart);
    this.change();
  }

  /** Other harts are to run than before. */
  #choose(only: Only): void {
    this.#forgetFuture();
    const runner = this.#runner;
    runner.jump = undefined;
    runner.only = only;
    if (this.#record === undefined) return;
    // What led to here has to have been done: a state says that best.
    if (!runner.settled) this.#changed = true;
    else runner.inputs.add({ kind: "only", instret: this.now, only });
  }

  /** Instructions to the next thing that has to be done between two of them. */
  #part(left: number): number {
    const { inputs, followerDue, settled } = this.#runner;
    const due = Math.min(inputs.due, this.#record?.due ?? Infinity, followerDue);
    // What was typed waits until the machine is settled.
    const most = this.typing && !settled ? 1 : left;
    return Math.min(most, left, Math.max(1, due - this.now));
  }

  /** Gives what was typed; whether there was anything. */
  #giveTyped(): boolean {
    if (!this.settled || this.#typed.length === 0) return false;
    const bytes = Uint8Array.from(this.#typed);
    this.#typed = [];
    this.#forgetFuture();
    if (this.#record !== undefined) {
      this.#runner.inputs.add({ kind: "typed", instret: this.now, bytes });
    }
    this.machine.uart.type(bytes);
    return true;
  }

  #keepIfDue(): void {
    if (this.#record === undefined) return;
    if (this.#changed) this.#keepChange(this.#record);
    else this.#record.keepIfDue();
  }

  #keepChange(record: GuestRecord): void {
    record.keepChange();
    this.#changed = false;
  }

  /**
   * Goes to the moment after so many instructions, before what was typed then. Throws a RangeError
   * for one that is not recorded.
   */
  goto(instret: number): void {
    const record = this.#leave();
    this.#undone = false;
    record.goto(instret);
  }

  /** Goes to the last state that is there before a moment, or to the first one. Returns its moment. */
  gotoStateBefore(instret: number): number {
    return this.#leave().gotoStateBefore(instret);
  }

  /**
   * Looks for something in what is recorded, and comes back here. Nobody goes along, and the
   * machine is what it was: looking changes nothing.
   */
  inThePast<T>(body: () => T): T {
    return this.#leave().look(body);
  }

  /**
   * Comes to this moment again, from the last state that is there at or before another one, where
   * `begin` is called: for a {@link Follower} that has not followed. Returns that state's moment.
   */
  again(from: number, begin: () => void): number {
    return this.#leave().again(from, begin);
  }

  /** Leaves a state here, for those who come back at once. */
  leaveState(): void {
    this.#needRecord().leaveState();
  }

  /** Runs on through the record, not beyond a moment; what is said then was said before. */
  scan(to: number, pass: boolean): Stop {
    return this.#runner.scan(to, pass);
  }

  /** Before it is left: whoever changed the machine here, or typed, wants to find it so. */
  #leave(): GuestRecord {
    const record = this.#needRecord();
    this.#runner.collect();
    record.extend();
    if (this.#changed) this.#keepChange(record);
    if (this.#typed.length === 0) return record;
    const instret = this.settled ? this.now : this.now + 1;
    this.#runner.inputs.addNext({ kind: "typed", instret, bytes: Uint8Array.from(this.#typed) });
    this.#typed = [];
    return record;
  }

  #needRecord(): GuestRecord {
    if (this.#record === undefined) {
      throw new RangeError("nothing is recorded: there is no way back");
    }
    return this.#record;
  }

  /**
   * Does something with the machine that is nobody's business: it is made what it was, and nothing
   * of it is recorded, told or sent.
   */
  aside(body: () => void): void {
    this.#runner.collect();
    const before = this.machine.save();
    const { follower } = this.#runner;
    const followed = follower?.save();
    follower?.rest();
    try {
      body();
    } finally {
      this.machine.restore(before);
      follower?.restore(followed, true);
    }
  }

  /** This moment, for {@link comeBack}. */
  moment(): GuestMoment {
    return {
      ...this.#runner.snapshot(true),
      typed: [...this.#typed],
      changed: this.#changed,
      jump: this.#runner.jump,
      record: this.#record,
    };
  }

  /**
   * Comes back to a moment, from which one went on or back, as to undo what was done since. What is
   * recorded after it can be come back to, too, but running on does not do it again. Where it is
   * not in what is recorded now, a record begins anew here.
   */
  comeBack(moment: GuestMoment): void {
    const record = this.#record;
    if (record === undefined || moment.record !== record || moment.instret < record.span[0]) {
      const { state: machine, typed, settled, only, followed } = moment;
      return this.restore({ machine, typed, settled, only, followed });
    }
    this.#runner.collect();
    record.extend();
    this.#runner.putBack(moment);
    this.#typed = [...moment.typed];
    this.#changed = moment.changed;
    this.#runner.jump = moment.jump;
    this.#undone = true;
  }

  /** The state now. */
  save(): GuestState {
    return { ...this.#runner.save(), typed: [...this.#typed] };
  }

  /** Makes the guest what it was. A record begins anew here. */
  restore(state: GuestState): void {
    this.#runner.restore(state);
    this.#typed = [...state.typed];
    if (this.#record !== undefined) this.#record = new GuestRecord(this.#runner, this.#record.pace);
    this.#changed = false;
  }
}
