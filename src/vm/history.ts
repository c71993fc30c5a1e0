/**
 * What was done to a computer, one action after the other, so that it can be undone and done again;
 * and the ways to any moment in between.
 *
 * @module
 */

import { whole } from "./checks.ts";
import type { VmEvent } from "./events.ts";
import { hasOutput, takeOutput } from "./kernel/console.ts";
import { holdRun, runOf } from "./kernel/process/table.ts";
import { type EventFilter, type KernelStop, run, type RunOptions } from "./kernel/run.ts";
import type { Computer, Runner } from "./checkpoints.ts";
import { callText, filterText, tooFar } from "./history_text.ts";
import { Timeline } from "./timeline.ts";
import { backBy, type Find, toEvent, toInstret, toLast } from "./travel.ts";
import type { VmState } from "./state.ts";

/** Bytes that all states which are kept may take together, snapshots of the shell among them. */
export const MOST_BYTES: number = 2 ** 30;
/** Actions that can be undone. */
const MOST_ENTRIES = 10_000;

/** An action that can be undone, or done again. */
export interface HistoryEntry {
  /** The line that was typed, or the call of a script. */
  readonly label: string;
  /** The computer's revision after it; see {@link Vm.revision}. */
  readonly revision: number;
  /** Instructions retired since boot, after it. */
  readonly instret: number;
  /** Number of the next event, after it. */
  readonly event: number;
  /** It has been undone, and can be done again. */
  readonly undone: boolean;
  /**
   * The process that the shell acted on, before and after; 0 for none. Undefined for a script's
   * call.
   */
  readonly current: { readonly before: number; readonly after: number } | undefined;
}

/** Where a way back led. */
export interface Moment {
  /** Instructions retired since boot. */
  readonly instret: number;
  /** Number of the next event. */
  readonly event: number;
  /** The program that ran then; 0 when it was none, or all. */
  readonly pid: number;
  /** What happened right before it, where an event was asked for and the log holds it. */
  readonly found: VmEvent | undefined;
}

/** An action as it is kept: its label is only made when somebody reads it. */
interface Entry {
  readonly label: () => string;
  readonly from: number;
  to: number;
  readonly instret: number;
  readonly event: number;
  readonly current: HistoryEntry["current"];
}

/** What is under way: the shell's line, or a call that makes several. */
interface Group {
  readonly label: () => string;
  readonly pid: number | undefined;
}

/**
 * The history of a {@link Vm}. The shell records from its start; a script says when, since a
 * recorded computer keeps states.
 *
 * Each action can be undone: a call that changes the computer, a run, a line of the shell. At most
 * 10,000 are kept, and at most 1 GiB of states; then the oldest quarter is forgotten. What left the
 * computer (files of the host, printed text, a {@link Run}'s own figures) is not undone.
 *
 * @example Undone, and done again
 * ```ts
 * import { boot, expect } from "@cowsh/cowsh";
 *
 * const vm = boot();
 * const p = vm.spawn();
 * const at = p.sbrk(4096);
 * vm.history.start();
 * p.store(at, 1n);
 * p.fork();
 * vm.undo();
 * expect(vm.processes()).toHaveLength(2);
 * vm.undo();
 * expect(vm.history.entries().map((e) => [e.label, e.undone])).toEqual([
 *   ["p2.store(0x3000n, 1n)", true],
 *   ["p2.fork()", true],
 * ]);
 * vm.redo();
 * expect(p.load(at)).toBe(1n);
 * ```
 */
export class History {
  readonly #computer: Computer;
  /** Makes the next revision. */
  readonly #next: () => number;
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

  /**
   * For {@link Vm}.
   *
   * @internal
   */
  constructor(computer: Computer, next: () => number) {
    this.#computer = computer;
    this.#next = next;
  }

  /** Whether actions are recorded. */
  get recording(): boolean {
    return this.#timeline !== undefined;
  }

  /**
   * Records from now on. Costs 2 to 10 us a call, and a state (0.1 to 0.4 ms) for each run and
   * every 256 calls.
   */
  start(): void {
    if (this.#timeline !== undefined) return;
    this.#from = this.#next();
    this.#timeline = new Timeline(this.#computer, this.#from, MOST_BYTES, () => this.#makeRoom());
    this.#timeline.pin(this.#pinned);
  }

  /** Records no more, and forgets everything. */
  stop(): void {
    this.#timeline = undefined;
    this.#entries = [];
    this.#done = 0;
  }

  /** The actions that are kept, oldest first. */
  entries(): HistoryEntry[] {
    return this.#entries.map((entry, i) => this.#shown(entry, i >= this.#done));
  }

  #shown({ label, to, instret, event, current }: Entry, undone: boolean): HistoryEntry {
    return { label: label(), revision: to, instret, event, undone, current };
  }

