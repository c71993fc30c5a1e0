/**
 * What is done to a computer with a kernel of its own: its clock runs on, a step at a time, or
 * back; keys are typed, registers set, states put back. The rest is refused: its kernel does it.
 */

import type { Made } from "./boot_options.ts";
import { whole } from "./checks.ts";
import type { DebugStop } from "./debug.ts";
import type { Guest, GuestState } from "./guest.ts";
import { GUEST_KINDS, type GuestStop, trapOf } from "./guest_traps.ts";
import { backToEvent, goBehind } from "./guest_travel.ts";
import type { GuestEach } from "./guest_each.ts";
import type { GuestEvents } from "./guest/events.ts";
import type { EventFilter, VmEvent } from "./events.ts";
import { Interrupted } from "./guest/interrupted.ts";
import type { GuestView } from "./guest/view.ts";
import { GuestLines, type Subject } from "./guest_lines.ts";
import { callText, type HistoryEntry, type Moment } from "./history.ts";
import { copyBreakpoints, hitBreakpoint, putBreakpoints } from "./kernel/breakpoints.ts";
import { KernelError } from "./kernel/manual.ts";
import type { Arrival, KernelStop, RunOptions } from "./kernel/run.ts";
import { counted } from "./machine/counted.ts";
import type { Stop } from "./machine/machine.ts";
import type { Changes, GuestParts, Stops } from "./parts.ts";
import { refusal, refusalOf } from "./refusals.ts";
import { checkRestorable, damaged, type VmState } from "./state.ts";
import type { Journey } from "./travel.ts";

/** What of the face may change a guest's computer, by the last word of the call. */
const MAY = new Set([
  "type",
  "breakAt",
  "watch",
  "removeBreakpoint",
  "set",
  "setRegister",
  "reset",
  // What is done by hand, by its own kernel.
  "spawn",
  "fork",
  "store",
  "load",
  "fill",
  "bytes",
  "put",
  "call",
  "open",
  "pipe",
  "kill",
  "run",
  "failAllocation",
]);
/** Instructions between two looks at whether the guest only waits. */
const SLICE = 1_000_000;

/** That of a computer which runs a kernel of its own. */
export interface GuestVmState extends VmState {
  /** @internal The guest. */
  readonly guest: Omit<GuestState, "machine">;
}

/** The changes of a guest. */
export class GuestChanges implements Changes {
  /** Where runs stop. */
  readonly stops: Stops;
  /** Who audits while it runs. */
  each: GuestEach | undefined;
  readonly #guest: Guest;
  readonly #parts: GuestParts;
  readonly #view: () => GuestView;
  /** Processes that sleep for the clock only as long as nobody tells them to do something. */
  stands: (pid: number) => boolean = () => false;
  readonly #listening: () => GuestEvents;
  /** Time has jumped once since all began to wait for input. */
  #jumped = false;
  #lines: GuestLines | undefined;

  /** Of a guest; `view`, `listening`: its kernel and what that does, once they are there. */
  constructor(
    guest: Guest,
    parts: GuestParts,
    view: () => GuestView,
    listening: () => GuestEvents,
  ) {
    this.#listening = listening;
    this.#guest = guest;
    this.#parts = parts;
    this.#view = view;
    const { debug } = guest;
    this.stops = {
      breakpoints: { points: [], next: 1 },
      machine: {
        addBreak: (at) => debug.addBreak(address(at)),
        removeBreak: (at) => debug.removeBreak(address(at)),
        watch: (watch) => debug.watch(watch),
        unwatch: (watch) => debug.unwatch(watch),
      },
    };
  }

  /** Another number after each thing that changed the computer, by whomever. */
  get revision(): number {
    return this.#parts.history.revision;
  }

  /** Whether one can go back. */
  get recording(): boolean {
    return this.#guest.recorded !== undefined;
  }

  /** From now on one can go back, and lines and calls are kept, to be undone. */
  start(): void {
    this.#guest.record();
    this.#lines ??= new GuestLines(this.#subject());
  }

