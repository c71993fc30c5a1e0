/**
 * Bare-metal mode: a program that is its own kernel, somebody's xv6 for instance, started in M-mode
 * as `qemu-system-riscv64 -machine virt -bios none -kernel ELF` would start it. It ends through the
 * test finisher at 0x10_0000 or, as the public ISA suites do, by a store to the symbol `tohost`.
 */

import { type Sleepers, sleepersOf, variable, whoSleeps } from "./guest/sleepers.ts";
import { whole } from "./checks.ts";
import { hex, type PaNum } from "./machine/address.ts";
import type { DiskWrite } from "./machine/devices/disk_writes.ts";
import { checkImage, chooseVersion } from "./guest_disk.ts";
import { type Elf, ElfError, parseElf } from "./machine/elf.ts";
import { Machine, type Stop } from "./machine/machine.ts";
import { openDoor } from "./parts.ts";

export type { DiskWrite };

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
  /**
   * What it does. `works`, or nobody knows. `listens`: somebody reads the console, so that a line
   * can be typed. `waits`: it listens, and nothing else will happen before something is typed.
   * `sleeps`: every process has been asleep for long, and none of them for the console or the
   * clock.
   */
  readonly doing: "works" | "listens" | "waits" | "sleeps";
}

/** Instructions of a slice: the program is judged, and input typed, only at its end. */
const SLICE = 1_000_000;

/** After so many instructions with a reader of the console, it reads, however busy others are. */
const READS_AFTER = 32 * SLICE;

/**
 * So many quiet instructions make a guest idle. Fewer are not enough: a process that is busy in the
 * kernel, zeroing memory, is off the hart for a moment at each tick, ten million apart.
 */
const IDLE_AFTER = 3 * SLICE;

/** Ticks of mtime without a process, output or input, after which none is expected. */
const LONG = 1_000_000_000;

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

/** A bare-metal program under way, to be run in slices. */
export class Guest {
  readonly #machine: Machine;
  readonly #elf: Elf;
  readonly #sleepers: Sleepers | undefined;
  readonly #panicked: PaNum | undefined;
  readonly #disk: boolean;
  #left: number;
  #flushes = 0;
  /** Instructions of the last slices in a row in which somebody read, and which were quiet. */
  #readerFor = 0;
  #quietFor = 0;
  /** mtime when they began. */
  #quietSince = 0;
  #sent: Uint8Array[] = [];

  static {
    openDoor("guest", (run) => ({ machine: run.#machine, elf: run.#elf }));
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
    const machine = new Machine({ ...hardware, ...(disk === undefined ? {} : { disk }) });
    if (keepWrites) machine.virtio?.keepWrites();
    loadPhysical(machine, elf);
    for (const hart of machine.harts) {
      hart.pc = elf.entry & ~1n; // as the boot ROM's jump clears bit 0
      // a0 = hart number, a1 = device tree: there is none.
      hart.setX(10, BigInt(hart.hartid));
      hart.setX(11, 0n);
    }
    const tohost = elf.symbol("tohost");
    if (tohost !== undefined) {
      const start = Number(tohost.value);
      machine.watch({ space: "pa", start, length: 8, read: false, write: true });
    }
    this.#machine = machine;
    this.#elf = elf;
    this.#disk = disk !== undefined;
    this.#left = budget ?? Number.MAX_SAFE_INTEGER;
    this.#sleepers = sleepersOf(elf, machine.ram);
    this.#panicked = variable(elf, machine.ram, "panicked")?.start;
  }

  /**
   * Runs the next slice, of `length` instructions unless it ends or waits before. Throws a
   * RangeError for a length below 1.
   */
  slice(length: number = SLICE): GuestStep {
    whole("slice", length, 1);
    const machine = this.#machine;
    const start = machine.instret;
    const until = start + Math.min(this.#left, length);
    for (;;) {
      const before = machine.instret;
      const stop = machine.run(until - before);
      if (stop.kind === "version") chooseVersion(machine);
      this.#left -= machine.instret - before;
      const output = machine.uart.take();
      if (output.length > 0) {
        this.#sent.push(output);
        this.#quietFor = 0;
      }
      const end = this.#verdict(stop);
      if (end !== undefined) return { end, doing: "works" };
      if (stop.kind === "wfi") return { end, doing: "waits" };
      if (machine.instret >= until) {
        return { end, doing: output.length > 0 ? "works" : this.#doing(until - start) };
      }
    }
  }

  /** Instructions retired so far. */
  get instret(): number {
    return this.#machine.instret;
  }

  /** What the program has sent to the UART since the last call. */
  take(): Uint8Array[] {
    return this.#sent.splice(0);
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

  /** Types bytes on the program's UART. */
  type(bytes: Uint8Array): void {
    this.#quietFor = 0;
    this.#readerFor = 0;
    this.#machine.uart.type(bytes);
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
    return this.#machine.uart.waiting === 0;
  }

  #verdict(stop: Stop): GuestStep["end"] {
    const { ram } = this.#machine;
    if (this.#panicked !== undefined && ram.read32(this.#panicked) !== 0) {
      return { end: "panic", code: -1 };
    }
    switch (stop.kind) {
      case "finisher":
        return stop.reset ? { end: "reset", code: -1 } : { end: "exit", code: stop.code };
      case "watch": {
        // tohost: 1 is success, any other odd value failure number `value >> 1`; 0 is no message.
        const value = ram.read64(Number(stop.watch.start) as PaNum);
        if (value === 0n) return undefined;
        return { end: "exit", code: Number((value & 0xffff_ffffn) >> 1n) };
      }
      case "wfi":
        return this.#machine.uart.interrupts ? undefined : { end: "stuck", code: -1 };
      case "stuck":
        return { end: "stuck", code: -1 };
      default:
        return this.#left <= 0 ? { end: "budget", code: -1 } : undefined;
    }
  }

  /** What the program does, after a slice of that length which was silent. */
  #doing(length: number): GuestStep["doing"] {
    const machine = this.#machine;
    const who = this.#sleepers && whoSleeps(machine, this.#sleepers);
    this.#readerFor = who?.console ? this.#readerFor + length : 0;
    if (!this.#idle(length, who?.running ?? false)) {
      return this.#readerFor > READS_AFTER ? "listens" : "works";
    }
    const long = machine.clock.time - this.#quietSince > LONG;
    if (who !== undefined) {
      if (who.console) return who.timer ? "listens" : "waits";
      return long && !who.timer ? "sleeps" : "works";
    }
    // No xv6. One that has the UART's interrupt on wants input, and so may one with a disk; what
    // others do may be their work, however long it takes.
    if (this.#machine.uart.interrupts) return long && this.#disk ? "waits" : "listens";
    return this.#disk ? "listens" : "works";
  }

  /** Whether no process ran in the last slices: who enters one drops TLB entries before. */
  #idle(length: number, running: boolean): boolean {
    const { harts, clock } = this.#machine;
    const flushes = harts.reduce((sum, { mmu }) => sum + mmu.counters().flushes, 0);
    const quiet = !running && harts.every(({ mode }) => mode !== 0) && flushes === this.#flushes;
    this.#flushes = flushes;
    this.#quietFor = quiet ? this.#quietFor + length : 0;
    if (this.#quietFor === length) this.#quietSince = clock.time;
    return this.#quietFor >= IDLE_AFTER;
  }
}
