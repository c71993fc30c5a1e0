/**
 * What a guest does, for who types its input: whether somebody listens, and whether anything will
 * happen before something is typed. That all harts wait is proven by the machine; for whom, is read
 * from an xv6's RAM.
 */

import type { Machine } from "../machine/machine.ts";
import { type Range, type Sleepers, type Sleeping, whoSleeps } from "./sleepers.ts";

/**
 * `works`, or nobody knows. `listens`: somebody reads the console, so that a line can be typed.
 * `waits`: it listens, and nothing else will happen before something is typed. `sleeps`: every
 * process has been asleep for long, and none of them for the console or the clock.
 */
export type GuestDoing = "works" | "listens" | "waits" | "sleeps";

/** After so many instructions with a reader of the console, it reads, however busy others are. */
const READS_AFTER = 32_000_000;
/** After so many instructions of a kernel that is no xv6 and says nothing, it may want input. */
const QUIET_AFTER = 3_000_000;
/** Ticks of mtime that an xv6 whose processes cannot be read idles at its prompt, and not before. */
const SETTLED = 10_000_000;
/** Ticks of mtime in which nothing but the clock happened, after which nothing else is expected. */
const LONG = 1_000_000_000;

/** The process table that a person names, now. */
export interface GivenTable {
  /** Undefined: it cannot be read. */
  readonly table: Range | undefined;
  /** Somebody is to run. */
  readonly works: boolean;
}

/** Looks at a guest between its slices. */
export class Observer {
  readonly #machine: Machine;
  readonly #sleepers: Sleepers | undefined;
  readonly #disk: boolean;
  /** Instructions of the last slices in a row in which somebody read, and in which all was quiet. */
  #readerFor = 0;
  #quietFor = 0;
  /** mtime when all began to wait for nothing but the clock. */
  #since: number | undefined;
  /** What is to be seen where a person says that processes are; undefined: nobody says so. */
  given: () => GivenTable | undefined = () => undefined;

  /** An observer of a machine; of an xv6, when it is known where its processes sleep. */
  constructor(machine: Machine, sleepers: Sleepers | undefined) {
    this.#machine = machine;
    this.#sleepers = sleepers;
    this.#disk = machine.virtio !== undefined;
  }

  /** Something was said or typed, or the guest is another one: what was seen before says nothing. */
  anew(): void {
    this.#readerFor = 0;
    this.#quietFor = 0;
    this.#since = undefined;
  }

  /** For what processes sleep; undefined: nobody knows. */
  #sleeping(): Sleeping | undefined {
    const where = this.#sleepers;
    if (where === undefined) return undefined;
    const { ram } = this.#machine;
    // Who says it wrong is told by the facts, and not by a boot that never comes to its prompt.
    const said = this.given()?.table, found = where.proc;
    const first = said && whoSleeps(ram, where, said);
    return first?.console || found === undefined ? first : whoSleeps(ram, where, found);
  }

  /** Whether its variables, or a person, say that it is one. */
  get #isXv6(): boolean {
    return this.#sleepers !== undefined || this.given() !== undefined;
  }

  /** All harts wait for the clock, or for input. */
  idle(): GuestDoing {
    const { time } = this.#machine.clock;
    this.#since ??= time;
    const long = time - this.#since > LONG;
    const sleeping = this.#sleeping();
    if (sleeping !== undefined) {
      const { console, timer } = sleeping;
      if (console) return timer ? "listens" : "waits";
      return long && !timer ? "sleeps" : "works";
    }
    const settled = time - this.#since >= SETTLED && !this.given()?.works;
    if (this.#isXv6 && !settled) return "works";
    // One that has the UART's interrupt on wants input, and so may one with a disk; what others do
    // may be their work, however long it takes.
    if (this.#machine.uart.interrupts) return long && this.#disk ? "waits" : "listens";
    return this.#disk ? "listens" : "works";
  }

  /** A slice of so many instructions was done, at whose end somebody works; nothing was said. */
  busy(instructions: number): GuestDoing {
    this.#since = undefined;
    const { harts } = this.#machine;
    const sleeping = this.#sleeping();
    if (sleeping !== undefined) {
      this.#readerFor = sleeping.console ? this.#readerFor + instructions : 0;
      return this.#readerFor > READS_AFTER ? "listens" : "works";
    }
    // An xv6 whose processes cannot be read sets itself up in silence before it has page tables.
    const isXv6 = this.#isXv6;
    const quiet = harts.every(({ mode }) => mode !== 0) &&
      !(isXv6 && harts.every(({ mmu }) => !mmu.paging));
    this.#quietFor = quiet ? this.#quietFor + instructions : 0;
    const wants = this.#quietFor >= (isXv6 ? READS_AFTER : QUIET_AFTER) &&
      (this.#machine.uart.interrupts || this.#disk);
    return wants ? "listens" : "works";
  }
}
