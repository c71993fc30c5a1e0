/** Reads recordings, strictly: a file that passes here plays in the pickiest player. */
import { type Cast, type CastCode, CastError, type CastEvent, microseconds } from "./cast.ts";

/** Columns or rows: what a terminal's window size holds in 16 bits (`struct winsize`). */
const MOST_CELLS = 0xffff;
/** Seconds, some 30 years: microseconds of it are exact, and so are sums of them. */
const MOST_SECONDS = 1e9;
/** Characters of a wrong value that a message quotes. */
const QUOTED = 60;

/**
 * Reads the text of an asciicast v2 or v3 file. Times of a v3 file, which count from the event
 * before, become seconds since the start.
 *
 * Version 2 is held to what players in the field accept: no blank lines, no comments, times that
 * never go back. Version 3 may hold `#` comment lines, as its description says. A last line without
 * its end that is no JSON is what a recorder leaves that is killed: it is passed over.
 *
 * @throws {CastError} Naming the line, what is wrong with it and what would be right.
 */
export function parseCast(text: string): Cast {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "" || (lines.length > 1 && !isJson(lines.at(-1)!))) lines.pop();
  if (lines.length === 0) throw new CastError(0, "empty: a recording starts with a header line");
  const { version, width, height, title } = header(lines[0]);
  const events: CastEvent[] = [];
  let now = 0; // whole microseconds
  for (let n = 2; n <= lines.length; n++) {
    const line = lines[n - 1];
    if (version === 3 && line.startsWith("#")) continue;
    const { at, code, data } = event(line, n, version);
    const time = version === 2 ? microseconds(at) : now + microseconds(at);
    if (time < now) {
      throw new CastError(n, `time ${at} goes back: the event before is at ${now / 1e6}`);
    }
    if (time > MOST_SECONDS * 1e6) {
      throw new CastError(n, `${time / 1e6} seconds: a recording has at most ${MOST_SECONDS}`);
    }
    now = time;
    events.push({ time: time / 1e6, code, data });
  }
  return { version, width, height, ...(title === undefined ? {} : { title }), events };
}

type Fields = Record<string, unknown>;

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** A value as a message quotes it. */
function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? "missing";
  return text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text;
}

function json(line: string, n: number, what: string): unknown {
  if (line.trim() === "") throw new CastError(n, `blank: ${what} was expected`);
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new CastError(n, `not JSON (${(error as Error).message}): ${what} was expected`);
  }
}

function fields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A positive whole number of cells out of the header. */
function cells(from: Fields, name: string): number {
  const value = from[name];
  if (typeof value === "number" && Number.isInteger(value) && value > 0) {
    if (value > MOST_CELLS) throw new CastError(1, `"${name}" is ${value}: at most ${MOST_CELLS}`);
    return value;
  }
  throw new CastError(1, `"${name}" must be a positive whole number, not ${quoted(value)}`);
}

/** Types that the format fixes for the header's optional fields. */
const OPTIONAL: Record<string, string> = {
  timestamp: "number",
  duration: "number",
  idle_time_limit: "number",
  command: "string",
  title: "string",
  env: "object",
  theme: "object",
};

function header(line: string): Omit<Cast, "events"> {
  const value = json(line, 1, 'a header such as {"version":2,"width":80,"height":24}');
  if (!fields(value)) throw new CastError(1, "the header must be a JSON object");
  const { version } = value;
  if (version !== 2 && version !== 3) {
    throw new CastError(1, `version ${quoted(version)}: 2 and 3 can be read`);
  }
  for (const [name, type] of Object.entries(OPTIONAL)) {
    if (name in value && typeof value[name] !== type) {
      throw new CastError(1, `"${name}" must be a ${type}, not ${quoted(value[name])}`);
    }
  }
  const title = typeof value.title === "string" ? { title: value.title } : {};
  if (version === 2) {
    return { version, width: cells(value, "width"), height: cells(value, "height"), ...title };
  }
  if (!fields(value.term)) throw new CastError(1, '"term" must hold "cols" and "rows"');
  return { version, width: cells(value.term, "cols"), height: cells(value.term, "rows"), ...title };
}

function event(
  line: string,
  n: number,
  version: 2 | 3,
): { at: number; code: CastCode; data: string } {
  const value = json(line, n, 'an event such as [1.5, "o", "text"]');
  if (!Array.isArray(value) || value.length !== 3) {
    throw new CastError(n, "an event is an array of three: time, code, data");
  }
  const [at, code, data] = value as unknown[];
  if (typeof at !== "number" || !(at >= 0 && at < Infinity)) {
    throw new CastError(n, `the time must be a number of seconds, not ${quoted(at)}`);
  }
  const codes = version === 2 ? "oimr" : "oimrx";
  if (typeof code !== "string" || code.length !== 1 || !codes.includes(code)) {
    const known = [...codes].map((one) => `"${one}"`).join(", ");
    throw new CastError(n, `the code must be one of ${known}, not ${quoted(code)}`);
  }
  if (typeof data !== "string") {
    throw new CastError(n, `the data must be a string, not ${quoted(data)}`);
  }
  if (code === "r" && !/^[1-9]\d{0,4}x[1-9]\d{0,4}$/.test(data)) {
    throw new CastError(n, `a resize must read COLUMNSxROWS, not ${quoted(data)}`);
  }
  if (code === "x" && !/^-?\d{1,10}$/.test(data)) {
    throw new CastError(n, `an exit status must be a whole number, not ${quoted(data)}`);
  }
  return { at, code: code as CastCode, data };
}
