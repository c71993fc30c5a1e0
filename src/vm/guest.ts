/**
 * Bare-metal mode: a program that is its own kernel, somebody's xv6 for instance, started in M-mode
 * as `qemu-system-riscv64 -machine virt -bios none -kernel ELF` would start it. It ends through the
 * test finisher at 0x10_0000 or, as the public ISA suites do, by a store to the symbol `tohost`.
 */

import { type GuestDoing, Observer } from "./guest/doing.ts";
import { sleepersOf, variable } from "./guest/sleepers.ts";
import { whole } from "./checks.ts";
import { hex, type PaNum } from "./machine/address.ts";
import type { DiskWrite } from "./machine/devices/disk_writes.ts";
import { checkImage, chooseVersion } from "./guest_disk.ts";
import { type Elf, ElfError, parseElf } from "./machine/elf.ts";
import { Debugger } from "./guest/debugger.ts";
import { GuestHistory, type GuestState } from "./guest/history.ts";
import type { DebugStop, DebugTarget } from "./debug.ts";
import { MAX_HARTS } from "./machine/layout.ts";
import { Machine, type Stop } from "./machine/machine.ts";
import { MAX_QUANTUM, MIN_QUANTUM } from "./machine/schedule.ts";
import type { Watch } from "./machine/watch.ts";
import { openDoor } from "./parts.ts";

export type { DebugStop, DebugTarget, DiskWrite, GuestDoing, GuestState };

/** What the numbers of {@link GuestOptions} may be. */
export const GUEST_NUMBERS = {
  /** Harts. */
  harts: { least: 1, most: MAX_HARTS },
  /** Instructions of a hart's turn on average. */
  quantum: { least: MIN_QUANTUM, most: MAX_QUANTUM },
} as const;

/** How a bare-metal program is run. */
export interface GuestOptions {
  /** How many harts, 1 to 8; 1 when absent. */
  readonly harts?: number;
  /** Instructions of a hart's turn on average, where there are several; 10,000 when absent. */
  readonly quantum?: number;
  /** Chooses the interleaving of several harts: 0 to 2^32-1; 0 when absent. */
  readonly seed?: number;
  /** Most instructions to execute, of all harts together; 2^53 - 1 when absent. */
  readonly budget?: number;
  /** Bytes of RAM; 128 MiB when absent. */
  readonly memBytes?: number;
  /**
   * A disk image behind virtio, of the version that the guest's driver takes; none when absent. It
   * is written in place.
   */
  readonly disk?: Uint8Array;
  /**
   * Registers of virtio-mmio: 1 for legacy ones. When absent, those that the guest's driver takes
   * are found by trying.
   */
  readonly virtioVersion?: 1 | 2;
  /**
   * Whether code that runs often is translated to WebAssembly, `hot`, or everything is interpreted;
   * `hot` when absent. Nothing but time depends on it.
   */
  readonly compile?: "hot" | "never";
  /** What is written to the disk is kept, for {@link Guest.takeWrites}. */
  readonly keepWrites?: boolean;
}

/** How it ended. */
export interface GuestEnd {
  /**
   * `exit`: by the finisher or tohost, with `code`. `budget`: not within the budget. `stuck`: it
   * waits for an interrupt that cannot come, or its trap handler traps at once. `panic`: an xv6
   * kernel says it panicked. `reset`: it asked for a reset.
   */
  readonly end: "exit" | "budget" | "stuck" | "panic" | "reset";
  /** The program's exit code; 0 is success. -1 unless `end` is `exit`. */
  readonly code: number;
}

/** How things stand after a slice. */
export interface GuestStep {
  /** How it ended; undefined while it goes on. */
  readonly end: GuestEnd | undefined;
  /** What it does, for who types its input. */
  readonly doing: GuestDoing;
  /**
   * All harts wait, in WFI or by spinning, which the machine has proven: ticks of mtime till a timer
   * wakes one of them, {@link TICKS_PER_SECOND}; Infinity: only input can. Undefined: somebody works.
   */
  readonly idle: number | undefined;
}

/** mtime's frequency for people: what QEMU's `virt` board has, and xv6 means by 1/10 second. */
export const TICKS_PER_SECOND = 10_000_000;

/** Instructions of a slice unless given: the program is judged, and input typed, at its end. */
const SLICE = 1_000_000;

