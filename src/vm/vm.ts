/** The whole computer as commands and scripts hold it: what is done to it. */

import { reclaim } from "./kernel/memory/reclaim/reclaim.ts";
import { procs } from "./kernel/process/table.ts";
import { takeOutput } from "./kernel/console.ts";
import { type BootOptions, settled } from "./boot_options.ts";
import { addWatchpoint, type Breakpoint, type WatchOptions } from "./breakpoints.ts";
import { isText, onlyNames, whole } from "./checks.ts";
import { bootComputer } from "./builtin_computer.ts";
import type { EventFilter } from "./events.ts";
import type { Each, EachReport } from "./guest_each.ts";
import type { GuestStop } from "./guest_traps.ts";
import type { History, HistoryEntry, Moment } from "./history.ts";
import type { KernelView } from "./inspect/view.ts";
import { addBreakpoint, removeBreakpoint } from "./kernel/breakpoints.ts";
import type { ForkObserver } from "./kernel/kernel.ts";
import { KernelError } from "./kernel/manual.ts";
import type { KernelStop, RunOptions } from "./kernel/run.ts";
import { va } from "./machine/address.ts";
import type { Machine } from "./machine/machine.ts";
import type { RamView } from "./machine/ram_view.ts";
import type { Mark } from "./marks.ts";
import { type Changes, type Computer, partsOf } from "./parts.ts";
import { Process } from "./process.ts";
import { checkProgram, loadProgram } from "./programs.ts";
import type { RunReport } from "./reports.ts";
import { guestOnly, kernelFor, Questions } from "./questions.ts";
import { Run } from "./run.ts";
import type { VmState } from "./state.ts";
import { backTo, goTo } from "./travel.ts";

export { type BootOptions, KernelError, type Mark, type RamView, type VmState, type WatchOptions };

/**
 * A booted computer. Methods are synchronous and deterministic; what they answer are snapshots,
 * except for {@link Process} and {@link Frame}, which are live.
 *
 * @example What a step cost
 * ```ts
 * import { boot, expect } from "@cowsh/cowsh";
 *
 * const vm = boot();
 * const p = vm.spawn();
 * const va = p.sbrk("256 pages");
 * const mark = vm.mark();
 * const child = p.fork();
 * expect(vm.since(mark).copied.pages).toBe(0);
 * child.fill(va, "16 pages", 1);
 * expect(vm.since(mark).copied).toEqual({ pages: 16, bytes: 65536 });
 * expect(vm.events(mark.event).filter((e) => e.kind === "fault")).toHaveLength(16);
 * ```
 *
 * @example A state kept, and put back
 * ```ts
 * import { boot, expect } from "@cowsh/cowsh";
 *
 * const vm = boot();
 * const p = vm.spawn();
 * const va = p.sbrk(4096);
 * const before = vm.save();
 * p.store(va, 1n);
 * vm.restore(before);
 * expect(p.load(va)).toBe(0n);
 * ```
 */
export class Vm extends Questions {
  /** What it was made with. */
  readonly options: BootOptions;
  /** What was done to it, for {@link undo} and the ways back. */
  readonly history: History;

  /**
   * Boots RAM, kernel, disk and process 1. Throws RangeError or FsError with one clear line.
   *
   * @param options Everything has a default.
   * @param computer Another computer in its place; for `vmOver`.
   */
  constructor(options: BootOptions = {}, computer?: Computer) {
    super(computer ?? bootComputer(settled(options)));
    this.options = options;
    this.history = this.#changes;
  }

