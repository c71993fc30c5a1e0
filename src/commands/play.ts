/** `play`: shows a recording. */

import { Drawing } from "../record/drawing.ts";
import { withCast } from "../session/host_files.ts";
import { command } from "../framework/command.ts";
import { CommandError } from "../framework/errors.ts";
import { consoleText, note, result } from "../framework/result.ts";
import { counted } from "../vm/machine/counted.ts";

/** Longest sleep in one go, so that Ctrl-C is heard. */
const NAP_MS = 50;

export default command({
  name: "play",
  group: "session",
  summary: "show a recording, asciicast v2 or v3",
  details:
    "At a terminal it takes the time it was recorded with; Ctrl-C ends it. In a pipe or a file " +
    "of commands its text comes at once. Only what draws is shown: text, colours, movement of " +
    "the cursor, erasing; nothing else of a recording reaches the terminal.",
  args: [{ name: "file", kind: "file", doc: "the recording" }],
  flags: [
    { name: "speed", kind: "count", doc: "so many times faster" },
    { name: "idle", kind: "count", doc: "no pause longer than so many seconds" },
  ],
  async run(ctx, { file, speed = 1, idle }) {
    if (speed === 0) throw new CommandError("--speed 0: at least 1");
    const cast = await withCast(ctx, file, (cast) => cast);
    let shown = "";
    const drawing = new Drawing(!ctx.session.interactive && !ctx.session.settings.color);
    // Loaded by who needs it, as in render.
    const { play } = await import("../record/player.ts");
    const over = await play(cast, {
      write(text) {
        shown += text;
        ctx.draw(drawing.pass(text));
      },
      sleep: (seconds) =>
        ctx.session.interactive ? nap(seconds * 1000, ctx.interrupt) : Promise.resolve(),
      speed,
      ...(idle === undefined ? {} : { idle }),
      interrupt: ctx.interrupt,
    });
    ctx.draw(drawing.end());
    const events = cast.events.length;
    const seconds = cast.events.at(-1)?.time ?? 0;
    return result([
      consoleText(shown),
      note(over ? `${file}: ${counted(events, "event")}, ${seconds} s` : `${file}: stopped`, "dim"),
    ], { json: { file, events, seconds, text: shown } });
  },
});

async function nap(ms: number, interrupt: { readonly requested: boolean }): Promise<void> {
  for (let left = ms; left > 0 && !interrupt.requested; left -= NAP_MS) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(left, NAP_MS)));
  }
}
