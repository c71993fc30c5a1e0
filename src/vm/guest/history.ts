/**
 * A guest's time: runs, what comes in from outside, and, when it is recorded, the way back. The
 * machine is deterministic, so what is kept are its inputs, and states at some distance from each
 * other; any moment is the last state before it and the same run again.
 *
 * A moment is a number of retired instructions. The machine is **settled** right after the last one
 * of them; a run that stops at a breakpoint may have gone further without retiring any, by taking
 * an interrupt for instance. Input is given when the machine is settled, so that it comes at the
 * same place when it comes again.
 */

import type { Machine } from "../machine/machine.ts";
import type { Hart } from "../machine/hart/hart.ts";
import type { Remove } from "../machine/probes.ts";
import type { MachineState, Stop } from "../machine/machine_state.ts";
import type { Follower } from "./follower.ts";
import { Inputs, type Only, sameHarts } from "./inputs.ts";
import { quietly } from "./quietly.ts";
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

/** How a machine is run. */
export interface RunOptions {
  /** A breakpoint at the first instruction does not stop the run; true unless given. */
  readonly passBreak?: boolean;
  /** Only these harts run; all, unless given. */
  readonly only?: Only;
}

/** Numbers of registers, and U-mode. */
const RA = 1, A0 = 10, USER = 0;

/** What is recorded of a guest. */
interface Record {
  readonly pace: Pace;
  readonly kept: Snapshots;
  /** States near a moment that was gone back to, earliest first. */
  near: Snapshot[];
  /** The last moment that is known. */
  end: number;
  /** When the next state is to be kept. */
  due: number;
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
export interface GuestState {
  readonly machine: MachineState;
  /** Typed, and not given to the machine yet. */
  readonly typed: readonly number[];
  readonly settled: boolean;
  /** Which harts ran; all, when undefined. */
  readonly only: Only;
  /** What went along with it; undefined: nothing. */
  readonly followed: object | undefined;
}

/** Runs a machine, and goes back in its time. */
export class GuestHistory {
  readonly machine: Machine;
  /** What the guest has sent to the UART and nobody has taken. */
  output: Uint8Array[] = [];
  /** Another number after each thing that has changed the machine, or may have. */
  revision = 0;
  /** How many bytes it has sent, those that were sent again among them. */
  said = 0;
  /** Who goes along. */
  follower: Follower | undefined;
  readonly #decide: () => void;
  #inputs = new Inputs();
  #only: Only;
  #typed: number[] = [];
  #settled = true;
  /** All harts wait till this tick, to which time jumps when the next run begins; or for ever. */
  #jump: number | undefined;
  /** Somebody has changed the machine since it ran. */
  #changed = false;
  #record: Record | undefined;
  /** What came after this moment was undone: running on does something else. */
  #undone = false;
  /** Calls that are still to be made before one fails, and the probes that count them. */
  #failing: { left: number; readonly removes: readonly Remove[] } | undefined;
  /** The machine runs on, and not to come to a moment again. */
  #running = false;

  /** A machine's history. `decide` chooses the version of its disk, when it stops for that. */
  constructor(machine: Machine, decide: () => void) {
    this.machine = machine;
    this.#decide = decide;
    machine.stopsIdle = true;
  }

  /** Instructions retired. */
  get now(): number {
    return this.machine.instret;
  }

  /** Nothing has happened since the last instruction. */
  get settled(): boolean {
    return this.#settled;
  }

  /** The first and the last moment that can be gone to; undefined unless it is recorded. */
  get span(): readonly [from: number, to: number] | undefined {
    const record = this.#record;
    return record && [record.kept.start, Math.max(record.end, this.now)];
  }

  /** All harts wait: ticks until a timer wakes one, Infinity: none will. Undefined: they do not. */
  get idle(): number | undefined {
    return this.#jump === undefined ? undefined : this.#jump - this.machine.clock.time;
  }

