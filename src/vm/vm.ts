/** The whole computer as commands and scripts hold it, and the questions one can ask of it. */

import { reclaim } from "./kernel/memory/reclaim/reclaim.ts";
import { findProc, procs } from "./kernel/process/table.ts";
import { takeOutput } from "./kernel/console.ts";
import { type BootOptions, settled } from "./boot_options.ts";
import { addWatchpoint, type Breakpoint, type WatchOptions } from "./breakpoints.ts";
import { isText, onlyNames, whole } from "./checks.ts";
import { bootComputer } from "./builtin_computer.ts";
import type { Attached } from "./attached.ts";
import { Disk } from "./disk.ts";
import type { EventFilter, VmEvent } from "./events.ts";
import type { Each, EachReport } from "./guest_each.ts";
import type { GuestStop } from "./guest_traps.ts";
import type { History, HistoryEntry, Moment } from "./history.ts";
import { unjudged } from "./inspect/audit.ts";
import type { Finding } from "./inspect/finding.ts";
import { diffStates, type StateDiff } from "./inspect/diff.ts";
import { type Frame, frameHandle, type FrameReport, frameReport } from "./inspect/frame.ts";
import { type Sharing, sharing } from "./inspect/sharing.ts";
import { type SwapReport, swapReport } from "./inspect/builtin/swap_report.ts";
import { kernelTranslation, type Translation } from "./inspect/translation.ts";
import type { Fact, KernelView, PlacedCount } from "./inspect/view.ts";
import { addBreakpoint, removeBreakpoint } from "./kernel/breakpoints.ts";
import type { ForkStatistics } from "./fork_statistics.ts";
import type { ForkObserver, Kernel } from "./kernel/kernel.ts";
import { KernelError } from "./kernel/manual.ts";
import type { KernelStop, RunOptions } from "./kernel/run.ts";
import { pa, paNum, va } from "./machine/address.ts";
import { flagText } from "./machine/flags.ts";
import type { Machine } from "./machine/machine.ts";
import type { RamView } from "./machine/ram_view.ts";
import type { FrameStep, Store } from "./store.ts";
import { type Mark, markOf, sinceMark } from "./marks.ts";
import { type Changes, type Computer, openDoor } from "./parts.ts";
import { Process } from "./process.ts";
import { checkProgram, loadProgram } from "./programs.ts";
import { refusal, type Refused } from "./refusals.ts";
import type { Census, Difference, Listening, RunReport, TlbView } from "./reports.ts";
import { Run } from "./run.ts";
import { checkState, type VmState } from "./state.ts";
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
  readonly #computer: Computer;
  /** What was done to it, for {@link undo} and the ways back. */
  readonly history: History;
  /**
   * Whether it runs a kernel of its own, somebody's xv6: then less is known, and what only the
   * built-in kernel can do throws a KernelError that says why.
   */
  readonly guest: boolean;
  /** How somebody's own kernel was attached; undefined: it was not, or by the launcher. */
  readonly attached: Attached | undefined;
  /** The name of its fork policy. */
  readonly policy: string;
  /** Its letters for the RSW bits of a PTE, 8 and 9; `1` for one that it does not use. */
  get rsw(): readonly [string, string] {
    return this.#view.rsw;
  }
  /** Guest RAM, to be read by physical address. */
  readonly ram: RamView;

  static {
    openDoor("vm", (vm) => vm.#computer);
  }

  /**
   * Boots RAM, kernel, disk and process 1. Throws RangeError or FsError with one clear line.
   *
   * @param options Everything has a default.
   * @param computer Another computer in its place; for `vmOver`.
   */
  constructor(options: BootOptions = {}, computer?: Computer) {
    this.options = options;
    this.#computer = computer ?? bootComputer(settled(options));
    const { machine, disk, guest, policy } = this.#computer;
    this.disk = new Disk(disk);
    this.history = this.#changes;
    [this.guest, this.policy] = [guest, policy];
    this.attached = this.#computer.attached;
    this.ram = machine.ram;
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

  #guestOnly(what: string, why: string): void {
    if (!this.guest) throw new KernelError(`${what}: only of a guest's computer; here ${why}`);
  }

  /** The built-in kernel, for something that another one is not asked. */
  #kernel(what: Refused): Kernel {
    if (this.guest) throw refusal(what);
    return this.#computer.kernel;
  }

  /**
   * Another number after each thing that changed the computer or may have: with the same number it
   * is the same. Looking does not change it; a load does, since it goes through the TLB.
   */
  get revision(): number {
    return this.#changes.revision;
  }

  /** User instructions retired since boot, by all processes. */
  get instret(): number {
    return this.#machine.instret;
  }

  /** Timer ticks since boot; undefined: unknown. */
  get ticks(): number | undefined {
    return this.#computer.ticks();
  }

  /** How many harts it has. */
  get harts(): number {
    return this.#machine.harts.length;
  }

  /** The number of the hart that runs, or ran last. */
  get hart(): number {
    return this.#machine.hart.hartid;
  }

  /**
   * A register or CSR of a hart by its name: `a0`, `pc`, `mstatus` …; undefined: unknown. The hart
   * is the present one unless given.
   */
  register(name: string, hart: number = this.hart): bigint | undefined {
    whole("hart", hart, 0, this.harts - 1);
    return this.#machine.harts[hart].named(name);
  }

  /**
   * Sets a register or CSR of a guest's hart, modulo 2^64. Throws a RangeError for one that is not
   * there, or cannot be set.
   */
  setRegister(name: string, value: bigint, hart: number = this.hart): void {
    whole("hart", hart, 0, this.harts - 1);
    this.#guestOnly("setRegister", "a process has registers that can be set");
    this.#changes.call("vm.setRegister", [name, value, hart], () => {
      if (this.#computer.setRegister(hart, name, value)) return;
      throw new RangeError(`${name} cannot be set: there is no such register, or it is read-only`);
    });
  }

  /** What a hart's privilege mode is. */
  mode(hart: number = this.hart): "user" | "supervisor" | "machine" {
    whole("hart", hart, 0, this.harts - 1);
    return (["user", "supervisor", "", "machine"] as const)[this.#machine.harts[hart].mode] ||
      "user";
  }

  /** The TLBs of the present hart: their entries, and what they have counted. */
  get tlb(): TlbView {
    return this.#machine.mmu;
  }

  /** The TLBs of a hart. */
  tlbOf(hart: number): TlbView {
    whole("hart", hart, 0, this.harts - 1);
    return this.#machine.harts[hart].mmu;
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
    if (program === undefined) {
      return new Process(
        this,
        this.#changes.call("vm.spawn", [], () => this.#computer.acts.spawn()),
      );
    }
    this.#kernel("held");
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
    const kernel = this.#kernel("start");
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
    this.#kernel("resume");
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

  /** Whether there is a process with this pid; a zombie is one. */
  hasProcess(pid: number): boolean {
    return this.#view.process(pid) !== undefined;
  }

  /** The process that is about to be killed for a trap, and why, where a run stops just then. */
  get dying(): { readonly pid: number; readonly killedBy: string } | undefined {
    if (this.guest) return undefined;
    const { kernel } = this.#computer;
    const p = kernel.state.dying && findProc(kernel, kernel.state.dying.pid);
    return p && { pid: p.pid, killedBy: p.killedBy };
  }

  /** How a process ended; undefined for one that has not, or long ago. */
  ended(pid: number): { readonly status: number; readonly killedBy: string } | undefined {
    if (this.guest) return undefined;
    return this.#computer.kernel.state.ended.findLast((one) => one.pid === pid);
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

  /** Names of the programs on the disk's root and of those that come with the program source. */
  programNames(): string[] {
    if (this.guest) return [];
    const { programs, files } = this.#computer.kernel;
    return [...new Set([...files.programNames(), ...programs.list()])].sort();
  }

  /** Whether a name (or path on the disk) is a file that can be run. */
  hasProgram(name: string): boolean {
    if (this.guest) return false;
    const { programs, files } = this.#computer.kernel;
    return files.isFile(name) || programs.get(name) !== undefined;
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
    return this.#computer.audit();
  }

  /**
   * From now on a guest's kernel is audited at each system call (trap, switch of processes) while it
   * runs: {@link advance} ends with `broken` at the first moment that is not in order, before the
   * kernel has done anything about the call. Undefined ends it. The report is live.
   */
  auditEach(each: Each | undefined): EachReport | undefined {
    this.#guestOnly("auditEach", "the kernel is in order whenever it can be asked: audit()");
    return this.#computer.auditEach(each);
  }

  /**
   * What happened to a frame of a guest lately: the last stores to its count, to the entries that
   * map it now and to its first word, by which free lists are linked; with `content` the kernel's
   * last store into the frame, in place of that word; with `since`, the instructions retired at an
   * earlier moment, what led to it then and does not any more. The recorded past is gone through
   * again for it. Throws a RangeError where nothing is recorded; see {@link History.start}.
   */
  trail(
    address: bigint | number,
    { content = false, since }: { content?: boolean; since?: number | undefined } = {},
  ): FrameStep[] {
    this.#guestOnly("trail", "timeline has its events");
    const frame = frameHandle(this.#view, this.#machine.ram, pa(address)).pa;
    return this.#computer.trail(paNum(Number(frame)), content, since);
  }

  /** What {@link audit} cannot judge because it is unknown, a phrase each. */
  unjudged(): string[] {
    return unjudged(this.#view);
  }

  /**
   * Frames: free now, and in all. Throws KernelError where it is unknown which are free;
   * {@link census} says so by undefined.
   */
  free(): { readonly free: number; readonly total: number } {
    const { frames } = this.#view;
    const free = frames.free();
    if (free === undefined) throw new KernelError("free: no free list of the guest's is known");
    return { free, total: frames.total };
  }

  /** The frames by kind, and how few were ever free. */
  census(): Census {
    return this.#computer.census();
  }

  /** Why counts and page tables may not agree now, in a fork for instance; undefined: at rest. */
  unrest(): string | undefined {
    return this.#view.unrest();
  }

  /**
   * What is believed of the kernel, from what, and how sure that is. A guest's kernel may be run
   * ahead for it, and is made what it was.
   */
  facts(): Fact[] {
    return this.#view.facts();
  }

  /**
   * Says what is so of a guest's kernel, in the place of what would be found out: `counts=ref.cnt`,
   * `counts=*refs,first=0,bytes=2`, `cow=0x100`, `cow=none`. Throws a RangeError with one line for
   * a text that says nothing.
   */
  giveFact(text: string): void {
    this.#guestOnly("giveFact", "everything is known");
    this.#computer.giveFact(text);
  }

  /** The swap disk and the clock that chooses what goes there. */
  swap(): SwapReport {
    return swapReport(this.#kernel("swap"));
  }

  /** How the kernel's own page table translates an address, from S mode; undefined: unknown. */
  kernelPte(address: bigint | number): Translation | undefined {
    return kernelTranslation(this.#view, this.#machine.ram, va(address));
  }

  /** The number of the oldest event that the log still holds. */
  get oldestEvent(): number {
    return this.#computer.happened(true).oldest;
  }

  /**
   * The events from number `since` on that the log still holds. Of a guest, since its first question
   * about events: that one runs the last 20 million instructions again, where they are recorded, and
   * from then on events are told as they happen.
   */
  events(since = 0): VmEvent[] {
    whole("events since", since, 0);
    return this.#computer.happened(true).since(since);
  }

  /** Since when events of a guest are recorded, and which; undefined: nobody has asked yet. */
  get listening(): Listening | undefined {
    const { listening } = this.#computer;
    if (listening?.since === undefined) return undefined;
    const { since, tables, log: { next, oldest } } = listening;
    return { since, events: next, oldest, tables, unseen: listening.unseen() };
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
    this.#guestOnly("unlisten", "the kernel tells what it does by itself");
    this.#computer.listening!.stop();
  }

  /**
   * The last stores to some bytes of a guest's RAM, at most `most`, the latest last: found by
   * running again what is recorded, backwards. `since`: how far back that was looked through.
   * Throws a RangeError outside RAM, and where nothing is recorded.
   */
  lastStores(
    address: bigint | number,
    size = 8,
    most = 1,
  ): { readonly stores: readonly Store[]; readonly since: number } {
    whole("size", size, 1);
    whole("most", most, 1);
    this.#guestOnly("lastStores", "events() tells what the kernel stores");
    return this.#computer.lastStores(paNum(Number(address)), size, most);
  }

  /** Where a guest's kernel keeps the count of the frame that holds an address; undefined: unknown. */
  countPlace(address: bigint | number): PlacedCount | undefined {
    return this.#computer.countPlace(Number(address));
  }

  /**
   * What the function of a guest's kernel at an address returns, as if the present hart called it
   * now with these arguments: `a0`. It runs, and all is made what it was: what it stores, prints or
   * takes is forgotten. Throws a KernelError where it traps, panics or does not come back.
   */
  invoke(entry: bigint, args: readonly bigint[] = []): bigint {
    this.#guestOnly("invoke", "the kernel has no functions in memory");
    return this.#computer.invoke(entry, args);
  }

  /** This moment, for {@link since}. */
  mark(): Mark {
    return markOf(this.#computer.happened(false), this.#machine.instret);
  }

  /** The same as {@link mark}: counters since boot; of a guest, since its events are recorded. */
  counters(): Mark {
    return this.mark();
  }

  /** What has happened since a mark. */
  since(mark: Mark): Difference {
    return sinceMark(mark, this.#computer.happened(false), this.#machine.instret);
  }

  /**
   * What all forks since boot did together: pages shared and copied, PTEs and tables written. Of a
   * guest, those since its events are recorded.
   */
  get forkTotals(): Readonly<ForkStatistics> {
    return this.#computer.forks();
  }

  /** Who is told when a fork begins and ends to copy memory, from now on; undefined: nobody. */
  observeForks(observer: ForkObserver | undefined): void {
    this.#kernel("observeForks").forkObserver = observer;
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
    const kernel = this.#kernel("reclaim");
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

  /** Those that are set, in the order in which they were. */
  breakpoints(): readonly Breakpoint[] {
    return this.#computer.stops.breakpoints.points;
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
    this.#guestOnly("reset", "boot() makes another computer");
    this.#changes.call("vm.reset", [], () => this.#computer.reset());
  }

  /** Opens the shell on this VM in the middle of a script; it goes on when the person leaves. */
  async interact(): Promise<void> {
    const { interact } = this.options;
    if (interact === undefined) throw new KernelError("this VM was booted without a shell");
    await interact(this);
  }

  /** The whole VM as plain data; see {@link restore}. */
  save(): VmState {
    return this.#changes.state();
  }

  /** What differs between two saved states; without the second, between the first and now. */
  diff(before: VmState, after?: VmState): StateDiff {
    checkState("diff", before);
    if (after !== undefined) checkState("diff", after);
    const computer = this.#computer;
    return diffStates(computer.savedView(before), computer.savedView(after ?? this.save()));
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
