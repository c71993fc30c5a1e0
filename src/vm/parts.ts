/** What is behind {@link Vm}, {@link Process}, {@link Guest}: for src/vm and tests alone. */

import type { Acts } from "./acts.ts";
import type { Made } from "./boot_options.ts";
import type { Attached } from "./attached.ts";
import type { Runner } from "./checkpoints.ts";
import type { DiskSource } from "./disk.ts";
import type { EventLog } from "./events.ts";
import type { Guest } from "./guest.ts";
import type { GuestEvents } from "./guest/events.ts";
import type { Each, EachReport } from "./guest_each.ts";
import type { GuestStop } from "./guest_traps.ts";
import type { ImageSymbols } from "./guest/symbols.ts";
import type { Observer } from "./guest/doing.ts";
import type { GuestHistory } from "./guest/history.ts";
import type { FrameStep, Store } from "./store.ts";
import type { History, HistoryEntry, Moment } from "./history.ts";
import type { Finding } from "./inspect/finding.ts";
import type { Translation } from "./inspect/translation.ts";
import type { KernelView, PlacedCount, SavedView, SpaceUsage } from "./inspect/view.ts";
import type { ForkStatistics } from "./fork_statistics.ts";
import type { Breakpoints, Kernel } from "./kernel/kernel.ts";
import type { Proc } from "./kernel/process/proc.ts";
import type { KernelStop, RunOptions } from "./kernel/run.ts";
import type { PaNum, Va } from "./machine/address.ts";
import type { Elf } from "./machine/elf.ts";
import type { Machine } from "./machine/machine.ts";
import type { Process } from "./process.ts";
import type { Census } from "./reports.ts";
import type { VmState } from "./state.ts";
import type { Journey } from "./travel.ts";
import type { Questions } from "./questions.ts";
import type { Vm } from "./vm.ts";

/** What a computer is made of. */
export interface Parts {
  /** RAM, harts, MMUs, devices. */
  readonly machine: Machine;
  /** The built-in kernel; where there is none, asking for it throws a KernelError. */
  readonly kernel: Kernel;
  /** The kernel as inspectors ask any kernel. */
  readonly view: KernelView;
  /** The files that programs were loaded from, by name, where not the disk's: for symbols. */
  readonly loaded: Map<string, Uint8Array>;
  /** What it was made with, as a state holds it. */
  readonly made: Made;
}

/** A kernel's or program's file, and what it is called. */
export interface NamedImage {
  readonly name: string;
  readonly symbols: ImageSymbols;
}

/** Registers that can be set, by their numbers. */
export interface RegisterFile {
  readonly pc: bigint;
  readonly satp: bigint;
  /** x0 to x31, unsigned. */
  get(n: number): bigint;
  set(n: number, value: bigint): void;
}

/**
 * A computer as its face asks it: what the built-in kernel's and a guest's answer differently.
 * Everything else is asked of {@link Parts.machine} and {@link Parts.view}.
 */
export interface Computer extends Parts {
  /** It runs a kernel of its own: {@link Parts.kernel} is not there. */
  readonly guest: boolean;
  /** How it was attached, where somebody's own kernel was. */
  readonly attached: Attached | undefined;
  /** The name of its fork policy. */
  readonly policy: string;
  readonly changes: Changes;
  readonly disk: DiskSource;
  /** Where runs stop, as a person has set it. */
  readonly stops: Stops;
  /** What is done in the name of its processes. */
  readonly acts: Acts;
  /** Timer ticks since boot; undefined: unknown. */
  ticks(): number | undefined;
  /**
   * What has happened: of a guest from the moment on since which somebody listens, which is now at
   * the latest. `past`: and some way before, if nobody did then.
   */
  happened(past: boolean): EventLog;
  /** Where a guest keeps the count of a frame; undefined: unknown. */
  countPlace(frame: number): PlacedCount | undefined;
  /** What a function of a guest's kernel returns, as if it were called now; see `Vm.invoke`. */
  invoke(entry: bigint, args: readonly bigint[]): bigint;
  /** The last stores to some bytes of a guest. */
  lastStores(start: PaNum, length: number, most: number): { stores: Store[]; since: number };
  /** The files of its kernel and its programs, those that run or lately ran first. */
  images(): Iterable<NamedImage>;
  /** Makes a coming allocation fail, see {@link Vm.failAllocation}. */
  failAllocation(n: number): void;
  /** What forks did, as far as it is known. */
  forks(): Readonly<ForkStatistics>;
  /** Who listens to a guest's kernel; undefined: the built-in one tells all by itself. */
  readonly listening: GuestEvents | undefined;
  /** How an address of a process is translated, and what accesses would do. */
  translate(pid: number, address: Va): Translation;
  /** The user registers of a process, as it will run on. */
  registers(pid: number): RegisterFile;
  /** What a process has in memory. */
  usage(pid: number): SpaceUsage;
  /** Sets a register or CSR of a hart; false: there is none such, or it is read-only. */
  setRegister(hart: number, name: string, value: bigint): boolean;
  /** Keys at the console. */
  type(bytes: Uint8Array): void;
  audit(): Finding[];
  /** A person says what is so of a guest's kernel. */
  giveFacts(texts: readonly string[]): void;
  /** The last stores that mattered to a frame, from the record; `content`: those into it, too. */
  trail(frame: PaNum, content: boolean, since: number | undefined): FrameStep[];
  /** From now on an audit at each moment of a run; `undefined` ends it. */
  auditEach(each: Each | undefined): EachReport | undefined;
  census(): Census;
  /** What is compared of a saved state. */
  savedView(state: VmState): SavedView;
  /** Makes it what it was; a RangeError, and nothing changed, for what is no state of it. */
  restore(state: VmState): void;
  /** From the first instruction again. */
  reset(): void;
}

