/** Bytes as they come, for whoever has the terminal: the line editor, or the guest. */

import type { GuestInput } from "../framework/command.ts";

/** A source of bytes; null at its end. */
export type ReadBytes = () => Promise<Uint8Array | null>;

const CTRL_C = 0x03;
/** Ctrl-], as telnet has it: from the guest's console back to the shell. */
const ESCAPE = 0x1d;

/**
 * Bytes of a terminal: to the guest while it has the terminal, else to the editor. It reads only
 * while somebody waits or works ({@linkcode listen}), so that no read is left over when the session
 * ends.
 */
export class TerminalInput {
  /** Called at Ctrl-C while a command runs. */
  onInterrupt: () => void = () => {};
  /** While true every byte is the editor's, Ctrl-C too. */
  editing = false;
  #ahead: number[] = [];
  #guest: number[] | undefined;
  #guestEnded = false;
  #reading = false;
  #ended = false;
  #failure: unknown;
  #wake: () => void = () => {};
  readonly #read: ReadBytes;

  constructor(read: ReadBytes) {
    this.#read = read;
  }

  /** Keeps a read under way while a command works, so that Ctrl-C is heard. */
  listen(): void {
    if (this.#reading || this.#ended) return;
    this.#reading = true;
    this.#read().then((bytes) => {
      if (bytes) { for (const byte of bytes) this.#byte(byte); }
      else this.#ended = true;
    }, (error) => {
      this.#ended = true;
      this.#failure = error;
    }).finally(() => {
      this.#reading = false;
      this.#wake();
    });
  }

  #byte(byte: number): void {
    if (this.editing) this.#ahead.push(byte);
    else if (byte === CTRL_C) {
      // What was typed ahead was meant for a world without the interrupt.
      this.#ahead = [];
      this.onInterrupt();
    } else if (!this.#guest) this.#ahead.push(byte);
    else if (byte === ESCAPE) this.#guestEnded = true;
    else if (!this.#guestEnded) this.#guest.push(byte);
  }

  /** Bytes for the editor; null at the end, empty when `timeout` ms pass first. */
  async forEditor(timeout?: number): Promise<Uint8Array | null> {
    if (this.#ahead.length === 0 && !this.#ended) await this.#turn(timeout);
    if (this.#failure) throw this.#failure;
    if (this.#ahead.length === 0) return this.#ended ? null : new Uint8Array();
    const bytes = Uint8Array.from(this.#ahead);
    this.#ahead = [];
    return bytes;
  }

  /** What came and nobody has taken yet, when the editor is left for good. */
  takeAhead(): Uint8Array {
    const bytes = Uint8Array.from(this.#ahead);
    this.#ahead = [];
    return bytes;
  }

  /** Puts back what came behind the end of a line: it is for whatever runs next. */
  unread(bytes: Uint8Array): void {
    this.#ahead = [...bytes, ...this.#ahead];
  }

  /** Gives the terminal to the guest while `body` runs; what it left unread is the editor's. */
  async forGuest<T>(
    body: (input: GuestInput) => Promise<T>,
    interrupt: { requested: boolean },
  ): Promise<T> {
    this.#guest = this.#ahead;
    this.#ahead = [];
    this.#guestEnded = false;
    const guest = (): number[] => this.#guest ?? [];
    const over = () => this.#guestEnded || this.#ended;
    const input: GuestInput = {
      // A line at a time, so that what a guest does not read is left for the shell.
      take: () => {
        const end = guest().findIndex((byte) => byte === 0x0a || byte === 0x0d);
        return Uint8Array.from(guest().splice(0, end < 0 ? Infinity : end + 1));
      },
      get ended() {
        return over() && guest().length === 0;
      },
      wait: async () => {
        while (guest().length === 0 && !over() && !interrupt.requested) await this.#turn();
      },
    };
    try {
      return await body(input);
    } finally {
      this.#ahead = this.#guest;
      this.#guest = undefined;
    }
  }

  /** Until something comes, or the time is up. */
  async #turn(timeout?: number): Promise<void> {
    this.listen();
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (timeout !== undefined) timer = setTimeout(resolve, timeout);
    });
    clearTimeout(timer);
  }

  /** Wakes whoever waits: something else has changed, an interrupt or the window's size. */
  wake(): void {
    this.#wake();
  }
}

/** Piped stdin: lines for the shell, the rest for a guest that reads. */
export class PipedInput {
  #pending = new Uint8Array();
  #ended = false;
  #reading: Promise<void> | undefined;
  #wake: () => void = () => {};
  readonly #read: ReadBytes;

  constructor(read: ReadBytes) {
    this.#read = read;
  }

  async #more(): Promise<void> {
    this.#reading ??= this.#read().then((bytes) => {
      this.#reading = undefined;
      if (!bytes) this.#ended = true;
      else {
        const joined = new Uint8Array(this.#pending.length + bytes.length);
        joined.set(this.#pending);
        joined.set(bytes, this.#pending.length);
        this.#pending = joined;
      }
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#wake = resolve;
    this.#reading.then(resolve, reject);
    await promise;
  }

  /** Nobody wants more of it: it is at its end for whoever waits, and later. */
  end(): void {
    this.#ended = true;
    this.takeAhead();
    this.#wake();
  }

  /** What was read and not taken. */
  takeAhead(): Uint8Array {
    const ahead = this.#pending;
    this.#pending = new Uint8Array();
    return ahead;
  }

  /** The next line without its newline; undefined at the end. */
  async line(): Promise<string | undefined> {
    let newline: number;
    while ((newline = this.#pending.indexOf(0x0a)) < 0 && !this.#ended) await this.#more();
    if (newline < 0 && this.#pending.length === 0) return undefined;
    const end = newline < 0 ? this.#pending.length : newline;
    const line = new TextDecoder().decode(this.#pending.subarray(0, end));
    this.#pending = this.#pending.slice(end + 1);
    return line.replace(/\r$/, "");
  }

  /** Gives what follows to the guest while `body` runs. */
  async forGuest<T>(
    body: (input: GuestInput) => Promise<T>,
    interrupt: { requested: boolean },
  ): Promise<T> {
    const empty = () => this.#pending.length === 0;
    const ended = () => this.#ended;
    return await body({
      take: () => {
        const newline = this.#pending.indexOf(0x0a);
        const end = newline < 0 ? this.#pending.length : newline + 1;
        const bytes = this.#pending.slice(0, end);
        this.#pending = this.#pending.slice(end);
        return bytes;
      },
      get ended() {
        return ended() && empty();
      },
      wait: async () => {
        if (empty() && !ended() && !interrupt.requested) await this.#more();
      },
    });
  }
}
