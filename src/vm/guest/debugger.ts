/** A guest as a debugger drives it: see {@link DebugTarget}. */

import type { DebugStop, DebugTarget } from "../debug.ts";
import { registerNumber } from "../machine/isa/register_names.ts";
import { RESERVATION } from "../machine/layout.ts";
import type { Hart } from "../machine/hart/hart.ts";
import type { Mode } from "../machine/hart/csr_state.ts";
import type { Stop } from "../machine/machine_state.ts";
import type { Watch, WatchHit } from "../machine/watch.ts";
import type { GuestHistory } from "./history.ts";
import { type NotFound, type Passed, passedNext, RunBack, stepBack } from "./reverse.ts";
import { placeOf, readMemory, type Space, writeMemory } from "./translate.ts";

/** What the guest itself knows of its end. */
export interface Ending {
  /** The code with which a stop ends the guest; undefined when it does not. */
  code(stop: Stop): number | undefined;
  /** Whether a byte that is typed could wake it. */
  hears(): boolean;
  /** Whether whoever drives it lets real time pass where all harts wait. */
  paced(): boolean;
  /** From the first instruction again. */
  reset(): void;
}

/** A watchpoint as it was asked for, and as it was set. */
interface Watched {
  readonly asked: Watch;
  readonly set: Watch;
}

/** A debugger's hands on a guest. */
export class Debugger implements DebugTarget {
  readonly #history: GuestHistory;
  readonly #ending: Ending;
  readonly #runBack: RunBack;
  hit: WatchHit | undefined;
  #watched: Watched[] = [];
  /** The hart that the last stop was about. */
  #stopped: number | undefined;

  /** A debugger on a machine with its history. */
  constructor(history: GuestHistory, ending: Ending) {
    this.#history = history;
    this.#ending = ending;
    this.#runBack = new RunBack(history, (watch) => this.#counts(watch));
  }

