/**
 * Runs a guest's machine, and gives it what comes from outside at the moments at which it came.
 *
 * A moment is a number of retired instructions. The machine is **settled** right after the last one
 * of them; a run that stops at a breakpoint may have gone further without retiring any, by taking
 * an interrupt for instance. Input is given when the machine is settled, so that it comes at the
 * same place when it comes again.
 */

import { ASK_EVERY, Interrupted } from "./interrupted.ts";
import type { Machine } from "../machine/machine.ts";
import type { MachineState, Stop } from "../machine/machine_state.ts";
import { FailingCall } from "./failing.ts";
import type { Follower } from "./follower.ts";
import { Inputs, type Only } from "./inputs.ts";
import type { Snapshot } from "./snapshots.ts";

/** How it stands, as plain data. */
export interface RunnerState {
  readonly machine: MachineState;
  readonly settled: boolean;
  /** Which harts ran; all, when undefined. */
  readonly only: Only;
  /** What went along with it; undefined: nothing. */
  readonly followed: object | undefined;
}

/** A machine, and what comes to it from outside. */
export class Runner {
  readonly machine: Machine;
  /** Who goes along. */
  follower: Follower | undefined;
  /** What the guest has sent to the UART and nobody has taken. */
  output: Uint8Array[] = [];
  /** How many bytes it has sent, those that were sent again among them. */
  said = 0;
  /** What came from outside, and comes again. */
  inputs = new Inputs();
  /** Which harts run. */
  only: Only;
  /** Nothing has happened since the last instruction. */
  settled = true;
  /** All harts wait till this tick, to which time jumps when the next run begins; or for ever. */
  jump: number | undefined;
  /** It runs on, and not to come to a moment again. */
  runsOn = false;
  /** Asked now and then while something is done again; true ends that by {@link Interrupted}. */
  asked: (() => boolean) | undefined;
  /** A call that is to fail. */
  readonly failing: FailingCall;
  readonly #decide: () => void;
  #changes = 0;
  #revision = 0;

  /** Of a machine. `decide` chooses the version of its disk, when it stops for that. */
  constructor(machine: Machine, decide: () => void) {
    this.machine = machine;
    this.#decide = decide;
    this.failing = new FailingCall(machine, () => this.runsOn);
    machine.stopsIdle = true;
  }

  /** Instructions retired. */
  get now(): number {
    return this.machine.instret;
  }

  /** A number that only this state of the machine has. */
  get revision(): number {
    return this.#revision;
  }

  /** The machine is another one now, or may be. */
  anew(): void {
    this.#revision = ++this.#changes;
  }

  /** It is what it was when it had this number. */
  asIn(revision: number): void {
    this.#revision = revision;
  }

  /** When the follower wants to begin. */
  get followerDue(): number {
    return this.follower?.due ?? Infinity;
  }

  /** Runs the machine itself, at most so many instructions. */
  advance(budget: number, pass: boolean): Stop {
    this.anew();
    const stop = this.machine.run(budget, pass, this.only);
    // As any other run ends.
    if (stop.kind === "watch" || stop.kind === "probed") this.machine.run(0);
    this.jump = stop.kind === "idle" ? stop.due : stop.kind === "wfi" ? Infinity : undefined;
    this.settled = !/^(break|stuck|trapped|version|held)$/.test(stop.kind);
    if (stop.kind === "version") {
      // It is found by trying, from here.
      const followed = this.follower?.save();
      this.#decide();
      this.follower?.restore(followed, true);
    }
    // What was changed here belongs to this moment.
    if (this.settled && this.inputs.due <= this.now) this.#giveChange();
    if (this.settled && this.followerDue <= this.now) this.follower!.begin();
    return stop;
  }

  /** Does again what came from outside at this moment; whether there was anything. */
  give(): boolean {
    const first = this.inputs.next;
    while (this.settled && this.inputs.due <= this.now) {
      const input = this.inputs.first!;
      this.inputs.next++;
      if (input.kind === "typed") this.machine.uart.type(input.bytes);
      else if (input.kind === "only") this.only = input.only;
      else this.#change(input.to); // which counts itself
    }
    return this.inputs.next !== first;
  }

  #giveChange(): void {
    const { first } = this.inputs;
    if (first?.kind === "change") this.#change(first.to);
  }

  /** Time goes on: who goes along stays where it is. */
  #change(to: Snapshot): void {
    this.putBack({ ...to, followed: this.follower?.save() });
  }

  /** Where all harts wait, time jumps. */
  jumpOn(): void {
    const { clock } = this.machine;
    const to = this.jump ?? Infinity;
    if (to !== Infinity) clock.time = Math.max(clock.time, to);
    this.jump = undefined;
  }

  /** Runs on through what is recorded, not beyond a moment; what is said then was said before. */
  scan(to: number, pass: boolean): Stop {
    while (this.now < to) {
      if (!this.give()) this.jumpOn();
      const before = this.now;
      const due = Math.min(this.inputs.due, this.followerDue);
      const most = this.asked === undefined ? Infinity : ASK_EVERY;
      const part = Math.min(to - before, most, Math.max(1, due - before));
      const stop = this.advance(part, pass);
      if (this.now > before) pass = false;
      this.machine.uart.take();
      const goesOn = stop.kind === "budget" || stop.kind === "idle" || stop.kind === "version";
      if (!goesOn) return stop;
      if (this.asked?.()) throw new Interrupted();
    }
    return { kind: "budget" };
  }

  /** To a moment behind this one, where it was before. */
  reach(instret: number): void {
    while (this.now < instret) {
      const before = this.now;
      const stop = this.scan(instret, true);
      if (this.now === before) {
        throw new Error(`instruction ${instret} was not reached again: ${stop.kind} at ${before}`);
      }
    }
  }

  /** Takes what the guest has sent. */
  collect(): void {
    const output = this.machine.uart.take();
    if (output.length === 0) return;
    this.output.push(output);
    this.said += output.length;
  }

  /** The state now. `pinned`: nothing leads to it; `inputs`: how many have been given. */
  snapshot(pinned: boolean, inputs: number = this.inputs.next): Snapshot {
    this.collect();
    return {
      instret: this.now,
      inputs,
      only: this.only,
      settled: this.settled,
      state: this.machine.save(),
      pinned,
      followed: this.follower?.save(),
    };
  }

  /** Makes the machine what it was in a state of the same record. */
  putBack(one: Snapshot): void {
    this.anew();
    this.failing.cancel();
    this.machine.restore(one.state);
    this.inputs.next = one.inputs;
    this.only = one.only;
    this.settled = one.settled;
    this.jump = undefined;
    this.follower?.restore(one.followed, true);
  }

  /** The state now, for another life. */
  save(): RunnerState {
    const { settled, only } = this;
    this.collect();
    return { machine: this.machine.save(), settled, only, followed: this.follower?.save() };
  }

  /** Begins another life with a state. */
  restore({ machine, settled, only, followed }: RunnerState): void {
    this.anew();
    this.failing.cancel();
    this.collect();
    this.machine.restore(machine);
    this.settled = settled;
    this.only = only;
    this.jump = undefined;
    this.follower?.restore(followed, false);
  }
}