  /** How many states are kept, and the bytes that they take, about. */
  get size(): { readonly states: number; readonly bytes: number } {
    const { count = 0, bytes = 0 } = this.#record?.kept ?? {};
    return { states: count, bytes };
  }

  /** From now on all is recorded. */
  record(pace: Pace = PACE): void {
    if (this.#record !== undefined) return;
    this.#inputs = new Inputs();
    const kept = new Snapshots(this.#snapshot(true), pace.bytes);
    this.#changed = false;
    this.#record = { pace, kept, near: [], end: this.now, due: this.now + pace.every };
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

  /** The machine has been changed from outside. */
  change(): void {
    this.revision++;
    this.#forgetFuture();
    this.#jump = undefined;
    this.#changed = true;
    this.machine.changed();
  }

  /** What was undone by going back cannot be gone forward to any more. */
  #forgetFuture(): void {
    this.#undone = false;
    this.#inputs.forgetRest();
    const record = this.#record;
    if (record === undefined) return;
    const { now, follower } = this;
    // Where it wanted to begin will not come.
    if (follower !== undefined && follower.due !== Infinity) follower.begin();
    follower?.forked();
    record.kept.forgetAfter(now, this.#inputs.next);
    record.near = record.near.filter(({ instret }) => instret <= now);
    record.end = now;
    record.due = record.kept.last.instret + record.pace.every;
  }

  /**
   * Runs at most so many instructions, with the recorded inputs where they were given. It ends where
   * all harts wait for a time (`idle`); when it goes on and nothing has come in, time jumps there.
   */
  run(budget: number, { passBreak = true, only }: RunOptions = {}): Stop {
    if (this.#undone) this.#forgetFuture();
    if (!sameHarts(only, this.#only)) this.#choose(only);
    let pass = passBreak;
    for (let left = budget; left > 0;) {
      this.#keepIfDue();
      if (!this.#give() && !this.#giveTyped()) this.#jumpOn();
      const before = this.now;
      this.#running = true;
      const stop = this.#advance(this.#part(left), pass);
      this.#running = false;
      const done = this.now - before;
      left -= done;
      if (done > 0) pass = false;
      this.#collect();
      const record = this.#record;
      if (record !== undefined) record.end = Math.max(record.end, this.now);
      if (stop.kind === "held") {
        this.#fail();
        pass = false;
        continue;
      }
      if (stop.kind !== "budget" && stop.kind !== "version") return stop;
    }
    return { kind: "budget" };
  }

  /** Runs the machine itself. */
  #advance(budget: number, pass: boolean): Stop {
    this.revision++;
    const stop = this.machine.run(budget, pass, this.#only);
    // As any other run ends.
    if (stop.kind === "watch" || stop.kind === "probed") this.machine.run(0);
    this.#jump = stop.kind === "idle" ? stop.due : stop.kind === "wfi" ? Infinity : undefined;
    this.#settled = !/^(break|stuck|trapped|version|held)$/.test(stop.kind);
    if (stop.kind === "version") {
      // It is found by trying, from here.
      const followed = this.follower?.save();
      this.#decide();
      this.follower?.restore(followed, true);
    }
    // What was changed here belongs to this moment.
    if (this.#settled && this.#inputs.due <= this.now) this.#giveChange();
    if (this.#settled && this.#followerDue <= this.now) this.follower!.begin();
    return stop;
  }

  /**
   * The call number `n` from now on of functions at these addresses returns 0 at once, as if it had
   * been able to do nothing; 0 takes that back. That is a change from outside, recorded as any
   * other. Going elsewhere in time before it takes it back.
   */
  failCall(entries: readonly number[], n: number): void {
    this.#cancelFailing();
    if (n === 0) return;
    this.#forgetFuture();
    const { probes } = this.machine;
    const count = ({ mode }: Hart) => {
      const failing = this.#failing;
      if (!this.#running || mode === USER || failing === undefined) return;
      if (--failing.left === 0) probes.hold();
    };
    this.#failing = { left: n, removes: entries.map((pc) => probes.at(pc, count)) };
  }

  #cancelFailing(): void {
    for (const remove of this.#failing?.removes ?? []) remove();
    this.#failing = undefined;
  }

  /** The function at whose entry the hart stands returns 0. */
  #fail(): void {
    this.#cancelFailing();
    const { hart } = this.machine;
    this.follower?.failed(hart);
    hart.setX(A0, 0n);
    hart.pc = hart.x(RA);
    this.change();
  }

  /** Other harts are to run than before. */
  #choose(only: Only): void {
    this.#forgetFuture();
    this.#jump = undefined;
    this.#only = only;
    if (this.#record === undefined) return;
    // What led to here has to have been done: a state says that best.
    if (!this.#settled) this.#changed = true;
    else this.#inputs.add({ kind: "only", instret: this.now, only });
  }

  get #followerDue(): number {
    return this.follower?.due ?? Infinity;
  }

  /** Instructions to the next thing that has to be done between two of them. */
  #part(left: number): number {
    const due = Math.min(this.#inputs.due, this.#record?.due ?? Infinity, this.#followerDue);
    // What was typed waits until the machine is settled.
    const most = this.typing && !this.#settled ? 1 : left;
    return Math.min(most, left, Math.max(1, due - this.now));
  }

  #jumpOn(): void {
    const { clock } = this.machine;
    const to = this.#jump ?? Infinity;
    if (to !== Infinity) clock.time = Math.max(clock.time, to);
    this.#jump = undefined;
  }

  /** Does again what came from outside at this moment; whether there was anything. */
  #give(): boolean {
    const first = this.#inputs.next;
    while (this.#settled && this.#inputs.due <= this.now) {
      const input = this.#inputs.first!;
      this.#inputs.next++;
      if (input.kind === "typed") this.machine.uart.type(input.bytes);
      else if (input.kind === "only") this.#only = input.only;
      else this.#putBack(input.to); // which counts itself
    }
    return this.#inputs.next !== first;
  }

  #giveChange(): void {
    const { first } = this.#inputs;
    if (first?.kind === "change") this.#putBack(first.to);
  }

  /** Gives what was typed; whether there was anything. */
  #giveTyped(): boolean {
    if (!this.#settled || this.#typed.length === 0) return false;
    const bytes = Uint8Array.from(this.#typed);
    this.#typed = [];
    this.#forgetFuture();
    if (this.#record !== undefined) {
      this.#inputs.add({ kind: "typed", instret: this.now, bytes });
    }
    this.machine.uart.type(bytes);
    return true;
  }

  #collect(): void {
    const output = this.machine.uart.take();
    if (output.length === 0) return;
    this.output.push(output);
    this.said += output.length;
  }

  #keepIfDue(): void {
    const record = this.#record;
    if (record === undefined) return;
    if (this.#changed) return this.#keepChange(record);
    const since = this.now - record.kept.last.instret;
    if (this.now < record.due || since <= 0 || !this.#settled) return;
    const { everyFrame, most } = record.pace;
    const wanted = Math.min(everyFrame * framesWritten(this.machine), most);
    if (since >= wanted) this.#keep(record, this.#snapshot(false));
    else record.due = this.now + wanted - since;
  }

  /** The state to which somebody has changed the machine is an input. */
  #keepChange(record: Record): void {
    const to = this.#snapshot(true, this.#inputs.next + 1);
    this.#inputs.add({ kind: "change", instret: this.now, to });
    this.#keep(record, to);
    this.#changed = false;
  }

  #keep(record: Record, one: Snapshot): void {
    record.kept.add(one);
    this.#inputs.release(record.kept.start);
    record.due = this.now + record.pace.every;
  }

  #snapshot(pinned: boolean, inputs = this.#inputs.next): Snapshot {
    this.#collect();
    return {
      instret: this.now,
      inputs,
      only: this.#only,
      settled: this.#settled,
      state: this.machine.save(),
      pinned,
      followed: this.follower?.save(),
    };
  }

  /**
   * Goes to the moment after so many instructions, before what was typed then. Throws a RangeError
   * for one that is not recorded.
   */
  goto(instret: number): void {
    const record = this.#needRecord();
    this.#leave(record);
    this.#undone = false;
    const [from, to] = this.span!;
    if (!(Number.isInteger(instret) && instret >= from && instret <= to)) {
      throw new RangeError(`instruction ${instret} is not in the recorded past: ${from} to ${to}`);
    }
    const base = this.#before(record, instret);
    if (!this.#isOnTheWay(base, instret)) this.#putBack(base);
    quietly(this.machine, () => this.#runTo(record, instret));
    // What was said on the way was said before.
    this.machine.uart.take();
  }

  /** Goes to the last state that is there before a moment, or to the first one. Returns its moment. */
  gotoStateBefore(instret: number): number {
    const record = this.#needRecord();
    this.#leave(record);
    const base = this.#before(record, Math.max(instret - 1, record.kept.start));
    this.#putBack(base);
    return base.instret;
  }

  /** Goes through the record for somebody who looks for something, and comes back here. */
  inThePast<T>(body: () => T): T {
    const record = this.#needRecord();
    this.#leave(record);
    const here = this.#snapshot(false), jump = this.#jump;
    const { follower } = this;
    follower?.rest();
    this.follower = undefined;
    try {
      return quietly(this.machine, body);
    } finally {
      this.machine.uart.take();
      this.follower = follower;
      this.#putBack(here);
      this.#jump = jump;
    }
  }

  /**
   * Comes to this moment again, from the last state that is there at or before another one, where
   * `begin` is called: for a {@link Follower} that has not followed. Returns that state's moment.
   */
  again(from: number, begin: () => void): number {
    const record = this.#needRecord();
    this.#leave(record);
    const here = this.#snapshot(false), jump = this.#jump;
    const { pc, mode } = this.machine.hart;
    record.near = [];
    const base = this.#before(record, from);
    this.#putBack(base);
    begin();
    base.followed = this.follower?.save();
    quietly(this.machine, () => {
      for (const one of record.kept.between(base.instret, here.instret)) {
        this.#reach(one.instret);
        if (one.settled) one.followed = this.follower?.save();
      }
      this.#reach(here.instret);
      here.followed = this.follower?.save();
      if (here.settled) return;
      // It has gone further without an instruction, by traps.
      this.machine.stopsAtTrapOf = this.machine.hart.hartid;
      while (this.machine.hart.pc !== pc || this.machine.hart.mode !== mode) {
        const stop = this.scan(here.instret + 1, true);
        if (stop.kind !== "trapped" || this.now !== here.instret) break;
        here.followed = this.follower?.save();
      }
      this.machine.stopsAtTrapOf = undefined;
    });
    this.machine.uart.take();
    this.#putBack(here);
    this.#jump = jump;
    return base.instret;
  }

  /** Leaves a state here, for those who come back at once. */
  leaveState(): void {
    const record = this.#needRecord();
    record.near = record.near.filter(({ instret }) => instret < this.now);
    record.near.push(this.#snapshot(false));
  }

  /** Runs on through the record, not beyond a moment; what is said then was said before. */
  scan(to: number, pass: boolean): Stop {
    while (this.now < to) {
      if (!this.#give()) this.#jumpOn();
      const before = this.now;
      const due = Math.min(this.#inputs.due, this.#followerDue);
      const part = Math.min(to - before, Math.max(1, due - before));
      const stop = this.#advance(part, pass);
      if (this.now > before) pass = false;
      this.machine.uart.take();
      const goesOn = stop.kind === "budget" || stop.kind === "idle" || stop.kind === "version";
      if (!goesOn) return stop;
    }
    return { kind: "budget" };
  }

  /** The last state that is there at or before a moment. */
  #before({ kept, near }: Record, instret: number): Snapshot {
    const close = near.findLast((one) => one.instret <= instret);
    const base = kept.before(instret)!;
    return close !== undefined && close.instret > base.instret ? close : base;
  }

  /** Whether a moment is reached from here at least as well as from a state before it. */
  #isOnTheWay(base: Snapshot, instret: number): boolean {
    const { now } = this;
    if (!this.#settled || now < base.instret || now > instret) return false;
    // Behind it, or there, but after a change and before what was typed.
    return now > base.instret ? now < instret || this.#inputs.given < now : false;
  }

  /** To a moment behind the present one; if that is far, states are left near the end. */
  #runTo(record: Record, instret: number): void {
    if (instret - this.now > 2 * NEAR[1]) {
      record.near = [];
      for (const n of NEAR) {
        if (instret - n <= this.now) continue;
        this.#reach(instret - n);
        record.near.push(this.#snapshot(false));
      }
    }
    this.#reach(instret);
  }

  #reach(instret: number): void {
    while (this.now < instret) {
      const before = this.now;
      const stop = this.scan(instret, true);
      if (this.now === before) {
        throw new Error(`instruction ${instret} was not reached again: ${stop.kind} at ${before}`);
      }
    }
  }

  /** Before it is left: whoever changed the machine here, or typed, wants to find it so. */
  #leave(record: Record): void {
    this.#collect();
    record.end = Math.max(record.end, this.now);
    if (this.#changed) this.#keepChange(record);
    if (this.#typed.length === 0) return;
    const instret = this.#settled ? this.now : this.now + 1;
    this.#inputs.addNext({ kind: "typed", instret, bytes: Uint8Array.from(this.#typed) });
    this.#typed = [];
  }

  #putBack(one: Snapshot): void {
    this.revision++;
    this.#cancelFailing();
    this.machine.restore(one.state);
    this.#inputs.next = one.inputs;
    this.#only = one.only;
    this.#settled = one.settled;
    this.#jump = undefined;
    this.#changed = false;
    this.follower?.restore(one.followed, true);
  }

  #needRecord(): Record {
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
    this.#collect();
    const before = this.machine.save();
    const followed = this.follower?.save();
    this.follower?.rest();
    try {
      body();
    } finally {
      this.machine.restore(before);
      this.follower?.restore(followed, true);
    }
  }

  /** This moment, for {@link comeBack}. */
  moment(): GuestMoment {
    return {
      ...this.#snapshot(true),
      typed: [...this.#typed],
      changed: this.#changed,
      jump: this.#jump,
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
    if (record === undefined || moment.record !== record || moment.instret < record.kept.start) {
      const { state: machine, typed, settled, only, followed } = moment;
      return this.restore({ machine, typed, settled, only, followed });
    }
    this.#collect();
    record.end = Math.max(record.end, this.now);
    this.#putBack(moment);
    this.#typed = [...moment.typed];
    this.#changed = moment.changed;
    this.#jump = moment.jump;
    this.#undone = true;
  }

  /** The state now. */
  save(): GuestState {
    this.#collect();
    return {
      machine: this.machine.save(),
      typed: [...this.#typed],
      settled: this.#settled,
      only: this.#only,
      followed: this.follower?.save(),
    };
  }

  /** Makes the guest what it was. A record begins anew here. */
  restore(state: GuestState): void {
    this.revision++;
    this.#cancelFailing();
    this.#collect();
    this.machine.restore(state.machine);
    this.#typed = [...state.typed];
    this.#settled = state.settled;
    this.#only = state.only;
    this.#jump = undefined;
    this.follower?.restore(state.followed, false);
    const pace = this.#record?.pace;
    this.#record = undefined;
    if (pace !== undefined) this.record(pace);
  }
}