/** Copies segments to their physical addresses. Throws {@link ElfError} for one outside RAM. */
export function loadPhysical(machine: Machine, elf: Elf): void {
  const { ram } = machine;
  let total = 0;
  for (const { paddr, memSize } of elf.segments) {
    total += memSize;
    if (memSize === 0 || ram.contains(Number(paddr) as PaNum, memSize)) continue;
    throw new ElfError(
      `segment at physical ${hex(paddr)} (${memSize} bytes) does not fit into RAM ` +
        `${hex(ram.base)}..${hex(ram.end)}`,
    );
  }
  if (total > ram.size) {
    throw new ElfError(`segments of ${total} bytes lie over each other in RAM of ${ram.size}`);
  }
  for (const { paddr, memSize, bytes } of elf.segments) {
    if (memSize === 0) continue;
    const at = Number(paddr) as PaNum;
    ram.write(at, bytes);
    ram.fill((at + bytes.length) as PaNum, memSize - bytes.length, 0);
  }
}

/** A machine with a program in RAM, each hart at its first instruction. */
function started(elf: Elf, machine: Machine): Machine {
  loadPhysical(machine, elf);
  for (const hart of machine.harts) {
    hart.pc = elf.entry & ~1n; // as the boot ROM's jump clears bit 0
    // a0 = hart number, a1 = device tree: there is none.
    hart.setX(10, BigInt(hart.hartid));
    hart.setX(11, 0n);
  }
  return machine;
}

/** The word by which programs of the public ISA suites end, where there is one. */
function tohostOf(elf: Elf): Watch | undefined {
  const symbol = elf.symbol("tohost");
  return symbol &&
    { space: "pa", start: Number(symbol.value), length: 8, read: false, write: true };
}

/** The code with which a stop ends the program; undefined when it does not. */
function exitCode({ ram }: Machine, tohost: Watch | undefined, stop: Stop): number | undefined {
  if (stop.kind === "finisher") return stop.code;
  if (stop.kind !== "watch" || stop.watch !== tohost) return undefined;
  // 1 is success, any other odd value failure number `value >> 1`; 0 is no message.
  const value = ram.read64(Number(stop.watch.start) as PaNum);
  return value === 0n ? undefined : Number((value & 0xffff_ffffn) >> 1n);
}

/** A bare-metal program under way, to be run in slices. */
export class Guest {
  /** Breakpoints, watchpoints, registers, memory; steps, and runs backwards. */
  readonly debug: DebugTarget;
  readonly #machine: Machine;
  readonly #elf: Elf;
  readonly #history: GuestHistory;
  readonly #atReset: () => Machine;
  readonly #tohost: Watch | undefined;
  readonly #observer: Observer;
  readonly #panicked: PaNum | undefined;
  /** The last instruction of the budget. */
  readonly #last: number;
  /**
   * A slice ends whenever all harts wait ({@link GuestStep.idle}), before time jumps to the next
   * timer: for who lets as much real time pass. Time jumps when the next slice begins, unless
   * something was typed.
   */
  paced = false;

  static {
    openDoor("guest", (run) => ({
      machine: run.#machine,
      elf: run.#elf,
      history: run.#history,
      observer: run.#observer,
    }));
  }

