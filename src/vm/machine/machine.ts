/**
 * The machine: RAM, harts with their MMUs, devices and the engine, wired together. It knows
 * instructions and traps, nothing of processes.
 *
 * @module
 */

import { RAM_BASE } from "./address.ts";
import { Bus } from "./bus.ts";
import { CAUSE } from "./cause.ts";
import { Clock } from "./clock.ts";
import { Clint } from "./devices/clint.ts";
import { Finisher } from "./devices/finisher.ts";
import { Plic } from "./devices/plic.ts";
import { Uart } from "./devices/uart.ts";
import { VirtioBlock } from "./devices/virtio_blk.ts";
import { Engine, STOP_BREAK, STOP_BUDGET, STOP_TRAP } from "./engine/engine.ts";
import { Hart } from "./hart/hart.ts";
import { Registers } from "./hart/registers.ts";
import { deliver, takeInterrupt } from "./hart/trap.ts";
import { DEFAULT_RAM, Ram } from "./memory.ts";
import { CLINT, FINISHER, PLIC, UART, VIRTIO } from "./memory_map.ts";
import type { Compile, MachineOptions, MachineState, Stop } from "./machine_state.ts";
import { Mmu } from "./mmu.ts";
import { MAX_HARTS, PC, RESERVATION, TLB_READ, X_SINK } from "./layout.ts";
import { NEVER, Probes } from "./probes.ts";
import { RamImages } from "./ram_image.ts";
import { SlowPath } from "./slow_path.ts";
import { Turns } from "./turns.ts";
import { UserAccess } from "./user_access.ts";
import { type Watch, Watches } from "./watch.ts";
import { pagesOf } from "./watch_list.ts";

export type { Compile, MachineOptions, MachineState, Stop };

/** Entries of the TLB count their hits in 32 bits: they are collected at least this often. */
const FOLD_EVERY = 2 ** 31;
/** Budgets are exact numbers. */
const MAX_BUDGET = Number.MAX_SAFE_INTEGER;

const COMPILE: readonly Compile[] = ["hot", "always", "never"];

const STOP_ON_BUDGET: Stop = { kind: "budget" };
const STOP_ON_WFI: Stop = { kind: "wfi" };
const STOP_ON_TRAP: Stop = { kind: "trapped" };
const STOP_ON_PROBE: Stop = { kind: "probed" };
const STOP_ON_HOLD: Stop = { kind: "held" };

/** A whole RISC-V computer lacking a kernel. Its harts take turns, see {@link Turns}. */
export class Machine {
  /** RAM, at 0x8000_0000. */
  readonly ram: Ram;
  /** The harts, by number. */
  readonly harts: readonly Hart[];
  /** The memory map. */
  readonly bus: Bus;
  /** Retired instructions and mtime. */
  readonly clock: Clock;
  /** Watchpoints and breakpoints; change them through {@link Machine.watch} and its like. */
  readonly watches: Watches = new Watches();
  /** The decoder and interpreter. */
  readonly engine: Engine;
  /** Who looks on while it runs. */
  readonly probes: Probes = new Probes(this);
  /** Software and timer interrupts, mtime. */
  readonly clint: Clint;
  /** Interrupts of devices. */
  readonly plic: Plic;
  /** The console's line. */
  readonly uart: Uart;
  /** By which a bare-metal program ends the machine. */
  readonly finisher: Finisher = new Finisher();
  /** The disk, when there is one. */
  readonly virtio: VirtioBlock | undefined;
  /** Loads and stores from outside the harts, as U-mode of the present one would do them. */
  readonly user: UserAccess;
  /**
   * Whether a run ends where all harts wait for a time ({@link Stop} `idle`), for who lets real
   * time pass till then; else time jumps there.
   */
  stopsIdle = false;
  /**
   * The number of a hart: a run ends when this one has taken an interrupt or an exception, before
   * its handler's first instruction.
   */
  stopsAtTrapOf: number | undefined;
  /** Which code is to be translated to WebAssembly. */
  readonly compile: Compile;
  readonly #turns: Turns;
  readonly #slow: SlowPath;
  readonly #hostTraps: boolean;
  readonly #images: RamImages;

