/**
 * One program's run, in slices, so that whoever drives it can breathe between them.
 *
 * A run is over when the program and all that it and its children made have exited. What is left
 * behind when the program itself has ended may be a daemon, which never does: it runs on for a
 * while only, and is held then, so that nobody pays for it later.
 */

import { busy } from "./kernel/process/time.ts";
import { holdRun, runOf } from "./kernel/process/table.ts";
import type { Ended } from "./kernel/state.ts";
import type { Kernel } from "./kernel/kernel.ts";
import { endNow } from "./kernel/manual.ts";
import type { EventFilter } from "./events.ts";
import { type Arrival, type KernelStop, run, type RunOptions } from "./kernel/run.ts";
import type { Leftover, RunReport, RunStop } from "./reports.ts";
import { type Changes, changesOf, kernelOf } from "./parts.ts";
import type { Mark, Vm } from "./vm.ts";

/** How long what a program leaves behind runs on: instructions, with 500 for each trap. */
const AFTERMATH = 100_000_000;

/** A program under way, as who drives it asks it. */
export interface Running {
  /** The program's first process; 0 while that is unknown. */
  readonly pid: number;
  /** Runs at most `budget` instructions more. True when it is over, or cannot go on. */
  slice(budget: number): boolean;
  /** Console text since the last time this was called. */
  takeOutput(): string;
  /** Whether the program itself has ended. */
  readonly ended: boolean;
  /** Whether it stopped because one of its processes reads the console and nothing is typed. */
  waitsForConsole(): boolean;
  /** A person stopped it. */
  interrupt(): void;
  /** Nobody runs it on. */
  leave(): void;
  /** Runs on to the end, or until `budget` instructions more are used up. */
  finish(budget?: number): RunReport;
  /** How it stands now. */
  report(): RunReport;
}

/** A program that was started; see {@link Vm.start}. */
export class Run {
  /** The program's first process. */
  readonly pid: number;
  readonly #vm: Vm;
  readonly #kernel: Kernel;
  readonly #recorder: Changes;
  readonly #mark: Mark;
  readonly #ticks: number;
  readonly #name: string;
  /** Whose exit ends it; see the process's own `run`. */
  readonly #run: number;
  readonly #decoder = new TextDecoder();
  #console = "";
  readonly #until: EventFilter | undefined;
  readonly #arrive: Arrival | undefined;
  #pass: readonly number[];
  #stop: RunStop = { kind: "budget" };
  /** How the program ended, once it has. */
  #ended: Ended | undefined;
  /** Busy time at which what is left behind is held. */
  #deadline = Infinity;

  /** For {@link Vm.start} and {@link Vm.resume}, and with `arrive` to an instruction. Processes in `pass` pass the breakpoints where they stand. */
  constructor(
    vm: Vm,
    pid: number,
    mark: Mark,
    options: { until?: EventFilter; arrive?: Arrival; pass?: readonly number[] } = {},
  ) {
    this.#until = options.until;
    this.#arrive = options.arrive;
    this.#pass = options.pass ?? [];
    this.#vm = vm;
    this.#kernel = kernelOf(vm);
    this.#recorder = changesOf(vm);
    this.pid = pid;
    this.#mark = mark;
    this.#ticks = this.#kernel.state.ticks;
    const { name, run } = vm.process(pid);
    this.#name = name;
    this.#run = run;
    this.#recorder.hold(this.#run, false);
  }