/** Breakpoints and watchpoints, and the machine that stops at them. */
export interface Stops {
  readonly machine: Pick<Machine, "addBreak" | "removeBreak" | "watch" | "unwatch">;
  readonly breakpoints: Breakpoints;
}

/** What is done to a computer, and undone: all of the face that may change it comes here. */
export interface Changes extends History {
  /** See {@link Vm.revision}. */
  readonly revision: number;
  /** A call of the face that changes the computer: `body` does it, and would do it again. */
  call<T>(what: string, args: readonly unknown[], body: () => T): T;
  /** Several calls that are one action: undone together. */
  group<T>(what: string, args: readonly unknown[], body: () => T): T;
  /** What the console printed since somebody asked last: it belongs to what printed it. */
  takeOutput(): Uint8Array;
  /** Holds the processes of a run, or lets them run; `run` as in their records. */
  hold(run: number, held: boolean): void;
  /** Runs, in the name of `runner`. */
  run(budget: number, options: RunOptions, runner?: Runner): KernelStop | GuestStop;
  /** The state now. */
  state(): VmState;
  /** Undoes `n` actions, the last one first, or does again what was undone; returns them. */
  step(what: "undo" | "redo", n: number): HistoryEntry[];
  /** Goes to a moment of the recorded past. */
  travel(journey: Journey): Moment;
  /** These states are kept by somebody else, in the same room. */
  pin(states: readonly VmState[]): void;
}

/** What a guest's face is made over. */
export interface GuestParts {
  readonly machine: Machine;
  /** The file of its kernel. */
  readonly elf: Elf;
  /** Its runs, and the way back. */
  readonly history: GuestHistory;
  /** Who says what it does. */
  readonly observer: Observer;
}

/** How to look inside: the classes say it, since only they see their private fields. */
interface Doors {
  vm(vm: Questions): Computer;
  process(p: Process): Proc;
  guest(run: Guest): GuestParts;
}

const doors = {} as Doors;

/** For the classes: how one looks into them. */
export function openDoor<Name extends keyof Doors>(name: Name, look: Doors[Name]): void {
  doors[name] = look;
}

/** The parts of a computer. */
export function partsOf(vm: Questions): Computer {
  return doors.vm(vm);
}

/** The built-in kernel of a computer. Throws KernelError where it runs one of its own. */
export function kernelOf(vm: Vm): Kernel {
  return doors.vm(vm).kernel;
}

/** The hardware of a computer. */
export function machineOf(vm: Vm): Machine {
  return doors.vm(vm).machine;
}

/** What records all that is done to a computer. */
export function changesOf(vm: Vm): Changes {
  return doors.vm(vm).changes;
}

/** The kernel's record of a process. Throws KernelError when the process is gone. */
export function recordOf(p: Process): Proc {
  return doors.process(p);
}

/** The hardware of a guest, its kernel's file, its time. */
export function guestPartsOf(run: Guest): GuestParts {
  return doors.guest(run);
}

/** The hardware on which a program of its own kernel runs. */
export function guestMachineOf(run: Guest): Machine {
  return doors.guest(run).machine;
}
