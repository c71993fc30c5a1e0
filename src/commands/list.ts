/** `list`: the text of the source. */

import { command, type Context } from "../framework/command.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import { note, type Result, result } from "../framework/result.ts";
import { frameMeant } from "../session/frames.ts";
import { linesOf, numbered, setSources } from "../session/sources.ts";
import { programsMeant } from "../session/names.ts";
import { didYouMean } from "../vm/nearest.ts";
import { fileNamed, filesOf, functionSource, sourceAt, type SourceFile } from "../vm/symbols.ts";

/** Lines at once, and how many of them stand in front of the one that is meant. */
const MANY = 10, BEFORE = 4;
const KEY = "list";

/** Where the next `list` goes on, as long as the computer stands still. */
interface Last {
  readonly revision: number;
  readonly file: SourceFile;
  readonly next: number;
}

/** A place in the source: the line that is meant is shown with a mark where code stands there. */
interface Meant {
  readonly file: SourceFile;
  readonly first: number;
  readonly line: number | undefined;
}

export default command({
  name: "list",
  aliases: ["l"],
  group: "run control",
  summary: "lines of the source around where the hart stands, a function, a line or an address",
  details:
    "The text is read from where the file was when it was compiled, from the folder of the file " +
    "given by --kernel and those above it, or from the folder in which cowsh was started; list " +
    "--dir FOLDER says where the tree stands otherwise, several times where it stands in parts. " +
    "Again without an argument it goes on.",
  args: [{
    name: "where",
    kind: "line",
    optional: true,
    doc: "a function, FILE.c:LINE, or an address; the selected frame unless given",
  }],
  flags: [{
    name: "dir",
    short: "d",
    kind: "file",
    doc: "the folder in which the sources' tree stands",
  }],
  examples: [{
    say: "a program's main function",
    lines: ["spawn echo hi", "list main"],
    shows: ["int main(int argc, char *argv[])"],
  }],
  async run(ctx, { where, dir }): Promise<Result> {
    if (dir !== undefined) setSources(ctx.session, dir);
    const { file, first, line } = where === undefined ? goingOn(ctx) : meant(ctx, where.trim());
    const lines = await linesOf(ctx, file);
    const shown = lines.slice(first - 1, first - 1 + MANY);
    if (shown.length === 0) {
      throw new CommandError(`${file.path} ends at line ${lines.length}`, EXIT.failed);
    }
    const next = first + shown.length;
    ctx.session.store.set(KEY, { revision: ctx.vm.revision, file, next } satisfies Last);
    return result([note(file.path, "dim"), numbered(shown, first, line)], {
      json: {
        file: file.path,
        line: line ?? null,
        lines: shown.map((text, i) => ({ line: first + i, text })),
      },
    });
  },
});

function around(file: SourceFile, line: number): Meant {
  return { file, first: Math.max(1, line - BEFORE), line };
}

/** Behind what was listed last, else around the selected frame. */
function goingOn(ctx: Context): Meant {
  const last = ctx.session.store.get(KEY) as Last | undefined;
  if (last?.revision === ctx.vm.revision) {
    return { file: last.file, first: last.next, line: undefined };
  }
  const { source, name } = frameMeant(ctx);
  if (source !== undefined) return around(source.file, source.line);
  throw new CommandError(
    `no line of the source is known of ${name ?? "this address"}`,
    EXIT.failed,
  );
}

function meant(ctx: Context, where: string): Meant {
  const { vm } = ctx;
  const [, named, rest] = /^(?:(\d+):)?(.*)$/.exec(where)!;
  const pids = programsMeant(ctx.session, named === undefined ? undefined : Number(named));
  const line = /^([\w./-]+\.[chsS]):(\d+)$/.exec(rest);
  if (line !== null) {
    for (const pid of pids) {
      const file = fileNamed(vm, pid, line[1]);
      if (file !== undefined) return around(file, Number(line[2]));
    }
    const names = pids.flatMap((pid) => filesOf(vm, pid).map(({ path }) => path));
    throw new CommandError(
      `no source file ${line[1]} is known${didYouMean(line[1], names)}`,
      EXIT.failed,
    );
  }
  if (/^[A-Za-z_]\w*$/.test(rest)) {
    for (const pid of pids) {
      const found = functionSource(vm, pid, rest);
      if (found !== undefined) return around(found.file, found.line);
    }
  }
  const address = BigInt.asUintN(64, ctx.evaluate(where));
  for (const pid of pids) {
    const source = sourceAt(vm, pid, address);
    if (source !== undefined) return around(source.file, source.line);
  }
  throw new CommandError(`no line of the source is known of ${where}`, EXIT.failed);
}
