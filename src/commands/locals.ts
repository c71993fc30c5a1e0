/** `locals`: the variables of a function. */

import { command } from "../framework/command.ts";
import { shownLocals } from "../session/locals.ts";

export default command({
  name: "locals",
  group: "run control",
  summary: "the variables in sight of the selected frame: arguments and local ones",
  details:
    "From the debug information of a guest's kernel or program; frame N selects a frame, the " +
    "innermost one is meant else. Where the compiler keeps a variable nowhere at this instruction, " +
    "it is said to be optimized out.",
  examples: [{
    say: "our own programs carry lines alone",
    lines: ["spawn echo hi", "locals"],
    shows: ["frame 0: _start", "has no variables in sight"],
  }],
  run: (ctx) => shownLocals(ctx, undefined),
});
