/** What actions answer: immutable snapshots of what was asked and what it caused. */

import type { FaultCause } from "./machine/cause.ts";
import type { MmuCounters, TlbEntry } from "./machine/mmu.ts";
import type { Pa, Va } from "./machine/address.ts";
import type { VmEvent } from "./events.ts";
import type { Change } from "./inspect/diff.ts";
import type { OwnerChange } from "./inspect/page_owners.ts";
import type { WalkReport } from "./inspect/translation.ts";
import type { Watched } from "./kernel/breakpoints.ts";
import type { KernelStop } from "./kernel/run.ts";
import type { ForkStatistics } from "./fork_statistics.ts";

export type { AuditClass, Finding } from "./inspect/finding.ts";
export type { Change, FrameDiff, ProcessDiff, PteDiff, StateDiff } from "./inspect/diff.ts";
export { isOfPage } from "./events.ts";
export { callText, eventText, isEffect } from "./inspect/event_text.ts";
export { Frame, type FrameReport } from "./inspect/frame.ts";
export type { Mapping } from "./inspect/mappings.ts";
export type { Compile } from "./machine/machine_state.ts";
export type { OwnerChange } from "./inspect/page_owners.ts";
export type { SharedGroup, Sharing } from "./inspect/sharing.ts";
export type { SlotView, SwapReport } from "./inspect/builtin/swap_report.ts";
export type { LevelView, Translation, WalkReport } from "./inspect/translation.ts";
export type { Verdict } from "./inspect/hardware_verdict.ts";
export type { AreaView } from "./inspect/vmmap.ts";
export type { Watched } from "./kernel/breakpoints.ts";
export type { ForkStatistics } from "./fork_statistics.ts";
export type {
  EngineSummary,
  EngineView,
  ListedBlock,
  RegionCounts,
  RegionReport,
} from "./machine/engine/regions/report.ts";
export { EACH, type Each, type EachReport } from "./guest_each.ts";
export type { GuestStop, Trap } from "./guest_traps.ts";
export type { FrameStep, Store } from "./store.ts";
export type { StoredBy } from "./machine/memory.ts";
export type { ForkObserver } from "./kernel/kernel.ts";
export type { Fact, PlacedCount, ProcessState, SpaceUsage, Sure } from "./inspect/view.ts";
export type { Wait } from "./kernel/process/proc.ts";
export type { EventFilter } from "./events.ts";
export type { Arrival, KernelStop, RunOptions } from "./kernel/run.ts";
export type { Stop } from "./machine/machine.ts";
export type { AccessCounters, MmuCounters, TlbEntry } from "./machine/mmu.ts";
export type { Access } from "./machine/sv39.ts";
export type { Watch, WatchHit } from "./machine/watch.ts";

/** How a guest's events are recorded. */
export interface Listening {
  /** From this instruction on. */
  readonly since: number;
  /** How many there have been since then. */
  readonly events: number;
  /** The number of the oldest one that the log holds. */
  readonly oldest: number;
  /** Frames that are page tables now. */
  readonly tables: number;
  /** The kinds that this kernel does not show, each with why. */
  readonly unseen: readonly string[];
}

/** The TLBs for who only reads them. */
export interface TlbView {
  /** All entries. */
  entries(): TlbEntry[];
  /** Hits, misses, walks and flushes since boot. */
  counters(): MmuCounters;
}

/** The frames, counted. */
export interface Census {
  /** Free now; undefined: unknown. */
  readonly free: number | undefined;
  /** In all, those of the kernel's image excepted. */
  readonly total: number;
  /** The fewest that were ever free since boot; undefined: unknown. */
  readonly lowest: number | undefined;
  /** How many of each kind: `free`, `fresh` (never used), `kernel`, `table`, `user` … */
  readonly kinds: Readonly<Record<string, number>>;
}

/** What an access did to one frame's stored count. */
export interface CountChange {
  /** First byte of the frame. */
  readonly frame: Pa;
  /** The count the kernel keeps for it. */
  readonly count: Change<number>;
}

/**
 * A load or store made for a process, with all it caused.
 *
 * Who else has the page, what became of counts, and the events are worked out when they are first
 * asked for, from what has happened since; so a store costs little when nobody asks. They tell of
 * this access, whenever that is. They throw KernelError once the log of events does not reach back
 * to it, or the computer was put back to a saved state.
 */
