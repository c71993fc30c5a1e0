/** What is typed on a bare-metal guest's UART: a keyboard, or a pipe line by line. */

import type { ReadBytes } from "./input.ts";

const CTRL_C = 0x03;
const LINE_FEED = 0x0a;
/** Ctrl-], as telnet has it. */
const ESCAPE = 0x1d;
/** Two Ctrl-C within so many milliseconds end the session. */
const TWICE_MS = 1000;
/** Bytes that may be typed before the guest reads again: xv6's console keeps 128 and drops more. */
export const TYPE_AHEAD = 120;
/** Bytes of a long line typed at once from a pipe. */
const CHUNK = 64;

/** Why the keyboard is done with. */
export type Leaving = "escape" | "interrupt" | "end";

/** A terminal's keys. All go to the guest, but for Ctrl-] and the second of two quick Ctrl-C. */
export class Keyboard {
  /** Set once the person wants to go, or the terminal is gone. */
  leaving: Leaving | undefined;
  #typed: number[] = [];
  #reading: Promise<void> | undefined;
  #lastInterrupt = -Infinity;
  readonly #read: ReadBytes;
  readonly #clock: () => number;

  constructor(read: ReadBytes, clock: () => number) {
    this.#read = read;
    this.#clock = clock;
  }

  /** Has a read under way. */
  listen(): void {
    if (this.leaving !== undefined) return;
    this.#reading ??= this.#read().then((bytes) => {
      this.#reading = undefined;
      if (bytes === null) this.leaving ??= "end";
      else for (const byte of bytes) this.#key(byte);
    });
  }

  /** Until a key comes. */
  async wait(): Promise<void> {
    this.listen();
    await this.#reading;
  }

  /** What was typed, at most so many bytes of it. */
  take(most: number): Uint8Array {
    return Uint8Array.from(this.#typed.splice(0, most));
  }

  #key(byte: number): void {
    if (this.leaving !== undefined) return;
    if (byte === ESCAPE) this.leaving = "escape";
    else if (byte === CTRL_C) {
      const now = this.#clock();
      if (now - this.#lastInterrupt < TWICE_MS) this.leaving = "interrupt";
      this.#lastInterrupt = now;
      this.#typed.push(byte);
    } else this.#typed.push(byte);
  }
}

/** Piped input, in pieces that do not depend on how the pipe delivers it. */
export class Lines {
  #pending = new Uint8Array();
  #ended = false;
  readonly #read: ReadBytes;

  constructor(read: ReadBytes) {
    this.#read = read;
  }

  /** The next line with its line feed, or a piece of a long one; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    let end: number;
    while ((end = this.#pending.subarray(0, CHUNK).indexOf(LINE_FEED)) < 0) {
      if (this.#pending.length >= CHUNK || this.#ended) break;
      const bytes = await this.#read();
      if (bytes === null) this.#ended = true;
      else {
        const joined = new Uint8Array(this.#pending.length + bytes.length);
        joined.set(this.#pending);
        joined.set(bytes, this.#pending.length);
        this.#pending = joined;
      }
    }
    if (this.#pending.length === 0) return undefined;
    const chunk = this.#pending.slice(0, end < 0 ? CHUNK : end + 1);
    this.#pending = this.#pending.slice(chunk.length);
    return chunk;
  }
}
