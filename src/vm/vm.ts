/**
 * The whole computer as commands and scripts hold it: machine, built-in kernel, event stream, and the
 * questions one can ask of them.
 *
 * @module
 */

import { pa, va } from "./machine/address.ts";
import { Machine, type MachineState } from "./machine/machine.ts";
import { type Counters, EventLog, type EventLogState, type VmEvent } from "./events.ts";
import { Handle } from "./handle.ts";
import { defaultDisk } from "./disk.ts";
import { audit, type Finding } from "./inspect/audit.ts";
import { diffStates, type StateDiff } from "./inspect/diff.ts";
import { type Sharing, sharing } from "./inspect/sharing.ts";
import { type Frame, frameHandle, type FrameReport, frameReport } from "./inspect/frame.ts";
import { type Abi, abiNamed } from "./kernel/abi.ts";
import { POLICIES, policyNamed } from "./kernel/fork/policies.ts";
import { Kernel, type KernelState } from "./kernel/kernel.ts";
import { Memory } from "./kernel/memory/memory.ts";
import { guestName, noPrograms, type ProgramSource } from "./kernel/programs.ts";
import { type EventFilter, type KernelStop, run } from "./kernel/run.ts";
import type { Process } from "./kernel/process/process.ts";
import { addStop, removeStop, type StopPoint } from "./kernel/stops.ts";
import { KernelError, makeInit, makeProgram, makeStanding } from "./kernel/standing.ts";
import type { Difference, RunReport } from "./reports.ts";
import { Run } from "./run.ts";
import { bytesOf, type Size } from "./size.ts";

/** How a VM is made; everything has a default. */
export interface BootOptions {
  /** Fork policy: `cow` (the lab's, the default), `eager` (xv6 as it ships) … */
  policy?: string;
  /** RAM: 16M to 2G; 128M unless given. */
  mem?: Size;
  /**
   * Numbering of system calls for all programs: a name (`xv6`, `xv6-mmap`) or a table. Unless given, each
   * program's own stubs tell its numbering.
   */
  abi?: string | Abi;
  /** User instructions of a timer tick; 100,000 unless given. */
  quantum?: number;
  /** Another number gives another legal schedule; 0 is strict round-robin. */
  seed?: number;
  /** An xv6 file-system image, changed in place; our own small one unless given. */
  fs?: Uint8Array;
  /** A FAT32 image, mounted under `/fat` and changed in place. What is made there is dated 1 January 1980. */
  fat?: Uint8Array;
  /** Treat every sbrk as lazy. */
  lazy?: boolean;
  /** 2 MiB leaves where an area covers an aligned block and 512 frames in a row are free. */
  superpages?: boolean;
  /** A store to a shared 2 MiB page: split it and copy 4 KiB (unless given), or copy it whole. */
  hugeCow?: "split" | "whole";
  /** A swap disk of this size, and reclaim when frames run out. */
  swap?: Size;
  /** Pages brought back beside the one that a swap-in is for. */
  readAhead?: number;
  /** How exec loads a program: all at once, or each page at first touch. */
  exec?: "eager" | "demand";
  /** Programs that are run by name. */
  programs?: ProgramSource;
  /** What {@link Vm.interact} opens: a way to talk to the VM. `boot` of the scripting API gives the shell. */
  interact?: (vm: Vm) => Promise<void>;
}

/** What {@link Vm.watch} watches. */
export interface WatchOptions {
  /** Bytes; 8 unless given. */
  size?: number;
  /** Only in this process. */
  pid?: number;
  /** Stop after loads. */
  read?: boolean;
  /** Stop after stores; true unless given. */
  write?: boolean;
  /** The address is a physical one: the frame is watched, whoever maps it. */
  physical?: boolean;
}

/** Everything a VM is at one moment, as plain data. */
export interface VmState {
  /**
   * Hardware: RAM, registers, TLBs, devices.
   *
   * @internal
   */
  readonly machine: MachineState;
  /**
   * What the kernel keeps: processes, areas, counts, files.
   *
   * @internal
   */
  readonly kernel: KernelState;
  /**
   * The event log.
   *
   * @internal
   */
  readonly events: EventLogState;
}

/** Counters and instret at one moment; see {@link Vm.since}. */
export interface Mark {
  /** User instructions retired since boot. */
  readonly instret: number;
  /** How often each thing has happened since boot. */
  readonly counters: Counters;
  /** Number of the next event. */
  readonly event: number;
}

