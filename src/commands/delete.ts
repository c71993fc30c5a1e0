/** `delete`: takes breakpoints and watchpoints away. */

import { command } from "../framework/command.ts";
import { CommandError } from "../framework/errors.ts";
import { note, result } from "../framework/result.ts";

export default command({
  name: "delete",
  group: "run control",
  summary: "take breakpoints and watchpoints away; without numbers, all of them",
  args: [{ name: "n", kind: "count", rest: true, doc: "numbers as break lists them" }],
  examples: [{
    say: "all of them",
    lines: ["spawn echo hi", "break main", "break write", "delete"],
    shows: ["2 deleted"],
  }],
  run(ctx, { n }) {
    const there = ctx.vm.breakpoints().map((point) => point.n);
    const wanted = n.length === 0 ? there : n;
    for (const one of wanted) {
      if (!there.includes(one)) {
        const list = there.length === 0 ? "there are none" : `there are ${there.join(", ")}`;
        throw new CommandError(`no breakpoint or watchpoint ${one}: ${list}`);
      }
    }
    for (const one of wanted) ctx.vm.removeBreakpoint(one);
    return result([note(`${wanted.length} deleted`)], { json: { deleted: [...wanted] } });
  },
});
