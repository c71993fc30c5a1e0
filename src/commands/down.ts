/** `down`: the function that the selected one called. */

import { note, result } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { whereText } from "../format/frames.ts";
import { moveFrame } from "../session/frames.ts";

export default command({
  name: "down",
  group: "run control",
  summary: "select the function that the selected one called, for print and locals",
  args: [{ name: "n", kind: "count", optional: true, doc: "how many frames; 1 unless given" }],
  examples: [{
    say: "from the system call's stub to who called it, and back",
    lines: ["spawn echo hi", "break write", "continue", "up", "down"],
    shows: ["frame 0: write"],
  }],
  run(ctx, { n = 1 }) {
    const frame = moveFrame(ctx, (level) => level - n);
    return result([note(whereText(frame))], {
      json: { level: frame.level, function: frame.name ?? null, pid: frame.pid },
    });
  },
});
