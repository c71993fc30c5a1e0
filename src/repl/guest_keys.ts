/** What is typed on a guest's UART: a keyboard, byte by byte as it comes, or a pipe line by line. */

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
/** Bytes that wait for the guest, at which no more are read. */
const MOST_WAITING = 1 << 16;

/**
 * What a byte is: the guest's (a number), a word to the program around it, or nothing yet, as the
 * first of two keys.
 */
export type Press<Word extends string> = (byte: number) => number | Word | undefined;

/** Why a person leaves a guest of `--bare`. */
export type Leaving = "escape" | "interrupt";

/** The keys of `--bare`: all go to the guest, but for Ctrl-] and the second of two quick Ctrl-C. */
export function bareKeys(clock: () => number): Press<Leaving> {
  let lastInterrupt = -Infinity;
  return (byte) => {
    if (byte === ESCAPE) return "escape";
    if (byte !== CTRL_C) return byte;
    const now = clock();
    const twice = now - lastInterrupt < TWICE_MS;
    lastInterrupt = now;
    return twice ? "interrupt" : byte;
  };
}

/** Wakes who sleeps: a key, a debugger, or the time being up. */
export class Bell {
  #rung = false;
  readonly #sleepers = new Set<() => void>();

  /** Ends the sleep of all, or the next one before it begins. */
  ring(): void {
    this.#rung = true;
    for (const wake of this.#sleepers) wake();
  }

  /** Until somebody rings, or so many milliseconds have passed. */
  async sleep(ms = Infinity): Promise<void> {
    if (!this.#rung) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = ms < LONGEST_MS ? setTimeout(resolve, ms) : undefined;
      this.#sleepers.add(resolve);
      await promise;
      this.#sleepers.delete(resolve);
      clearTimeout(timer);
    }
    this.#rung = false;
  }
}

/** Timers cannot be longer. */
const LONGEST_MS = 2 ** 31 - 1;

/** Bytes as they come, from a terminal or a pipe. */
export class Keyboard<Word extends string> {
  /** There will be no more bytes. */
  ended = false;
  /** Called with each word, when it is said. */
  onWord: (word: Word) => void = () => {};
  /** The guest's, and whose come now: its own, or of somebody whom the keys are lent to. */
  readonly #typed: number[] = [];
  #into = this.#typed;
  #reading = false;
  readonly #read: ReadBytes;
  readonly #press: Press<Word>;
  readonly #bell: Bell;

  /** A keyboard that rings when something came. */
  constructor(read: ReadBytes, press: Press<Word>, bell: Bell) {
    this.#read = read;
    this.#press = press;
    this.#bell = bell;
  }

  /** Has a read under way, unless too much waits already. */
  listen(): void {
    if (this.#reading || this.ended || this.#typed.length >= MOST_WAITING) return;
    this.#reading = true;
    this.#read().then((bytes) => {
      if (bytes === null) this.ended = true;
      else for (const byte of bytes) this.#byte(byte);
      // A terminal that is gone cannot be read any more; what ends the run is the hang-up.
    }, () => this.ended = true).finally(() => {
      this.#reading = false;
      this.#bell.ring();
    });
  }

  #byte(byte: number): void {
    const pressed = this.#press(byte);
    if (typeof pressed === "number") this.#into.push(pressed);
    else if (pressed !== undefined) this.onWord(pressed);
  }

  /** What was typed, at most so many bytes of it. */
  take(most: number): Uint8Array {
    return Uint8Array.from(this.#typed.splice(0, most));
  }

  /**
   * What is typed from this byte on is for somebody else, till they give the keys back or lose them.
   */
  lend(): Lent {
    const theirs: number[] = [];
    this.#into = theirs;
    let lent = true;
    const end = () => {
      lent = false;
      if (this.#into === theirs) this.#into = this.#typed;
      this.#bell.ring();
    };
    return {
      read: async () => {
        while (lent && !this.ended && theirs.length === 0) {
          this.listen();
          await this.#bell.sleep();
        }
        return theirs.length === 0 ? null : Uint8Array.from(theirs.splice(0));
      },
      close: end,
      back: (unused) => {
        end();
        this.#typed.push(...unused, ...theirs.splice(0));
      },
    };
  }
}

/** Keys that are lent. */
export interface Lent {
  /** Bytes; null when there are no more. */
  readonly read: ReadBytes;
  /** What is typed from this byte on is not theirs any more. */
  close(): void;
  /** They are given back, with what was read and not used. Who still waits for keys gets none. */
  back(unused: Uint8Array): void;
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
