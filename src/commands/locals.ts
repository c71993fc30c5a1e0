/** `locals`: the variables of a function. */

import { note, result, tableOf } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { cJson, cText } from "../format/c_value.ts";
import { localsOf } from "../vm/c_values.ts";
import { frameMeant } from "../session/frames.ts";
import { whereText } from "../format/frames.ts";

export default command({
  name: "locals",
  aliases: ["info"],
  group: "run control",
  summary: "the variables in sight of the selected frame: arguments and local ones",
  details:
    "From the debug information of a guest's kernel or program; frame N selects a frame, the " +
    "innermost one is meant else. Where the compiler keeps a variable nowhere at this instruction, " +
    "it is said to be optimized out. As in gdb, info locals and info args say which.",
  args: [{
    name: "which",
    kind: "text",
    optional: true,
    choices: ["locals", "args"],
    doc: "both unless given",
  }],
  examples: [{
    say: "our own programs carry lines alone",
    lines: ["spawn echo hi", "locals"],
    shows: ["main", "has no variables in sight"],
  }],
  run(ctx, { which }) {
    const frame = frameMeant(ctx);
    const found = localsOf(frame).filter(({ argument }) =>
      which === undefined || argument === (which === "args")
    );
    const where = whereText(frame);
    if (found.length === 0) {
      return result([note(`${where} has no variables in sight`)], {
        json: { frame: where, locals: [] },
      });
    }
    return result([
      note(where, "dim"),
      tableOf(found, "locals", [
        ["NAME", "text", ({ name }) => name],
        ["TYPE", "text", ({ value }) => value.type.name],
        ["VALUE", "text", ({ value }) => cText(ctx.vm, value).replace(/\s*\n\s*/g, " ")],
      ]),
    ], {
      json: {
        frame: where,
        locals: found.map(({ name, argument, value }) => ({
          name,
          argument,
          type: value.type.name,
          lost: value.lost ?? null,
          value: cJson(ctx.vm, value),
        })),
      },
    });
  },
});
