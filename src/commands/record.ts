/** `record`: what follows becomes a recording in a file. */

import { FileError, type GrowingFile } from "../host/file.ts";
import type { CastWriter } from "../record/writer.ts";
import { castText, type Look, newCast, show, WIDTH } from "../session/recording.ts";
import { command, type Context, type Entry, FORCE } from "../framework/command.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import { counted } from "../vm/machine/counted.ts";
import { note, result } from "../framework/result.ts";

/** An open recording. */
interface Recording {
  /** The file asked for. */
  readonly file: string;
  readonly look: Look;
  readonly entries: Entry[];
  /** What is there if the session is killed: the same lines on a terminal of the most columns. */
  readonly growing: GrowingFile;
  readonly cast: CastWriter;
  readonly watcher: (entry: Entry) => void;
  readonly closer: () => Promise<string>;
}

export default command({
  name: "record",
  group: "session",
  summary: "record the lines that follow, and what they print, as an asciicast",
  details:
    "Nothing is captured from the terminal: the recording is written, with typing in virtual " +
    "time, so the same lines give the same bytes. A comment line is a marker for players. " +
    "record stop or the end of the session completes the file; when an expect line has failed, " +
    "none is left. A session that is killed leaves the lines so far: in FILE, or, where --force " +
    "is to replace one, in FILE.part. play, or asciinema play, shows it.",
  args: [{ name: "file", kind: "file", optional: true, doc: "where to, or stop" }],
  flags: [
    { name: "title", kind: "text", doc: "what it shows, for players that list recordings" },
    { name: "v3", doc: "asciicast v3; older players reject it" },
    FORCE,
  ],
  examples: [
    { say: "what goes on", lines: ["record"], shows: ["not recording"] },
    { say: "nothing to stop", lines: ["record stop"], shows: ["not recording"] },
  ],
  async run(ctx, { file, title, v3, force }) {
    const open = ctx.session.store.get("record") as Recording | undefined;
    if (file === undefined || file === "stop") {
      if (open === undefined) return result([note("not recording")]);
      if (file === undefined) {
        const lines = counted(open.entries.length, "line");
        return result([note(`recording to ${open.file}: ${lines}`)]);
      }
      return result([note(await stop(ctx, open))]);
    }
    if (open !== undefined) {
      throw new CommandError(`already recording to ${open.file}; record stop ends that`);
    }
    const recording = begin(ctx, file, { title, version: v3 ? 3 : 2 }, force === true);
    return result([note(`recording to ${file}; record stop ends it`)], {
      json: { file: recording.file },
    });
  },
});

function begin(ctx: Context, file: string, look: Look, force: boolean): Recording {
  const entries: Entry[] = [];
  const recording: Recording = {
    file,
    look,
    entries,
    growing: ctx.files.grow(file, force),
    cast: newCast(WIDTH.most, look),
    // The line that opened it is the first one seen; a file's lines are seen one by one.
    watcher: (entry) => {
      if (/^\s*(record|source|\.)(\s|$)/.test(entry.line)) return;
      entries.push(entry);
      show(recording.cast, entry);
      grow(ctx, recording);
    },
    closer: () => Promise.resolve(stop(ctx, recording)),
  };
  ctx.session.store.set("record", recording);
  ctx.session.watchers.add(recording.watcher);
  ctx.session.closers.add(recording.closer);
  grow(ctx, recording);
  return recording;
}

/** Adds to the file what is new. Where that fails the recording ends with what is there. */
function grow(ctx: Context, recording: Recording): void {
  try {
    recording.growing.append(recording.cast.take());
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    end(ctx, recording);
    recording.growing.leave();
    throw new CommandError(`${error.message}; the recording ends here`, EXIT.load);
  }
}

function end({ session }: Context, recording: Recording): void {
  session.store.delete("record");
  session.watchers.delete(recording.watcher);
  session.closers.delete(recording.closer);
}

/** Ends it and completes the file; what became of it. Throws when an assertion failed. */
function stop(ctx: Context, recording: Recording): string {
  const { file, entries, growing } = recording;
  end(ctx, recording);
  const failed = entries.find((e) => e.status !== 0 && /^\s*expect\b/.test(e.line));
  if (failed !== undefined) {
    growing.drop();
    throw new CommandError(`${file} not written: "${failed.line.trim()}" failed`, 1);
  }
  try {
    growing.finish(new TextEncoder().encode(castText(entries, recording.look)));
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new CommandError(`${error.message}; the lines are in ${growing.path}`, EXIT.load);
  }
  return `recorded ${counted(entries.length, "line")} in ${file}`;
}
