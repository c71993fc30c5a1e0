/**
 * The console: output collected for the host, and input with xv6's line editing. A read gets a
 * line at a time; backspace and Ctrl-U edit the line that is not yet entered, Ctrl-D ends the file,
 * Ctrl-P asks the kernel for the process list. What is typed ahead waits here.
 */

/** Bytes of type-ahead that are kept (xv6's INPUT_BUF_SIZE). */
export const INPUT_SIZE = 128;
/** Bytes of output that are kept at first. */
const OUTPUT_SIZE = 1024;

const CTRL_D = 4;
const BACKSPACE = 8;
const CTRL_P = 16;
const CTRL_U = 21;
const DELETE = 127;
const NEWLINE = 10;
const RETURN = 13;

/** The console's state, plain data. */
export interface Console {
  /** Output the host has not taken yet. */
  output: Uint8Array;
  outputLength: number;
  /** Ring of input, indexed modulo {@link INPUT_SIZE}. */
  readonly input: Uint8Array;
  /** Next byte to read, end of what is entered, end of what is typed. */
  r: number;
  w: number;
  e: number;
  /** Bytes from the host that do not fit into the ring yet. */
  pending: number[];
}

/** A console with nothing typed and nothing printed. */
export function newConsole(): Console {
  return {
    output: new Uint8Array(OUTPUT_SIZE),
    outputLength: 0,
    input: new Uint8Array(INPUT_SIZE),
    r: 0,
    w: 0,
    e: 0,
    pending: [],
  };
}

/** Appends output. */
export function consoleWrite(console: Console, bytes: Uint8Array): void {
  const need = console.outputLength + bytes.length;
  if (need > console.output.length) {
    const grown = new Uint8Array(Math.max(need, 2 * console.output.length));
    grown.set(console.output.subarray(0, console.outputLength));
    console.output = grown;
  }
  console.output.set(bytes, console.outputLength);
  console.outputLength = need;
}

/** Takes the output collected so far. */
export function takeOutput(console: Console): Uint8Array {
  const bytes = console.output.slice(0, console.outputLength);
  // A new one, so that it makes no difference how often it was taken.
  if (console.outputLength > 0) console.output = new Uint8Array(OUTPUT_SIZE);
  console.outputLength = 0;
  return bytes;
}

/** What typing did: whether a reader may go on, how often the process list was asked for. */
export interface Typed {
  entered: boolean;
  listings: number;
}

/** The host's keys arrive. Those that the ring has no room for wait for a read. */
export function consoleType(console: Console, bytes: Uint8Array): Typed {
  console.pending.push(...bytes);
  return acceptPending(console);
}

/** Moves waiting keys through the line editor while there is room. */
export function acceptPending(console: Console): Typed {
  const typed: Typed = { entered: false, listings: 0 };
  let taken = 0;
  for (const key of console.pending) {
    if (console.e - console.r >= INPUT_SIZE) break;
    taken++;
    if (key === CTRL_P) typed.listings++;
    else if (edit(console, key)) typed.entered = true;
  }
  console.pending.splice(0, taken);
  return typed;
}

/** Bytes that a read may take now: those of entered lines. */
export function consoleReady(console: Console): boolean {
  return console.r !== console.w;
}

/** What a read gets of the entered bytes. */
export interface Taken {
  readonly bytes: Uint8Array;
  /** A newline or the end of file ends the read, however many bytes it wanted. */
  readonly ended: boolean;
}

/**
 * Takes at most `n` bytes, up to a newline, for a read that has `before` bytes already. An end of
 * file (Ctrl-D) that is not a read's first byte stays for the next one: this one returns what came
 * before.
 */
export function consoleTake(console: Console, n: number, before: number): Taken {
  const bytes: number[] = [];
  let ended = false;
  while (!ended && bytes.length < n && console.r !== console.w) {
    const byte = console.input[console.r % INPUT_SIZE];
    ended = byte === CTRL_D || byte === NEWLINE;
    if (byte !== CTRL_D) bytes.push(byte);
    if (byte !== CTRL_D || before + bytes.length === 0) console.r++;
  }
  return { bytes: Uint8Array.from(bytes), ended };
}

/** One key through xv6's consoleintr; true when a line became readable. */
function edit(console: Console, key: number): boolean {
  const { input } = console;
  switch (key) {
    case CTRL_U:
      while (console.e !== console.w && input[(console.e - 1) % INPUT_SIZE] !== NEWLINE) {
        console.e--;
        erase(console);
      }
      return false;
    case BACKSPACE:
    case DELETE:
      if (console.e !== console.w) {
        console.e--;
        erase(console);
      }
      return false;
    case 0:
      return false;
  }
  const byte = key === RETURN ? NEWLINE : key;
  consoleWrite(console, Uint8Array.of(byte));
  input[console.e++ % INPUT_SIZE] = byte;
  const full = console.e - console.r === INPUT_SIZE;
  if (byte !== NEWLINE && byte !== CTRL_D && !full) return false;
  console.w = console.e;
  return true;
}

function erase(console: Console): void {
  consoleWrite(console, Uint8Array.of(BACKSPACE, 32, BACKSPACE));
}
