/**
 * `render`: a recording as an SVG that moves.
 *
 * @module
 */

import { CastError, parseCast, renderSvg } from "../record/mod.ts";
import { command, CommandError, EXIT, FORCE, note, result, size } from "./command.ts";

export default command({
  name: "render",
  group: "session",
  summary: "make an SVG that moves out of a recording",
  details: "The SVG needs no script, so a README may show it. Who asks for less motion sees the " +
    "last moment.",
  args: [
    { name: "file", kind: "file", doc: "the recording" },
    { name: "svg", kind: "file", doc: "where to" },
  ],
  flags: [
    { name: "speed", kind: "count", doc: "so many times faster" },
    { name: "idle", kind: "count", doc: "no pause longer than so many seconds" },
    FORCE,
  ],
  async run(ctx, { file, svg, speed = 1, idle, force }) {
    if (speed === 0) throw new CommandError("--speed 0: at least 1");
    const text = new TextDecoder().decode(await ctx.files.read(file));
    const picture = drawn(file, text, { speed, ...(idle === undefined ? {} : { idle }) });
    const bytes = new TextEncoder().encode(picture);
    ctx.files.write(svg, bytes, force === true);
    return result([note(`${svg}: ${size(bytes.length)} bytes`)], {
      json: { file, svg, bytes: bytes.length },
    });
  },
});

function drawn(file: string, text: string, options: { speed: number; idle?: number }): string {
  try {
    return renderSvg(parseCast(text), options);
  } catch (error) {
    if (!(error instanceof CastError)) throw error;
    throw new CommandError(`${file}: ${error.message}`, EXIT.load);
  }
}
