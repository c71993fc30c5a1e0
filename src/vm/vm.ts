/** The whole computer as commands and scripts hold it, and the questions one can ask of it. */

import { reclaim } from "./kernel/memory/reclaim/reclaim.ts";
import { census, failAllocation, frameTotal } from "./kernel/memory/frames/frames.ts";
import { findProc, procs } from "./kernel/process/table.ts";
import { takeOutput, type } from "./kernel/console.ts";
import { type BootOptions, settled } from "./boot_options.ts";
import { addWatchpoint, type Breakpoint, type WatchOptions } from "./breakpoints.ts";
import { isText, onlyNames, whole } from "./checks.ts";
import { bootParts, putRestored } from "./computer.ts";
import { Disk } from "./disk.ts";
import type { VmEvent } from "./events.ts";
import type { History, HistoryEntry, Moment } from "./history.ts";
import { audit } from "./inspect/audit.ts";
import { checkBuiltin } from "./inspect/builtin/audit.ts";
import type { Finding } from "./inspect/finding.ts";
import { diffStates, type StateDiff } from "./inspect/diff.ts";
import { type Frame, frameHandle, type FrameReport, frameReport } from "./inspect/frame.ts";
import { type Sharing, sharing } from "./inspect/sharing.ts";
import { type SwapReport, swapReport } from "./inspect/builtin/swap_report.ts";
import { kernelTranslation, type Translation } from "./inspect/translation.ts";
import type { KernelView } from "./inspect/view.ts";
import { addBreakpoint, removeBreakpoint } from "./kernel/breakpoints.ts";
import type { ForkStatistics } from "./kernel/fork/statistics.ts";
import type { ForkObserver, Kernel } from "./kernel/kernel.ts";
import { KernelError, makeManual } from "./kernel/manual.ts";
import type { EventFilter, KernelStop, RunOptions } from "./kernel/run.ts";
import { savedView } from "./kernel/view.ts";
import { pa, va } from "./machine/address.ts";
import { flagText } from "./machine/flags.ts";
import type { Machine } from "./machine/machine.ts";
import type { RamView } from "./machine/ram_view.ts";
import { type Mark, markOf, sinceMark } from "./marks.ts";
import { openDoor, type Parts } from "./parts.ts";
import { Process } from "./process.ts";
import { checkProgram, loadProgram } from "./programs.ts";
import { Recorder } from "./recorder.ts";
import type { Census, Difference, RunReport, TlbView } from "./reports.ts";
import { Run } from "./run.ts";
import { checkRestorable, checkState, type VmState } from "./state.ts";
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
export class Vm {
  /** What it was made with. */
  readonly options: BootOptions;
  /** The disks of the guest, seen from outside. */
  readonly disk: Disk;
  readonly #machine: Machine;
  readonly #kernel: Kernel;
  readonly #view: KernelView;
  readonly #parts: Parts;
  readonly #recorder: Recorder;
  /** What was done to it, for {@link undo} and the ways back. */
  readonly history: History;
  /** The name of its fork policy. */
  readonly policy: string;
  /** Its letters for the RSW bits of a PTE, 8 and 9; `1` for one that it does not use. */
  readonly rsw: readonly [string, string];
  /** Guest RAM, to be read by physical address. */
  readonly ram: RamView;
  /** The TLBs: their entries, and what they have counted. */
  readonly tlb: TlbView;

