/** A guest with its terminal and its disk, in QEMU's place. */

import { CommandError, EXIT } from "../framework/errors.ts";
import type { ImageFile } from "../host/image.ts";
import { type ConsoleHost, GuestConsole } from "../repl/guest_console.ts";
import { Bell, Keyboard, type Lent } from "../repl/guest_keys.ts";
import { Pace } from "../repl/guest_pace.ts";
import { attend } from "../repl/guest_seat.ts";
import type { ReadBytes } from "../repl/input.ts";
import type { Tty } from "../repl/terminal_host.ts";
import { Guest, type GuestEnd, type GuestStep } from "../vm/guest.ts";
import type { Options } from "./flags.ts";
import type { Debugged } from "./gdb.ts";
import { loadGdb, loadShell } from "./load.ts";
import { helpOfKeys, keyName, muxKeys, says, type Word } from "./keys.ts";

/** What it stands on. */
export interface EmulatorHost extends ConsoleHost {
  /** Bytes of standard input. */
  readonly read: ReadBytes;
  /** A diagnostic, one line. */
  err(message: string): void;
  /** A person looks at the output, or may, behind `tee`. */
  readonly watched: boolean;
  /** A person has the keyboard: the guest's time is theirs. */
  readonly person: boolean;
  /** Where the shell draws; undefined: there is no terminal that takes control sequences. */
  readonly tty: Tty | undefined;
  /** Colour in the shell's text. */
  readonly color: boolean;
  /** Whether keys come one by one; a shell without `tty` wants whole lines. */
  setRaw(raw: boolean): void;
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
  /** The keys, while the shell has them. */
  #lent: Lent | undefined;
  readonly #pace: Pace;
  #gdb: Debugged | undefined;
  /** What the guest did at the end of its last slice. */
  #doing: GuestStep["doing"] = "works";
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
    this.#console = new GuestConsole(this.#guest, host, host.watched);
    this.#console.onSlice = () => this.#sync();
    this.#keyboard = new Keyboard(host.read, muxKeys(options.escape), this.#bell);
    this.#keyboard.onWord = (word) => this.#hear(word);
    this.#pace = new Pace(() => host.clock());
  }

  /** Lets a gdb in where one is wanted. Throws a {@link CommandError} when it cannot be. */
  async listen(): Promise<void> {
    const { gdb: port, halted } = this.#options;
    if (port === undefined) return;
    const { Debugged } = await loadGdb();
    this.#gdb = new Debugged(this.#guest, {
      port,
      halted,
      changed: () => this.#bell.ring(),
      commanded: () => this.#catchUp(),
    });
    this.#host.err(`gdb may connect to 127.0.0.1:${port}`);
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
      held: () => this.#gdb?.held ?? false,
      rest: (idle) => this.#rest(idle),
      run: (length) => this.#run(length),
    });
    await this.#gdb?.close(code);
    await this.#console.end();
    return code;
  }

  #run(length: number): GuestStep | undefined {
    // Where nobody would let real time pass, it need not stop where all harts wait.
    this.#guest.paced = this.#host.person || (this.#gdb?.attached ?? false);
    const step = this.#gdb === undefined ? this.#guest.slice(length) : this.#gdb.run(length);
    this.#doing = step?.doing ?? "works";
    return step;
  }

  /**
   * How long a guest shall rest whose harts all wait. For a person as long as its clock says. Where
   * a program sits, a grader, time jumps as long as a process waits for it; a guest that waits for
   * input only, or for nothing, takes its ticks in real time, so that it costs nothing.
   */
  #rest(idle: number): number {
    if (idle === Infinity) return Infinity;
    const wanted = this.#doing === "works" || this.#doing === "listens";
    if (wanted && !this.#host.person) return 0;
    return this.#pace.until(this.#guest.time, idle);
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

  /** A key behind Ctrl-A: done between two slices, but whose the next keys are is decided now. */
  /** What happened to the guest outside of its slices goes to the image and to the terminal. */
  async #catchUp(): Promise<void> {
    this.#sync();
    await this.#console.print();
  }

  #hear(word: Word): void {
    if (this.#lent === undefined) {
      this.#words.push(word);
      if (word === "shell") this.#lent = this.#keyboard.lend();
      return;
    }
    if (word !== "shell") this.#words.push(word);
    if (word !== "shell" && word !== "exit") return;
    this.#leaveShell();
    this.#lent.close();
  }

  async #between(): Promise<number | undefined> {
    if (this.#gdb?.killed) return EXIT.ok;
    for (let word = this.#words.shift(); word !== undefined; word = this.#words.shift()) {
      switch (word) {
        case "exit":
          await this.#console.say("QEMU: Terminated\n");
          return EXIT.ok;
        case "help":
          await this.#console.say(`\n${helpOfKeys(this.#options.escape!)}`);
          break;
        case "shell": {
          const code = await this.#shell(this.#lent!);
          if (code !== undefined) return code;
          break;
        }
        default:
          await this.#console.say(`\n${says(word, this.#options.escape!)}`);
      }
    }
    return undefined;
  }

  /** Opens the shell; the exit code, when the person is done with all of it. */
  async #shell({ read, back }: Lent): Promise<number | undefined> {
    const { tty, color } = this.#host;
    await this.#console.freshLine();
    const key = keyName(this.#options.escape!);
    await this.#console.say(
      `cowsh: the machine stands still; help lists commands, Ctrl-D or ${key} c goes on\n`,
    );
    const { shellOf } = await loadShell();
    const shell = shellOf(this.#guest);
    this.#leaveShell = () => shell.interrupt();
    if (tty === undefined) this.#host.setRaw(false);
    const end = await shell.open({ read, tty, color });
    if (tty === undefined) this.#host.setRaw(true);
    this.#lent = undefined;
    back(shell.takeAhead());
    await this.#catchUp();
    return end === "quit" ? shell.code : undefined;
  }
  #leaveShell: () => void = () => {};
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
