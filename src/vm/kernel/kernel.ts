/**
 * The built-in kernel: it owns the processes, gives the hart to one at a time, and handles each trap
 * that comes back. Its code is TypeScript, but what it manages is real: page tables and trapframes stand
 * in guest RAM, user code runs in U mode on the hart, and every fault and system call is a trap.
 *
 * Time is retired user instructions. A tick ends every `quantum` of them; when all processes sleep,
 * time jumps to the next tick that wakes one.
 *
 * @module
 */

import type { EventLog } from "../events.ts";
import type { Machine } from "../machine/machine.ts";
import { type Saved, Saver } from "../machine/saver.ts";
import { type Abi, ABIS, type CallTable } from "./abi.ts";
import {
  type Console,
  consoleType,
  consoleWrite,
  newConsole,
  takeOutput,
} from "./files/console.ts";
import { FileSystems, type FileSystemsState } from "./files/mount.ts";
import type { ForkStatistics } from "./fork/fork.ts";
import type { Memory, MemoryState } from "./memory/memory.ts";
import type { AddressSpace } from "./memory/areas/space.ts";
import { type Accounting, MAX_PROCESSES, type Proc, type Wait } from "./process/proc.ts";
import { listing } from "./process/listing.ts";
import { newSchedule, type Schedule } from "./process/scheduler.ts";
import { type Breakpoints, newBreakpoints } from "./breakpoints.ts";
import { tableOf } from "./stubs.ts";
import type { TraceRecord } from "./syscalls/trace.ts";
import type { ProgramSource } from "./programs.ts";

/** Instructions of one tick, which is also the time slice, unless asked otherwise. */
export const DEFAULT_QUANTUM = 100_000;

/** How the kernel is made. */
export interface KernelOptions {
  /** Numbering of the system calls for every program; each program's stubs tell its own unless given. */
  abi?: Abi;
  /** User instructions of a tick. */
  quantum?: number;
  /** Another number gives another, equally legal schedule; 0 is strict round-robin. */
  seed?: number;
  /** Treat every sbrk as lazy. */
  lazySbrk?: boolean;
  /** Load program pages at first touch. */
  demandExec?: boolean;
}

/** What is remembered of a process that has exited. */
export interface Ended {
  readonly pid: number;
  readonly name: string;
  readonly status: number;
  /** Why the kernel killed it; empty when it exited by itself or was told to. */
  readonly killedBy: string;
  readonly accounting: Accounting;
}

/** A process that is going to be killed for a trap. */
export interface Dying {
  readonly pid: number;
  /** For want of memory: it gives back its own at once. */
  readonly oom: boolean;
}

/** Somebody who is told when a fork's copying of memory begins and when it is done: to measure it by a clock of theirs. */
export interface ForkObserver {
  /** The process is about to get a copy of its memory for a child. */
  begins(pid: number): void;
  /** It is made, or cannot be. */
  ended(pid: number): void;
}

/** The kernel and everything it manages. */
export class Kernel {
  readonly machine: Machine;
  readonly memory: Memory;
  readonly events: EventLog;
  /** Programs that are run by name. */
  readonly programs: ProgramSource;
  readonly files: FileSystems;
  /** The numbering of who has no program, or one without stubs. */
  readonly abi: Abi;
  /** Whether that numbering is everybody's, whatever a program's stubs say. */
  readonly abiForAll: boolean;
  /** User instructions of a tick. */
  readonly quantum: number;
  /** Every sbrk is lazy. */
  readonly lazySbrk: boolean;
  /** exec maps the file and loads pages at first touch. */
  readonly demandExec: boolean;

  /** The process table; a process keeps its slot for life. */
  slots: (Proc | undefined)[] = new Array(MAX_PROCESSES).fill(undefined);
  nextPid = 1;
  /** The pid that has the hart, 0 for none. */
  current = 0;
  /** Ticks since boot. */
  ticks = 0;
  /** Virtual time beyond user instructions: traps, and what was jumped over while everybody slept. */
  skipped = 0;
  /** What of it was jumped over. */
  idled = 0;
  schedule: Schedule;
  console: Console = newConsole();
  /** The newest exits, oldest first. */
  ended: Ended[] = [];
  /** Open file records, for the limit of the whole system. */
  openFiles = 0;
  nextPipe = 1;
  /** What all forks did together: pages shared and copied, PTEs and table pages written. */
  forkTotals: ForkStatistics = { shared: 0, copied: 0, ptes: 0, parentPtes: 0, tables: 0 };
  /** System calls made, while somebody wants to know them. */
  trace: TraceRecord[] | undefined = undefined;
  /** Who is told of forks; see {@link ForkObserver}. */
  forkObserver: ForkObserver | undefined = undefined;
  /** Breakpoints and watchpoints. */
  breakpoints: Breakpoints = newBreakpoints();
  /** Who is condemned to die for a trap and has not exited yet; a run may stop in between to look at it. */
  dying: Dying | undefined = undefined;
  /** Why the kernel stopped for good, once it has. */
  panicked: string | undefined = undefined;
  readonly #saver = new Saver();

