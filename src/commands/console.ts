/** `console`: the guest's shell has the terminal. */

import { Drawing } from "../record/drawing.ts";
import { command, type Context } from "../framework/command.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import { consoleText, note, result } from "../framework/result.ts";
import { continueGuest } from "../session/guest_run.ts";
import { runInSlices } from "../session/slices.ts";
import { closing, reportJson } from "../session/run_report.ts";
import { refusing } from "../session/target.ts";

export default command({
  name: "console",
  group: "run control",
  summary: "hand the terminal to the guest's sh; Ctrl-] comes back",
  details:
    "xv6's line editing: backspace, Ctrl-U empties the line, Ctrl-D ends the input (and sh), " +
    "Ctrl-P lists the processes. After Ctrl-] the shell waits where it is, and console goes on " +
    "with it. Ctrl-C kills it. On a kernel of your own it is the guest's whole console, Ctrl-C " +
    "and Ctrl-] are its keys, and Ctrl-A c comes back; without a terminal what follows on " +
    "standard input is typed a line at a time, whenever the guest reads.",
  examples: [
    { say: "without a terminal its input ends at once", lines: ["console"], shows: ["$"] },
  ],
  async run(ctx) {
    const { session } = ctx;
    if (ctx.vm.guest) {
      if (session.toConsole === "elsewhere") {
        throw new CommandError("console: the guest's console is at its own terminal");
      }
      if (session.toConsole === undefined) return await continueGuest(ctx, { typed: true });
      [session.toConsole, session.quit] = [true, 0];
      return result([]);
    }
    const waiting = ctx.vm.processes().find((p) => p.held && p.name === "sh");
    const from = ctx.vm.instret;
    const running = waiting === undefined
      ? refusing(() => ctx.vm.start("sh"), EXIT.load)
      : ctx.vm.resume(waiting.pid);
    // Who sits at a terminal sees what the guest draws there; it can do no more to it.
    const drawing = new Drawing();
    const terminal: Context = { ...ctx, emit: (text) => ctx.draw(drawing.pass(text)) };
    const ending = await runInSlices(ctx.session.interactive ? terminal : ctx, running);
    ctx.draw(drawing.end());
    const report = running.report();
    running.leave();
    if (ending === "escaped") {
      return result([
        consoleText(report.console),
        note(`sh (pid ${running.pid}) waits; console goes back to it`, "dim"),
      ], { json: { ...reportJson(report), waiting: true } });
    }
    const since = waiting === undefined ? "" : `from instruction ${from} on: `;
    return result([consoleText(report.console), ...closing(ctx, report, since)], {
      json: reportJson(report),
    });
  },
});
