/** `frame`: which function names of variables are looked up in. */

import { note, result } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { whereText } from "../format/frames.ts";
import { frameMeant, moveFrame } from "../session/frames.ts";

export default command({
  name: "frame",
  group: "run control",
  summary: "select a frame of the stack, by its number in bt, for print and locals",
  details:
    "It stays selected until the computer runs on. Without a number, the one that is selected; " +
    "with -p or --hart, of another stack.",
  args: [{ name: "n", kind: "count", optional: true, doc: "its number; 0 is the innermost" }],
  flags: [
    { name: "pid", short: "p", kind: "pid", doc: "of this process" },
    { name: "hart", kind: "count", doc: "of this hart of a guest" },
  ],
  examples: [{
    say: "the function that called",
    lines: ["spawn echo hi", "break write", "continue", "frame 1"],
    shows: ["frame 1: main at echo.c"],
  }],
  run(ctx, { n, pid, hart }) {
    const other = pid !== undefined || hart !== undefined;
    const frame = n === undefined && !other
      ? frameMeant(ctx)
      : moveFrame(ctx, () => n ?? 0, pid, hart);
    return result([note(whereText(frame))], {
      json: { level: frame.level, function: frame.name ?? null, pid: frame.pid },
    });
  },
});
