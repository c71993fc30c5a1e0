/** Lines of a session as an asciicast, for `record`: nothing is captured, all of it is written. */

import { stripAnsiCode } from "@std/fmt/colors";
import { visible } from "../host/visible.ts";
import { CastWriter } from "../record/writer.ts";
import type { Entry } from "../framework/command.ts";

/** What a recording is besides its lines. */
export interface Look {
  readonly title?: string | undefined;
  readonly version?: 2 | 3;
}

/** Rows of a recording's terminal. */
const HEIGHT = 28;
/** Its columns: as many as the longest line needs, within bounds; longer ones wrap. */
export const WIDTH = { least: 80, most: 112 };
const BOLD = "\x1b[1m";
const DIM = "\x1b[2m";
const OFF = "\x1b[0m";

/** Lines and what they printed as an asciicast: the same bytes for the same lines. */
export function castText(entries: readonly Entry[], look: Look = {}): string {
  const widest = entries.flatMap((e) => [...e.output.split("\n"), `> ${e.line}`])
    .reduce((most, line) => Math.max(most, stripAnsiCode(line).length), WIDTH.least);
  const cast = newCast(Math.min(WIDTH.most, widest), look);
  for (const entry of entries) show(cast, entry);
  return cast.output(`${BOLD}>${OFF} `).wait(1).toString();
}

/** An empty recording of a terminal of so many columns. */
export function newCast(width: number, { title, version = 2 }: Look): CastWriter {
  return new CastWriter({
    width,
    height: HEIGHT,
    version,
    ...(title === undefined ? {} : { title }),
  });
}

/** Adds a line, typed, and what it printed. */
export function show(cast: CastWriter, { line, output }: Entry): void {
  if (line.trim().startsWith("#")) cast.marker(line.trim().replace(/^#\s*/, ""));
  visible(line, "\n").split("\n").forEach((part, i) => {
    cast.output(`${BOLD}${i === 0 ? ">" : "…"}${OFF} `);
    cast.type(part, part.trim().startsWith("#") ? (_, key) => `${DIM}${key}${OFF}` : undefined);
  });
  cast.read(output);
}
