/** `info`: what gdb's users type for variables, and where the rest is. */

import { command } from "../framework/command.ts";
import { CommandError } from "../framework/errors.ts";
import { shownLocals } from "../session/locals.ts";

export default command({
  name: "info",
  group: "run control",
  summary: "info locals, info args: as in gdb; for the rest it says what shows it here",
  details: "locals shows both kinds at once.",
  args: [{ name: "what", kind: "text", offers: ["locals", "args"], doc: "as in gdb" }],
  examples: [{
    say: "our own programs carry lines alone",
    lines: ["spawn echo hi", "info locals"],
    shows: ["frame 0: _start", "has no variables in sight"],
  }],
  run(ctx, { what }) {
    if (what === "locals" || what === "args") return shownLocals(ctx, what);
    throw new CommandError(`info ${what}: info shows locals and args`);
  },
});
