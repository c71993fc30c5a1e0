/**
 * `continue`: a held program runs on.
 *
 * @module
 */

import { command, CommandError, consoleText, result } from "./command.ts";
import { drive } from "./drive.ts";
import { closing, reportJson, statusOf } from "./run.ts";
import { processFor, setCurrent } from "./target.ts";

export default command({
  name: "continue",
  aliases: ["c"],
  group: "run control",
  summary: "let a held program run to its end, a breakpoint or a watchpoint",
  flags: [{ name: "pid", short: "p", kind: "pid", doc: "this process" }],
  examples: [{
    say: "run on",
    lines: ["spawn echo hi", "continue"],
    shows: ["hi", "echo: status 0"],
  }],
  async run(ctx, { pid }) {
    const p = processFor(ctx, pid);
    if (p.record.standing) {
      throw new CommandError(`pid ${p.pid} has no program to run: spawn PROGRAM holds one`);
    }
    p.record.held = false;
    const running = ctx.vm.resume(p.pid);
    await drive(ctx, running);
    const report = running.report();
    if (p.alive) p.record.held = true;
    else if (ctx.session.pid === p.pid) setCurrent(ctx, 0);
    return result([consoleText(report.console), ...closing(report)], {
      json: reportJson(report),
      status: statusOf(report),
    });
  },
});
