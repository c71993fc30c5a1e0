/** The kernel at boot, its state as data, and its way back from that. */

import type { EventLog } from "../events.ts";
import type { Machine } from "../machine/machine.ts";
import { PAGE_SIZE } from "../machine/address.ts";
import { type Saved, Saver } from "../machine/saver.ts";
import { ABIS } from "./abi.ts";
import { newConsole } from "./files/console.ts";
import { MAX_FILES } from "./files/file.ts";
import { FileSystems } from "./files/mount.ts";
import type { SavedTree } from "./files/tree.ts";
import { noForks } from "../fork_statistics.ts";
import type { Kernel, KernelOptions } from "./kernel.ts";
import { newKernelMap, newMemoryState, settledMemory } from "./memory/boot.ts";
import type { MemoryOptions } from "./memory/options.ts";
import { MAX_PROCESSES } from "./process/proc.ts";
import { newSchedule } from "./process/scheduler.ts";
import type { ProgramSource } from "./programs.ts";
import type { KernelState } from "./state.ts";

/** Instructions of one tick, which is also the time slice, unless asked otherwise. */
export const DEFAULT_QUANTUM = 100_000;

/** A kernel on a machine whose traps come back to it. It has no process until one is made. */
export function makeKernel(
  machine: Machine,
  events: EventLog,
  programs: ProgramSource,
  options: KernelOptions & MemoryOptions = {},
): Kernel {
  const { ram, mmu } = machine;
  const quantum = options.quantum ?? DEFAULT_QUANTUM;
  const k: Omit<Kernel, "files"> & { files?: FileSystems } = {
    ...settledMemory(ram.size / PAGE_SIZE, options),
    machine,
    ram,
    mmu,
    events,
    kernelRoot: newKernelMap(ram),
    programs,
    abi: options.abi ?? ABIS[0],
    abiForAll: options.abi !== undefined,
    quantum,
    lazySbrk: options.lazySbrk ?? false,
    demandExec: options.demandExec ?? false,
    state: {
      ...newMemoryState(ram, options),
      procs: new Array(MAX_PROCESSES).fill(undefined),
      nextPid: 1,
      current: 0,
      ticks: 0,
      skipped: 0,
      idled: 0,
      schedule: newSchedule(quantum, options.seed ?? 0),
      console: newConsole(),
      ended: [],
      ftable: new Array(MAX_FILES).fill(undefined),
      fdTables: new Map(),
      places: new Map(),
      nextShared: 1,
      pipes: new Map(),
      nextPipe: 1,
      forkTotals: noForks(),
      dying: undefined,
      panicked: undefined,
    },
    saver: new Saver(),
    trace: undefined,
    forkObserver: undefined,
    breakpoints: { points: [], next: 1 },
  };
  k.files = new FileSystems(k as Kernel);
  // Only here: a guest's kernel fills its frames itself.
  ram.fills.deferring = true;
  return k as Kernel;
}

/** A kernel as saved. */
export interface SavedKernel {
  /** The state. */
  readonly state: Saved<KernelState>;
  /** The file systems, if a root is mounted. */
  readonly files: SavedTree | undefined;
}

/** Everything the kernel knows, as plain data. RAM is the machine's. */
export function saveKernel(k: Kernel): SavedKernel {
  return { state: k.saver.save(k.state), files: k.files.save() };
}

/**
 * Puts back what {@link saveKernel} returned; the machine's state, satp and TLBs among it, goes
 * back with it. Records held elsewhere are stale then: look them up by id.
 */
export function restoreKernel(k: Kernel, saved: SavedKernel): void {
  const state = k.saver.revive<KernelState>(saved.state);
  for (const p of state.procs) {
    if (p !== undefined && !state.spaces.has(p.space)) {
      throw new RangeError(`process ${p.pid} has no space`);
    }
  }
  k.state = state;
  k.files.restore(saved.files);
}
