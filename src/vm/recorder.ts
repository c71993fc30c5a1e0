/** What is done to a computer, and undone: all of the face that may change it comes here. */

import { ANYBODY, type Runner } from "./checkpoints.ts";
import { whole } from "./checks.ts";
import { saveParts } from "./computer.ts";
import { callText, type HistoryEntry, type Moment, tooFar } from "./history.ts";
import { hasOutput, takeOutput } from "./kernel/console.ts";
import { holdRun, runOf } from "./kernel/process/table.ts";
import { type KernelStop, run, type RunOptions } from "./kernel/run.ts";
import { type Changes, changesOf, type Parts } from "./parts.ts";
import type { BuiltinState, VmState } from "./state.ts";
import { Timeline } from "./timeline.ts";
import type { Journey } from "./travel.ts";
import type { Vm } from "./vm.ts";

/** Actions that can be undone. */
const MOST_ENTRIES = 10_000;

/** An action as it is kept: its label is only made when somebody reads it. */
interface Entry extends Pick<HistoryEntry, "instret" | "event" | "current"> {
  readonly label: () => string;
  /** The revisions before and after it. */
  readonly from: number;
  to: number;
}

/** What is under way: the shell's line, or a call that makes several. */
interface Group {
  readonly label: () => string;
  /** The process that the shell acted on when it began. */
  readonly pid: number | undefined;
}

/** The recorder of one computer. It also counts the revisions where nothing is recorded. */
export class Recorder implements Changes {
  readonly #parts: Parts;
  /** See {@link Vm.revision}. */
  revision = 0;
  #timeline: Timeline | undefined;
  #entries: Entry[] = [];
  /** How many of them are done; those behind were undone. */
  #done = 0;
  /** A call is being made, for the first time or again: what it does in turn is part of it. */
  #inside = false;
  #group: Group | undefined;
  /** The revision behind the last entry. */
  #from = 0;
  #pinned: readonly VmState[] = [];

  /** Of a computer that was just booted. */
  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @inheritdoc */
  get recording(): boolean {
    return this.#timeline !== undefined;
  }

