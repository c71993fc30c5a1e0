/**
 * Somebody's kernel, booted to its prompt: from its ELF file and its disk to a computer of which
 * one can ask, and in which one can do, things.
 */

import { Guest, type GuestOptions } from "./guest.ts";
import { vmOver } from "./guest_computer.ts";
import { putHandProgram } from "./guest_disk.ts";
import type { Attached } from "./attached.ts";
import type { BootOptions, Vm } from "./vm.ts";

export type { Attached };

/** The computer of {@link GuestBoot}: all but the budget, and how the disk's writes are kept. */
export type GuestBootOptions = Omit<GuestOptions, "budget" | "keepWrites"> & {
  /** What its files are called on the host, where they have names. */
  readonly files?: Attached["files"];
  /** What a person knows better of the kernel: `counts=ref.cnt`. */
  readonly facts?: readonly string[];
  /** Opens a shell on it, for {@link Vm.interact}. */
  readonly interact?: BootOptions["interact"];
};

/** How a boot came out. */
export interface Booted {
  /**
   * `prompt`: somebody reads the console, or it waits for input. `panic`: its kernel said so.
   * `stuck`: no hart will execute anything any more. `sleeps`: all its processes sleep, and none
   * for console or clock. `off`: it turned the machine off. `budget`: none of these within so many
   * instructions.
   */
  readonly kind: "prompt" | "panic" | "stuck" | "sleeps" | "off" | "budget";
  /** What it had said on its console by then. */
  readonly console: string;
}

/** A budget with which every xv6 comes to its prompt; they take half a billion, once a second. */
export const BOOT_BUDGET = 20_000_000_000;

/** A boot under way, to be done in slices. */
export class GuestBoot {
  /** The computer, from its first instruction on; all that happens is recorded. */
  readonly vm: Vm;
  readonly guest: Guest;
  readonly #decoder = new TextDecoder();
  readonly #last: number;
  /** What it has said on its console. */
  console = "";

  /**
   * A kernel's ELF file at its first instruction. `options.disk` is copied: nothing is written to
   * it. Throws an `ElfError` or a `DiskError` for files that cannot be used, a RangeError for
   * numbers that no such computer can have, and for a fact that says nothing.
   *
   * @param budget Most instructions of the boot.
   */
  constructor(kernel: Uint8Array, options: GuestBootOptions = {}, budget: number = BOOT_BUDGET) {
    const { files = {}, facts = [], interact, ...hardware } = options;
    const disk = options.disk?.slice();
    const hand = disk && putHandProgram(disk);
    this.guest = new Guest(kernel, { ...hardware, ...(disk === undefined ? {} : { disk }) });
    this.guest.record();
    const { harts, seed, quantum, compile, memBytes } = hardware;
    const attached = { files, harts, seed, quantum, compile, facts, memBytes };
    this.vm = vmOver(this.guest, { hand, attached, interact });
    this.vm.giveFact(...facts);
    this.#last = budget;
  }

  /** Instructions so far. */
  get instret(): number {
    return this.guest.instret;
  }

  /** Runs at most so many instructions on; how it came out, once it has. */
  slice(length: number): Booted | undefined {
    const left = this.#last - this.instret;
    if (left <= 0) return this.#came("budget");
    const { end, doing } = this.guest.slice(Math.min(length, left));
    for (const bytes of this.guest.take()) {
      this.console += this.#decoder.decode(bytes, { stream: true });
    }
    if (end !== undefined) {
      return this.#came(end.end === "panic" || end.end === "stuck" ? end.end : "off");
    }
    if (doing === "works") return undefined;
    return this.#came(doing === "sleeps" ? "sleeps" : "prompt");
  }

  #came(kind: Booted["kind"]): Booted {
    if (kind === "prompt") this.guest.beginsHere();
    return { kind, console: this.console };
  }
}
