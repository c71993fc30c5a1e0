/** What can be asked of the whole computer. Nothing is changed by asking. */

import { findProc } from "./kernel/process/table.ts";
import type { Breakpoint } from "./breakpoints.ts";
import { whole } from "./checks.ts";
import type { Attached } from "./attached.ts";
import { Disk } from "./disk.ts";
import type { VmEvent } from "./events.ts";
import { unjudged } from "./inspect/audit.ts";
import type { Finding } from "./inspect/finding.ts";
import { diffStates, type StateDiff } from "./inspect/diff.ts";
import { type Frame, frameHandle, type FrameReport, frameReport } from "./inspect/frame.ts";
import { type Sharing, sharing } from "./inspect/sharing.ts";
import { type SwapReport, swapReport } from "./inspect/builtin/swap_report.ts";
import { kernelTranslation, type Translation } from "./inspect/translation.ts";
import type { Fact, KernelView, PlacedCount } from "./inspect/view.ts";
import type { ForkStatistics } from "./fork_statistics.ts";
import type { Kernel } from "./kernel/kernel.ts";
import { KernelError } from "./kernel/manual.ts";
import { pa, paNum, va } from "./machine/address.ts";
import { flagText } from "./machine/flags.ts";
import type { Machine } from "./machine/machine.ts";
import type { RamView } from "./machine/ram_view.ts";
import type { FrameStep, Store } from "./store.ts";
import { type Mark, markOf, sinceMark } from "./marks.ts";
import { type Computer, openDoor, partsOf } from "./parts.ts";
import { refusal, type Refused } from "./refusals.ts";
import type { Census, Difference, EngineView, Listening, TlbView } from "./reports.ts";
import { checkState, type VmState } from "./state.ts";

/**
 * What can be asked of a computer, as {@link Vm} has it: answers are snapshots of now, and nothing
 * is changed by asking.
 */
export abstract class Questions {
  /** The disks of the guest, seen from outside. */
  readonly disk: Disk;
  /**
   * Whether it runs a kernel of its own, somebody's xv6: then less is known, and what only the
   * built-in kernel can do throws a KernelError that says why.
   */
  readonly guest: boolean;
  /** How somebody's own kernel was attached; undefined: it was not, or by the launcher. */
  readonly attached: Attached | undefined;
  /** The name of its fork policy. */
  readonly policy: string;
  /** Guest RAM, to be read by physical address. */
  readonly ram: RamView;
  readonly #computer: Computer;

  static {
    openDoor("vm", (vm: Questions) => vm.#computer);
  }

  /** @internal Questions to a computer. */
  constructor(computer: Computer) {
    const { machine, disk, guest, policy, attached } = computer;
    this.#computer = computer;
    this.disk = new Disk(disk);
    [this.guest, this.policy, this.attached] = [guest, policy, attached];
    this.ram = machine.ram;
  }

  /** Its letters for the RSW bits of a PTE, 8 and 9; `1` for one that it does not use. */
  get rsw(): readonly [string, string] {
    return this.#view.rsw;
  }

  get #view(): KernelView {
    return this.#computer.view;
  }

  get #machine(): Machine {
    return this.#computer.machine;
  }

  /**
   * Another number after each thing that changed the computer or may have: with the same number it
   * is the same. Looking does not change it; a load does, since it goes through the TLB.
   */
  get revision(): number {
    return this.#computer.changes.revision;
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

  /**
   * What executes its instructions: how many of them how, and the code that was translated for it.
   * It is no part of the computer: no state holds it, and it counts what is run again, too.
   */
  get engine(): EngineView {
    return this.#machine.engine;
  }

  /** A PTE's low ten bits as text, with the policy's letters for the RSW bits: `-C DA-U--RV`. */
  flags(pte: bigint): string {
    return flagText(Number(pte & 0x3ffn), ...this.rsw);
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
    guestOnly(this, "trail", "timeline has its events");
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

  /** The swap disk and the clock that chooses what goes there. */
  swap(): SwapReport {
    return swapReport(kernelFor(this, "swap"));
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
    guestOnly(this, "lastStores", "events() tells what the kernel stores");
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
    guestOnly(this, "invoke", "the kernel has no functions in memory");
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

  /** Those that are set, in the order in which they were. */
  breakpoints(): readonly Breakpoint[] {
    return this.#computer.stops.breakpoints.points;
  }

  /** The whole VM as plain data; see {@link Vm.restore}. */
  save(): VmState {
    return this.#computer.changes.state();
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
}

/** Throws a KernelError on a computer with the built-in kernel, where something is no question. */
export function guestOnly({ guest }: Questions, what: string, why: string): void {
  if (!guest) throw new KernelError(`${what}: only of a guest's computer; here ${why}`);
}

/** The built-in kernel, for something that another one is not asked. */
export function kernelFor(vm: Questions, what: Refused): Kernel {
  if (vm.guest) throw refusal(what);
  return partsOf(vm).kernel;
}