  /** @inheritdoc */
  start(): void {
    if (this.#timeline !== undefined) return;
    this.#from = ++this.revision;
    this.#timeline = new Timeline(this.#parts, this.#from, () => this.#makeRoom());
    this.#timeline.pin(this.#pinned);
  }

  /** @inheritdoc */
  stop(): void {
    this.#timeline = undefined;
    this.#entries = [];
    this.#done = 0;
  }

  /** @inheritdoc */
  entries(): HistoryEntry[] {
    return this.#entries.map((entry, i) => shown(entry, i >= this.#done));
  }

  /** A call of the face that changes the computer: `body` does it, and would do it again. */
  call<T>(what: string, args: readonly unknown[], body: () => T): T {
    const timeline = this.#change();
    if (timeline === undefined) return body();
    this.#overwrite();
    const call = timeline.call(this.revision, body);
    try {
      return this.#within(body);
    } catch (error) {
      call.threw = true;
      throw error;
    } finally {
      this.#did(() => callText(what, args));
    }
  }

  /** Something that belongs to the action before it: output taken, a run held. */
  #aside<T>(body: () => T): T {
    const timeline = this.#change();
    if (timeline === undefined) return body();
    this.#overwrite();
    timeline.aside(this.revision, body);
    const last = this.#entries.at(-1);
    if (this.#group === undefined && last !== undefined) last.to = this.#from = this.revision;
    return body();
  }

  /** What the console printed since somebody asked last: it belongs to what printed it. */
  takeOutput(): Uint8Array {
    const { kernel } = this.#parts;
    return hasOutput(kernel) ? this.#aside(() => takeOutput(kernel)) : new Uint8Array();
  }

  /** Holds the processes of a run, or lets them run; `run` as in their records. */
  hold(run: number, held: boolean): void {
    const { kernel } = this.#parts;
    if (!runOf(kernel, run).some((p) => !p.manual && p.held !== held)) return;
    this.#aside(() => holdRun(kernel, run, held));
  }

  /** Processes run, in the name of `runner`. */
  run(budget: number, options: RunOptions, runner: Runner = ANYBODY): KernelStop {
    const timeline = this.#change();
    if (timeline === undefined) return run(this.#parts.kernel, budget, options);
    this.#overwrite();
    try {
      return timeline.run(this.revision, budget, options, runner);
    } finally {
      const { pid, only } = runner;
      this.#did(() => only ? `p${pid}.step()` : pid ? `a run of pid ${pid}` : "vm.advance()");
    }
  }

  /** The state now. */
  state(): BuiltinState {
    const timeline = this.#inside ? undefined : this.#timeline;
    return timeline?.state() ?? saveParts(this.#parts);
  }

  /** Another state is put in the place of this one. */
  jump(state: BuiltinState, put: () => void): void {
    const timeline = this.#change();
    if (timeline === undefined) return put();
    timeline.jump(this.revision, state, put);
    this.#overwrite();
    this.#did(() => "vm.restore()");
  }

  /** Several calls that are one action, on behalf of somebody: undone together. */
  group<T>(what: string, args: readonly unknown[], body: () => T): T {
    if (this.#group !== undefined) return body();
    this.#group = { label: () => callText(what, args), pid: undefined };
    try {
      return body();
    } finally {
      this.#close(undefined);
      this.#group = undefined;
    }
  }

  /** @inheritdoc */
  begin(line: string, pid: number): (pid: number) => void {
    const outer = this.#group;
    this.#close(pid);
    this.#timeline?.mark();
    this.#group = { label: () => line, pid };
    return (after) => {
      this.#close(after);
      this.#timeline?.mark();
      this.#group = outer && { ...outer, pid: after };
    };
  }

  /** See {@link pinStates}. */
  pin(states: readonly VmState[]): void {
    this.#pinned = states;
    this.#timeline?.pin(states);
    this.#makeRoom();
  }

  /** Undoes `n` actions, the last one first, or does again what was undone; returns them. */
  step(what: "undo" | "redo", n: number): HistoryEntry[] {
    const timeline = this.#started(what);
    whole(what, n, 1);
    const undo = what === "undo";
    const [done, ahead] = [this.#entries.slice(0, this.#done), this.#entries.slice(this.#done)];
    const list = undo ? done.reverse() : ahead;
    if (n > list.length) throw new RangeError(tooFar(what, n, list.length));
    const { from, to } = list[n - 1];
    const there = undo ? from : to;
    this.revision++;
    this.#within(() => timeline.seek(there));
    this.#from = there;
    this.#done += undo ? -n : n;
    return list.slice(0, n).map((entry) => shown(entry, undo));
  }

  /** Goes to a moment of the recorded past. */
  travel({ what, call, find }: Journey): Moment {
    const timeline = this.#started(what);
    const revision = ++this.revision;
    const { pid, event } = this.#within(() => timeline.travel(revision, find));
    this.#overwrite();
    this.#did(() => `vm.${call}`);
    const { machine, events } = this.#parts.kernel;
    // One trap may make more events than the log holds.
    const found = event === undefined || event < events.oldest ? undefined : events.at(event);
    return { instret: machine.instret, event: events.next, pid, found };
  }

  #started(what: string): Timeline {
    if (this.#timeline !== undefined) return this.#timeline;
    throw new RangeError(`${what}: nothing is recorded; vm.history.start() records from then on`);
  }

  /** The computer is about to change: the timeline, where that is to be recorded. */
  #change(): Timeline | undefined {
    this.revision++;
    return this.#inside ? undefined : this.#timeline;
  }

  /** What is done meanwhile is part of something that is recorded, now or before. */
  #within<T>(body: () => T): T {
    this.#inside = true;
    try {
      return body();
    } finally {
      this.#inside = false;
    }
  }

  /** What was undone is gone. */
  #overwrite(): void {
    this.#entries.length = this.#done;
  }

  #did(label: () => string): void {
    if (this.#group === undefined) this.#add({ label, pid: undefined }, undefined);
  }

  #close(pid: number | undefined): void {
    if (this.#group !== undefined) this.#add(this.#group, pid);
  }

  /** An action is over, if it was one. */
  #add({ label, pid }: Group, after: number | undefined): void {
    const to = this.#timeline?.here;
    if (to === undefined || to === this.#from) return;
    const { machine, events } = this.#parts.kernel;
    const current = pid === undefined || after === undefined ? undefined : { before: pid, after };
    const { instret } = machine;
    this.#entries.push({ label, from: this.#from, to, instret, event: events.next, current });
    this.#done++;
    this.#from = to;
    this.#makeRoom();
  }

  /** Forgets the oldest quarter of the actions while they, or their states, are too many. */
  #makeRoom(): void {
    const timeline = this.#timeline;
    if (timeline === undefined || this.#done < this.#entries.length) return;
    while (this.#entries.length > 1 && (this.#entries.length > MOST_ENTRIES || timeline.full)) {
      this.#entries.splice(0, Math.ceil(this.#entries.length / 4));
      this.#done = this.#entries.length;
      timeline.forget(this.#entries[0]?.from ?? this.#from);
    }
  }
}

function shown({ label, to, instret, event, current }: Entry, undone: boolean): HistoryEntry {
  return { label: label(), revision: to, instret, event, undone, current };
}

/** States that the shell keeps under names; they take their part of the room. */
export function pinStates(vm: Vm, states: readonly VmState[]): void {
  changesOf(vm).pin(states);
}
