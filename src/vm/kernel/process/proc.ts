/**
 * The process record, as plain data: xv6's `struct proc` without its locks and kernel stack.
 *
 * A process that waits inside a system call keeps no stack and no promise: `call` says that it is
 * inside one, the trapframe holds its arguments, `progress` what it has already done, and the
 * call is run again when something wakes it.
 */

import type { FaultCause } from "../../machine/cause.ts";
import type { PaNum } from "../../machine/address.ts";
import type { CallTable } from "../abi.ts";

/** Most processes at a time (xv6's NPROC). */
export const MAX_PROCESSES = 64;
/** Longest process name that `ps` keeps, as in xv6's `char name[16]`. */
export const NAME_LENGTH = 15;

/**
 * - `runnable`: could go on (the running one is runnable, too), see {@link mayRun};
 * - `sleeping`: inside a system call that cannot go on, see {@link Wait};
 * - `zombie`: has exited; its parent has not waited for it.
 */
export type ProcState = "runnable" | "sleeping" | "zombie";

/** What a sleeping process waits for. Whatever makes it true wakes all that wait for it. */
export type Wait =
  | { readonly on: "child" }
  | { readonly on: "vfork"; readonly child: number }
  | { readonly on: "tick"; readonly until: number }
  | { readonly on: "console" }
  | { readonly on: "pipe-data"; readonly pipe: number }
  | { readonly on: "pipe-space"; readonly pipe: number };

/** What a process has cost so far. */
export interface Accounting {
  /** User instructions retired. */
  instructions: number;
  /** System calls made. */
  calls: number;
  /** Page faults by cause. */
  faults: Record<FaultCause, number>;
  /** Frames that were copied on its behalf. */
  framesCopied: number;
  /** Virtual tick at which it started. */
  startTick: number;
}

/** One process. */
export interface Proc {
  /**
   * Its thread id, from 1, never used twice in a VM. It changes when a thread that is not the first
   * of its group calls exec, which makes it the first.
   */
  pid: number;
  /** What getpid() returns: pid of the group's first thread, its own unless CLONE_THREAD. */
  group: number;
  /** Its place in the process table, 0…63, which decides its turn. */
  readonly slot: number;
  /** The group of its parent, whose threads may wait for it; 0 for init. */
  parent: number;
  /** The run that it belongs to: the pid of the program that was started. Children inherit it. */
  readonly run: number;
  /** Last component of the program's path. */
  name: string;
  state: ProcState;
  /** Has no program: it stands still and does what the user types. */
  manual: boolean;
  /** Has a program, but runs only when it is stepped or continued. */
  held: boolean;
  /** Id of its address space; threads made with CLONE_VM have the same. */
  space: number;
  /** The frame that holds its trapframe, in xv6's layout. */
  trapframe: PaNum;
  /** What it waits for, while sleeping. */
  wait: Wait | undefined;
  /** True from the ecall until the call's result is in a0. */
  inCall: boolean;
  /** What the call under way has already done, in its own terms (bytes moved, tick to reach). */
  progress: number | undefined;
  /** Killed: it exits when it next enters or leaves the kernel. */
  killed: boolean;
  /** Why the kernel killed it, for people; empty when it was `kill` or nothing. */
  killedBy: string;
  /** Exit status, once a zombie. */
  status: number;
  /** Id of its descriptor table; with CLONE_FILES its parent's. */
  files: number;
  /** Id of its current directory; with CLONE_FS its parent's. */
  place: number;
  /** Where its id is cleared when it leaves its memory (CLONE_CHILD_CLEARTID); 0: nowhere. */
  clearTid: bigint;
  /** Its parent waits until it leaves its memory (CLONE_VFORK). */
  vforked: boolean;
  /** Which number means which call, to its program. */
  callTable: CallTable;
  /** The trace lab's trace() mask: a bit for each call number. Children inherit it. */
  traceMask: number;
  /** What the sandbox of the syscall lab forbids; undefined: nothing. Children inherit it. */
  interposed: Interposed | undefined;
  /** What sigalarm() asked for; undefined when it is off and no handler runs. */
  alarm: Alarm | undefined;
  accounting: Accounting;
}

/** What sigalarm(interval, handler) asked for, and how far it is. Plain data. */
export interface Alarm {
  /** Ticks between two calls of the handler; 0: no more. */
  readonly interval: number;
  /** User address of the handler, which may be 0. */
  readonly handler: bigint;
  /** Ticks until the next call. */
  left: number;
  /** While the handler runs: the trapframe from epc on, as at the timer interrupt. */
  saved: Uint8Array | undefined;
}

/** What interpose(mask, path) forbids (the syscall lab of 2025). */
export interface Interposed {
  /** A bit for each call number that fails with -1. */
  readonly mask: number;
  /** open and exec of this path are allowed all the same. */
  readonly path: string;
}

/** Whether it may be scheduled: manual and held processes only to finish a call. */
export function mayRun(p: Proc): boolean {
  return p.state === "runnable" && (p.inCall || (!p.manual && !p.held));
}

/** A wait as `ps` shows it. */
export function describeWait(wait: Wait): string {
  switch (wait.on) {
    case "child":
      return "wait";
    case "vfork":
      return `vfork of pid ${wait.child}`;
    case "tick":
      return `sleep until tick ${wait.until}`;
    case "console":
      return "console";
    case "pipe-data":
      return `pipe ${wait.pipe} read`;
    case "pipe-space":
      return `pipe ${wait.pipe} write`;
  }
}
