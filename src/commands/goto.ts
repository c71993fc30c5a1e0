/**
 * `goto`: a debugged program at a given instruction, earlier or later.
 *
 * @module
 */

import { command, CommandError, type Context } from "../framework/command.ts";
import { consoleText, note, result } from "../framework/result.ts";
import { beginRun, endRun, goesOn, travel } from "../session/past.ts";
import { placeSections, programOf } from "../session/running.ts";
import { processFor, setCurrent } from "../session/target.ts";

export default command({
  name: "goto",
  group: "run control",
  summary: "the computer at a given instruction: back into the past, or forward",
  details:
    "Counts the instructions that all processes have retired since boot, as timeline and $instret " +
    "do. Forward, the program runs there, past breakpoints.",
  args: [{ name: "instret", kind: "count", doc: "instructions retired since boot" }],
  flags: [{ name: "pid", short: "p", kind: "pid", doc: "the program that runs forward" }],
  examples: [{
    say: "to the beginning and back",
    lines: ["spawn echo hi", "step 5", "goto 0", "goto 5"],
    shows: ["at instruction 5"],
  }],
  async run(ctx, { instret, pid }) {
    const here = ctx.vm.instret;
    const current = ctx.session.pid;
    let output = "";
    let program = 0;
    if (instret <= here) program = travel(ctx, instret);
    else output = await forward(ctx, instret, pid);
    setCurrent(ctx, ctx.vm.hasProcess(current) ? current : program);
    const now = ctx.vm.instret;
    const short = now === instret ? [] : [note(`nobody could run to ${instret}`, "warn")];
    return result([
      consoleText(output),
      note(`at instruction ${now}`),
      ...short,
      ...placeSections(ctx, ctx.session.pid),
    ], {
      json: { instret: now, pid: ctx.session.pid },
      value: BigInt(now),
      status: now === instret ? 0 : 1,
    });
  },
});

/** Runs on to an instruction; what the guest printed. */
async function forward(ctx: Context, instret: number, pid: number | undefined): Promise<string> {
  const p = processFor(ctx, pid);
  const program = programOf(ctx, p);
  const family = program.run;
  beginRun(ctx, program, false);
  let output = "";
  let pass: readonly number[] = [p.pid, program.pid];
  const end = await ctx.inSlices((n) => {
    const stop = ctx.vm.advance(Math.min(n, instret - ctx.vm.instret), {
      untilOver: family,
      pass,
    });
    pass = stop.kind === "stopped" ? [stop.pid] : [];
    const text = ctx.vm.takeOutput();
    output += text;
    ctx.emit(text);
    goesOn(ctx);
    const over = stop.kind !== "budget" && stop.kind !== "stopped";
    return over || ctx.vm.instret === instret ? stop : undefined;
  });
  endRun(ctx, family);
  if (typeof end === "object" && end.kind === "panic") {
    throw new CommandError(`the kernel panicked: ${end.message}`, 3);
  }
  if (end === "interrupted") ctx.progress("");
  return output;
}