  #subject(): Subject {
    const { history } = this.#parts;
    const { breakpoints } = this.stops;
    const revision = () => this.revision;
    return {
      get revision() {
        return revision();
      },
      breakpoints,
      moment: () => history.moment(),
      comeBack: (place) => {
        this.#parts.history.anew();
        history.comeBack(place.moment);
        putBreakpoints(this.stops, copyBreakpoints(place.breakpoints));
      },
    };
  }

  /** Lines are not kept any more. A guest goes on being recorded: a debugger may want it. */
  stop(): void {
    this.#lines = undefined;
  }

  /** @inheritdoc */
  entries(): HistoryEntry[] {
    return this.#lines?.entries() ?? [];
  }

  /** @inheritdoc */
  begin(line: string, pid: number): (pid: number) => void {
    return this.#lines?.begin(line, pid) ?? (() => {});
  }

  /** @inheritdoc */
  call<T>(what: string, args: readonly unknown[], body: () => T): T {
    if (!MAY.has(what.split(".").at(-1)!)) throw refusalOf(what);
    return this.group(what, args, () =>
      this.#wholly(() => {
        this.#parts.history.anew();
        return body();
      }));
  }

  /** Does something; if a person does not wait for its end, all is as it was before. */
  #wholly<T>(body: () => T): T {
    const { history } = this.#parts;
    if (history.asked === undefined) return body();
    return this.#listening().wholly(() => history.wholly(body));
  }

  /** Whether somebody still waits for what is done; throws {@link Interrupted} when nobody does. */
  ask(): void {
    if (this.#parts.history.asked?.()) throw new Interrupted();
  }

  /** @inheritdoc */
  group<T>(what: string, args: readonly unknown[], body: () => T): T {
    return this.#lines === undefined ? body() : this.#lines.group(() => callText(what, args), body);
  }

  /** What the console has printed and nobody has taken. */
  peekOutput(): string {
    return new TextDecoder().decode(joined(this.#parts.history.output));
  }

  /** Whether a person has a breakpoint there. */
  breaksAt(at: bigint): boolean {
    return this.stops.breakpoints.points.some(({ watch, address }) =>
      watch === undefined && address === at
    );
  }

  /** @inheritdoc */
  takeOutput(): Uint8Array {
    return joined(this.#guest.take());
  }

  /** @inheritdoc */
  hold(): void {
    throw refusal("hold");
  }

  /** Runs on: whoever can run, does. With `step`, one instruction of the present hart. */
  run(budget: number, options: RunOptions = {}): KernelStop | GuestStop {
    return this.group("vm.advance", [], () => this.#runOn(budget, options));
  }

  #runOn(budget: number, { step, untilEvent, only, arrive }: RunOptions): KernelStop | GuestStop {
    this.#parts.history.anew();
    if (only !== undefined) {
      throw new KernelError("the guest's own kernel says which of its processes runs");
    }
    if (this.#view().panicked) return PANIC;
    if (step) return this.#step();
    if (arrive !== undefined) return this.#arriving(budget, arrive);
    return untilEvent === undefined ? this.#run(budget) : this.#until(budget, untilEvent);
  }

  #step(): KernelStop | GuestStop {
    const { debug } = this.#guest;
    const stop = debug.step(debug.hart, SLICE);
    if (stop === undefined) return { kind: "idle" };
    return this.told(stop) ?? { kind: "budget" };
  }

  /**
   * It is looked at where all harts wait, which the machine proves, and not where a slice happens to
   * end: so it stops at the same instruction however the run is cut.
   */
  #run(budget: number, met?: () => KernelStop | undefined): KernelStop | GuestStop {
    const { paced } = this.#guest;
    this.#guest.paced = true;
    try {
      return this.#toStop(budget, met);
    } finally {
      this.#guest.paced = paced;
    }
  }

  #toStop(budget: number, met?: () => KernelStop | undefined): KernelStop | GuestStop {
    const { debug } = this.#guest;
    this.#setAgain();
    const end = debug.instret + budget;
    for (;;) {
      const left = end - debug.instret;
      if (left <= 0) return { kind: "budget" };
      const stop = debug.run(Math.min(left, SLICE));
      if (this.each?.stopped()) return { kind: "broken" };
      if (this.#view().panicked) return PANIC;
      // What was waited for.
      if (this.#listening().found !== undefined) return { kind: "budget" };
      const wanted = stop?.kind === "break" ? met?.() : undefined;
      if (wanted !== undefined) return wanted;
      const told = stop && this.told(stop);
      if (told !== undefined) return told;
      const { idle } = this.#guest;
      if (idle === undefined || !this.#waits()) continue;
      // Once, time jumps: somebody may have told a timer's handler to stop.
      // It is kept from one run to the next: they may be cut anywhere.
      const first = !this.#jumped && idle !== Infinity;
      this.#jumped = first;
      if (!first) return { kind: "idle" };
    }
  }

  /**
   * One slice, which ends where all harts wait, too; where and why it stopped at what a person has
   * set, or undefined.
   */
  slice(length: number): KernelStop | GuestStop | undefined {
    this.#parts.history.anew();
    this.#setAgain();
    const stop = this.#guest.debug.run(length);
    return stop && this.told(stop);
  }

  /** Whether nothing will happen before something is typed. */
  #waits(): boolean {
    if (!this.#guest.read || this.#parts.history.repeats) return false;
    return this.#guest.idle === Infinity || this.#view().waitsForConsole(this.stands);
  }

  /** A debugger at the same machine takes what is set at one address away for all. */
  #setAgain(): void {
    for (const { watch, address } of this.stops.breakpoints.points) {
      if (watch === undefined) this.#guest.debug.addBreak(address);
    }
  }

  /** A stop of the debugged machine in a kernel's words; undefined: it is not one of ours. */
  told(stop: DebugStop): KernelStop | GuestStop | undefined {
    const { hart } = stop;
    switch (stop.kind) {
      case "break":
      case "watch": {
        const pid = this.#view().pidOn(this.#parts.machine.harts[hart]) ?? 0;
        const met: Stop = stop.kind === "break"
          ? { kind: "break", pc: stop.pc }
          : { ...this.#guest.debug.hit!, kind: "watch", watch: stop.watch };
        const point = hitBreakpoint(this.stops, pid, met);
        if (point === undefined) return undefined;
        point.hits++;
        return { kind: "stopped", pid, stop: met, point };
      }
      case "exit":
        return { kind: "off", code: stop.code };
      case "stuck":
        return { kind: "stuck", hart };
      default:
        return undefined;
    }
  }

  #until(budget: number, filter: EventFilter): KernelStop | GuestStop {
    seenKinds("until", filter);
    const listening = this.#listening();
    listening.listen();
    let stop: KernelStop | GuestStop = { kind: "budget" };
    const event = listening.waitingFor(filter, () => void (stop = this.#run(budget)));
    if (event === undefined) return stop;
    const trap = trapOf(event);
    return trap === undefined
      ? { kind: "event", event, first: event.n }
      : { kind: "trapped", trap };
  }

  /** To one of some instructions, at the right moment. */
  #arriving(budget: number, { at, here }: Arrival): KernelStop | GuestStop {
    const { machine } = this.#parts;
    const { debug } = this.#guest;
    const there = new Set(at);
    for (const one of at) debug.addBreak(one);
    try {
      return this.#run(budget, () => {
        // The view is asked anew: the machine has run.
        this.#parts.history.anew();
        return there.has(machine.hart.pc) && here() ? { kind: "arrived" } : undefined;
      });
    } finally {
      // A person's own stay.
      const { points } = this.stops.breakpoints;
      const own = (one: bigint) =>
        points.some(({ watch, address }) => watch === undefined && address === one);
      for (const one of at) if (!own(one)) debug.removeBreak(one);
    }
  }

  /** The state now. */
  state(): GuestVmState {
    const { machine, ...guest } = this.#guest.save();
    return { made: madeOf(this.#parts), machine, guest };
  }

  /** Puts back a saved state; a RangeError, and nothing changed, for what is none. */
  restore(state: VmState): void {
    const before = this.state();
    checkRestorable(state, before);
    this.#parts.history.anew();
    try {
      this.#guest.restore({ ...state.guest, machine: state.machine });
    } catch (error) {
      this.#guest.restore({ ...before.guest, machine: before.machine });
      throw damaged((error as Error).message);
    }
  }

  /** From the first instruction again. */
  reset(): void {
    this.#parts.history.anew();
    this.#guest.reset();
  }

  /** @inheritdoc */
  step(what: "undo" | "redo", n: number): HistoryEntry[] {
    if (this.#lines !== undefined) return this.#lines.step(what, n);
    throw new RangeError(`${what}: nothing is recorded; vm.history.start() records from then on`);
  }

  /** @inheritdoc */
  travel({ what, call, to }: Journey): Moment {
    if (this.#guest.recorded === undefined) {
      throw new RangeError(`${what}: nothing is recorded yet; what runs from now on will be`);
    }
    return this.group(`vm.${call}`, [], () => this.#wholly(() => this.#comeTo(to)));
  }

  #comeTo(to: Journey["to"]): Moment {
    this.#parts.history.anew();
    const found = this.#travel(to);
    this.takeOutput();
    const pid = this.#view().here;
    const { instret } = this.#guest;
    const event = this.#listening().log.next;
    const there = { instret, event, pid, found };
    const trap = found && trapOf(found);
    return trap === undefined ? there : { ...there, trap };
  }

  /** Goes there; the event that was meant, if one was. */
  #travel(to: Journey["to"]): VmEvent | undefined {
    const { history } = this.#parts, listening = this.#listening();
    if ("filter" in to) {
      seenKinds("back", to.filter);
      return backToEvent(history, listening, to.filter);
    }
    if ("event" in to) {
      const event = listening.log.at(to.event);
      goBehind(history, listening, event);
      return event;
    }
    if ("back" in to) {
      const { instret } = this.#guest;
      if (to.back > instret) {
        throw new RangeError(`back ${to.back}: only ${counted(instret, "instruction")} been run`);
      }
      this.#guest.goto(instret - to.back);
    } else this.#guest.goto(to.instret);
    return undefined;
  }

  /** They take their room beside the lines. */
  pin(states: readonly VmState[]): void {
    this.#lines?.pin(states.map(({ machine }) => machine));
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** What states of a guest have in common with those that fit it. */
export function madeOf({ machine: { ram, harts, virtio } }: GuestParts): Made {
  return { mem: ram.size, harts: harts.length, disk: virtio?.image.length };
}

const PANIC: KernelStop = { kind: "panic", message: "its console says why" };

/** An address that the machine names by an exact number, negative in the upper half. */
function address(at: number): bigint {
  whole("address", at, -(2 ** 53) + 1);
  return BigInt.asUintN(64, BigInt(at));
}

/** Throws a KernelError for events that no guest's kernel shows. */
function seenKinds(what: string, { kinds }: EventFilter): void {
  const unseen = kinds?.find((kind) => !GUEST_KINDS.includes(kind));
  if (unseen === undefined) return;
  throw new KernelError(
    `${what} ${unseen}: a guest's kernel does not show that; break FUNCTION stops where its code ` +
      "does it",
  );
}