  static {
    openDoor("vm", (vm) => vm.#parts);
    openDoor("recorder", (vm) => vm.#recorder);
  }

  /** Boots RAM, kernel, disk and process 1. Throws RangeError or FsError with one clear line. */
  constructor(options: BootOptions = {}) {
    this.options = options;
    this.#parts = bootParts(this, settled(options));
    const { machine, kernel, view } = this.#parts;
    [this.#machine, this.#kernel, this.#view] = [machine, kernel, view];
    this.disk = new Disk(kernel.files);
    this.#recorder = new Recorder(this.#parts);
    this.history = this.#recorder;
    [this.policy, this.rsw] = [kernel.policy.name, view.rsw];
    [this.ram, this.tlb] = [machine.ram, machine.mmu];
  }

  /**
   * Another number after each thing that changed the computer or may have: with the same number it
   * is the same. Looking does not change it; a load does, since it goes through the TLB.
   */
  get revision(): number {
    return this.#recorder.revision;
  }

  /** User instructions retired since boot, by all processes. */
  get instret(): number {
    return this.#machine.instret;
  }

  /** Timer ticks since boot. */
  get ticks(): number {
    return this.#kernel.state.ticks;
  }

  /** A register or CSR of the hart by its name: `a0`, `pc`, `mstatus` …; undefined: unknown. */
  register(name: string): bigint | undefined {
    return this.#machine.hart.named(name);
  }

  /** A PTE's low ten bits as text, with the policy's letters for the RSW bits: `-C DA-U--RV`. */
  flags(pte: bigint): string {
    return flagText(Number(pte & 0x3ffn), ...this.rsw);
  }

  /**
   * A process that stands still and does what it is told; or, with a program, one that is held at
   * its start. A program is named as for {@link run}.
   */
  spawn(program?: string, args: readonly string[] = [], bytes?: Uint8Array): Process {
    if (program !== undefined) checkProgram(program, args, bytes);
    const file = bytes?.slice(), words = [...args];
    const shown = program === undefined ? [] : [program, words];
    const pid = this.#recorder.call("vm.spawn", shown, () => {
      const p = program === undefined
        ? makeManual(this.#kernel)
        : loadProgram(this.#parts, program, words, file);
      p.held = program !== undefined;
      return p.pid;
    });
    return new Process(this, pid);
  }

  /** Starts a program and returns its run, which goes on in slices. */
  start(program: string, args: readonly string[] = [], bytes?: Uint8Array): Run {
    checkProgram(program, args, bytes);
    const mark = this.mark();
    const file = bytes?.slice(), words = [...args];
    const pid = this.#recorder.call("vm.start", [program, words], () => {
      // What was written before is not this program's.
      takeOutput(this.#kernel);
      return loadProgram(this.#parts, program, words, file).pid;
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
    return this.#recorder.group("vm.run", [program, args], () => {
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
    this.#recorder.call("vm.type", [keys], () => type(this.#kernel, bytes));
  }

  /** What was printed on the console since it was last taken. */
  takeOutput(): string {
    return new TextDecoder().decode(this.#recorder.takeOutput());
  }

  /** Whether there is a process with this pid; a zombie is one. */
  hasProcess(pid: number): boolean {
    return findProc(this.#kernel, pid) !== undefined;
  }

  /** The process that is about to be killed for a trap, and why, where a run stops just then. */
  get dying(): { readonly pid: number; readonly killedBy: string } | undefined {
    const p = this.#kernel.state.dying && findProc(this.#kernel, this.#kernel.state.dying.pid);
    return p && { pid: p.pid, killedBy: p.killedBy };
  }

  /** How a process ended; undefined for one that has not, or long ago. */
  ended(pid: number): { readonly status: number; readonly killedBy: string } | undefined {
    return this.#kernel.state.ended.findLast((one) => one.pid === pid);
  }

  /** The process with this pid. Throws KernelError when there is none. */
  process(pid: number): Process {
    if (findProc(this.#kernel, pid) === undefined) {
      const pids = procs(this.#kernel).map((p) => p.pid).sort((a, b) => a - b);
      throw new KernelError(`no process ${pid}: there are ${pids.join(", ")}`);
    }
    return new Process(this, pid);
  }

  /** The processes, lowest pid first. */
  processes(): Process[] {
    return procs(this.#kernel).sort((a, b) => a.pid - b.pid).map((p) => new Process(this, p.pid));
  }

  /** A process and all that it and its children made, as far as they are still there. */
  descendants(pid: number): Process[] {
    const family = new Set([pid]);
    for (const { pid, parent, group } of procs(this.#kernel).sort((a, b) => a.pid - b.pid)) {
      if (family.has(parent) || family.has(group)) family.add(pid);
    }
    return this.processes().filter((p) => family.has(p.pid));
  }

  /** Names of the programs on the disk's root and of those that come with the program source. */
  programNames(): string[] {
    const { programs, files } = this.#kernel;
    return [...new Set([...files.programNames(), ...programs.list()])].sort();
  }

  /** Whether a name (or path on the disk) is a file that can be run. */
  hasProgram(name: string): boolean {
    return this.#kernel.files.isFile(name) || this.#kernel.programs.get(name) !== undefined;
  }

  /** Counts and owners of the frame that holds an address. Throws RangeError outside RAM. */
  refcount(address: bigint | number): FrameReport {
    return frameReport(this.#view, this.#machine.ram, pa(address));
  }

  /** The frame that holds a physical address, a live handle. Throws RangeError outside RAM. */
  frame(address: bigint | number): Frame {
    return frameHandle(this.#view, this.#machine.ram, pa(address));
  }

  /** Everything in memory that does not fit together; empty when all is well. */
  audit(): Finding[] {
    const { kernel, view, machine: { ram, mmu } } = this.#parts;
    return audit(view, ram, mmu, (...found) => checkBuiltin(kernel, view, ...found));
  }

  /** Frames: free now, and in all. */
  free(): { readonly free: number; readonly total: number } {
    return { free: this.#kernel.state.frames.free, total: frameTotal(this.#kernel) };
  }

  /** The frames by kind, and how few were ever free. */
  census(): Census {
    const { lowest } = this.#kernel.state.frames;
    return { ...this.free(), lowest, kinds: census(this.#kernel) };
  }

  /** The swap disk and the clock that chooses what goes there. */
  swap(): SwapReport {
    return swapReport(this.#kernel);
  }

  /** How the kernel's own page table translates an address, from S mode; undefined: unknown. */
  kernelPte(address: bigint | number): Translation | undefined {
    return kernelTranslation(this.#view, this.#machine.ram, va(address));
  }

  /** The number of the oldest event that the log still holds. */
  get oldestEvent(): number {
    return this.#kernel.events.oldest;
  }

  /** The events from number `since` on that the log still holds. */
  events(since = 0): VmEvent[] {
    whole("events since", since, 0);
    return this.#kernel.events.since(since);
  }

  /** This moment, for {@link since}. */
  mark(): Mark {
    return markOf(this.#kernel.events, this.#machine.instret);
  }

  /** The same as {@link mark}: counters since boot. */
  counters(): Mark {
    return this.mark();
  }

  /** What has happened since a mark. */
  since(mark: Mark): Difference {
    return sinceMark(mark, this.#kernel.events, this.#machine.instret);
  }

  /** What all forks since boot did together: pages shared and copied, PTEs and tables written. */
  get forkTotals(): Readonly<ForkStatistics> {
    return this.#kernel.state.forkTotals;
  }

  /** Who is told when a fork begins and ends to copy memory, from now on; undefined: nobody. */
  observeForks(observer: ForkObserver | undefined): void {
    this.#kernel.forkObserver = observer;
  }

  /** Runs whoever can run, or what options say, for at most `budget` instructions. */
  advance(budget: number, options: RunOptions = {}): KernelStop {
    whole("budget", budget, 0);
    const { only } = options;
    if (only === undefined) return this.#recorder.run(budget, options);
    return this.#recorder.run(budget, options, { pid: only, run: this.process(only).run, only });
  }

  /** Holds the processes of a run, so that they do not go on by themselves, or lets them. */
  holdRun(pid: number, held: boolean): void {
    this.#recorder.hold(pid, held);
  }

  /**
   * Evicts pages until `frames` more are free or none can go, as memory pressure would: clean file
   * pages are dropped, dirty shared ones written back, anonymous ones swapped. How many it freed.
   */
  reclaim(frames: number): number {
    whole("reclaim", frames, 0);
    return this.#recorder.call("vm.reclaim", [frames], () => reclaim(this.#kernel, frames));
  }

  /**
   * Stops runs before the instruction at an address, in one process or (without `pid`) in any.
   * Throws RangeError for an address that no instruction has.
   */
  breakAt(address: bigint | number, pid?: number): Breakpoint {
    if (pid !== undefined) this.process(pid);
    const at = va(address), add = () => addBreakpoint(this.#kernel, at, pid);
    return this.#recorder.call("vm.breakAt", [address, pid], add);
  }

  /**
   * Stops runs after a store (and, if asked, a load) by user code that touches one of `size` bytes
   * (8 unless given). What the kernel itself copies in and out is not seen.
   */
  watch(address: bigint | number, options: WatchOptions = {}): Breakpoint {
    if (options.pid !== undefined) this.process(options.pid);
    const wanted = { ...options }, add = () => addWatchpoint(this.#kernel, address, wanted);
    return this.#recorder.call("vm.watch", [address, options], add);
  }

  /** Those that are set, in the order in which they were. */
  breakpoints(): readonly Breakpoint[] {
    return this.#kernel.breakpoints.points;
  }

  /** Takes a breakpoint or watchpoint away; false when there is none of that number. */
  removeBreakpoint(n: number): boolean {
    return this.#recorder.call("vm.removeBreakpoint", [n], () => removeBreakpoint(this.#kernel, n));
  }

  /** Makes the frame allocation number `n` from now fail (1 is the next one); 0 takes it back. */
  failAllocation(n: number): void {
    whole("failAllocation", n, 0);
    this.#recorder.call("vm.failAllocation", [n], () => failAllocation(this.#kernel, n));
  }

  /** Opens the shell on this VM in the middle of a script; it goes on when the person leaves. */
  async interact(): Promise<void> {
    const { interact } = this.options;
    if (interact === undefined) throw new KernelError("this VM was booted without a shell");
    await interact(this);
  }

  /** The whole VM as plain data; see {@link restore}. */
  save(): VmState {
    return this.#recorder.state();
  }

  /** What differs between two saved states; without the second, between the first and now. */
  diff(before: VmState, after?: VmState): StateDiff {
    checkState("diff", before);
    if (after !== undefined) checkState("diff", after);
    return diffStates(savedView(before), savedView(after ?? this.save()));
  }

  /** Which frames are shared by whom, among all processes or among some. */
  sharing(pids?: readonly number[]): Sharing {
    return sharing(this.#view, this.#machine.ram, pids);
  }

  /**
   * Puts back a saved state of this VM, or of one booted with the same options. Its disks are
   * copies from then on: the images that it was booted with do not change any more. Throws a
   * RangeError with one clear line for anything else, and the VM is as it was.
   */
  restore(state: VmState): void {
    const before = this.save();
    checkRestorable(state, before);
    this.#recorder.jump(state, () => putRestored(this.#parts, state, before));
  }

  /**
   * Undoes the last `n` actions: calls that changed the computer, whole runs, lines of the shell.
   * What it undid, the last first. Wants {@link History.start} to have been called before. Throws a
   * RangeError with one clear line when there are not as many.
   */
  undo(n: number = 1): HistoryEntry[] {
    return this.#recorder.step("undo", n);
  }

  /** Does again what was undone last, until something else is done. Throws as {@link undo}. */
  redo(n: number = 1): HistoryEntry[] {
    return this.#recorder.step("redo", n);
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
    return this.#recorder.travel(backTo(to));
  }

  /** As {@link back}, to when so many instructions had been retired, or right behind an event. */
  goto(to: number | { readonly event: number }): Moment {
    if (typeof to !== "number") onlyNames("goto", to, ["event"]);
    return this.#recorder.travel(goTo(to));
  }
}