  /** A machine at reset: M-mode, pc at the start of RAM, which is zero. */
  constructor(options: MachineOptions = {}) {
    this.ram = new Ram(options.memBytes ?? DEFAULT_RAM);
    const harts = options.harts ?? 1;
    if (!Number.isInteger(harts) || harts < 1 || harts > MAX_HARTS) {
      throw new RangeError(`a machine has 1 to ${MAX_HARTS} harts, not ${harts}`);
    }
    this.compile = options.compile ?? "hot";
    if (!COMPILE.includes(this.compile)) {
      throw new RangeError(`compile: want ${COMPILE.join(", ")}, not ${this.compile}`);
    }
    const registers = new Registers(this.ram.memory.buffer);
    const countHits = options.countHits ?? true;
    this.bus = new Bus(this.ram);
    this.clock = new Clock(registers, options.instructionsPerTick ?? 10);
    this.clint = new Clint(this.clock, harts);
    this.plic = new Plic(harts);
    this.uart = new Uart((on) => this.plic.signal(UART.irq, on));
    this.#hostTraps = options.traps === "host";
    this.harts = Array.from({ length: harts }, (_, i) => {
      const keeps = !this.#hostTraps;
      const mmu = new Mmu(this.ram, this.bus, this.watches, registers, i, countHits, keeps);
      const pins = () => this.clint.lines(i) | this.plic.lines(i);
      return new Hart(i, registers, mmu, this.clock, pins);
    });
    const { quantum, seed } = options;
    const parks = !this.#hostTraps;
    this.watches.check = () => this.#turns.marked();
    this.#turns = new Turns(this, { quantum, seed, parks }, (marks) => this.#setMarks(marks));
    this.bus.register(FINISHER, this.finisher);
    this.bus.register(CLINT, this.clint);
    this.bus.register(PLIC, this.plic);
    this.bus.register(UART, this.uart);
    if (options.disk !== undefined) {
      const signal = (on: boolean) => this.plic.signal(VIRTIO.irq, on);
      this.virtio = new VirtioBlock(this.ram, options.disk, options.virtioVersion, signal);
      this.bus.register(VIRTIO, this.virtio);
    }
    this.#slow = new SlowPath(this);
    this.user = new UserAccess(this, this.#slow);
    this.engine = new Engine(this.ram.memory, this.#slow, {
      harts,
      compile: this.compile,
      countHits,
    });
    this.#images = new RamImages(this.ram, () => {
      for (const { mmu } of this.harts) mmu.tlb.dropFastWrites();
    });
    this.#slow.fetcher.code = this.engine.pages;
    this.ram.codeChanged = (pa, length) => this.engine.pages.written(pa, length);
    this.ram.tableStored = (frame, valid) => {
      let still = false;
      for (const { mmu: { walked } } of this.harts) {
        if (valid) walked.changed(frame);
        still ||= walked.has(frame);
      }
      return still;
    };
    this.ram.forgetWriters = (frame) => this.#slow.dropWriters(frame);
    for (const hart of this.harts) hart.pc = BigInt(RAM_BASE);
  }

  /** The hart that runs, or ran last. */
  get hart(): Hart {
    return this.#turns.hart;
  }

  /** Its address translation. */
  get mmu(): Mmu {
    return this.#turns.hart.mmu;
  }

  /** Instructions retired by all harts since the machine was made: exact. */
  get instret(): number {
    return this.clock.retired;
  }

  /**
   * Runs at most `budget` instructions. Afterwards pc is the next instruction to run, unless an
   * interrupt is due: it is taken when the next run begins, so that how a run is cut into slices
   * makes no difference, nor does it to what comes from outside between them. A breakpoint
   * at the first instruction is passed, since a run that stopped there is to go on, unless
   * `passBreak` is false. The harts take turns; `only` these run, when some are named.
   */
  run(budget: number, passBreak = true, only?: readonly number[]): Stop {
    if (!(budget >= 0 && budget <= MAX_BUDGET)) {
      throw new RangeError(`budget must be 0 to 2^53-1, not ${budget}`);
    }
    this.probes.halted = false;
    this.probes.held = false;
    let left = budget;
    let resuming = passBreak;
    // Where the last trap came from, while no instruction has been executed since; -1: none.
    let lastMode = -1, lastHigh = 0, lastLow = 0;
    if (only !== undefined && !only.includes(this.hart.hartid)) this.#turns.switchTo(only[0]);
    for (;;) {
      if (this.finisher.finish !== undefined) {
        return { kind: "finisher", ...this.finisher.finish };
      }
      let room = this.#room();
      if (room <= 0) this.#turns.end();
      // Right after the last instruction: interrupts, turns and jumps of time are the next run's.
      if (left <= 0) return STOP_ON_BUDGET;
      if (room <= 0) {
        const before = this.hart;
        const next = this.#turns.next(only);
        if (next === "never") return STOP_ON_WFI;
        if (next !== "turn") {
          if (this.stopsIdle) return { kind: "idle", due: next };
          this.clock.time = Math.max(this.clock.time, next);
          continue;
        }
        if (this.hart !== before) {
          resuming = false;
          lastMode = -1;
        }
        room = this.#room();
      }
      const { hart } = this;
      // Its handler's first instruction may have a breakpoint of its own.
      const pending = hart.noteReady();
      if ((pending & hart.state.mie) !== 0 && takeInterrupt(hart)) {
        if (this.#stopsAtTrap(hart)) return STOP_ON_TRAP;
        resuming = false;
      }
      const slice = Math.min(left, this.engine.slice, this.#turns.untilTimer(pending), room);
      this.#slow.passBudget = resuming ? slice : NaN;
      const reason = this.#engineRun(slice);
      const used = this.#used;
      left -= used;
      if (used > 0) {
        resuming = false;
        lastMode = -1;
      }
      if (reason === STOP_TRAP) {
        if (this.#slow.searched) {
          this.#slow.searched = false;
          continue;
        }
        if (this.#slow.undecided) {
          this.#slow.undecided = false;
          return { kind: "version" };
        }
        const { mode, registers } = hart;
        const { trapCause: cause, pcHigh, pcLow } = registers;
        if (this.#hostTraps && mode === 0) {
          return { kind: "trap", cause, tval: registers.trapValue, epc: registers.pc };
        }
        // A debugger has its calls return to a breakpoint on the stack, where nothing is fetched.
        const fetched = cause === CAUSE.fetchPage || cause === CAUSE.fetchAccess;
        if (fetched && !resuming && this.watches.breaksAt(pcHigh * 2 ** 32 + pcLow)) {
          return { kind: "break", pc: registers.pc };
        }
        // With no instruction retired since, a trap at the same pc in the same mode comes again for
        // ever.
        if (used === 0 && lastMode === mode && lastHigh === pcHigh && lastLow === pcLow) {
          this.#turns.skip();
          return { kind: "stuck", cause, tval: registers.trapValue, pc: registers.pc };
        }
        lastMode = mode;
        lastHigh = pcHigh;
        lastLow = pcLow;
        deliver(hart, cause, false);
        if (this.#stopsAtTrap(hart)) return STOP_ON_TRAP;
        resuming = false; // as for an interrupt
      } else if (reason === STOP_BREAK) {
        return { kind: "break", pc: hart.pc };
      } else if (reason !== STOP_BUDGET) {
        const hit = this.#slow.takeHit();
        if (hit !== undefined) return { kind: "watch", ...hit };
      }
      if (this.probes.held) return STOP_ON_HOLD;
      if (this.probes.halted) return STOP_ON_PROBE;
    }
  }

  /** Whether traps are the guest's alone: no run ends with one. */
  get handlesTraps(): boolean {
    return !this.#hostTraps && this.stopsAtTrapOf === undefined;
  }

  /** {@link Turns.room}, which may begin or end a search. */
  #room(): number {
    const room = this.#turns.room();
    this.#slow.search = this.#turns.spin?.searching ? this.#turns.spin : undefined;
    return room;
  }

  /** Whether the run ends with a trap that a hart has taken. */
  #stopsAtTrap({ hartid }: Hart): boolean {
    return this.stopsAtTrapOf === hartid || this.probes.halted;
  }

  /** Why the engine stopped; how many instructions it retired is in {@link Machine.#used}. */
  #engineRun(slice: number): number {
    this.hart.registers.budget = slice;
    this.clock.begin(slice);
    this.#slow.begin(slice);
    const reason = this.engine.run(slice);
    const used = this.clock.end();
    this.engine.ran(used);
    this.#turns.ran(used);
    this.#sinceFold += used;
    if (this.#sinceFold >= FOLD_EVERY) {
      this.#sinceFold = 0;
      for (const { mmu } of this.harts) mmu.tlb.fold();
    }
    this.#used = used;
    return reason;
  }

  #used = 0;
  #sinceFold = 0;

  /** To be called when somebody outside has changed registers, or RAM by its mutators. */
  changed(): void {
    this.#turns.stir();
  }

  /** The state now. Not to be called while the machine runs. */
  save(): MachineState {
    return {
      ram: this.#images.save(),
      harts: this.harts.map((hart) => ({
        registers: registersOf(hart),
        hart: hart.save(),
        mmu: hart.mmu.save(),
      })),
      turns: this.#turns.save(),
      clock: this.clock.save(),
      clint: this.clint.save(),
      plic: this.plic.save(),
      uart: this.uart.save(),
      finish: this.finisher.finish,
      virtio: this.virtio?.save(),
    };
  }

  /** Makes the machine what it was; watchpoints stay. Throws a RangeError for another shape. */
  restore(state: MachineState): void {
    if (state.ram.length !== this.ram.size) {
      throw new RangeError(
        `a state with ${state.ram.length} bytes of RAM, and the machine has ${this.ram.size}`,
      );
    }
    if (state.virtio === undefined !== (this.virtio === undefined)) {
      const [having, lacking] = this.virtio ? ["machine", "state"] : ["state", "machine"];
      throw new RangeError(`the ${having} has a disk, and the ${lacking} has none`);
    }
    const [disk, saved] = [this.virtio?.image.length, state.virtio?.image.length];
    if (disk !== saved) {
      throw new RangeError(`a state with a disk of ${saved} bytes, and the machine's has ${disk}`);
    }
    const problem = this.#turns.problem(state.turns, state.harts.length);
    if (problem !== undefined) throw new RangeError(problem);
    this.probes.mute = true;
    this.#images.restore(state.ram);
    this.probes.mute = false;
    this.probes.asked = NEVER;
    this.#turns.restore(state.turns);
    this.clock.restore(state.clock);
    this.clint.restore(state.clint);
    this.plic.restore(state.plic);
    this.uart.restore(state.uart);
    this.finisher.finish = state.finish;
    if (state.virtio !== undefined) this.virtio?.restore(state.virtio);
    this.#slow.search = this.#turns.spin?.searching ? this.#turns.spin : undefined;
    for (const [i, hart] of this.harts.entries()) {
      const { registers, mmu, hart: rest } = state.harts[i];
      hart.registers.header.set(registers, PC / 4);
      hart.mmu.restore(mmu);
      hart.restore(rest);
    }
  }

  /** Adds a watchpoint: accesses to its bytes end the run. */
  watch(watch: Watch): void {
    this.watches.watch(watch);
    // Its pages need more than a plain access now.
    const pages = pagesOf(watch);
    for (const { mmu: { tlb } } of this.harts) {
      if (pages === undefined) tlb.dropFast();
      else if (watch.space === "va") { for (const page of pages) tlb.fast.dropPage(page); }
      else for (const page of pages) tlb.fast.dropFrame(page);
    }
  }

  /** Removes a watchpoint, this or one that says the same; false when there is none. */
  unwatch(watch: Watch): boolean {
    return this.watches.unwatch(watch);
  }

  /** Stops at other marks of loops than before. */
  #setMarks(marks: ReadonlySet<number>): void {
    for (const mark of this.#marks) if (!marks.has(mark)) this.removeCheck(mark);
    for (const mark of marks) if (!this.#marks.has(mark)) this.addCheck(mark);
    this.#marks = marks;
  }

  #marks: ReadonlySet<number> = new Set();

  /** Adds a breakpoint at a virtual address (exact; negative for the upper half). */
  addBreak(pc: number): void {
    if (this.watches.addBreak(pc)) this.engine.pages.addStop(pc);
  }

  /** Adds an address for {@link Watches.check}, in whatever address space runs. */
  addCheck(pc: number): void {
    if (this.watches.addCheck(pc)) this.engine.pages.addStop(pc);
  }

  /** Removes one; false when it was not there. */
  removeCheck(pc: number): boolean {
    const found = this.watches.removeCheck(pc);
    if (found) this.engine.pages.removeStop(pc);
    return found;
  }

  /** Removes a breakpoint; false when it was not there. */
  removeBreak(pc: number): boolean {
    const found = this.watches.removeBreak(pc);
    if (found) this.engine.pages.removeStop(pc);
    return found;
  }
}

/** pc, x registers, reservation and mstatus; what is only scratch between two runs reads 0. */
function registersOf(hart: Hart): Uint32Array {
  const words = hart.registers.header.slice(PC / 4, TLB_READ / 4);
  words.fill(0, (X_SINK - PC) / 4, (RESERVATION - PC) / 4);
  return words;
}