  /**
   * A program from an ELF file, at its first instruction. Throws an {@link ElfError} for a file
   * that cannot be run, a `DiskError` for an image that can be no disk, a RangeError for a number
   * that no such computer can have.
   */
  constructor(file: Uint8Array, options: GuestOptions = {}) {
    const elf = parseElf(file);
    const { disk, budget, keepWrites, ...hardware } = options;
    if (disk !== undefined) checkImage(disk);
    const atReset = (disk: Uint8Array | undefined) =>
      started(
        elf,
        new Machine({ countHits: false, ...hardware, ...(disk === undefined ? {} : { disk }) }),
      );
    const machine = atReset(disk);
    if (keepWrites) machine.virtio?.keepWrites();
    const tohost = tohostOf(elf);
    if (tohost !== undefined) machine.watch(tohost);
    this.#elf = elf;
    this.#tohost = tohost;
    this.#machine = machine;
    this.#history = new GuestHistory(machine, () => chooseVersion(machine));
    this.#atReset = () => atReset(machine.virtio?.image);
    this.debug = new Debugger(this.#history, {
      code: (stop) => exitCode(machine, tohost, stop),
      hears: () => machine.uart.interrupts,
      paced: () => this.paced,
      reset: () => this.reset(),
    });
    this.#observer = new Observer(machine, sleepersOf(elf, machine.ram));
    this.#last = budget ?? Number.MAX_SAFE_INTEGER;
    this.#panicked = variable(elf, machine.ram, "panicked")?.start;
  }

  /**
   * Runs the next slice, of `length` instructions unless it ends or waits before. Throws a
   * RangeError for a length below 1.
   */
  slice(length: number = SLICE): GuestStep {
    whole("slice", length, 1);
    const history = this.#history;
    const start = history.now;
    const until = Math.min(this.#last, start + length);
    const said = history.said;
    for (;;) {
      const stop = history.run(until - history.now);
      if (history.said !== said) this.#observer.anew();
      const end = this.#verdict(stop);
      const { idle } = history;
      if (end !== undefined) return { end, doing: "works", idle };
      if (idle !== undefined) {
        const { doing } = this;
        if (this.paced || doing !== "works") return { end, doing, idle };
      } else if (history.now >= until) {
        const silent = history.said === said;
        const doing = silent ? this.#observer.busy(until - start) : "works";
        return { end, doing, idle };
      }
    }
  }

  /** As {@link GuestStep.idle} after the last slice, also one of {@link Guest.debug}. */
  get idle(): number | undefined {
    return this.#history.idle;
  }

  /** What it does, as in {@link GuestStep}, also after a slice of {@link Guest.debug}. */
  get doing(): GuestDoing {
    if (this.idle === undefined) return "works";
    return this.idle === Infinity ? "waits" : this.#observer.idle();
  }

  /** mtime: ticks since the start, {@link TICKS_PER_SECOND}. */
  get time(): number {
    return this.#machine.clock.time;
  }

  /** Instructions retired so far. */
  get instret(): number {
    return this.#history.now;
  }

  /** What the program has sent to the UART since the last call. */
  take(): Uint8Array[] {
    return this.#history.output.splice(0);
  }

  /**
   * What was written to the disk since the last call, in the order of the guest's requests, if
   * {@link GuestOptions.keepWrites}: a copy of the disk to which it is applied in this order is at
   * each moment what a disk would hold when the power fails. After a jump in time, the sectors that
   * differ.
   */
  takeWrites(): DiskWrite[] {
    return this.#machine.virtio?.takeWrites() ?? [];
  }

  /** Types bytes on the program's UART. What was undone by going back is gone then. */
  type(bytes: Uint8Array): void {
    this.#observer.anew();
    this.#history.type(bytes);
  }

  /**
   * Whether somebody reads what is typed: the UART raises an interrupt for it, or has been asked
   * for bytes. Before that a driver is still about to set the UART up, and clears it then.
   */
  get hears(): boolean {
    return this.#machine.uart.hears;
  }

  /** Whether all that was typed has been read. */
  get read(): boolean {
    return !this.#history.typing && this.#machine.uart.waiting === 0;
  }

  /**
   * From now on what happens is recorded, so that one can go back: what comes from outside, and a
   * state now and then, together at most 1 GiB of them.
   */
  record(): void {
    this.#history.record();
  }

  /** The first and last moment that one can go to, in instructions; undefined: not recorded. */
  get recorded(): readonly [from: number, to: number] | undefined {
    return this.#history.span;
  }

  /**
   * Goes to the moment after so many instructions, back or forward in what is recorded. What comes
   * after it is not forgotten: running on does the same again, typed input included, until something
   * else is typed or changed. Throws a RangeError for a moment that is not recorded.
   */
  goto(instret: number): void {
    this.#history.goto(instret);
    this.#observer.anew();
  }

  /** Goes back by so many instructions. Throws a RangeError when they are not recorded. */
  back(instructions: number): void {
    whole("back", instructions, 1);
    this.goto(this.instret - instructions);
  }

  /** The guest now, as plain data: all of it but breakpoints and watchpoints. */
  save(): GuestState {
    return this.#history.save();
  }

  /** Makes the guest what it was. What is recorded begins anew here. */
  restore(state: GuestState): void {
    this.#history.restore(state);
    this.#observer.anew();
  }

  /** From now on {@link reset} comes here, with the disk as it is now. */
  beginsHere(): void {
    this.#beginning = this.save();
  }
  #beginning: GuestState | undefined;

  /**
   * From the beginning again: the first instruction, with the disk as it is, or where
   * {@link beginsHere} was called. What is recorded begins anew.
   */
  reset(): void {
    if (this.#beginning !== undefined) return this.restore(this.#beginning);
    const machine = this.#atReset().save();
    this.restore({ machine, typed: [], settled: true, only: undefined, followed: undefined });
  }

  #verdict(stop: Stop): GuestStep["end"] {
    const { ram } = this.#machine;
    if (this.#panicked !== undefined && ram.read32(this.#panicked) !== 0) {
      return { end: "panic", code: -1 };
    }
    if (stop.kind === "finisher" && stop.reset) return { end: "reset", code: -1 };
    const code = exitCode(this.#machine, this.#tohost, stop);
    if (code !== undefined) return { end: "exit", code };
    if (stop.kind === "stuck" || (stop.kind === "wfi" && !this.#machine.uart.interrupts)) {
      return { end: "stuck", code: -1 };
    }
    return stop.kind === "budget" && this.#history.now >= this.#last
      ? { end: "budget", code: -1 }
      : undefined;
  }
}
