/**
 * Recordings are written, not captured: a script says what is typed and what comes out, and time is
 * virtual. The same script gives the same bytes on every run and every machine.
 */

import { type CastCode, type CastEvent, formatCast, formatEvents, formatHeader } from "./cast.ts";
import { keyDelay, readingTime, TYPING } from "./typing.ts";

/** Options of a {@linkcode CastWriter}. */
interface CastOptions {
  /** Columns of the terminal; 100 if not given. */
  readonly width?: number;
  /** Rows of the terminal; 30 if not given. */
  readonly height?: number;
  /** What the recording shows, for players that list recordings. */
  readonly title?: string;
  /** The file format; 2 if not given, because players in the field still reject 3. */
  readonly version?: 2 | 3;
}

/** Builds one recording, event by event. It holds plain data and touches no file. */
export class CastWriter {
  readonly #options: CastOptions;
  readonly #events: CastEvent[] = [];
  /** Virtual time in whole milliseconds, so that times print short and add up without rounding. */
  #now = 0;
  /** Events that {@linkcode take} has handed out; -1 before the header is. */
  #taken = -1;

  /**
   * Starts an empty recording at second 0.
   *
   * @throws {RangeError} For a size that is not a positive whole number.
   */
  constructor(options: CastOptions = {}) {
    for (const side of ["width", "height"] as const) {
      const cells = options[side] ?? 1;
      if (!Number.isInteger(cells) || cells < 1) {
        throw new RangeError(`${side} must be a positive whole number of cells, not ${cells}`);
      }
    }
    this.#options = options;
  }

  #event(code: CastCode, data: string): void {
    this.#events.push({ time: this.#now / 1000, code, data });
  }

  /**
   * Lets time pass.
   *
   * @throws {RangeError} For a negative or infinite number of seconds.
   */
  wait(seconds: number): this {
    if (!(seconds >= 0 && Number.isFinite(seconds))) {
      throw new RangeError(`cannot wait ${seconds} seconds`);
    }
    this.#now += Math.round(seconds * 1000);
    return this;
  }

  /** Shows text at once. A newline on its own becomes CR LF, as a terminal makes it. */
  output(text: string): this {
    if (text !== "") this.#event("o", text.replace(/\r?\n/g, "\r\n"));
    return this;
  }

  /** Shows text and waits as long as a viewer takes to read it. */
  read(text: string): this {
    return this.output(text).wait(readingTime(text) / 1000);
  }

  /**
   * Types a line key by key, each echoed as it is struck, and ends it with Enter. `shown` gives,
   * for a line typed so far, the text that appears for its last key; without it that is the key
   * itself.
   */
  type(line: string, shown?: (typed: string, key: string) => string): this {
    const keys = [...line];
    keys.forEach((key, i) => {
      this.#now += keyDelay(keys, i);
      const typed = keys.slice(0, i + 1).join("");
      this.output(shown ? shown(typed, key) : key);
    });
    this.#now += TYPING.enter;
    return this.output("\n");
  }

  /** Marks this moment: players list markers and can pause at them. */
  marker(label: string): this {
    this.#event("m", label);
    return this;
  }

  /** The recording so far. */
  cast(): { version: 2 | 3; width: number; height: number; title?: string; events: CastEvent[] } {
    const { version = 2, width = 100, height = 30, title } = this.#options;
    return {
      version,
      width,
      height,
      ...(title === undefined ? {} : { title }),
      events: [...this.#events],
    };
  }

  /** The lines of the file that {@linkcode take} has not handed out yet, for one that grows. */
  take(): string {
    const cast = this.cast();
    const header = this.#taken < 0 ? formatHeader(cast) : "";
    const lines = formatEvents(cast, Math.max(this.#taken, 0));
    this.#taken = cast.events.length;
    return header + lines;
  }

  /** The text of the recording's file. */
  toString(): string {
    return formatCast(this.cast());
  }
}