  /** Runs at most `budget` instructions more. True when it is over; see {@link report}. */
  slice(budget: number): boolean {
    this.#recorder.hold(this.#run, false);
    const { machine } = this.#kernel;
    const end = machine.instret + budget;
    this.#stop = this.#ended === undefined
      ? this.#go(budget, { untilExit: this.pid })
      : { kind: "exited", pid: this.pid };
    // The event that was waited for may be the exit itself.
    if (!runOf(this.#kernel, this.#run).some((p) => p.pid === this.pid)) this.#end();
    if (this.#stop.kind === "exited" && this.#leavesOthers()) {
      this.#stop = this.#goOn(end - machine.instret);
    }
    this.#pass = this.#stop.kind === "stopped" ? [this.#stop.pid] : [];
    return this.#stop.kind !== "budget";
  }

  #go(budget: number, options: RunOptions): KernelStop {
    const all = {
      ...options,
      pass: this.#pass,
      ...(this.#until === undefined ? {} : { untilEvent: this.#until }),
      ...(this.#arrive === undefined ? {} : { arrive: this.#arrive }),
    };
    // A program is only run where the kernel is the built-in one.
    const runner = { pid: this.pid, run: this.#run };
    return this.#recorder.run(budget, all, runner) as KernelStop;
  }

  /** The program has ended: its status is kept before later exits push it out of the list. */
  #end(): void {
    if (this.#ended !== undefined) return;
    const kernel = this.#kernel;
    this.#ended = kernel.state.ended.findLast((one) => one.pid === this.pid);
    this.#deadline = busy(kernel) + AFTERMATH;
  }

  /** Whether processes are left whose program is gone. A child that ends leaves nobody behind. */
  #leavesOthers(): boolean {
    const kernel = this.#kernel;
    const rest = runOf(kernel, this.#run);
    return rest.length > 0 && !rest.some((p) => p.pid === this.#run);
  }

  #goOn(budget: number): KernelStop {
    const stop = this.#go(budget, { untilOver: this.#run, deadline: this.#deadline });
    if (stop.kind !== "budget" || busy(this.#kernel) < this.#deadline) return stop;
    this.#recorder.hold(this.#run, true);
    return { kind: "exited", pid: this.pid };
  }

  /** Whether the program itself has ended; what it left behind may still be there. */
  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** Nobody runs it on: what is still there is held, so that others do not pay for it. */
  leave(): void {
    this.#recorder.hold(this.#run, true);
  }

  /** Console text since the last time this was called. */
  takeOutput(): string {
    const text = this.#decoder.decode(this.#recorder.takeOutput(), { stream: true });
    this.#console += text;
    return text;
  }

  /** Runs on to the end, or until `budget` instructions more are used up. */
  finish(budget: number = Number.MAX_SAFE_INTEGER): RunReport {
    this.slice(budget);
    return this.report();
  }

  /** Whether it stopped because one of its processes reads the console and nothing is typed. */
  waitsForConsole(): boolean {
    return this.#stop.kind === "idle" &&
      runOf(this.#kernel, this.#run).some((p) => p.wait?.on === "console");
  }

  /** A person stopped it: the program and all that it and its children made die. */
  interrupt(): void {
    const kernel = this.#kernel;
    this.#recorder.call(`the end of pid ${this.pid}`, [], () => {
      holdRun(kernel, this.#run, false);
      const all = runOf(kernel, this.#run);
      for (const p of all) endNow(kernel, p);
      // Those that were about to run die where the kernel next picks them up: now, before they do
      // anything.
      for (const p of all) if (p.state !== "zombie") run(kernel, 1, { only: p.pid });
    });
    this.#ended ??= this.#kernel.state.ended.findLast((one) => one.pid === this.pid);
    this.#stop = { kind: "interrupted" };
  }

  /** How it stands now. */
  report(): RunReport {
    this.takeOutput();
    const { copied, instructions, calls, faults, forks } = this.#vm.since(this.#mark);
    return {
      pid: this.pid,
      name: this.#name,
      status: this.#ended?.status,
      killedBy: this.#ended?.killedBy ?? "",
      stop: this.#stop,
      left: this.#leftovers(),
      console: this.#console,
      instructions,
      calls,
      faults,
      framesCopied: copied.pages,
      bytesCopied: copied.bytes,
      forks,
      ticks: this.#kernel.state.ticks - this.#ticks,
    };
  }

  #leftovers(): Leftover[] {
    if (this.#ended === undefined || !this.#leavesOthers()) return [];
    return runOf(this.#kernel, this.#run).map((p) => {
      const { pid, name, waits } = this.#vm.process(p.pid);
      return { pid, name, waits };
    });
  }
}
