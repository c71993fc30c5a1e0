/** The host: standard streams, files, environment. The only file of the shell that names Deno. */

import { EXIT } from "../framework/errors.ts";
import type { GuestInput, HostFiles } from "../framework/command.ts";
import { FileWriter, type GrowingFile, readFile } from "../host/file.ts";
import { visible } from "../host/visible.ts";
import { PipedInput, type ReadBytes } from "./input.ts";
import type { Host } from "./shell.ts";
import type { Tty } from "./terminal_host.ts";

/** What a shell whose reader went away exits with: as the signal SIGPIPE would make it. */
const READER_GONE = 141;

/** Writes all bytes to a stream; a closed one ends the program quietly. */
function writeAll(stream: typeof Deno.stdout | typeof Deno.stderr, bytes: Uint8Array): void {
  try {
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch (error) {
    cannotWrite(stream, error);
  }
}

/** Nothing that comes later can be written, either: one line, if anybody is there, and the end. */
function cannotWrite(stream: typeof Deno.stdout | typeof Deno.stderr, error: unknown): never {
  const gone = error instanceof Deno.errors.BrokenPipe;
  if (stream === Deno.stderr && !gone) throw error;
  if (Deno.stdin.isTerminal()) Deno.stdin.setRaw(false);
  if (gone) Deno.exit(READER_GONE);
  stderr(`cowsh: cannot write: ${error instanceof Error ? error.message : error}\n`);
  Deno.exit(EXIT.load);
}

/** Writes to standard output as fast as its reader takes it; signals are heard meanwhile. */
export async function output(bytes: Uint8Array): Promise<void> {
  try {
    while (bytes.length > 0) bytes = bytes.subarray(await Deno.stdout.write(bytes));
  } catch (error) {
    cannotWrite(Deno.stdout, error);
  }
}

/** Standard output and standard error. */
export const stdout = (text: string): void => writeAll(Deno.stdout, new TextEncoder().encode(text));
/** See {@linkcode stdout}. */
export const stderr = (text: string): void => writeAll(Deno.stderr, new TextEncoder().encode(text));

/** Bytes of standard input, as they come. */
export const readStdin: ReadBytes = async () => {
  const buffer = new Uint8Array(64 * 1024);
  const count = await Deno.stdin.read(buffer);
  return count === null ? null : buffer.subarray(0, count);
};

/** Host files. One writer for the process: it knows the files of its session. */
export class DenoFiles implements HostFiles {
  readonly #writer = new FileWriter();

  /** The bytes of a file. */
  read = readFile;

  /** Whether a file may be written. */
  check(path: string, force: boolean): void {
    this.#writer.check(path, force);
  }

  /** Writes a file whole. */
  write(path: string, bytes: Uint8Array, force: boolean): void {
    this.#writer.write(path, bytes, force);
  }

  /** Opens a file that grows. */
  grow(path: string, force: boolean): GrowingFile {
    return this.#writer.grow(path, force);
  }
}

/** The files of this process. */
export const denoFiles: HostFiles = new DenoFiles();

/** Whether a person sits in front of it. */
export function isInteractive(): boolean {
  return Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
}

/** Deno's terminal. */
export const denoTty: Tty = { write: stdout, size: () => sizeOf(() => Deno.consoleSize()) };

/** A terminal's size; 80×24 where it cannot be had, or is none: `expect` makes them of 0×0. */
export function sizeOf(ask: Tty["size"]): ReturnType<Tty["size"]> {
  const usual = { columns: 80, rows: 24 };
  try {
    const { columns, rows } = ask();
    return { columns: columns || usual.columns, rows: rows || usual.rows };
  } catch {
    return usual;
  }
}

/**
 * Turns of the event loop that let in what waits outside. As long as there is something else to do,
 * Deno's runtime looks at files, sockets and signals in every 61st turn only; a key would wait for a
 * third of a second otherwise. They take 0.1 ms together, and a timer of 0 ms more than one.
 */
const TURNS = 64;

/** Lets come in what comes from outside: keys, signals, packets. */
export async function breathe(): Promise<void> {
  for (let i = 0; i < TURNS; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Milliseconds for the length of slices. */
export const clock = (): number => performance.now();

/** The host of a shell without a person. */
export class BatchHost implements Host {
  readonly files = denoFiles;
  readonly breathe = breathe;
  readonly clock = clock;
  readonly input = new PipedInput(readStdin);
  /** Where the running line stands, in front of its diagnostics. */
  place: string | undefined;
  readonly #interrupt: { requested: boolean };

  constructor(interrupt: { requested: boolean }) {
    this.#interrupt = interrupt;
  }

  readonly output = {
    out: stdout,
    err: (message: string) =>
      stderr(visible(this.place ? `${this.place}: ${message}\n` : `cowsh: ${message}\n`, "\n")),
    // Nobody watches.
    progress: () => {},
    width: () => Deno.stdout.isTerminal() ? denoTty.size().columns : undefined,
  };

  guestInput<T>(body: (input: GuestInput) => Promise<T>): Promise<T> {
    return this.input.forGuest(body, this.#interrupt);
  }
}
