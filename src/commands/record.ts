/**
 * `record`: what follows becomes a recording in a file.
 *
 * @module
 */

import { stripAnsiCode } from "@std/fmt/colors";
import { CastWriter } from "../record/mod.ts";
import { command, CommandError, type Context, type Entry, note, result } from "./command.ts";

/** What a recording is besides its lines. */
interface Look {
  readonly title?: string | undefined;
  readonly version?: 2 | 3;
}

/** An open recording. */
interface Recording {
  readonly file: string;
  readonly look: Look;
  readonly entries: Entry[];
  readonly watcher: (entry: Entry) => void;
  readonly closer: () => Promise<string>;
}

export default command({
  name: "record",
  group: "session",
  summary: "record the lines that follow, and what they print, as an asciicast",
  details:
    "Nothing is captured from the terminal: the recording is written, with typing in virtual time, " +
    "so the same lines give the same bytes. A comment line is a marker for players. record stop " +
    "or the end of the session writes the file; when an expect line has failed, nothing is written. " +
    "play, or asciinema play, shows it.",
  args: [{ name: "file", kind: "file", optional: true, doc: "where to, or stop" }],
  flags: [
    { name: "title", kind: "text", doc: "what it shows, for players that list recordings" },
    { name: "v3", doc: "asciicast v3; older players reject it" },
  ],
  examples: [
    { say: "what goes on", lines: ["record"], shows: ["not recording"] },
    { say: "nothing to stop", lines: ["record stop"], shows: ["not recording"] },
  ],
  async run(ctx, { file, title, v3 }) {
    const open = ctx.session.store.get("record") as Recording | undefined;
    if (file === undefined || file === "stop") {
      if (open === undefined) return result([note("not recording")]);
      if (file === undefined) {
        return result([note(`recording to ${open.file}: ${open.entries.length} lines`)]);
      }
      return result([note(await stop(ctx, open))]);
    }
    if (open !== undefined) {
      throw new CommandError(`already recording to ${open.file}; record stop ends that`);
    }
    const recording = begin(ctx, file, { title, version: v3 ? 3 : 2 });
    return result([note(`recording to ${file}; record stop ends it`)], {
      json: { file: recording.file },
    });
  },
});

function begin(ctx: Context, file: string, look: Look): Recording {
  const entries: Entry[] = [];
  const recording: Recording = {
    file,
    look,
    entries,
    // The line that opened it is the first one seen; a file's lines are seen one by one.
    watcher: (entry) => {
      if (!/^\s*(record|source|\.)(\s|$)/.test(entry.line)) entries.push(entry);
    },
    closer: () => stop(ctx, recording),
  };
  ctx.session.store.set("record", recording);
  ctx.session.watchers.add(recording.watcher);
  ctx.session.closers.add(recording.closer);
  return recording;
}

/** Ends it and writes the file; what became of it. Throws {@linkcode CommandError} when an assertion failed. */
async function stop(ctx: Context, recording: Recording): Promise<string> {
  const { session } = ctx;
  session.store.delete("record");
  session.watchers.delete(recording.watcher);
  session.closers.delete(recording.closer);
  const failed = recording.entries.find((e) => e.status !== 0 && /^\s*expect\b/.test(e.line));
  if (failed !== undefined) {
    throw new CommandError(`${recording.file} not written: "${failed.line.trim()}" failed`, 1);
  }
  const text = castText(recording.entries, recording.look);
  await ctx.files.write(recording.file, new TextEncoder().encode(text));
  return `recorded ${recording.entries.length} lines in ${recording.file}`;
}

/** Rows of a recording's terminal. */
const HEIGHT = 28;
/** Its columns: as many as the longest line needs, within bounds; longer ones wrap. */
const WIDTH = { least: 80, most: 112 };
const BOLD = "\x1b[1m";
const DIM = "\x1b[2m";
const OFF = "\x1b[0m";

/** Lines and what they printed as an asciicast, v2 unless asked: the same bytes for the same lines. */
export function castText(entries: readonly Entry[], look: Look = {}): string {
  const { title, version = 2 } = look;
  const widest = entries.flatMap((e) => [...e.output.split("\n"), `> ${e.line}`])
    .map((line) => stripAnsiCode(line).length);
  const width = Math.min(WIDTH.most, Math.max(WIDTH.least, ...widest));
  const cast = new CastWriter({
    width,
    height: HEIGHT,
    version,
    ...(title === undefined ? {} : { title }),
  });
  for (const { line, output } of entries) {
    if (line.trim().startsWith("#")) cast.marker(line.trim().replace(/^#\s*/, ""));
    line.split("\n").forEach((part, i) => {
      cast.output(`${BOLD}${i === 0 ? ">" : "…"}${OFF} `);
      cast.type(part, part.trim().startsWith("#") ? (_, key) => `${DIM}${key}${OFF}` : undefined);
    });
    cast.read(output);
  }
  return cast.output(`${BOLD}>${OFF} `).wait(1).toString();
}
