/** `goto`: the computer at a given instruction, earlier or later, or right behind a given event. */

import { command, type Context } from "../framework/command.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import { consoleText, note, type Result, result, type Section } from "../framework/result.ts";
import { hartJson, hartPlace, noProcess } from "../session/guest_run.ts";
import { programOf } from "../session/running.ts";
import { processFor, refusing } from "../session/target.ts";
import { arrived, wentBack } from "../session/travel.ts";

export default command({
  name: "goto",
  group: "run control",
  summary: "the computer at a given instruction, back or forward; or right behind a given event",
  details: "Counts the instructions that all processes have retired since boot, as timeline and " +
    "$instret do. Forward, the program runs there, past breakpoints. goto event N goes back to " +
    "an event by the number that timeline shows. undo comes back from both.",
  args: [
    {
      name: "instret",
      kind: "text",
      offers: ["event"],
      doc: "instructions retired since boot; or the word event",
    },
    { name: "n", kind: "count", optional: true, doc: "the event's number" },
  ],
  flags: [{ name: "pid", short: "p", kind: "pid", doc: "the program that runs forward" }],
  examples: [{
    say: "to the beginning and back",
    lines: ["spawn echo hi", "step 5", "goto 0", "goto 5"],
    shows: ["at instruction 5"],
  }, {
    say: "in the middle of a run",
    lines: ["run cowtest", "goto event 1097"],
    shows: ["at instruction"],
  }],
  async run(ctx, { instret: typed, n, pid }) {
    const current = ctx.session.pid;
    if (typed === "event") {
      if (n === undefined) throw new CommandError("goto event needs its number: goto event N");
      return wentBack(ctx, refusing(() => ctx.vm.goto({ event: n })));
    }
    if (n !== undefined) {
      throw new CommandError(`goto ${typed} ${n}: want goto INSTRET, or goto event N`);
    }
    const instret = instructionOf(ctx, typed);
    if (instret <= ctx.vm.instret) {
      return wentBack(ctx, refusing(() => ctx.vm.goto(instret)));
    }
    if (ctx.vm.guest) return await guestForward(ctx, instret, pid);
    const said = await forward(ctx, instret, pid);
    const short = ctx.vm.instret !== instret;
    if (short) said.push(note(`nobody could run to ${instret}`, "warn"));
    return { ...arrived(ctx, current, 0, said), status: short ? EXIT.failed : EXIT.ok };
  },
});

function instructionOf(ctx: Context, typed: string): number {
  const value = ctx.evaluate(typed);
  if (value < 0n || value > 2n ** 53n) throw new CommandError(`there is no instruction ${value}`);
  return Number(value);
}

/** A guest runs on to an instruction: one that is recorded, or as anything that runs on. */
async function guestForward(
  ctx: Context,
  instret: number,
  pid: number | undefined,
): Promise<Result> {
  noProcess("goto", pid);
  const { vm } = ctx;
  let console = "";
  const end = await ctx.inSlices((n) => {
    const before = vm.instret;
    const stop = refusing(() => vm.advance(Math.min(n, instret - before)), EXIT.failed);
    console += vm.takeOutput();
    const over = !["budget", "stopped"].includes(stop.kind);
    return over || vm.instret >= instret ? "over" : undefined;
  });
  const short = vm.instret !== instret;
  const there = result([
    consoleText(console),
    note(`at instruction ${vm.instret}`),
    ...(short ? [note(end === "over" ? "it waits for input" : "stopped by Ctrl-C", "warn")] : []),
    ...hartPlace(ctx),
  ], { json: hartJson(ctx), value: BigInt(vm.instret) });
  return { ...there, status: short ? EXIT.failed : EXIT.ok };
}

/** Runs on to an instruction; what the guest printed. */
async function forward(ctx: Context, instret: number, pid: number | undefined): Promise<Section[]> {
  const p = processFor(ctx, pid);
  const program = programOf(ctx, p);
  const running = ctx.vm.resume(program.pid, { pass: [p.pid, program.pid] });
  const end = await ctx.inSlices((n) => {
    const over = running.slice(Math.min(n, instret - ctx.vm.instret));
    ctx.emit(running.takeOutput());
    const stops = over && running.report().stop.kind !== "stopped";
    return stops || ctx.vm.instret === instret ? "over" : undefined;
  });
  const { stop, console } = running.report();
  running.leave();
  if (stop.kind === "panic") throw new CommandError(`the kernel panicked: ${stop.message}`, 3);
  if (end === "interrupted") ctx.progress("");
  return [consoleText(console)];
}