  /** A kernel on a machine whose traps come back to it. It has no process until one is made. */
  constructor(
    machine: Machine,
    memory: Memory,
    events: EventLog,
    programs: ProgramSource,
    options: KernelOptions = {},
  ) {
    this.machine = machine;
    this.memory = memory;
    this.events = events;
    this.programs = programs;
    this.abi = options.abi ?? ABIS[0];
    this.abiForAll = options.abi !== undefined;
    this.quantum = options.quantum ?? DEFAULT_QUANTUM;
    this.lazySbrk = options.lazySbrk ?? false;
    this.demandExec = options.demandExec ?? false;
    this.files = new FileSystems(this);
    this.memory.files = this.files;
    this.memory.pidOf = (space) => this.#pidOf(space);
    this.schedule = newSchedule(this.quantum, options.seed ?? 0);
  }

  /** Virtual time in instructions: the users', the kernel's, and those jumped over. */
  get now(): number {
    return this.machine.instret + this.skipped;
  }

  /** The part of {@link now} in which somebody ran. */
  get busy(): number {
    return this.now - this.idled;
  }

  /** The processes of a run that have not exited. */
  runOf(run: number): Proc[] {
    return this.processes().filter((p) => p.run === run && p.state !== "zombie");
  }

  /** Holds the processes of a run, or lets them run on; those that stand still do so anyhow. */
  holdRun(run: number, held: boolean): void {
    for (const p of this.runOf(run)) if (!p.manual) p.held = held;
  }

  /** The processes, zombies included, in the order of their slots. */
  processes(): Proc[] {
    return this.slots.filter((p) => p !== undefined);
  }

  /** The process with this pid. */
  process(pid: number): Proc | undefined {
    // Asked before every turn: a plain loop is several times as fast as find.
    for (const p of this.slots) if (p !== undefined && p.pid === pid) return p;
    return undefined;
  }

  /** The lowest pid that has the space, 0 when no process does. */
  #pidOf(space: AddressSpace): number {
    let lowest = 0;
    for (const p of this.slots) {
      if (p?.space === space && (lowest === 0 || p.pid < lowest)) lowest = p.pid;
    }
    return lowest;
  }

  /** The numbering that a program's calls have. */
  callTable(program: Uint8Array): CallTable {
    return this.abiForAll ? this.abi.calls : tableOf(program, this.abi.calls);
  }

  /** Wakes every sleeper whose wait the test accepts. */
  wake(test: (p: Proc, wait: Wait) => boolean): void {
    for (const p of this.slots) {
      if (p?.state === "sleeping" && p.wait !== undefined && test(p, p.wait)) this.wakeProcess(p);
    }
  }

  /** Wakes one sleeper; its call will be run again. */
  wakeProcess(p: Proc): void {
    p.state = "runnable";
    p.wait = undefined;
  }

  /** Text to the console, from the kernel itself. */
  print(text: string): void {
    consoleWrite(this.console, new TextEncoder().encode(text));
  }

  /** Keys typed at the console. */
  type(bytes: Uint8Array): void {
    const typed = consoleType(this.console, bytes);
    for (let i = 0; i < typed.listings; i++) this.print(listing(this));
    if (typed.entered) this.wake((_, wait) => wait.on === "console");
  }

  /** What was printed since the last time this was called. */
  takeOutput(): Uint8Array {
    return takeOutput(this.console);
  }

  /** Everything the kernel knows, memory's and the file systems' parts included, as plain data. RAM is the machine's. */
  save(): KernelState {
    const own: OwnState = {
      nextPid: this.nextPid,
      current: this.current,
      ticks: this.ticks,
      skipped: this.skipped,
      idled: this.idled,
      schedule: this.schedule,
      console: this.console,
      ended: this.ended,
      openFiles: this.openFiles,
      nextPipe: this.nextPipe,
      dying: this.dying,
      panicked: this.panicked,
      forkTotals: this.forkTotals,
    };
    const records = this.processes().map((p) =>
      this.#saver.save<SavedProcess>({ ...p, space: p.space.id }, p)
    );
    return {
      memory: this.memory.save(),
      files: this.files.save(),
      processes: records,
      own: this.#saver.save(own, this),
    };
  }

  /** Puts back what {@link save} returned; the machine's state, satp and TLBs among it, goes back with it. Records held elsewhere are stale then. */
  restore(state: KernelState): void {
    this.memory.restore(state.memory);
    this.files.restore(state.files);
    Object.assign(this, this.#saver.revive<OwnState>(state.own));
    this.slots = new Array(MAX_PROCESSES).fill(undefined);
    // In one piece, so that descriptors which share a file record share it again.
    for (const p of this.#saver.revive<SavedProcess[]>(state.processes)) {
      const space = this.memory.spaces.get(p.space);
      if (space === undefined) throw new RangeError(`process ${p.pid} has no space`);
      this.slots[p.slot] = Object.assign(p, { space });
    }
  }
}

/** A process as saved: its space by its id. */
type SavedProcess = Omit<Proc, "space"> & { space: number };

/** What the kernel keeps beside memory, files and processes. */
type OwnState = Pick<
  Kernel,
  | "nextPid"
  | "current"
  | "ticks"
  | "skipped"
  | "idled"
  | "schedule"
  | "console"
  | "ended"
  | "openFiles"
  | "nextPipe"
  | "dying"
  | "panicked"
  | "forkTotals"
>;

/** The state of a {@link Kernel}. */
export interface KernelState {
  readonly memory: Saved<MemoryState>;
  readonly files: FileSystemsState;
  /** The processes, in the order of their slots. */
  readonly processes: readonly Saved<SavedProcess>[];
  readonly own: Saved<OwnState>;
}