export interface AccessReport {
  /** The process that accessed. */
  readonly pid: number;
  /** The address accessed. */
  readonly va: Va;
  /** Bytes accessed. */
  readonly size: number;
  /** A store; else a load. */
  readonly store: boolean;
  /** What was loaded or stored, unsigned. */
  readonly value: bigint;
  /** The frame that the address translates to afterwards; undefined when the process was killed. */
  readonly pa: Pa | undefined;
  /** The bytes there before a store, when there was a page and the access was aligned. */
  readonly old: bigint | undefined;
  /**
   * Set when the kernel killed the process for it. `stval` is the address that faulted: the second
   * page's first byte when that half of a page-crossing access did.
   */
  readonly killed:
    | { readonly cause: number; readonly stval: bigint; readonly why: string }
    | undefined;
  /** The watchpoint that it hit. */
  readonly watched: Watched | undefined;
  /** How the address was translated before. */
  readonly before: WalkReport;
  /** How it was translated then; undefined when the process was killed. */
  readonly after: WalkReport | undefined;
  /** The process itself, all others that had what it finds there; the same of a second page. */
  readonly owners: readonly OwnerChange[];
  /** The frames that were or are behind the bytes accessed, for this process. */
  readonly counts: readonly CountChange[];
  /** All that happened, in order. */
  readonly events: readonly VmEvent[];
}

/** A fork made for a process; its events are read as those of an {@link AccessReport}. */
export interface ForkReport extends ForkStatistics {
  /** Who forked. */
  readonly parent: number;
  /** The child's pid. */
  readonly child: number;
  /** All that happened, in order. */
  readonly events: readonly VmEvent[];
}

/** A system call made for a process; its events are read as those of an {@link AccessReport}. */
export interface CallReport {
  /** Who called. */
  readonly pid: number;
  /** The call's name. */
  readonly name: string;
  /** What it returned: a0 as a signed number. Undefined when it did not return. */
  readonly result: bigint | undefined;
  /** Why it returned -1, when the call says. */
  readonly why: string | undefined;
  /** Set when it would wait for ever; it was taken back. */
  readonly blocked: { readonly on: string } | undefined;
  /** The process is gone. */
  readonly exited: boolean;
  /** Set when the run was stopped before it could return. */
  readonly stop: KernelStop | undefined;
  /** The watchpoint that the kernel hit by copying its arguments or results. */
  readonly watched: Watched | undefined;
  /** All that happened, in order. */
  readonly events: readonly VmEvent[];
}

/** Why a program's run stopped: what the kernel says, or that a person interrupted it. */
export type RunStop = KernelStop | { readonly kind: "interrupted" };

/** A process that outlives the program which made it. */
export interface Leftover {
  /** The process. */
  readonly pid: number;
  /** Its name. */
  readonly name: string;
  /** What it waits for; empty when it could run, and is held. */
  readonly waits: string;
}

/** How a program's run ended and what it cost. */
export interface RunReport extends Pick<Difference, "instructions" | "calls" | "faults" | "forks"> {
  /** The program's first process. */
  readonly pid: number;
  /** The program's name. */
  readonly name: string;
  /** Exit status; undefined when it has not exited. */
  readonly status: number | undefined;
  /** Why the kernel killed it; empty when it did not. */
  readonly killedBy: string;
  /** Why the run stopped. */
  readonly stop: RunStop;
  /** What the program, once it has ended, left behind: those of its children that have not. */
  readonly left: readonly Leftover[];
  /** All console output since the run began. */
  readonly console: string;
  /** Frames whose bytes were copied to another one. */
  readonly framesCopied: number;
  /** Bytes copied between frames. */
  readonly bytesCopied: number;
  /** Virtual ticks that passed. */
  readonly ticks: number;
}

/** What happened between two moments. */
export interface Difference {
  /** User instructions retired. */
  readonly instructions: number;
  /** Frames copied, and their bytes. */
  readonly copied: { readonly pages: number; readonly bytes: number };
  /** Page faults by cause: 12 fetch, 13 load, 15 store. */
  readonly faults: Readonly<Record<FaultCause, number>>;
  /** Pages that came from the swap disk, and that went there. */
  readonly swapped: { readonly in: number; readonly out: number };
  /** Pages read from files, and written back to them. */
  readonly files: { readonly in: number; readonly out: number };
  /** 2 MiB leaves put together, and split. */
  readonly superpages: { readonly promoted: number; readonly demoted: number };
  /** Frames allocated. */
  readonly allocated: number;
  /** Frames freed. */
  readonly freed: number;
  /** PTE writes by the kernel. */
  readonly ptes: number;
  /** System calls. */
  readonly calls: number;
  /** Forks that succeeded. */
  readonly forks: number;
  /** Switches from one process to another. */
  readonly switches: number;
}
