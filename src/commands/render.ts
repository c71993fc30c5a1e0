/** `render`: a recording as an SVG that moves. */

import { withCast } from "../session/host_files.ts";
import { command, FORCE } from "../framework/command.ts";
import { CommandError } from "../framework/errors.ts";
import { note, result } from "../framework/result.ts";
import { size } from "../vm/numbers.ts";

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
    const options = { speed, ...(idle === undefined ? {} : { idle }) };
    // Loaded by who needs it: each module that every start reads costs it time.
    const { renderSvg } = await import("../record/svg.ts");
    const picture = await withCast(ctx, file, (cast) => renderSvg(cast, options));
    const bytes = new TextEncoder().encode(picture);
    ctx.files.write(svg, bytes, force === true);
    return result([note(`${svg}: ${size(bytes.length)} bytes`)], {
      json: { file, svg, bytes: bytes.length },
    });
  },
});
