/**
 * The whole computer as commands and scripts hold it: machine, built-in kernel, event stream, and the
 * questions one can ask of them.
 *
 * @module
 */

import { type BootOptions, differences, type Made, madeOf, settled } from "./boot_options.ts";
import { isText, onlyNames, shown, whole } from "./checks.ts";
import { pa, PAGE_SIZE, va } from "./machine/address.ts";
import { Machine, type MachineState } from "./machine/machine.ts";
import { type Counters, EventLog, type EventLogState, type VmEvent } from "./events.ts";
import { Process } from "./process.ts";
import { defaultDisk } from "./disk.ts";
import { audit, type Finding } from "./inspect/audit.ts";
import { diffStates, type StateDiff } from "./inspect/diff.ts";
import { type Sharing, sharing } from "./inspect/sharing.ts";
import { type Frame, frameHandle, type FrameReport, frameReport } from "./inspect/frame.ts";
import { abiNamed } from "./kernel/abi.ts";
import { FsError } from "./kernel/files/errno.ts";
import { policyNamed } from "./kernel/fork/policies.ts";
import { Kernel, type KernelState } from "./kernel/kernel.ts";
import { Memory } from "./kernel/memory/memory.ts";
import { guestName, noPrograms } from "./kernel/programs.ts";
import { type EventFilter, type KernelStop, run } from "./kernel/run.ts";
import type { Proc } from "./kernel/process/proc.ts";
import { addBreakpoint, type Breakpoint, removeBreakpoint } from "./kernel/breakpoints.ts";
import { KernelError, makeInit, makeManual, makeProgram } from "./kernel/manual.ts";
import type { Difference, RunReport } from "./reports.ts";
import { Run } from "./run.ts";

export type { BootOptions };

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

/** Most bytes of one watchpoint: more, nobody can mean. */
const MOST_WATCHED = 2 ** 30;

/** Everything a VM is at one moment, as plain data. */
export interface VmState {
  /**
   * The options that its computer was booted with, disks excepted.
   *
   * @internal
   */
  readonly made: Made;
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
 * {@link Process} and {@link Frame}, which are live.
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
  /** The same as a state holds it. */
  readonly #made: Made;

  /** Boots: RAM, kernel, file system, and process 1. Throws RangeError or FsError with one clear line. */
  constructor(options: BootOptions = {}) {
    this.options = options;
    const made = settled(options);
    const { programs = noPrograms, abi, fs, fat } = made;
    this.#made = madeOf(made);
    this.machine = new Machine({ memBytes: made.mem, traps: "host" });
    const events = new EventLog(this.machine);
    const memory = new Memory(this.machine.ram, this.machine.mmu, events, {
      policy: policyNamed(made.policy)!,
      superpages: made.superpages,
      superpageCow: made.superpageCow,
      swap: made.swap,
      readAhead: made.readAhead,
    });
    this.kernel = new Kernel(this.machine, memory, events, programs, {
      ...(abi === undefined ? {} : { abi: typeof abi === "string" ? abiNamed(abi) : abi }),
      quantum: made.quantum,
      seed: made.seed,
      lazySbrk: made.lazy,
      demandExec: made.exec === "demand",
    });
    const { files } = this.kernel;
    if (fs !== undefined) mounting("fs", () => files.mountRoot(fs));
    else files.mountRootLater(() => defaultDisk(programs));
    if (fat !== undefined) mounting("fat", () => files.mountFat(fat));
    makeInit(this.kernel);
  }

  /**
   * A process that stands still and does what it is told; or, with a program, one that is held at its start. A program
   * is named as for {@link run}.
   */
  spawn(program?: string, args: readonly string[] = [], bytes?: Uint8Array): Process {
    if (program !== undefined) checkProgram(program, args, bytes);
    const p = program === undefined
      ? makeManual(this.kernel)
      : this.#makeProgram(program, args, bytes);
    p.held = program !== undefined;
    return new Process(this, p.pid);
  }

  /** Starts a program and returns its run, which goes on in slices. */
  start(program: string, args: readonly string[] = [], bytes?: Uint8Array): Run {
    checkProgram(program, args, bytes);
    // What was written before is not this program's.
    this.kernel.takeOutput();
    const mark = this.mark();
    const p = this.#makeProgram(program, args, bytes);
    return new Run(this, p.pid, mark);
  }

