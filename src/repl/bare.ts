/**
 * `--bare ELF`: a program that is its own kernel, on the machine alone, and no xv6: a test of a
 * public suite, a loop. Its UART is the terminal, or standard input and output; it ends through the
 * finisher or `tohost`, and its code is ours.
 */

import { counted } from "../vm/machine/counted.ts";
import type { HostFiles } from "../framework/command.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import { jsonLine } from "../host/visible.ts";
import { Guest, type GuestEnd } from "../vm/guest.ts";
import type { Options } from "./flags.ts";
import { type ConsoleHost, GuestConsole } from "./guest_console.ts";
import { bareKeys, Bell, Keyboard, type Leaving, Lines } from "./guest_keys.ts";
import { Pace } from "./guest_pace.ts";
import { attend } from "./guest_seat.ts";
import type { ReadBytes } from "./input.ts";

/** What it stands on; `start.ts` and tests hand it in. */
export interface BareHost extends ConsoleHost {
  readonly files: Pick<HostFiles, "read">;
  /** A diagnostic: why it ended badly. */
  err(message: string): void;
  /** Keys of a raw terminal, or piped input. */
  readonly read: ReadBytes;
  /** Whether a person sits in front of it. */
  readonly terminal: boolean;
}

/** How it came to its end: by itself, for want of input, or because the person left. */
type Ending = GuestEnd | { end: "waits" | "sleeps" | "end" | Leaving; code: -1 };

/** Runs it to its end; the exit code. Throws {@linkcode CommandError} 5 for an unusable file. */
export async function bare(path: string, options: Options, host: BareHost): Promise<number> {
  const run = await load(path, options, host);
  const console = new GuestConsole(run, host, true);
  const { end, code } = host.terminal
    ? await withKeyboard(run, console, host)
    : await withPipe(run, console, host);
  const { instret } = run;
  await console.end();
  if (options.json) {
    await console.say(jsonLine({ command: `bare ${path}`, end, code, instructions: instret }));
  }
  const complain = async (message: string) => {
    if (host.terminal) await console.freshLine();
    host.err(`${path}: ${message}`);
  };
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
      await complain(`not finished within ${counted(instret, "instruction")}`);
      return EXIT.budget;
    case "stuck":
      await complain("waits for an interrupt that cannot come");
      return EXIT.guest;
    case "sleeps":
      await complain("all its processes sleep, and none for the console or the clock");
      return EXIT.guest;
    case "panic":
      await complain(panicked(console.lastWords));
      return EXIT.guest;
  }
}

async function load(path: string, options: Options, host: BareHost): Promise<Guest> {
  const file = await host.files.read(path);
  try {
    return new Guest(file, {
      ...options.guest,
      ...(options.budget === undefined ? {} : { budget: Number(options.budget) }),
    });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "ElfError") throw error;
    throw new CommandError(`${path}: ${error.message}`, EXIT.load);
  }
}

/** A person types when they like; while the guest only waits for that, so does the host. */
async function withKeyboard(run: Guest, console: GuestConsole, host: BareHost): Promise<Ending> {
  const bell = new Bell();
  const pace = new Pace(host.clock);
  run.paced = true;
  const keyboard = new Keyboard(host.read, bareKeys(host.clock), bell);
  let leaving: Ending | undefined;
  keyboard.onWord = (word) => leaving ??= { end: word, code: -1 };
  return await attend<Ending>({
    guest: run,
    console,
    keyboard,
    bell,
    clock: host.clock,
    ends: (end) => end,
    between: () =>
      Promise.resolve(leaving ?? (keyboard.ended ? { end: "end", code: -1 } : undefined)),
    held: () => false,
    rest: (idle) => idle === Infinity ? Infinity : pace.until(run.time, idle),
    run: (length) => run.slice(length),
  });
}

/** Types a line when the guest reads, so that none is lost; ends when it waits after the last. */
async function withPipe(
  run: Guest,
  console: GuestConsole,
  host: BareHost,
): Promise<Ending> {
  const lines = new Lines(host.read);
  let typedAt = -1;
  for (;;) {
    const { end, doing } = await console.slice(() => run.slice());
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
      // What was given nothing waits in vain.
      return { end: typedAt >= 0 ? "waits" : "stuck", code: -1 };
    }
  }
}

/** What a panic says, and what helps: who panics here is an xv6, or made like one. */
function panicked(text: string): string {
  const why = [...text.matchAll(/panic: *(.*)/g)].at(-1)?.[1]?.trim();
  const said = why ? `the kernel panicked: ${why}` : "the kernel panicked";
  return `${said}; an xv6 runs with --kernel, and --disk IMAGE gives it its disk`;
}
