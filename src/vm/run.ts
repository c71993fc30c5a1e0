/**
 * One program's run, in slices, so that whoever drives it can breathe between them.
 *
 * @module
 */

import type { EventFilter, KernelStop } from "./kernel/run.ts";
import { run } from "./kernel/run.ts";
import type { RunReport, RunStop } from "./reports.ts";
import type { Mark, Vm } from "./vm.ts";

/** A program that was started; see {@link Vm.start}. */
export class Run {
  /** The program's first process. */
  readonly pid: number;
  readonly #vm: Vm;
  readonly #mark: Mark;
  readonly #ticks: number;
  readonly #name: string;
  readonly #decoder = new TextDecoder();
  #console = "";
  readonly #until: EventFilter | undefined;
  #pass: readonly number[];
  #stop: RunStop = { kind: "budget" };

  /** For {@link Vm.start}. A run that goes on passes breakpoints at which processes in `pass` stand. */
  constructor(
    vm: Vm,
    pid: number,
    mark: Mark,
    options: { until?: EventFilter; pass?: readonly number[] } = {},
  ) {
    this.#until = options.until;
    this.#pass = options.pass ?? [];
    this.#vm = vm;
    this.pid = pid;
    this.#mark = mark;
    this.#ticks = vm.kernel.ticks;
    this.#name = vm.process(pid).name;
  }

  /** Runs at most `budget` instructions more. True when it is over: {@link report} then says why. */
  slice(budget: number): boolean {
    const stop: KernelStop = run(this.#vm.kernel, budget, {
      untilExit: this.pid,
      pass: this.#pass,
      ...(this.#until === undefined ? {} : { untilEvent: this.#until }),
    });
    this.#stop = stop;
    this.#pass = stop.kind === "stopped" ? [stop.pid] : [];
    return stop.kind !== "budget";
  }

  /** Console text since the last time this was called. */
  takeOutput(): string {
    const bytes = this.#vm.kernel.takeOutput();
    const text = this.#decoder.decode(bytes, { stream: true });
    this.#console += text;
    return text;
  }

  /** Runs on to the end, or until `budget` instructions more are used up. */
  finish(budget: number = Number.MAX_SAFE_INTEGER): RunReport {
    this.slice(budget);
    return this.report();
  }

  /** Whether the run stopped because somebody reads the console and nothing is typed. */
  waitsForConsole(): boolean {
    return this.#stop.kind === "idle" &&
      this.#vm.kernel.processes().some((p) => p.wait?.on === "console");
  }

  /** A person stopped it: the program and its descendants die. */
  interrupt(): void {
    const all = this.#vm.descendants(this.pid);
    for (const p of all) p.kill();
    // Those that were about to run die where the kernel next picks them up: now, before they do anything.
    for (const p of all) if (p.alive) run(this.#vm.kernel, 1, { only: p.pid });
    this.#stop = { kind: "interrupted" };
  }

  /** How it stands now. */
  report(): RunReport {
    this.takeOutput();
    const vm = this.#vm;
    const ended = vm.kernel.ended.findLast((one) => one.pid === this.pid);
    const done = vm.since(this.#mark);
    return {
      pid: this.pid,
      name: this.#name,
      status: ended?.status,
      killedBy: ended?.killedBy ?? "",
      stop: this.#stop,
      console: this.#console,
      instructions: done.instructions,
      calls: done.calls,
      faults: done.faults,
      framesCopied: done.copied.pages,
      bytesCopied: done.copied.bytes,
      forks: done.forks,
      ticks: vm.kernel.ticks - this.#ticks,
    };
  }
}