/**
 * A booted computer. Methods are synchronous and deterministic; what they answer are snapshots, except for
 * {@link Handle} and {@link Frame}, which are live.
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
  /**
   * The hardware, for what no method here does.
   *
   * @internal
   */
  readonly machine: Machine;
  /**
   * The built-in kernel, for what no method here does.
   *
   * @internal
   */
  readonly kernel: Kernel;
  /** What it was made with. */
  readonly options: BootOptions;
  /**
   * The files that programs were last loaded from, by name, where they were not the disk's: for their symbols.
   *
   * @internal
   */
  readonly loaded: Map<string, Uint8Array> = new Map();

  /** Boots: RAM, kernel, file system, and process 1. Throws RangeError or FsError with one clear line. */
  constructor(options: BootOptions = {}) {
    this.options = options;
    const policy = policyNamed(options.policy ?? POLICIES[0].name);
    if (policy === undefined) {
      throw new RangeError(
        `no fork policy "${options.policy}": there are ${POLICIES.map((p) => p.name).join(", ")}`,
      );
    }
    const programs = options.programs ?? noPrograms;
    this.machine = new Machine({ memBytes: bytesOf(options.mem ?? "128M"), traps: "host" });
    const events = new EventLog(this.machine);
    const memory = new Memory(this.machine.ram, this.machine.mmu, events, {
      policy,
      superpages: options.superpages ?? false,
      hugeCow: options.hugeCow ?? "split",
      swap: bytesOf(options.swap ?? 0),
      readAhead: options.readAhead ?? 0,
    });
    this.kernel = new Kernel(this.machine, memory, events, programs, {
      ...(options.abi === undefined
        ? {}
        : { abi: typeof options.abi === "string" ? abiNamed(options.abi) : options.abi }),
      quantum: options.quantum ?? 100_000,
      seed: options.seed ?? 0,
      lazySbrk: options.lazy ?? false,
      demandExec: options.exec === "demand",
    });
    if (options.fs !== undefined) this.kernel.files.mountRoot(options.fs);
    else this.kernel.files.mountRootLater(() => defaultDisk(programs));
    if (options.fat !== undefined) this.kernel.files.mountFat(options.fat);
    makeInit(this.kernel);
  }

  /**
   * A process that stands still and does what it is told; or, with a program, one that is held at its start. A program
   * is named as for {@link run}.
   */
  spawn(program?: string, args: readonly string[] = [], bytes?: Uint8Array): Handle {
    const p = program === undefined
      ? makeStanding(this.kernel)
      : this.#makeProgram(program, args, bytes);
    p.held = program !== undefined;
    return new Handle(this, p.pid);
  }

  /** Starts a program and returns its run, which goes on in slices. */
  start(program: string, args: readonly string[] = [], bytes?: Uint8Array): Run {
    // What was written before is not this program's.
    this.kernel.takeOutput();
    const mark = this.mark();
    const p = this.#makeProgram(program, args, bytes);
    return new Run(this, p.pid, mark);
  }

  /** A program of the disk or the source by its name; or one of a file, under the name that the file's path ends with. */
  #makeProgram(program: string, args: readonly string[], bytes: Uint8Array | undefined): Process {
    const fromFile = bytes === undefined && program !== guestName(program) &&
      !this.kernel.files.isFile(program);
    const file = fromFile ? this.kernel.programs.get(program) : bytes;
    const name = fromFile && file !== undefined ? guestName(program) : program;
    const p = makeProgram(this.kernel, name, [name, ...args], file);
    if (file === undefined) this.loaded.delete(p.name);
    else this.loaded.set(p.name, file);
    return p;
  }

  /**
   * A run of a process that is there already: it goes on where it stands, to its end, a breakpoint, a watchpoint
   * or, with `until`, such an event. Processes in `pass` do not stop at a breakpoint where they stand now.
   */
  resume(pid: number, options: { until?: EventFilter; pass?: readonly number[] } = {}): Run {
    return new Run(this, pid, this.mark(), options);
  }

  /**
   * Runs a program, of the disk, our own, or a file on the host by its path, until it and all it made have ended, nothing can run, or `budget` instructions are used up. What
   * is still there then is held: {@link resume} goes on with it.
   */
  run(
    program: string,
    args: readonly string[] = [],
    options: { input?: string; budget?: number; bytes?: Uint8Array } = {},
  ): RunReport {
    if (options.input !== undefined) this.type(options.input);
    const running = this.start(program, args, options.bytes);
    const report = running.finish(options.budget);
    running.leave();
    return report;
  }

  /** Keys at the console. */
  type(text: string): void {
    this.kernel.type(new TextEncoder().encode(text));
  }

  /** The process with this pid. Throws KernelError when there is none. */
  process(pid: number): Handle {
    if (this.kernel.process(pid) === undefined) {
      const pids = this.kernel.processes().map((p) => p.pid).sort((a, b) => a - b);
      throw new KernelError(`no process ${pid}: there are ${pids.join(", ")}`);
    }
    return new Handle(this, pid);
  }

  /** The processes, lowest pid first. */
  processes(): Handle[] {
    return this.kernel.processes().sort((a, b) => a.pid - b.pid).map((p) =>
      new Handle(this, p.pid)
    );
  }

  /** A process and all that it and its children made, as far as they are still there. */
  descendants(pid: number): Handle[] {
    const family = new Set([pid]);
    for (const { pid, record: { parent, group } } of this.processes()) {
      if (family.has(parent) || family.has(group)) family.add(pid);
    }
    return this.processes().filter((p) => family.has(p.pid));
  }

  /** Names of the programs on the disk's root and of those that come with the program source. */
  programNames(): string[] {
    const { programs, files } = this.kernel;
    return [...new Set([...files.programNames(), ...programs.list()])].sort();
  }

  /** Whether a name (or path on the disk) is a file that can be run. */
  hasProgram(name: string): boolean {
    return this.kernel.files.isFile(name) || this.kernel.programs.get(name) !== undefined;
  }

  /** The frame that holds a physical address: stored count, user mappings, owners. Throws RangeError outside RAM. */
  refcount(address: bigint | number): FrameReport {
    return frameReport(this.kernel, pa(address));
  }

  /** The frame that holds a physical address, a live handle. Throws RangeError outside RAM. */
  frame(address: bigint | number): Frame {
    return frameHandle(this.kernel, pa(address));
  }

  /** Everything in memory that does not fit together; empty when all is well. */
  audit(): Finding[] {
    return audit(this.kernel);
  }

  /** Frames: free now, and in all. */
  free(): { readonly free: number; readonly total: number } {
    const { frames } = this.kernel.memory;
    return { free: frames.freeCount, total: frames.total };
  }

  /** The events from number `since` on that the log still holds. */
  events(since = 0): VmEvent[] {
    return this.kernel.events.since(since);
  }

  /** This moment, for {@link since}. */
  mark(): Mark {
    return {
      instret: this.machine.instret,
      counters: structuredClone(this.kernel.events.counters),
      event: this.kernel.events.next,
    };
  }

  /** The same as {@link mark}: counters since boot. */
  counters(): Mark {
    return this.mark();
  }

  /** What has happened since a mark. */
  since(mark: Mark): Difference {
    const now = this.kernel.events.counters;
    const then = mark.counters;
    return {
      instructions: this.machine.instret - mark.instret,
      copied: { pages: now.copy - then.copy, bytes: now.copiedBytes - then.copiedBytes },
      faults: {
        12: now.faults[12] - then.faults[12],
        13: now.faults[13] - then.faults[13],
        15: now.faults[15] - then.faults[15],
      },
      swapped: { in: now["swap-in"] - then["swap-in"], out: now["swap-out"] - then["swap-out"] },
      files: {
        in: now["read-in"] - then["read-in"],
        out: now["write-back"] - then["write-back"],
      },
      superpages: {
        promoted: now.promote - then.promote,
        demoted: now.demote - then.demote,
      },
      allocated: now.alloc - then.alloc,
      freed: now.free - then.free,
      ptes: now.pte - then.pte,
      calls: now.syscall - then.syscall,
      forks: now.fork - then.fork,
      switches: now.switch - then.switch,
    };
  }

  /** Runs whoever can run for at most `budget` instructions. */
  advance(budget: number): KernelStop {
    return run(this.kernel, budget);
  }

  /**
   * Evicts pages until `frames` more are free or none can go, as memory pressure would: clean file pages are dropped, dirty
   * shared ones written back, anonymous ones swapped. How many frames it freed.
   */
  reclaim(frames: number): number {
    return this.kernel.memory.reclaim(frames);
  }

  /**
   * Stops runs before the instruction at an address, in one process or (without `pid`) in any. Throws RangeError
   * for an address that no instruction has.
   */
  breakAt(address: bigint | number, pid?: number): StopPoint {
    return addStop(this.kernel, va(address), pid);
  }

  /**
   * Stops runs after a store (and, if asked, a load) by user code that touches one of `size` bytes (8 unless
   * given). What the kernel itself copies in and out is not seen.
   */
  watch(address: bigint | number, options: WatchOptions = {}): StopPoint {
    const { size = 8, pid, read = false, write = true, physical = false } = options;
    const space = physical ? "pa" : "va";
    const at = physical ? pa(address) : va(address);
    return addStop(this.kernel, at, pid, { space, length: size, read, write });
  }

  /** Takes a breakpoint or watchpoint away; false when there is none of that number. */
  unstop(n: number): boolean {
    return removeStop(this.kernel, n);
  }

  /** Makes the frame allocation number `n` from now fail (1 is the next one); 0 takes it back. */
  failAllocation(n: number): void {
    this.kernel.memory.frames.failAt(n);
  }

  /** Opens the shell on this VM in the middle of a script; it goes on when the person leaves. */
  async interact(): Promise<void> {
    const { interact } = this.options;
    if (interact === undefined) throw new KernelError("this VM was booted without a shell");
    await interact(this);
  }

  /** The whole VM as plain data; see {@link restore}. */
  save(): VmState {
    return {
      machine: this.machine.save(),
      kernel: this.kernel.save(),
      events: this.kernel.events.save(),
    };
  }

  /** What differs between two saved states; without the second, between the first and now. */
  diff(before: VmState, after?: VmState): StateDiff {
    return diffStates(before, after ?? this.save());
  }

  /** Which frames are shared by whom, among all processes or among some. */
  sharing(pids?: readonly number[]): Sharing {
    return sharing(this.kernel, pids);
  }

  /**
   * Puts back a saved state of this VM, or of one booted with the same options. Its disks are copies from then
   * on: the images that it was booted with do not change any more.
   */
  restore(state: VmState): void {
    this.machine.restore(state.machine);
    this.kernel.restore(state.kernel);
    this.kernel.events.restore(state.events);
  }
}
