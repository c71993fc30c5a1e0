/**
 * `--bare ELF`: a program that is its own kernel, on the machine alone. Its UART is the terminal,
 * or standard input and output; it ends through the finisher or `tohost`, and its code is ours.
 */

import { counted } from "../vm/machine/counted.ts";
import type { HostFiles } from "../framework/command.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import { jsonLine } from "../host/visible.ts";
import { Drawing } from "../record/drawing.ts";
import { Guest, type GuestStep } from "../vm/guest.ts";
import { Keyboard, type Leaving, Lines, TYPE_AHEAD } from "./bare_keys.ts";
import type { Options } from "./flags.ts";
import type { ReadBytes } from "./input.ts";

/** What it stands on; `start.ts` and tests hand it in. */
export interface BareHost {
  readonly files: Pick<HostFiles, "read">;
  /** What the guest says, and with `--json` the result. */
  out(text: string): void;
  /** A diagnostic: why it ended badly. */
  err(message: string): void;
  /** A remark beside the guest's own output, for a person. */
  note(message: string): void;
  /** Keys of a raw terminal, or piped input. */
  readonly read: ReadBytes;
  /** Whether a person sits in front of it. */
  readonly terminal: boolean;
  /** Lets the event loop turn. */
  breathe(): Promise<void>;
  /** Milliseconds, for slices, two Ctrl-C and the speed; the machine never sees them. */
  clock(): number;
}

/** How it came to its end: by itself, for want of input, or because the person left. */
type Ending = NonNullable<GuestStep["end"]> | { end: "waits" | "sleeps" | Leaving; code: -1 };

/** Milliseconds between two looks at the keyboard. */
const SLICE_MS = 10;
/** Characters of the guest's last words that are searched for a panic. */
const LAST_WORDS = 2000;

/** Runs it to its end; the exit code. Throws {@linkcode CommandError} 5 for an unusable file. */
export async function bare(path: string, options: Options, host: BareHost): Promise<number> {
  const run = await load(path, options, host);
  const console = new Console(run, host);
  if (host.terminal && options.disk !== undefined) {
    host.note("Ctrl-] leaves; Ctrl-C is the guest's, twice in a second ends it");
  }
  const { end, code } = host.terminal
    ? await withKeyboard(run, console, host)
    : await withPipe(run, console, host, options.disk !== undefined);
  const { instret } = run;
  host.out(console.end());
  if (options.json) {
    host.out(jsonLine({ command: `bare ${path}`, end, code, instructions: instret }));
  }
  if (host.terminal && options.disk !== undefined) host.note(console.closing());
  switch (end) {
    case "exit":
      // Only eight bits of a code reach the host: a failure must not look like success.
      return code !== 0 && code % 256 === 0 ? EXIT.failed : code % 256;
    case "reset":
    case "waits":
    case "escape":
    case "end":
      return EXIT.ok;
    case "interrupt":
      return EXIT.interrupted;
    case "budget":
      host.err(`${path}: not finished within ${counted(instret, "instruction")}`);
      return EXIT.budget;
    case "stuck":
      host.err(`${path}: waits for an interrupt that cannot come`);
      return EXIT.guest;
    case "sleeps":
      host.err(`${path}: all its processes sleep, and none for the console or the clock`);
      return EXIT.guest;
    case "panic":
      host.err(`${path}: ${panicked(console.lastWords, options)}`);
      return EXIT.guest;
  }
}

async function load(path: string, options: Options, host: BareHost): Promise<Guest> {
  const file = await host.files.read(path);
  const disk = options.disk === undefined ? undefined : await host.files.read(options.disk);
  try {
    return new Guest(file, {
      ...(options.boot.mem === undefined ? {} : { memBytes: Number(options.boot.mem) }),
      ...(options.budget === undefined ? {} : { budget: Number(options.budget) }),
      ...(disk === undefined ? {} : { disk }),
    });
  } catch (error) {
    if (!(error instanceof Error) || !/^(Elf|Disk)Error$/.test(error.name)) throw error;
    const file = error.name === "DiskError" ? options.disk : path;
    throw new CommandError(`${file}: ${error.message}`, EXIT.load);
  }
}

