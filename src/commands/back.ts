/**
 * `back`: a debugged program runs backwards.
 *
 * @module
 */

import { counted } from "../vm/machine/counted.ts";
import { sameSaved } from "../vm/state.ts";
import { command, CommandError } from "../framework/command.ts";
import { note, result } from "../framework/result.ts";
import { travel } from "../session/past.ts";
import { placeSections } from "../session/running.ts";
import { setCurrent } from "../session/target.ts";

export default command({
  name: "back",
  group: "run control",
  summary: "undo instructions: the computer as it was that many earlier",
  details:
    "step, continue and until keep what is needed. Everything goes back: memory, TLBs, files, " +
    "the event log, all processes. Instructions of all processes count; a system call is undone " +
    "together with the instruction before it, or alone when nothing followed it.",
  args: [{ name: "n", kind: "count", optional: true, doc: "how many; 1 unless given" }],
  examples: [{
    say: "one step too far",
    lines: ["spawn echo hi", "step 3", "back"],
    shows: ["at instruction 2", "next: pid 2"],
  }],
  run(ctx, { n }) {
    const here = ctx.vm.instret;
    const saved = ctx.vm.save();
    const { pid } = ctx.session;
    let left = n ?? 1;
    let program: number;
    try {
      // What happened since the last instruction, a system call or what a person did, is one step.
      program = travel(ctx, here);
      if (!sameSaved(saved, ctx.vm.save())) left--;
      if (left > here) {
        throw new CommandError(
          `back ${n ?? 1}: only ${counted(here, "instruction")} ${
            here === 1 ? "has" : "have"
          } been run`,
        );
      }
      if (left > 0) program = travel(ctx, here - left);
    } catch (error) {
      ctx.vm.restore(saved);
      throw error;
    }
    setCurrent(ctx, ctx.vm.hasProcess(pid) ? pid : program);
    const now = ctx.vm.instret;
    return result([note(`at instruction ${now}`), ...placeSections(ctx, ctx.session.pid)], {
      json: { instret: now, pid: ctx.session.pid },
      value: BigInt(now),
    });
  },
});