  /** A program of the disk or the source by its name; or one of a file, under the name that the file's path ends with. */
  #makeProgram(program: string, args: readonly string[], bytes: Uint8Array | undefined): Proc {
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
    onlyNames("resume", options, ["until", "pass"]);
    this.process(pid);
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
    onlyNames("run", options, ["input", "budget", "bytes"]);
    if (options.budget !== undefined) whole("budget", options.budget, 1);
    if (options.input !== undefined) this.type(options.input);
    const running = this.start(program, args, options.bytes);
    const report = running.finish(options.budget);
    running.leave();
    return report;
  }

  /** Keys at the console. */
  type(text: string): void {
    isText("type", text);
    this.kernel.type(new TextEncoder().encode(text));
  }

  /** The process with this pid. Throws KernelError when there is none. */
  process(pid: number): Process {
    if (this.kernel.process(pid) === undefined) {
      const pids = this.kernel.processes().map((p) => p.pid).sort((a, b) => a - b);
      throw new KernelError(`no process ${pid}: there are ${pids.join(", ")}`);
    }
    return new Process(this, pid);
  }

  /** The processes, lowest pid first. */
  processes(): Process[] {
    return this.kernel.processes().sort((a, b) => a.pid - b.pid).map((p) =>
      new Process(this, p.pid)
    );
  }

  /** A process and all that it and its children made, as far as they are still there. */
  descendants(pid: number): Process[] {
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
    whole("events since", since, 0);
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
    const bytes = now.copiedBytes - then.copiedBytes;
    return {
      instructions: this.machine.instret - mark.instret,
      copied: { pages: bytes / PAGE_SIZE, bytes },
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
    whole("budget", budget, 0);
    return run(this.kernel, budget);
  }

  /**
   * Evicts pages until `frames` more are free or none can go, as memory pressure would: clean file pages are dropped, dirty
   * shared ones written back, anonymous ones swapped. How many frames it freed.
   */
  reclaim(frames: number): number {
    whole("reclaim", frames, 0);
    return this.kernel.memory.reclaim(frames);
  }

  /**
   * Stops runs before the instruction at an address, in one process or (without `pid`) in any. Throws RangeError
   * for an address that no instruction has.
   */
  breakAt(address: bigint | number, pid?: number): Breakpoint {
    if (pid !== undefined) this.process(pid);
    return addBreakpoint(this.kernel, va(address), pid);
  }

  /**
   * Stops runs after a store (and, if asked, a load) by user code that touches one of `size` bytes (8 unless
   * given). What the kernel itself copies in and out is not seen.
   */
  watch(address: bigint | number, options: WatchOptions = {}): Breakpoint {
    onlyNames("watch", options, ["size", "pid", "read", "write", "physical"]);
    const { size = 8, pid, read = false, write = true, physical = false } = options;
    whole("watch size", size, 1, MOST_WATCHED);
    if (pid !== undefined) this.process(pid);
    if (!read && !write) throw new RangeError("watch: neither loads nor stores");
    const space = physical ? "pa" : "va";
    const at = physical ? pa(address) : va(address);
    return addBreakpoint(this.kernel, at, pid, { space, length: size, read, write });
  }

  /** Takes a breakpoint or watchpoint away; false when there is none of that number. */
  removeBreakpoint(n: number): boolean {
    return removeBreakpoint(this.kernel, n);
  }

  /** Makes the frame allocation number `n` from now fail (1 is the next one); 0 takes it back. */
  failAllocation(n: number): void {
    whole("failAllocation", n, 0);
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
      made: this.#made,
      machine: this.machine.save(),
      kernel: this.kernel.save(),
      events: this.kernel.events.save(),
    };
  }

  /** What differs between two saved states; without the second, between the first and now. */
  diff(before: VmState, after?: VmState): StateDiff {
    checkState("diff", before);
    if (after !== undefined) checkState("diff", after);
    return diffStates(before, after ?? this.save());
  }

  /** Which frames are shared by whom, among all processes or among some. */
  sharing(pids?: readonly number[]): Sharing {
    return sharing(this.kernel, pids);
  }

  /**
   * Puts back a saved state of this VM, or of one booted with the same options. Its disks are copies from then
   * on: the images that it was booted with do not change any more. Throws a RangeError with one clear line for
   * anything else, and the VM is as it was.
   */
  restore(state: VmState): void {
    checkState("restore", state);
    const [other] = differences(state.made, this.#made);
    if (other !== undefined) {
      throw new RangeError(`restore: the state is of a computer with ${other}`);
    }
    const before = this.save();
    const damaged = (why: string) => new RangeError(`restore: the state is damaged: ${why}`);
    const missing = missingIn(before, state, 3);
    if (missing !== undefined) throw damaged(`it has no${missing}`);
    try {
      this.#put(state);
    } catch (error) {
      this.#put(before);
      throw damaged((error as Error).message);
    }
  }

  #put(state: VmState): void {
    this.machine.restore(state.machine);
    this.kernel.restore(state.kernel);
    this.kernel.events.restore(state.events);
  }
}

/** Throws a RangeError for what can be no program's name, arguments or file. */
function checkProgram(program: unknown, args: unknown, bytes: unknown): void {
  isText("program", program);
  if (!Array.isArray(args)) throw new RangeError(`arguments ${shown(args)}: want a list of texts`);
  for (const arg of args) isText("argument", arg);
  if (bytes !== undefined && !(bytes instanceof Uint8Array)) {
    throw new RangeError(`file of ${program} ${shown(bytes)}: want its bytes, a Uint8Array`);
  }
}

/** A field that one state has and another lacks, down to some depth, each name behind a blank; lists are not looked into. */
function missingIn(whole: object, other: object, depth: number): string | undefined {
  for (const [name, inside] of Object.entries(whole)) {
    if (!(name in other)) return ` ${name}`;
    const there = (other as Record<string, unknown>)[name];
    if (depth === 1 || !isRecord(inside) || !isRecord(there)) continue;
    const missing = missingIn(inside, there, depth - 1);
    if (missing !== undefined) return ` ${name}${missing}`;
  }
  return undefined;
}

function isRecord(one: unknown): one is object {
  return typeof one === "object" && one !== null && !Array.isArray(one);
}

/** Throws a RangeError for what save() never returned, as far as one look tells. */
function checkState(what: string, state: VmState): void {
  const parts: readonly (keyof VmState)[] = ["made", "machine", "kernel", "events"];
  if (isRecord(state) && parts.every((part) => isRecord(state[part]))) return;
  throw new RangeError(`${what}: this is no state of a computer; save() makes one`);
}

/** Mounts the image of an option; an error says of which. */
function mounting(option: "fs" | "fat", mount: () => void): void {
  try {
    mount();
  } catch (error) {
    if (error instanceof FsError) error.option = option;
    throw error;
  }
}
