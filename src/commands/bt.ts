/** `bt`: who called whom. */

import { note, result, tableOf } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { backtrace } from "../vm/backtrace.ts";
import { stackMeant } from "../session/frames.ts";
import { refusing } from "../session/target.ts";
import { frameLine, frameName } from "../format/frames.ts";

/** Frames that are shown unless more are asked for. */
const FEW = 40;

export default command({
  name: "bt",
  aliases: ["backtrace", "where"],
  group: "run control",
  summary: "the stack: which function called which, with the lines of the calls",
  details:
    "Of a guest, the present hart's: through the kernel into the program that it runs; with -p, " +
    "of any process, one that sleeps in the kernel, too. Of the built-in kernel's processes, the " +
    "program's frames. Functions that the compiler has inlined have rows of their own.",
  args: [{ name: "n", kind: "count", optional: true, doc: "how many frames; 40 unless given" }],
  flags: [
    { name: "pid", short: "p", kind: "pid", doc: "of this process" },
    { name: "hart", kind: "count", doc: "of this hart of a guest" },
  ],
  examples: [{
    say: "who makes the system call",
    lines: ["spawn echo hi", "break write", "continue", "bt"],
    shows: ["write", "main echo.c:"],
  }],
  run(ctx, { n = FEW, pid, hart }) {
    const owner = stackMeant(ctx, pid, hart);
    const frames = refusing(() => backtrace(ctx.vm, owner, n + 1), 1);
    const shown = frames.slice(0, n);
    const more = frames.length > n
      ? [note(`more frames follow; bt ${2 * n} shows them`, "dim")]
      : [];
    return result([
      tableOf(shown, "frames", [
        ["N", "number", ({ level }) => level],
        ["PID", "pid", (frame) => frame.pid],
        ["PC", "va", ({ pc }) => pc],
        ["FUNCTION", "text", frameName],
        ["LINE", "text", frameLine],
      ]),
      ...more,
    ]);
  },
});
