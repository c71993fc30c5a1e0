/**
 * The machine: RAM, one hart, MMU, devices and the engine, wired together. It knows instructions
 * and traps, nothing of processes.
 *
 * @module
 */

import { RAM_BASE } from "./address.ts";
import { Bus } from "./bus.ts";
import { Clock } from "./clock.ts";
import { Clint } from "./devices/clint.ts";
import { Finisher } from "./devices/finisher.ts";
import { Plic } from "./devices/plic.ts";
import { Uart } from "./devices/uart.ts";
import { VirtioBlock } from "./devices/virtio_blk.ts";
import { Engine, STOP_BUDGET, STOP_TRAP } from "./engine/engine.ts";
import { sstc } from "./hart/csr_rows.ts";
import { IRQ } from "./hart/csr_state.ts";
import { Hart } from "./hart/hart.ts";
import { Registers } from "./hart/registers.ts";
import { awaitedTimers, deliver, takeInterrupt, wakes } from "./hart/trap.ts";
import { DEFAULT_RAM, Ram } from "./memory.ts";
import { CLINT, FINISHER, PLIC, UART, VIRTIO } from "./memory_map.ts";
import type { MachineOptions, MachineState, Stop } from "./machine_state.ts";
import { Mmu } from "./mmu.ts";
import { PC, RESERVATION, TLB_READ, X_SINK } from "./layout.ts";
import { RamImages } from "./ram_image.ts";
import { SlowPath } from "./slow_path.ts";
import { UserAccess } from "./user_access.ts";
import { type Watch, Watches } from "./watch.ts";

export type { MachineOptions, MachineState, Stop };

/** Longest engine run in one go: V8 puts its optimised code in only when a call returns. */
const LONGEST = 2 ** 20;
/** Entries of the TLB count their hits in 32 bits: they are collected at least this often. */
const FOLD_EVERY = 2 ** 31;
/** Budgets are exact numbers. */
const MAX_BUDGET = Number.MAX_SAFE_INTEGER;

const STOP_ON_BUDGET: Stop = { kind: "budget" };
const STOP_ON_WFI: Stop = { kind: "wfi" };

/** A whole RISC-V computer lacking a kernel. */
export class Machine {
  /** RAM, at 0x8000_0000. */
  readonly ram: Ram;
  /** The hart: registers, CSRs, mode. */
  readonly hart: Hart;
  /** Address translation. */
  readonly mmu: Mmu;
  /** The memory map. */
  readonly bus: Bus;
  /** Retired instructions and mtime. */
  readonly clock: Clock;
  /** Watchpoints and breakpoints; change them through {@link Machine.watch} and its like. */
  readonly watches: Watches = new Watches();
  /** The decoder and interpreter. */
  readonly engine: Engine;
  /** Software and timer interrupts, mtime. */
  readonly clint: Clint;
  /** Interrupts of devices. */
  readonly plic: Plic = new Plic();
  /** The console's line. */
  readonly uart: Uart;
  /** By which a bare-metal program ends the machine. */
  readonly finisher: Finisher = new Finisher();
  /** The disk, when there is one. */
  readonly virtio: VirtioBlock | undefined;
  /** Loads and stores from outside the hart, as its U-mode would do them. */
  readonly user: UserAccess;
  readonly #slow: SlowPath;
  readonly #hostTraps: boolean;
  readonly #images: RamImages;