  get #machine() {
    return this.#history.machine;
  }

  get harts(): number {
    return this.#machine.harts.length;
  }

  get hart(): number {
    return this.#stopped ?? this.#machine.hart.hartid;
  }

  get instret(): number {
    return this.#history.now;
  }

  record(): void {
    this.#history.record();
  }

  get reversible(): boolean {
    return this.#history.span !== undefined;
  }

  /** Throws a RangeError for a hart that is not there. */
  #hart(number: number): Hart {
    const hart = this.#machine.harts[number];
    if (hart !== undefined) return hart;
    throw new RangeError(`hart ${number}: there are 0 to ${this.harts - 1}`);
  }

  register(number: number, name: string): bigint | undefined {
    const hart = this.#hart(number);
    return name === "priv" ? BigInt(hart.mode) : hart.named(name);
  }

  setRegister(number: number, name: string, value: bigint): boolean {
    const hart = this.#hart(number);
    const x = registerNumber(name);
    const row = hart.csrRow(name);
    if (name === "priv") {
      if (value !== 0n && value !== 1n && value !== 3n) return false;
      hart.mode = Number(value) as Mode;
    } else if (name === "pc") {
      hart.pc = BigInt.asUintN(64, value) & ~1n;
    } else if (x !== undefined) {
      if (x === 0) return false;
      hart.setX(x, value);
    } else {
      if (row?.write === undefined) return false;
      hart.writeCsr(name, value);
    }
    this.#changed();
    return true;
  }

  read(hart: number, space: Space, address: bigint, length: number): Uint8Array {
    return readMemory(this.#hart(hart), this.#machine.ram, space, address, length);
  }

  write(hart: number, space: Space, address: bigint, bytes: Uint8Array): number {
    const written = writeMemory(this.#hart(hart), this.#machine.ram, space, address, bytes);
    if (written > 0) this.#changed();
    return written;
  }

  /** Something was changed: as a store of somebody else, it ends a reservation. */
  #changed(): void {
    this.#history.change();
    this.#machine.hart.registers.header[RESERVATION / 4] = 0;
  }

  addBreak(va: bigint): void {
    this.#machine.addBreak(Number(BigInt.asIntN(64, va)));
  }

  removeBreak(va: bigint): boolean {
    return this.#machine.removeBreak(Number(BigInt.asIntN(64, va)));
  }

  watch(asked: Watch): void {
    const set = this.#meant(asked);
    this.#watched.push({ asked, set });
    this.#machine.watch(set);
  }

  unwatch(watch: Watch): boolean {
    const at = this.#watched.findIndex(({ asked }) => sameWatch(asked, watch));
    if (at < 0) return false;
    const [{ set }] = this.#watched.splice(at, 1);
    return this.#machine.unwatch(set);
  }

  /**
   * What is mapped at its own address, such as a variable of the kernel, is watched where it stands
   * in RAM: so it is, whichever address space is in use.
   */
  #meant(watch: Watch): Watch {
    const { space, start } = watch;
    const hart = this.#hart(this.hart);
    if (space === "va" && placeOf(hart, this.#machine.ram, "va", BigInt(start)) === start) {
      return { ...watch, space: "pa" };
    }
    return { ...watch };
  }

  run(slice: number, only?: readonly number[]): DebugStop | undefined {
    return this.#told(this.#run(slice, this.#stopped !== undefined, only));
  }

  /** Runs on, past watchpoints that are not the debugger's, and where time jumps. */
  #run(slice: number, passBreak: boolean, only: readonly number[] | undefined): Stop {
    const history = this.#history;
    const until = history.now + slice;
    let pass = passBreak;
    for (;;) {
      const stop = history.run(until - history.now, { passBreak: pass, only });
      if (stop.kind === "idle" && !this.#ending.paced()) continue;
      if (stop.kind !== "watch" || this.#askedFor(stop.watch) !== undefined) return stop;
      if (this.#ending.code(stop) !== undefined) return stop;
      pass = false;
    }
  }

  #askedFor(set: Watch): Watch | undefined {
    return this.#watched.find((one) => one.set === set)?.asked;
  }

  /** A stop in a debugger's words. */
  #told(stop: Stop): DebugStop | undefined {
    const { hart } = this.#machine;
    const here = { hart: hart.hartid };
    const code = this.#ending.code(stop);
    this.hit = stop.kind === "watch" ? stop : undefined;
    let told: DebugStop | undefined;
    if (code !== undefined) told = { kind: "exit", ...here, code };
    else if (stop.kind === "break") told = { kind: "break", ...here, pc: stop.pc };
    else if (stop.kind === "watch") {
      const { va, pc = hart.pc } = stop;
      told = { kind: "watch", ...here, watch: this.#askedFor(stop.watch)!, va, pc };
    } else if (stop.kind === "stuck" || (stop.kind === "wfi" && !this.#ending.hears())) {
      told = { kind: "stuck", ...here };
    }
    return this.#stop(told);
  }

  #stop(told: DebugStop | undefined): DebugStop | undefined {
    this.#stopped = told?.hart;
    return told;
  }

  step(number: number, slice: number, only?: readonly number[]): DebugStop | undefined {
    const hart = this.#hart(number);
    this.#machine.stopsAtTrapOf = number;
    try {
      return this.#step(hart, slice, only);
    } finally {
      this.#machine.stopsAtTrapOf = undefined;
    }
  }

  #step(hart: Hart, slice: number, only: readonly number[] | undefined): DebugStop | undefined {
    const history = this.#history;
    const { retired } = hart;
    const until = history.now + slice;
    let pass = this.#stopped !== undefined;
    while (history.now < until) {
      const before = history.now;
      const mine = this.#machine.hart === hart;
      const stop = this.#run(1, pass || mine, only);
      if (stop.kind === "trapped" || (stop.kind === "budget" && hart.retired > retired)) {
        return this.#stop({ kind: "step", hart: hart.hartid });
      }
      if (hart.retired > retired) return this.#told(stop);
      pass = stop.kind === "break" && this.#machine.hart === hart;
      if (stop.kind === "budget" || pass) continue;
      const told = this.#told(stop);
      // Nobody runs, but somebody may type.
      if (told !== undefined || history.now === before) return told;
    }
    return this.#stop(undefined);
  }

  reverseStep(hart: number, slice: number): DebugStop | undefined {
    this.#hart(hart);
    const found = stepBack(this.#history, hart, slice);
    const hit = found === "done" && this.#watched.length > 0
      ? passedNext(this.#history, this.#counts)
      : undefined;
    return this.#wentBack(hit ?? found, hart);
  }

  reverseRun(slice: number): DebugStop | undefined {
    return this.#wentBack(this.#runBack.go(slice), this.hart);
  }

  /** Whether a watchpoint is the debugger's. */
  readonly #counts = (watch: Watch) => this.#askedFor(watch) !== undefined;

  #wentBack(found: Passed | NotFound | "done", hart: number): DebugStop | undefined {
    if (found === "searching") return this.#stop(undefined);
    if (found === "start") return this.#stop({ kind: "start", hart: this.#machine.hart.hartid });
    if (found === "done") return this.#stop({ kind: "step", hart });
    const { instret: _, ...told } = found;
    return this.#stop(
      told.kind === "break" ? told : { ...told, watch: this.#askedFor(told.watch)! },
    );
  }

  reset(): void {
    this.#ending.reset();
    this.#stopped = undefined;
  }
}

function sameWatch(one: Watch, two: Watch): boolean {
  return one.space === two.space && one.start === two.start && one.length === two.length &&
    one.read === two.read && one.write === two.write;
}
