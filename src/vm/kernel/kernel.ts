/**
 * The built-in kernel: it owns the processes, gives the hart to one at a time, and handles each
 * trap. Its code is TypeScript, but what it manages is real: page tables and trapframes stand in
 * guest RAM, user code runs in U mode on the hart, and every fault and system call is a trap.
 *
 * This file says what the kernel's functions work on: the machine, what was chosen at boot, and the
 * state. Time is retired user instructions. A tick ends every `quantum` of them; when all processes
 * sleep, time jumps to the next tick that wakes one.
 */

import type { Machine } from "../machine/machine.ts";
import type { Saver } from "../machine/saver.ts";
import type { Watch } from "../machine/watch.ts";
import type { Abi } from "./abi.ts";
import type { FileSystems } from "./files/mount.ts";
import type { Memory } from "./memory/memory.ts";
import type { ProgramSource } from "./programs.ts";
import type { KernelState } from "./state.ts";

/** How the kernel is made; memory has options of its own. */
export interface KernelOptions {
  /** System call numbers for all programs; unless given, each program's stubs tell its own. */
  readonly abi?: Abi;
  /** User instructions of a tick. */
  readonly quantum?: number;
  /** Another number gives another, equally legal schedule; 0 is strict round-robin. */
  readonly seed?: number;
  /** Treat every sbrk as lazy. */
  readonly lazySbrk?: boolean;
  /** Load program pages at first touch. */
  readonly demandExec?: boolean;
}

/** A breakpoint or watchpoint. Plain data. */
export interface Breakpoint {
  /** Its number, from 1. */
  readonly n: number;
  /** The process that it is for; undefined: any. */
  readonly pid: number | undefined;
  /** Address of the instruction, or of the first byte watched. */
  readonly address: bigint;
  /** What is watched; undefined for a breakpoint. */
  readonly watch: Watch | undefined;
  /** How often a run stopped for it. */
  hits: number;
}

/** All of them, and the number of the next. */
export interface Breakpoints {
  /** In the order of their numbers. */
  points: Breakpoint[];
  /** The number of the next. */
  next: number;
}

/** One system call as strace prints it. Plain data. */
export interface TraceRecord {
  /** The process that made it. */
  readonly pid: number;
  /** Its program. */
  readonly program: string;
  /** The call's number. */
  readonly number: number;
  /** Its name. */
  readonly name: string;
  /** Arguments as text, those that the call fills only once it has returned. */
  args: string[];
  /** The result as text; undefined while it has not returned. */
  result: string | undefined;
}

/**
 * Told when a fork begins to copy memory and when it is done, to measure it by a clock: the kernel
 * reads none.
 */
export interface ForkObserver {
  /** The process is about to get a copy of its memory for a child. */
  begins(pid: number): void;
  /** It is made, or cannot be. */
  ended(pid: number): void;
}

/** The kernel and everything it manages. */
export interface Kernel extends Memory {
  /** The hardware; `ram` and `mmu` are its. */
  readonly machine: Machine;
  /** The mounted file systems. */
  readonly files: FileSystems;
  /** Programs that are run by name. */
  readonly programs: ProgramSource;
  /** The numbering for a process without a program, or with one without stubs. */
  readonly abi: Abi;
  /** Whether that numbering holds for all programs, whatever their stubs say. */
  readonly abiForAll: boolean;
  /** User instructions of a tick. */
  readonly quantum: number;
  /** Every sbrk is lazy. */
  readonly lazySbrk: boolean;
  /** exec maps the file and loads pages at first touch. */
  readonly demandExec: boolean;
  /** Everything that changes, memory's state included. */
  state: KernelState;
  /** Makes saved states, which share what did not change between them. */
  readonly saver: Saver;
  /** System calls made, while they are recorded. */
  trace: TraceRecord[] | undefined;
  /** Is told of forks. */
  forkObserver: ForkObserver | undefined;
  /** Breakpoints and watchpoints. They belong to the user: a saved state does not hold them. */
  readonly breakpoints: Breakpoints;
}
