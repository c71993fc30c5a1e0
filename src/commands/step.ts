/** `step`: single instructions of a program. */

import { va } from "../vm/machine/address.ts";
import { type Cell, consoleText, note, result, type Section } from "../framework/result.ts";
import { command, type Context } from "../framework/command.ts";
import { CommandError } from "../framework/errors.ts";
import { stepGuest } from "../session/guest_step.ts";
import { noProcess } from "../session/guest_run.ts";
import { changesOf, stepTable } from "../format/steps.ts";
import { instructionAt } from "../format/code.ts";
import { lineText } from "../format/source.ts";
import { processFor, setCurrent } from "../session/target.ts";
import { effectLines } from "../format/views.ts";

/** More would be no single-stepping. */
const MOST = 10_000;

export default command({
  name: "step",
  aliases: ["s"],
  group: "run control",
  summary: "run single instructions of a program, with what each changed",
  details:
    "Only that process runs. An ecall is stepped over: the system call is done. Of a guest " +
    "it is the hart that steps, into its kernel, too, while others go on as it is their turn.",
  args: [{ name: "n", kind: "count", optional: true, doc: "how many; 1 unless given" }],
  flags: [{ name: "pid", short: "p", kind: "pid", doc: "of this process" }],
  examples: [{
    say: "the first two",
    lines: ["spawn echo hi", "step 2"],
    shows: ["INSTRUCTION", "<main>", "ra = 0x4"],
  }],
  run(ctx, { n, pid }) {
    const many = n ?? 1;
    if (many === 0) throw new CommandError("step 0: at least one instruction");
    if (many > MOST) throw new CommandError(`step ${many}: at most ${MOST}; continue runs on`);
    if (ctx.vm.guest) {
      noProcess("step", pid);
      return stepGuest(ctx, many);
    }
    const p = processFor(ctx, pid);
    if (p.manual) {
      throw new CommandError(`pid ${p.pid} has no program to step: spawn PROGRAM holds one`);
    }
    const rows: Cell[][] = [];
    const mark = ctx.vm.mark();
    const family = p.run;
    let end: Section | undefined;
    for (let i = 0; i < many && end === undefined; i++) end = stepOne(ctx, p.pid, rows);
    ctx.vm.holdRun(family, true);
    const output = ctx.vm.takeOutput();
    const sections: Section[] = [
      stepTable(rows),
      ...effectLines(ctx.vm.events(mark.event)),
    ];
    if (output !== "") sections.push(consoleText(output));
    if (end !== undefined) sections.push(end);
    if (!p.alive) setCurrent(ctx, 0);
    return result(sections);
  },
});

/** One instruction; a closing line when the process cannot go on. */
function stepOne(ctx: Context, pid: number, rows: Cell[][]): Section | undefined {
  const p = ctx.vm.process(pid);
  const pc = va(p.registers.pc);
  const line = instructionAt(ctx.vm, pid, pc);
  const before = p.registers.values();
  const stop = ctx.vm.advance(1, { only: pid, step: true, pass: [pid] });
  const { alive } = p;
  const changed = alive ? changesOf(before, p.registers.values()) : [];
  rows.push([
    pc,
    line?.symbol ?? "",
    lineText(line?.source),
    line?.text ?? "(not mapped)",
    changed.join(", "),
  ]);
  if (!alive) {
    const ended = ctx.vm.ended(pid)!;
    const why = ended.killedBy === "" ? "" : ` (killed: ${ended.killedBy})`;
    return note(
      `pid ${pid} has exited with ${ended.status}${why}`,
      ended.status === 0 ? "plain" : "bad",
    );
  }
  if (p.state === "sleeping") {
    return note(`pid ${pid} waits inside a system call; continue lets others run`);
  }
  return stop.kind === "stopped" ? note(`stopped: ${stop.stop.kind}`, "warn") : undefined;
}
