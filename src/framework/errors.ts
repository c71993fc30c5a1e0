/** The one way a command says no. */

/** Exit codes that the shell promises; budgets count instructions, never seconds. */
export const EXIT = {
  /** All went well. */
  ok: 0,
  /** An assertion or a guest test failed. */
  failed: 1,
  /** The person's line or flag is wrong. */
  usage: 2,
  /** The guest kernel panicked or the machine faulted. */
  guest: 3,
  /** The instruction budget is used up. */
  budget: 4,
  /** A file could not be loaded, or a guest kernel not attached. */
  load: 5,
  /** A bug in cowsh itself. */
  internal: 70,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

/** Characters of a message, and of a word in it, beyond which its middle is left out. */
const MOST_MESSAGE = 1000;
const MOST_WORD = 120;

/** A message as one line that can be read, whatever was typed and is said again in it. */
function oneLine(message: string): string {
  const cut = (text: string, most: number) => {
    const letters = [...text];
    return letters.length <= most
      ? text
      : [...letters.slice(0, most / 2), "…", ...letters.slice(-most / 2)].join("");
  };
  const words = message.replace(/\r?\n|\r/g, "\\n").replace(/\S+/g, (word) => cut(word, MOST_WORD));
  return cut(words, MOST_MESSAGE);
}

/** One clear line: what is wrong, where, and what would be right. */
export class CommandError extends Error {
  /** What the process exits with if this ends the session. */
  readonly exitCode: number;
  /** Offset in the line where the trouble starts, when known; an interactive shell points at it. */
  readonly at: number | undefined;

  /** A wrong line: what is wrong in it, and from which offset on. */
  static at(at: number | undefined, message: string): CommandError {
    return new CommandError(message, EXIT.usage, at);
  }

  constructor(message: string, exitCode: number = EXIT.usage, at?: number) {
    super(oneLine(message));
    this.name = "CommandError";
    this.exitCode = exitCode;
    this.at = at;
  }
}

/** Errors of the computer whose messages are for people, by class name, with their exit codes. */
const KNOWN: Readonly<Record<string, number>> = {
  KernelError: EXIT.failed,
  KernelPanic: EXIT.guest,
  FsError: EXIT.load,
  ElfError: EXIT.load,
  DwarfError: EXIT.failed,
  FileError: EXIT.load,
  FileThereError: EXIT.usage,
  Interrupted: EXIT.interrupted,
};

/** V8's own RangeErrors, which are bugs here; all others answer a bad argument. */
const HOST_RANGE = /call stack|^Invalid |^Array buffer|out of bounds|must be |^The number|BigInt/;

/** The error as a {@linkcode CommandError}, if it has a line for people; undefined for a bug. */
export function asCommandError(error: unknown): CommandError | undefined {
  if (error instanceof CommandError) return error;
  if (!(error instanceof Error)) return undefined;
  if (error.name in KNOWN) return new CommandError(error.message, KNOWN[error.name]);
  if (error.name === "RangeError" && !HOST_RANGE.test(error.message)) {
    return new CommandError(error.message);
  }
  return undefined;
}
