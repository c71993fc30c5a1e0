/**
 * A guest that has the terminal, or a pipe in its place: slices of the machine, what it says in
 * them, what is typed on it. `--bare`, `--kernel` and the launcher in QEMU's place stand on this.
 */

import { Drawing } from "../record/drawing.ts";
import type { Guest, GuestStep } from "../vm/guest.ts";

/** What a guest's console stands on. */
export interface ConsoleHost {
  /** Writes to standard output; done when they are written, however long the reader takes. */
  out(bytes: Uint8Array): Promise<void>;
  /** Lets the event loop turn. */
  breathe(): Promise<void>;
  /** Milliseconds, for the length of slices; the machine never sees them. */
  clock(): number;
}

/** Milliseconds between two looks at what comes from outside. */
const LOOK_MS = 10;
/** Characters of the guest's last words that are kept: a panic is searched in them. */
const LAST_WORDS = 2000;

/** Slices, and what the guest says in them. */
export class GuestConsole {
  /** The end of what was said. */
  lastWords = "";
  /** The guest's time when it last said something, or was typed to: ticks of mtime. */
  lastHeard: number;
  /**
   * Called after each slice, before what the guest said in it is seen: who reads that a file is
   * written can rely on it.
   */
  onSlice: () => void = () => {};
  readonly #text = new TextDecoder();
  readonly #drawing = new Drawing();
  readonly #guest: Guest;
  readonly #host: ConsoleHost;
  readonly #watched: boolean;
  /** What was written last ended within a line. */
  #midLine = false;
  #looked: number;

  /**
   * @param watched a person looks at it: what draws passes, and nothing else; otherwise every byte
   * does, as it is
   */
  constructor(guest: Guest, host: ConsoleHost, watched: boolean) {
    this.#guest = guest;
    this.#host = host;
    this.#watched = watched;
    this.#looked = host.clock();
    this.lastHeard = guest.time;
  }

  /** Runs a slice, in a way of its own or as usual, and prints; breathes when it is time to. */
  async slice<Step = GuestStep>(run: () => Step): Promise<Step> {
    const step = run();
    const now = this.#host.clock();
    this.onSlice();
    await this.print();
    if (now - this.#looked > LOOK_MS) await this.look();
    return step;
  }

  /** Lets come in what comes from outside. */
  async look(): Promise<void> {
    await this.#host.breathe();
    this.#looked = this.#host.clock();
  }

  /** Prints what the guest has said. */
  async print(): Promise<void> {
    for (const bytes of this.#guest.take()) {
      this.lastHeard = this.#guest.time;
      const said = this.#text.decode(bytes, { stream: true });
      this.lastWords = (this.lastWords + said).slice(-LAST_WORDS);
      if (this.#watched) await this.say(this.#drawing.pass(said));
      else await this.#host.out(bytes);
    }
  }

  /** Writes a text of our own among the guest's. */
  async say(text: string): Promise<void> {
    if (text === "") return;
    this.#midLine = !text.endsWith("\n");
    await this.#host.out(new TextEncoder().encode(text));
  }

  /** Ends a line that is not. */
  async freshLine(): Promise<void> {
    if (this.#midLine) await this.say("\n");
  }

  /** Leaves the terminal as it was. */
  async end(): Promise<void> {
    await this.say(this.#drawing.end());
  }
}