/** Slices, and what the guest says in them. */
class Console {
  /** The end of what was said. */
  lastWords = "";
  readonly #text = new TextDecoder();
  /** What of the guest's output reaches the terminal, or a pipe that ends at one. */
  readonly #drawing = new Drawing();
  readonly #run: Guest;
  readonly #host: BareHost;
  #working = 0;
  #breath: number;

  constructor(run: Guest, host: BareHost) {
    this.#run = run;
    this.#host = host;
    this.#breath = host.clock();
  }

  /** Runs a slice and prints; breathes when it is time to. */
  async slice(): Promise<GuestStep> {
    const start = this.#host.clock();
    const step = this.#run.slice();
    const now = this.#host.clock();
    this.#working += now - start;
    for (const bytes of this.#run.take()) {
      const said = this.#text.decode(bytes, { stream: true });
      this.lastWords = (this.lastWords + said).slice(-LAST_WORDS);
      this.#host.out(this.#drawing.pass(said));
    }
    if (now - this.#breath > SLICE_MS) {
      await this.#host.breathe();
      this.#breath = this.#host.clock();
    }
    return step;
  }

  /** What leaves the terminal as it was. */
  end(): string {
    return this.#drawing.end();
  }

  /** Instructions and speed. */
  closing(): string {
    const { instret } = this.#run;
    const mips = this.#working > 0 ? instret / this.#working / 1000 : 0;
    return `${instret} instructions, ${Math.round(mips)} million a second`;
  }
}

/** A person types when they like; while the guest only waits for that, so does the host. */
async function withKeyboard(run: Guest, console: Console, host: BareHost): Promise<Ending> {
  const keyboard = new Keyboard(host.read, host.clock);
  // How much of a paste may be typed; no limit for a guest of which nobody knows when it reads.
  let room = Infinity;
  for (;;) {
    keyboard.listen();
    const { end, doing } = await console.slice();
    if (end !== undefined) return end;
    if (doing !== "works") room = TYPE_AHEAD;
    let keys = keyboard.take(room);
    while (keys.length === 0 && (doing === "waits" || doing === "sleeps")) {
      if (keyboard.leaving !== undefined) break;
      await keyboard.wait();
      keys = keyboard.take(room);
    }
    if (keyboard.leaving !== undefined) return { end: keyboard.leaving, code: -1 };
    if (keys.length > 0) run.type(keys);
    room -= keys.length;
  }
}

/** Types a line when the guest reads, so that none is lost; ends when it waits after the last. */
async function withPipe(
  run: Guest,
  console: Console,
  host: BareHost,
  session: boolean,
): Promise<Ending> {
  const lines = new Lines(host.read);
  let typedAt = -1;
  for (;;) {
    const { end, doing } = await console.slice();
    if (end !== undefined) return end;
    if (doing === "sleeps") return { end: "sleeps", code: -1 };
    if (doing === "works") continue;
    if (!run.read) {
      // It waits with its input in front of it: the interrupt is off on the way.
      if (run.instret === typedAt) return { end: "stuck", code: -1 };
      continue;
    }
    const line = await lines.next();
    if (line !== undefined) {
      run.type(line);
      typedAt = run.instret;
    } else if (doing === "waits") {
      // A session is over; what was no session waits in vain.
      return { end: session || typedAt >= 0 ? "waits" : "stuck", code: -1 };
    }
  }
}

/** What a panic says, and what helps against it. */
function panicked(text: string, options: Options): string {
  const why = [...text.matchAll(/panic: *(.*)/g)].at(-1)?.[1]?.trim();
  const said = why ? `the kernel panicked: ${why}` : "the kernel panicked";
  // Whatever it missed first, a kernel for which there is a disk image needs that.
  return options.disk === undefined ? `${said}; it had no disk: --disk IMAGE gives it one` : said;
}
