/** A guest with its terminal and its disk, in QEMU's place. */

import { CommandError, EXIT } from "../framework/errors.ts";
import type { ImageFile } from "../host/image.ts";
import { type DeskHost, GuestDesk } from "../repl/guest_desk.ts";
import { Guest, type GuestEnd } from "../vm/guest.ts";
import type { Options } from "./flags.ts";
import type { Debugged } from "./gdb.ts";
import { qemuKeys, type Word } from "./keys.ts";
import { loadFace, loadGdb, loadShell } from "./load.ts";

/** What it stands on. */
export interface EmulatorHost extends DeskHost {
  /** A diagnostic, one line. */
  err(message: string): void;
}

/** A machine under way. */
export class Emulator {
  readonly #options: Options;
  readonly #host: EmulatorHost;
  readonly #image: ImageFile | undefined;
  readonly #guest: Guest;
  readonly #desk: GuestDesk<Word>;
  #gdb: Debugged | undefined;
  #saidStuck = false;

  /** @param kernel the ELF file. Throws a {@link CommandError} for what cannot be run. */
  constructor(
    options: Options,
    kernel: Uint8Array,
    image: ImageFile | undefined,
    host: EmulatorHost,
  ) {
    this.#options = options;
    this.#host = host;
    this.#image = image;
    this.#guest = build(options, kernel, image);
    const mux = qemuKeys(options.escape);
    this.#desk = new GuestDesk<Word>({
      guest: this.#guest,
      mux,
      shell: async () => (await loadShell()).shellOf(this.#guest),
      over: () => this.#gdb?.killed ? EXIT.ok : undefined,
      sync: () => this.#sync(),
      debugger: () => this.#gdb,
      held: () => this.#gdb?.held ?? false,
      paced: () => this.#gdb?.attached ?? false,
      ends: (end) => this.#ends(end),
      greeting:
        `cowsh: the machine stands still; help lists commands, Ctrl-D or ${mux.name} c goes on\n`,
      farewell: "QEMU: Terminated\n",
    }, host);
  }

  /**
   * Takes what is known of the kernel, and lets a gdb in where one is wanted. Throws a
   * {@link CommandError} or a RangeError, with one line, when that cannot be.
   */
  async listen(): Promise<void> {
    const { gdb: port, halted, facts } = this.#options;
    if (facts.length > 0) {
      const { vmOver } = await loadFace();
      vmOver(this.#guest).giveFact(...facts);
    }
    if (port === undefined) return;
    const { Debugged } = await loadGdb();
    this.#gdb = new Debugged(this.#guest, {
      port,
      halted,
      changed: () => this.#desk.bell.ring(),
      shell: () => this.#desk.shell(),
      commanded: () => this.#desk.catchUp(),
    });
    this.#host.err(`gdb may connect to 127.0.0.1:${port}`);
  }

  /** Runs until somebody or the guest ends it; the exit code. */
  async run(): Promise<number> {
    const code = await this.#desk.run();
    await this.#gdb?.close(code);
    return code;
  }

  /** Brings the image file up to what the guest has written, in the guest's order. */
  #sync(): void {
    for (const { offset, bytes } of this.#guest.takeWrites()) {
      if (!this.#options.disk?.snapshot) this.#image?.write(offset, bytes);
    }
  }

  #ends({ end, code }: GuestEnd): number | undefined {
    switch (end) {
      case "exit":
        // Only eight bits of a code reach the host: a failure must not look like success.
        return code !== 0 && code % 256 === 0 ? EXIT.failed : code % 256;
      case "reset":
        if (this.#options.noReboot) return EXIT.ok;
        this.#guest.reset();
        return undefined;
      case "stuck":
        if (!this.#saidStuck) this.#host.err("the machine stands still: no interrupt can come");
        this.#saidStuck = true;
        return undefined;
      default:
        // A machine whose kernel has panicked stays on.
        return undefined;
    }
  }
}

function build(options: Options, kernel: Uint8Array, image: ImageFile | undefined): Guest {
  const { kernelFile, disk, memBytes, harts, seed, virtioVersion } = options;
  try {
    return new Guest(kernel, {
      memBytes,
      harts,
      virtioVersion,
      ...(seed === undefined ? {} : { seed }),
      ...(image === undefined ? {} : { disk: image.bytes, keepWrites: true }),
    });
  } catch (error) {
    if (!(error instanceof Error) || !/^(Elf|Disk)Error$/.test(error.name)) throw error;
    const file = error.name === "DiskError" ? disk!.file : kernelFile;
    throw new CommandError(`${file}: ${error.message}`, EXIT.load);
  }
}
