/**
 * What the kernel is, as one plain record: processes, open files, pipes, directories, the schedule,
 * the console, and all of memory's state. What refers to something does so by its id. A saved state
 * is a copy of this record; a field is declared here and nowhere else.
 */

import type { Console } from "./files/console.ts";
import type { FdTable, File, Place } from "./files/file.ts";
import type { Pipe } from "./files/pipe.ts";
import type { ForkStatistics } from "../fork_statistics.ts";
import type { MemoryState } from "./memory/state.ts";
import type { Accounting, Proc } from "./process/proc.ts";

/** The scheduler's state. */
export interface Schedule {
  /** Slot at which the search for the next process starts. */
  cursor: number;
  /** Virtual time at which the tick under way ends. */
  tickEnds: number;
  /** State of the generator; 0: strict round-robin. */
  random: number;
}

/** What is remembered of a process that has exited. */
export interface Ended {
  /** Its pid. */
  readonly pid: number;
  /** Its name. */
  readonly name: string;
  /** Its exit status. */
  readonly status: number;
  /** Why the kernel killed it; empty when it exited by itself or was told to. */
  readonly killedBy: string;
  /** What it had cost. */
  readonly accounting: Accounting;
}

/** A process that is going to be killed for a trap. */
export interface Dying {
  /** Its pid. */
  readonly pid: number;
  /** Out of memory: it frees its own at once. */
  readonly oom: boolean;
}

/** The kernel's state. */
export interface KernelState extends MemoryState {
  /** The process table; a process keeps its slot for life. */
  procs: (Proc | undefined)[];
  /** Pid of the next process. */
  nextPid: number;
  /** The pid that has the hart, 0 for none. */
  current: number;
  /** Ticks since boot. */
  ticks: number;
  /** Virtual time beyond user instructions: traps, and what was jumped over while all slept. */
  skipped: number;
  /** What of it was jumped over. */
  idled: number;
  /** Whose turn is next, and when. */
  schedule: Schedule;
  /** Output not taken yet, and what is typed ahead. */
  console: Console;
  /** The newest exits, oldest first. */
  ended: Ended[];
  /** Open files (xv6's ftable). */
  ftable: (File | undefined)[];
  /** Descriptor tables by id. */
  fdTables: Map<number, FdTable>;
  /** Current directories by id. */
  places: Map<number, Place>;
  /** Id of the next descriptor table or place. */
  nextShared: number;
  /** Pipes by id. */
  pipes: Map<number, Pipe>;
  /** Id of the next pipe. */
  nextPipe: number;
  /** What all forks did together. */
  forkTotals: ForkStatistics;
  /** The process that will be killed for a trap and has not exited; a run may stop in between. */
  dying: Dying | undefined;
  /** Why the kernel stopped for good, once it has. */
  panicked: string | undefined;
}
