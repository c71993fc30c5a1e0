/**
 * What a recording is: a terminal's size and what happened in it, at which second. The file formats
 * are asciicast v2 and v3 (https://docs.asciinema.org/manual/asciicast/v2/ and …/v3/).
 */

/** What an event is: output, input, a marker, a resize or, in v3, the exit of the program. */
export type CastCode = "o" | "i" | "m" | "r" | "x";

/** One event of a recording. */
export interface CastEvent {
  /** Seconds since the start, never less than those of the event before; in v3 files too. */
  readonly time: number;
  /** What happened. */
  readonly code: CastCode;
  /** The bytes as text, a marker's label, a size such as `100x30`, or an exit status. */
  readonly data: string;
}

/** A recording, whichever file format it came from or goes to. */
export interface Cast {
  /** The format of its file. */
  readonly version: 2 | 3;
  /** Columns of the terminal. */
  readonly width: number;
  /** Rows of the terminal. */
  readonly height: number;
  /** What it shows, in a few words. */
  readonly title?: string;
  /** What happened, in order of time. */
  readonly events: readonly CastEvent[];
}

/** Raised for text that is no recording; the message says which line, and what would be right. */
export class CastError extends Error {
  /** Makes the error; `line` counts from 1, or is 0 when the whole text is meant. */
  constructor(
    /** The line it is about, from 1; 0 for the whole text. */
    readonly line: number,
    why: string,
  ) {
    super(line > 0 ? `line ${line}: ${why}` : why);
    this.name = "CastError";
  }
}

/**
 * The text of a recording's file: a header line, then one line an event, each ended by a newline.
 * The header holds no date and no environment, so that the same events give the same bytes
 * anywhere.
 *
 * @throws {CastError} For a v2 recording that holds an exit event, which v2 does not know.
 */
export function formatCast(cast: Cast): string {
  return formatHeader(cast) + formatEvents(cast, 0);
}

/** The first line of a recording's file. */
export function formatHeader({ version, width, height, title }: Cast): string {
  const size = version === 2
    ? { version: 2, width, height }
    : { version: 3, term: { cols: width, rows: height } };
  return `${JSON.stringify(title === undefined ? size : { ...size, title })}\n`;
}

/** The lines of a recording's events, from one of them on. */
export function formatEvents({ version, events }: Cast, from: number): string {
  let before = events[from - 1]?.time ?? 0;
  const lines = events.slice(from).map(({ time, code, data }, i) => {
    if (code === "x" && version === 2) {
      throw new CastError(from + i + 2, `asciicast v2 has no exit events: write version 3`);
    }
    // v3 gives the time since the event before; microseconds keep sums of them exact
    const at = version === 2 ? time : (microseconds(time) - microseconds(before)) / 1e6;
    before = time;
    return `${JSON.stringify([at, code, data])}\n`;
  });
  return lines.join("");
}

/** Whole microseconds of a time in seconds. */
export function microseconds(seconds: number): number {
  return Math.round(seconds * 1e6);
}