  get #computer(): Computer {
    return partsOf(this);
  }

  get #changes(): Changes {
    return this.#computer.changes;
  }

  get #view(): KernelView {
    return this.#computer.view;
  }

  get #machine(): Machine {
    return this.#computer.machine;
  }

  /**
   * Sets a register or CSR of a guest's hart, modulo 2^64. Throws a RangeError for one that is not
   * there, or cannot be set.
   */
  setRegister(name: string, value: bigint, hart: number = this.hart): void {
    whole("hart", hart, 0, this.harts - 1);
    guestOnly(this, "setRegister", "a process has registers that can be set");
    this.#changes.call("vm.setRegister", [name, value, hart], () => {
      if (this.#computer.setRegister(hart, name, value)) return;
      throw new RangeError(`${name} cannot be set: there is no such register, or it is read-only`);
    });
  }

  /**
   * A process that stands still and does what it is told; or, with a program, one that is held at
   * its start. A program is named as for {@link run}.
   */
  spawn(program?: string, args: readonly string[] = [], bytes?: Uint8Array): Process {
    if (program !== undefined) checkProgram(program, args, bytes);
    if (program === undefined) {
      return new Process(
        this,
        this.#changes.call("vm.spawn", [], () => this.#computer.acts.spawn()),
      );
    }
    kernelFor(this, "held");
    const file = bytes?.slice(), words = [...args];
    const pid = this.#changes.call("vm.spawn", [program, words], () => {
      const p = loadProgram(this.#computer, program, words, file);
      p.held = true;
      return p.pid;
    });
    return new Process(this, pid);
  }

  /** Starts a program and returns its run, which goes on in slices. */
  start(program: string, args: readonly string[] = [], bytes?: Uint8Array): Run {
    checkProgram(program, args, bytes);
    const kernel = kernelFor(this, "start");
    const mark = this.mark();
    const file = bytes?.slice(), words = [...args];
    const pid = this.#changes.call("vm.start", [program, words], () => {
      // What was written before is not this program's.
      takeOutput(kernel);
      return loadProgram(this.#computer, program, words, file).pid;
    });
    return new Run(this, pid, mark);
  }

  /**
   * A run of a process that is there already: it goes on where it stands, to its end, a breakpoint,
   * a watchpoint or, with `until`, such an event. Processes in `pass` do not stop at a breakpoint
   * where they stand now.
   */
  resume(pid: number, options: { until?: EventFilter; pass?: readonly number[] } = {}): Run {
    onlyNames("resume", options, ["until", "pass"]);
    kernelFor(this, "resume");
    this.process(pid);
    return new Run(this, pid, this.mark(), options);
  }

  /**
   * Runs a program, of the disk, our own, or a file on the host by its path, until it and all it
   * made have ended, nothing can run, or `budget` instructions are used up. What is still there
   * then is held: {@link resume} goes on with it.
   */
  run(
    program: string,
    args: readonly string[] = [],
    options: { input?: string; budget?: number; bytes?: Uint8Array } = {},
  ): RunReport {
    onlyNames("run", options, ["input", "budget", "bytes"]);
    if (options.budget !== undefined) whole("budget", options.budget, 1);
    const { run } = this.#computer.acts;
    if (run !== undefined) {
      const { input, budget } = options;
      return this.#changes.group(
        "vm.run",
        [program, args],
        () => run(this, [program, ...args], { input, budget }),
      );
    }
    return this.#changes.group("vm.run", [program, args], () => {
      if (options.input !== undefined) this.type(options.input);
      const running = this.start(program, args, options.bytes);
      const report = running.finish(options.budget);
      running.leave();
      return report;
    });
  }

  /** Keys at the console: a text, or the bytes that a terminal sends. */
  type(keys: string | Uint8Array): void {
    if (!(keys instanceof Uint8Array)) isText("type", keys);
    const bytes = typeof keys === "string" ? new TextEncoder().encode(keys) : keys.slice();
    this.#changes.call("vm.type", [keys], () => this.#computer.type(bytes));
  }

  /** What was printed on the console since it was last taken. */
  takeOutput(): string {
    return new TextDecoder().decode(this.#changes.takeOutput());
  }

  /** The process with this pid. Throws KernelError when there is none. */
  process(pid: number): Process {
    if (this.#view.process(pid) === undefined) {
      const pids = this.#view.processes().map((p) => p.pid);
      const there = pids.length === 0 ? "none is known" : `there are ${pids.join(", ")}`;
      throw new KernelError(`no process ${pid}: ${there}`);
    }
    return new Process(this, pid);
  }

  /**
   * Whose memory is meant where nobody is named: of a guest, the process that its present hart is
   * in, in user mode or in the kernel; else its kernel, as a process of pid 0. Undefined: nobody's.
   */
  get here(): Process | undefined {
    const { here } = this.#view;
    return here === undefined ? undefined : new Process(this, here);
  }

  /** The processes, lowest pid first. */
  processes(): Process[] {
    return this.#view.processes().map((p) => new Process(this, p.pid));
  }

  /** A process and all that it and its children made, as far as they are still there. */
  descendants(pid: number): Process[] {
    const family = new Set([pid]);
    for (const { pid, parent, group } of this.#relations()) {
      if (family.has(parent ?? 0) || family.has(group)) family.add(pid);
    }
    return this.processes().filter((p) => family.has(p.pid));
  }

  /** Who belongs to whom, lowest pid first; a guest has no threads. */
  #relations(): { pid: number; parent: number | undefined; group: number }[] {
    if (this.guest) return this.#view.processes().map((p) => ({ ...p, group: p.pid }));
    return procs(this.#computer.kernel).sort((a, b) => a.pid - b.pid);
  }

  /**
   * From now on a guest's kernel is audited at each system call (trap, switch of processes) while it
   * runs: {@link advance} ends with `broken` at the first moment that is not in order, before the
   * kernel has done anything about the call. Undefined ends it. The report is live.
   */
  auditEach(each: Each | undefined): EachReport | undefined {
    guestOnly(this, "auditEach", "the kernel is in order whenever it can be asked: audit()");
    return this.#computer.auditEach(each);
  }

  /**
   * Says what is so of a guest's kernel, in the place of what would be found out: `processes=tasks`,
   * `processes=*procs@64,pid=id`, `cpus=harts`, `kernel=kvm_root`, `free=pool[].list`,
   * `counts=*refs,first=0,bytes=2`, `cow=0x100`, `areas=vmas`, `stack=2`; `none`, where it has no
   * such thing. It stays so through {@link restore} and undo: it is not the computer's. Throws a
   * RangeError with one line for a text that says nothing; then none of them is taken.
   */
  giveFact(...texts: readonly string[]): void {
    guestOnly(this, "giveFact", "everything is known");
    this.#computer.giveFacts(texts);
  }

  /**
   * Records the events of a guest's kernel from now on; from the instruction `from` on, as far as that
   * is recorded, by running again what nobody has listened to. The built-in kernel always tells.
   */
  listen(from?: number): void {
    if (from !== undefined) whole("listen from", from, 0);
    const { listening } = this.#computer;
    if (from === undefined) listening?.listen();
    else listening?.listenSince(from);
  }

  /** Events of a guest's kernel are not recorded any more, and those that were are forgotten. */
  unlisten(): void {
    guestOnly(this, "unlisten", "the kernel tells what it does by itself");
    this.#computer.listening!.stop();
  }

  /** Who is told when a fork begins and ends to copy memory, from now on; undefined: nobody. */
  observeForks(observer: ForkObserver | undefined): void {
    kernelFor(this, "observeForks").forkObserver = observer;
  }

  /** Runs whoever can run, or what options say, for at most `budget` instructions. */
  advance(budget: number, options: RunOptions = {}): KernelStop | GuestStop {
    whole("budget", budget, 0);
    const { only } = options;
    if (only === undefined) return this.#changes.run(budget, options);
    return this.#changes.run(budget, options, { pid: only, run: this.process(only).run, only });
  }

  /** Holds the processes of a run, so that they do not go on by themselves, or lets them. */
  holdRun(pid: number, held: boolean): void {
    this.#changes.hold(pid, held);
  }

  /**
   * Evicts pages until `frames` more are free or none can go, as memory pressure would: clean file
   * pages are dropped, dirty shared ones written back, anonymous ones swapped. How many it freed.
   */
  reclaim(frames: number): number {
    whole("reclaim", frames, 0);
    const kernel = kernelFor(this, "reclaim");
    return this.#changes.call("vm.reclaim", [frames], () => reclaim(kernel, frames));
  }

  /**
   * Stops runs before the instruction at an address, in one process or (without `pid`) in any.
   * Throws RangeError for an address that no instruction has.
   */
  breakAt(address: bigint | number, pid?: number): Breakpoint {
    if (pid !== undefined) this.process(pid);
    const at = va(address), add = () => addBreakpoint(this.#computer.stops, at, pid);
    return this.#changes.call("vm.breakAt", [address, pid], add);
  }

  /**
   * Stops runs after a store (and, if asked, a load) by user code that touches one of `size` bytes
   * (8 unless given). What the kernel itself copies in and out is not seen.
   */
  watch(address: bigint | number, options: WatchOptions = {}): Breakpoint {
    if (options.pid !== undefined) this.process(options.pid);
    const wanted = { ...options }, add = () => addWatchpoint(this.#computer.stops, address, wanted);
    return this.#changes.call("vm.watch", [address, options], add);
  }

  /** Takes a breakpoint or watchpoint away; false when there is none of that number. */
  removeBreakpoint(n: number): boolean {
    const remove = () => removeBreakpoint(this.#computer.stops, n);
    return this.#changes.call("vm.removeBreakpoint", [n], remove);
  }

  /**
   * Makes the frame allocation number `n` from now fail (1 is the next one); 0 takes it back. Of a
   * guest's kernel that call of its kalloc returns 0; going elsewhere in time takes it back, too.
   * Throws a KernelError where there is no kalloc.
   */
  failAllocation(n: number): void {
    whole("failAllocation", n, 0);
    this.#changes.call("vm.failAllocation", [n], () => this.#computer.failAllocation(n));
  }

  /** A guest from its first instruction again; its disk stays as it is. */
  reset(): void {
    guestOnly(this, "reset", "boot() makes another computer");
    this.#changes.call("vm.reset", [], () => this.#computer.reset());
  }

  /** Opens the shell on this VM in the middle of a script; it goes on when the person leaves. */
  async interact(): Promise<void> {
    const { interact } = this.options;
    if (interact === undefined) throw new KernelError("this VM was booted without a shell");
    await interact(this);
  }

  /**
   * Puts back a saved state of this VM, or of one booted with the same options. Its disks are
   * copies from then on: the images that it was booted with do not change any more. Throws a
   * RangeError with one clear line for anything else, and the VM is as it was.
   */
  restore(state: VmState): void {
    this.#computer.restore(state);
  }

  /**
   * Undoes the last `n` actions: calls that changed the computer, whole runs, lines of the shell.
   * What it undid, the last first. Wants {@link History.start} to have been called before. Throws a
   * RangeError with one clear line when there are not as many.
   */
  undo(n: number = 1): HistoryEntry[] {
    return this.#changes.step("undo", n);
  }

  /** Does again what was undone last, until something else is done. Throws as {@link undo}. */
  redo(n: number = 1): HistoryEntry[] {
    return this.#changes.step("redo", n);
  }

  /**
   * The computer as it was some instructions earlier, or right behind the last event that a filter
   * lets through, also in the middle of a run. Breakpoints stay. What was done since can be had
   * back by {@link undo}. Wants {@link History.start}; throws a RangeError for what was not
   * recorded.
   *
   * @example Back to the last copy
   * ```ts
   * import { boot, expect } from "@cowsh/cowsh";
   *
   * const vm = boot();
   * vm.history.start();
   * vm.run("forkwrite", ["4"]);
   * expect(vm.back({ kinds: ["copy"] }).found!.why).toBe("cow copy");
   * vm.undo();
   * expect(vm.processes()).toHaveLength(1);
   * ```
   */
  back(to: number | EventFilter = 1): Moment {
    if (typeof to !== "number") onlyNames("back", to, ["kinds", "pid", "va", "from"]);
    return this.#changes.travel(backTo(to));
  }

  /** As {@link back}, to when so many instructions had been retired, or right behind an event. */
  goto(to: number | { readonly event: number }): Moment {
    if (typeof to !== "number") onlyNames("goto", to, ["event"]);
    return this.#changes.travel(goTo(to));
  }
}
