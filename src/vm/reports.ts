/**
 * What actions answer: immutable snapshots of what was asked and what it caused.
 *
 * @module
 */

import type { Pa, Va } from "./machine/address.ts";
import type { VmEvent } from "./events.ts";
import type { Translation } from "./inspect/translation.ts";
import type { KernelStop } from "./kernel/run.ts";
import type { ForkStatistics } from "./kernel/fork/fork.ts";
import type { Wait } from "./kernel/process/process.ts";

/** A PTE or a frame's count before and after. */
export interface Change<T> {
  readonly before: T;
  readonly after: T;
}

/** What an access did to one owner of the page. */
export interface OwnerChange {
  readonly pid: number;
  readonly name: string;
  readonly va: Va;
  /** The leaf PTE; undefined while there is none. */
  readonly pte: Change<bigint | undefined>;
  /** The frame it maps; undefined while there is none. */
  readonly frame: Change<Pa | undefined>;
}

/** What an access did to one frame's stored count. */
export interface CountChange {
  readonly frame: Pa;
  readonly count: Change<number>;
}

/** A load or store made for a process, with all it caused. */
export interface AccessReport {
  readonly pid: number;
  readonly va: Va;
  /** Bytes accessed. */
  readonly size: number;
  readonly store: boolean;
  /** What was loaded or stored, unsigned. */
  readonly value: bigint;
  /** The frame that the address translates to afterwards; undefined when the process was killed. */
  readonly pa: Pa | undefined;
  /** The bytes there before a store, when there was a page and the access was aligned. */
  readonly old: bigint | undefined;
  /** Set when the kernel killed the process for it. */
  readonly killed: { readonly cause: number; readonly why: string } | undefined;
  readonly before: Translation;
  readonly after: Translation | undefined;
  /** The process itself first, then others that mapped the page before. */
  readonly owners: readonly OwnerChange[];
  readonly counts: readonly CountChange[];
  readonly events: readonly VmEvent[];
}

/** A fork made for a process. */
export interface ForkReport extends ForkStatistics {
  readonly parent: number;
  readonly child: number;
  readonly events: readonly VmEvent[];
}

/** A system call made for a process, with all it caused. */
export interface CallReport {
  readonly pid: number;
  readonly name: string;
  /** What it returned: a0 as a signed number. Undefined when it did not return. */
  readonly result: bigint | undefined;
  /** Set when it would wait for ever; it was taken back. */
  readonly blocked: Wait | undefined;
  /** The process is gone. */
  readonly exited: boolean;
  /** Set when the run was stopped before it could return. */
  readonly stop: KernelStop | undefined;
  readonly events: readonly VmEvent[];
}

/** How a program's run ended and what it cost. */
export interface RunReport {
  readonly pid: number;
  readonly name: string;
  /** Exit status; undefined when it has not exited. */
  readonly status: number | undefined;
  /** Why the kernel killed it; empty when it did not. */
  readonly killedBy: string;
  readonly stop: KernelStop;
  /** All console output since the run began. */
  readonly console: string;
  /** User instructions, of all processes. */
  readonly instructions: number;
  readonly calls: number;
  readonly faults: { readonly 12: number; readonly 13: number; readonly 15: number };
  readonly framesCopied: number;
  readonly bytesCopied: number;
  readonly forks: number;
  /** Virtual ticks that passed. */
  readonly ticks: number;
}

/** What happened between two moments. */
export interface Difference {
  readonly instructions: number;
  readonly copied: { readonly pages: number; readonly bytes: number };
  readonly faults: { readonly 12: number; readonly 13: number; readonly 15: number };
  readonly allocated: number;
  readonly freed: number;
  /** PTE writes by the kernel. */
  readonly ptes: number;
  readonly calls: number;
  readonly forks: number;
  readonly switches: number;
}