  /**
   * A call of the face that changes the computer: `body` does it, and would do it again.
   *
   * @internal
   */
  call<T>(what: string, args: readonly unknown[], body: () => T): T {
    const revision = this.#next();
    const timeline = this.#timeline;
    if (timeline === undefined || this.#inside) return body();
    this.#overwrite();
    const call = timeline.call(revision, body);
    this.#inside = true;
    try {
      return body();
    } catch (error) {
      call.threw = true;
      throw error;
    } finally {
      this.#inside = false;
      this.#did(() => callText(what, args));
    }
  }

  /**
   * Something that belongs to the action before it: output taken, a run held.
   *
   * @internal
   */
  aside<T>(body: () => T): T {
    const revision = this.#next();
    if (this.#timeline === undefined || this.#inside) return body();
    this.#overwrite();
    this.#timeline.aside(revision, body);
    const last = this.#entries.at(-1);
    if (this.#group === undefined && last !== undefined) last.to = this.#from = revision;
    return body();
  }

  /**
   * What the console printed since somebody asked last: it belongs to what printed it.
   *
   * @internal
   */
  takeOutput(): Uint8Array {
    const { kernel } = this.#computer;
    return hasOutput(kernel) ? this.aside(() => takeOutput(kernel)) : new Uint8Array();
  }

  /**
   * Processes run.
   *
   * @internal
   */
  run(budget: number, options: RunOptions, runner: Runner): KernelStop {
    const revision = this.#next();
    if (this.#timeline === undefined || this.#inside) {
      return run(this.#computer.kernel, budget, options);
    }
    this.#overwrite();
    try {
      return this.#timeline.run(revision, budget, options, runner);
    } finally {
      const { pid, only } = runner;
      this.#did(() => only ? `p${pid}.step()` : pid ? `a run of pid ${pid}` : "vm.advance()");
    }
  }

  /**
   * Holds the processes of a run, or lets them run; `run` as in their records.
   *
   * @internal
   */
  hold(run: number, held: boolean): void {
    const { kernel } = this.#computer;
    if (!runOf(kernel, run).some((p) => !p.manual && p.held !== held)) return;
    this.aside(() => holdRun(kernel, run, held));
  }

  /**
   * The state now.
   *
   * @internal
   */
  state(): VmState {
    return this.#timeline === undefined || this.#inside
      ? this.#computer.save()
      : this.#timeline.state();
  }

  /**
   * Another state is put in the place of this one.
   *
   * @internal
   */
  jump(state: VmState, put: () => void): void {
    const revision = this.#next();
    if (this.#timeline === undefined || this.#inside) return put();
    this.#timeline.jump(revision, state, put);
    this.#overwrite();
    this.#did(() => "vm.restore()");
  }

  /**
   * Several calls that are one action, on behalf of somebody: undone together.
   *
   * @internal
   */
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

  /**
   * A line of the shell begins; its current process is `pid`. The line that it stands in, for
   * `source`, is one action up to here. What it returns ends the line.
   *
   * @internal
   */
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

  /**
   * States that the shell keeps under names; they take their part of the room.
   *
   * @internal
   */
  pin(states: readonly VmState[]): void {
    this.#pinned = states;
    this.#timeline?.pin(states);
    this.#makeRoom();
  }

  /**
   * Undoes some actions; those undone, the last one first.
   *
   * @internal
   */
  undo(n: number): HistoryEntry[] {
    const timeline = this.#started("undo");
    whole("undo", n, 1);
    const undone = this.#entries.slice(0, this.#done).reverse();
    if (n > undone.length) throw new RangeError(tooFar("undo", n, undone.length));
    this.#seek(timeline, undone[n - 1].from);
    this.#done -= n;
    return undone.slice(0, n).map((entry) => this.#shown(entry, true));
  }

  /**
   * Does again what was undone last; those done, the first one first.
   *
   * @internal
   */
  redo(n: number): HistoryEntry[] {
    const timeline = this.#started("redo");
    whole("redo", n, 1);
    const ahead = this.#entries.slice(this.#done);
    if (n > ahead.length) throw new RangeError(tooFar("redo", n, ahead.length));
    this.#seek(timeline, ahead[n - 1].to);
    this.#done += n;
    return ahead.slice(0, n).map((entry) => this.#shown(entry, false));
  }

  /**
   * Goes back by instructions, or to right behind the last event that a filter lets through.
   *
   * @internal
   */
  back(to: number | EventFilter): Moment {
    const timeline = this.#started("back");
    if (typeof to === "number") {
      whole("back", to, 1);
      return this.#travel(timeline, `back(${to})`, (...there) => backBy(...there, to));
    }
    const name = filterText(to);
    return this.#travel(timeline, `back(${name})`, (...there) => toLast(...there, to, name));
  }

  /**
   * Goes to an instruction, or to right behind an event, that lies in the past.
   *
   * @internal
   */
  goto(to: number | { readonly event: number }): Moment {
    const timeline = this.#started("goto");
    if (typeof to === "number") {
      whole("goto", to, 0);
      return this.#travel(timeline, `goto(${to})`, (...there) => toInstret(...there, to));
    }
    const { event } = to;
    whole("goto event", event, 0);
    const name = `goto({ event: ${event} })`;
    return this.#travel(timeline, name, (...there) => toEvent(...there, event));
  }

  #started(what: string): Timeline {
    if (this.#timeline !== undefined) return this.#timeline;
    throw new RangeError(
      `${what}: nothing is recorded; vm.history.start() records from then on`,
    );
  }

  #seek(timeline: Timeline, revision: number): void {
    this.#next();
    this.#again(() => timeline.seek(revision));
    this.#from = revision;
  }

  #travel(
    timeline: Timeline,
    name: string,
    find: Find,
  ): Moment {
    const revision = this.#next();
    const { pid, event } = this.#again(() => timeline.travel(revision, find));
    this.#overwrite();
    this.#did(() => `vm.${name}`);
    const { machine, events } = this.#computer.kernel;
    // One trap may make more events than the log holds.
    const found = event === undefined || event < events.oldest ? undefined : events.at(event);
    return { instret: machine.instret, event: events.next, pid, found };
  }

  /** What is done meanwhile has been recorded before. */
  #again<T>(body: () => T): T {
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
    const { machine, events } = this.#computer.kernel;
    const current = pid === undefined || after === undefined ? undefined : { before: pid, after };
    const { instret } = machine;
    this.#entries.push({ label, from: this.#from, to, instret, event: events.next, current });
    this.#done++;
    this.#from = to;
    this.#makeRoom();
  }

  /**
   * Forgets the oldest quarter of the actions while there are too many of them, or of their states.
   */
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