  /** A machine at reset: M-mode, pc at the start of RAM, which is zero. */
  constructor(options: MachineOptions = {}) {
    this.ram = new Ram(options.memBytes ?? DEFAULT_RAM);
    const registers = new Registers(this.ram.memory);
    this.bus = new Bus(this.ram);
    this.mmu = new Mmu(this.ram, this.bus, this.watches);
    this.clock = new Clock(registers, options.instructionsPerTick ?? 10);
    this.clint = new Clint(this.clock);
    this.uart = new Uart((on) => this.plic.signal(UART.irq, on));
    const pins = () => this.clint.lines() | this.plic.lines();
    this.hart = new Hart(registers, this.mmu, this.clock, pins);
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
    this.#hostTraps = options.traps === "host";
    this.engine = new Engine(this.ram.memory, this.#slow);
    this.#images = new RamImages(this.ram, () => this.mmu.tlb.dropFastWrites());
    this.#slow.fetcher.code = this.engine.pages;
    this.ram.codeChanged = (pa, length) => this.engine.pages.written(pa, length);
    this.hart.pc = BigInt(RAM_BASE);
  }

  /** Instructions retired since the machine was made: exact. */
  get instret(): number {
    return this.clock.retired;
  }

  /**
   * Runs at most `budget` instructions. Afterwards pc is the next instruction to run. A breakpoint
   * at the first instruction is passed, since a run that stopped there is to go on, unless
   * `passBreak` is false.
   */
  run(budget: number, passBreak = true): Stop {
    if (!(budget >= 0 && budget <= MAX_BUDGET)) {
      throw new RangeError(`budget must be 0 to 2^53-1, not ${budget}`);
    }
    let left = budget;
    let resuming = passBreak;
    let last: { pc: bigint; mode: number } | undefined;
    for (;;) {
      if (this.finisher.finish !== undefined) {
        return { kind: "finisher", ...this.finisher.finish };
      }
      if (this.hart.waiting && !this.#wake()) return STOP_ON_WFI;
      if (this.hart.state.mie !== 0) takeInterrupt(this.hart);
      let slice = Math.min(left, LONGEST, this.#nextTimer());
      if (slice <= 0) return STOP_ON_BUDGET;
      if (this.watches.anyBreak) {
        const { pcHigh, pcLow } = this.hart.registers;
        const at = pcHigh * 2 ** 32 + pcLow;
        const inPage = this.watches.breaksPage(at);
        if (inPage && !resuming && this.watches.breaksAt(at)) {
          return { kind: "break", pc: this.hart.pc };
        }
        this.#slow.fetcher.stepping = inPage;
        if (inPage) slice = 1;
      }
      const reason = this.#engineRun(slice);
      const used = this.#used;
      left -= used;
      if (used > 0) {
        resuming = false;
        last = undefined;
      }
      if (reason === STOP_TRAP) {
        if (this.#slow.fetcher.breakPage) {
          this.#slow.fetcher.breakPage = false;
          continue;
        }
        if (this.#slow.undecided) {
          this.#slow.undecided = false;
          return { kind: "version" };
        }
        const { trapCause: cause, trapValue: tval, pc: epc } = this.hart.registers;
        if (this.#hostTraps && this.hart.mode === 0) {
          return { kind: "trap", cause, tval, epc };
        }
        // With no instruction retired since, a trap at the same pc in the same mode comes again for
        // ever.
        const { mode } = this.hart;
        if (used === 0 && last?.pc === epc && last.mode === mode) {
          return { kind: "stuck", cause, tval, pc: epc };
        }
        last = { pc: epc, mode };
        deliver(this.hart, cause, false, tval);
        // The handler's first instruction may have a breakpoint of its own.
        resuming = false;
      } else if (reason !== STOP_BUDGET) {
        const hit = this.#slow.takeHit();
        if (hit !== undefined) return { kind: "watch", ...hit };
      }
    }
  }

  /** Why the engine stopped; how many instructions it retired is in {@link Machine.#used}. */
  #engineRun(slice: number): number {
    this.hart.registers.budget = slice;
    this.clock.begin(slice);
    const reason = this.engine.run(slice);
    const used = this.clock.end();
    this.#sinceFold += used;
    if (this.#sinceFold >= FOLD_EVERY) {
      this.#sinceFold = 0;
      this.mmu.tlb.fold();
    }
    this.#used = used;
    return reason;
  }

  #used = 0;
  #sinceFold = 0;

  /** Instructions until a timer that the hart would notice becomes due. */
  #nextTimer(): number {
    if (this.hart.state.mie === 0) return Infinity;
    const awaited = awaitedTimers(this.hart);
    if (awaited === 0) return Infinity;
    return this.clock.until(Math.min(...this.#dueTimes(awaited)));
  }

  /** The times at which awaited timer interrupts become pending. */
  #dueTimes(awaited: number): number[] {
    const times: number[] = [];
    if ((awaited & IRQ.MTI) !== 0 && this.clint.due !== Infinity) times.push(this.clint.due);
    const { state } = this.hart;
    if ((awaited & IRQ.STI) !== 0 && sstc(state) && state.stimecmp < 1n << 53n) {
      times.push(Number(state.stimecmp));
    }
    return times;
  }

  /** Ends a WFI if an interrupt is pending, or time can jump to one; false if none will come. */
  #wake(): boolean {
    if (!wakes(this.hart)) {
      const times = this.#dueTimes(awaitedTimers(this.hart));
      if (times.length === 0) return false;
      this.clock.time = Math.max(this.clock.time, Math.min(...times));
    }
    this.hart.waiting = false;
    return true;
  }

  /** The state now. Not to be called while the machine runs. */
  save(): MachineState {
    return {
      ram: this.#images.save(),
      registers: this.#registers(),
      hart: this.hart.save(),
      mmu: this.mmu.save(),
      clock: this.clock.save(),
      clint: this.clint.save(),
      plic: this.plic.save(),
      uart: this.uart.save(),
      finish: this.finisher.finish,
      virtio: this.virtio?.save(),
    };
  }

  /** pc, x registers and reservation; what is only scratch between two runs reads 0. */
  #registers(): Uint32Array {
    const words = this.hart.registers.header.slice(PC / 4, TLB_READ / 4);
    words.fill(0, (X_SINK - PC) / 4, (RESERVATION - PC) / 4);
    return words;
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
    this.#images.restore(state.ram);
    this.hart.registers.header.set(state.registers, PC / 4);
    this.clock.restore(state.clock);
    this.clint.restore(state.clint);
    this.plic.restore(state.plic);
    this.uart.restore(state.uart);
    this.finisher.finish = state.finish;
    if (state.virtio !== undefined) this.virtio?.restore(state.virtio);
    this.mmu.restore(state.mmu);
    this.hart.restore(state.hart);
  }

  /** Adds a watchpoint: accesses to its bytes end the run. */
  watch(watch: Watch): void {
    this.watches.watch(watch);
    this.mmu.tlb.dropFast();
  }

  /** Removes a watchpoint; false when it was not there. */
  unwatch(watch: Watch): boolean {
    return this.watches.unwatch(watch);
  }

  /** Adds a breakpoint at a virtual address (exact; negative for the upper half). */
  addBreak(pc: number): void {
    this.watches.addBreak(pc);
    this.mmu.tlb.dropFast();
  }

  /** Removes a breakpoint; false when it was not there. */
  removeBreak(pc: number): boolean {
    return this.watches.removeBreak(pc);
  }
}
