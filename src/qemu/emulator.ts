/** A guest with its terminal and its disk, in QEMU's place. */

import { CommandError, EXIT } from "../framework/errors.ts";
import type { ImageFile } from "../host/image.ts";
import { type ConsoleHost, GuestConsole, type OutputOptions } from "../repl/guest_console.ts";
import { Bell, Keyboard } from "../repl/guest_keys.ts";
import { attend } from "../repl/guest_seat.ts";
import type { ReadBytes } from "../repl/input.ts";
import { Guest, type GuestEnd } from "../vm/guest.ts";
import type { Options } from "./flags.ts";
import { helpOfKeys, muxKeys, says, type Word } from "./keys.ts";

/** What it stands on. */
export interface EmulatorHost extends ConsoleHost {
  /** Bytes of standard input. */
  readonly read: ReadBytes;
  /** A diagnostic, one line. */
  err(message: string): void;
  readonly output: OutputOptions;
}

/** A machine under way. */
export class Emulator {
  readonly #options: Options;
  readonly #host: EmulatorHost;
  readonly #image: ImageFile | undefined;
  readonly #guest: Guest;
  readonly #console: GuestConsole;
  readonly #bell = new Bell();
  readonly #keyboard: Keyboard<Word>;
  readonly #words: Word[] = [];
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
    this.#console = new GuestConsole(this.#guest, host, host.output);
    this.#console.onSlice = () => this.#sync();
    this.#keyboard = new Keyboard(host.read, muxKeys(options.escape), this.#bell);
    this.#keyboard.onWord = (word) => void this.#words.push(word);
  }

  /** Runs until somebody or the guest ends it; the exit code. */
  async run(): Promise<number> {
    const code = await attend<number>({
      guest: this.#guest,
      console: this.#console,
      keyboard: this.#keyboard,
      bell: this.#bell,
      clock: () => this.#host.clock(),
      ends: (end) => this.#ends(end),
      between: () => this.#between(),
      held: () => false,
      run: (length) => this.#guest.slice(length),
    });
    await this.#console.end();
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
        return EXIT.ok;
      case "stuck":
        if (!this.#saidStuck) this.#host.err("the machine stands still: no interrupt can come");
        this.#saidStuck = true;
        return undefined;
      default:
        // A machine whose kernel has panicked stays on.
        return undefined;
    }
  }

  async #between(): Promise<number | undefined> {
    for (let word = this.#words.shift(); word !== undefined; word = this.#words.shift()) {
      switch (word) {
        case "exit":
          await this.#console.say("QEMU: Terminated\n");
          return EXIT.ok;
        case "help":
          await this.#console.say(`\n${helpOfKeys(this.#options.escape!)}`);
          break;
        case "shell":
          await this.#console.say("\nno shell yet\n");
          break;
        default:
          await this.#console.say(`\n${says(word, this.#options.escape!)}`);
      }
    }
    return undefined;
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
