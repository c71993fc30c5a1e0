/** `continue`: a held program runs on. */

import { command } from "../framework/command.ts";
import { continueGuest, noProcess } from "../session/guest_run.ts";
import { runOn } from "../session/running.ts";
import { processFor } from "../session/target.ts";

export default command({
  name: "continue",
  aliases: ["c"],
  group: "run control",
  summary: "let a held program run to its end, a breakpoint or a watchpoint",
  details:
    "Everybody else who can run does so, too. Where a run stops, all stop; the process that met " +
    "the breakpoint becomes the current one, and continue goes on with the whole program. " +
    "Ctrl-C stops it where it is. At the end the figures are those of this run, from the " +
    "instruction that it says. A guest's kernel runs on as a whole, with what is typed.",
  flags: [{ name: "pid", short: "p", kind: "pid", doc: "this process" }],
  examples: [
    {
      say: "run on",
      lines: ["spawn echo hi", "continue"],
      shows: ["hi", "echo: status 0"],
    },
    {
      say: "to a function",
      lines: ["spawn echo hi", "break write", "continue"],
      shows: ["breakpoint 1: pid 2 echo", "<write at syscall.S:30>"],
    },
  ],
  run(ctx, { pid }) {
    if (!ctx.vm.guest) return runOn(ctx, processFor(ctx, pid));
    noProcess("continue", pid);
    return continueGuest(ctx);
  },
});
