/** `finish`: to the end of a function. */

import { command } from "../framework/command.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import { note } from "../framework/result.ts";
import { cText } from "../format/c_value.ts";
import { frameName } from "../format/frames.ts";
import { frameMeant } from "../session/frames.ts";
import { continueGuest } from "../session/guest_run.ts";
import { lineHere } from "../session/sources.ts";
import { refusing } from "../session/target.ts";
import { numberOf } from "../vm/c_values.ts";
import { hex } from "../vm/machine/address.ts";
import { toCaller } from "../vm/source_steps.ts";

export default command({
  name: "finish",
  aliases: ["fin"],
  group: "run control",
  summary: "a guest's hart runs until its function returns, and says what it returns",
  details:
    "Or until the function of the selected frame does. From the kernel's outermost function it " +
    "goes on to the program in user mode. A breakpoint on the way stops it.",
  examples: [{
    say: "the built-in kernel's programs have breakpoints",
    lines: ["spawn echo hi", "finish"],
    shows: ["finish: only a guest"],
  }],
  async run(ctx) {
    if (!ctx.vm.guest) {
      throw new CommandError(
        "finish: only a guest's harts do that; break stops programs here",
        EXIT.failed,
      );
    }
    const { level } = frameMeant(ctx);
    const goal = refusing(() => toCaller(ctx.vm, level), EXIT.failed);
    const ran = await continueGuest(ctx, { arrive: goal });
    if (ran.json?.stop !== "arrived") return ran;
    const a0 = ctx.vm.register("a0")!;
    const { type, from } = goal;
    const what = type === "void"
      ? ""
      : type === undefined
      ? `; a0 = ${hex(a0)}`
      : ` ${cText(ctx.vm, numberOf(type, from.pid, a0))}  ${type.name}`;
    return {
      ...ran,
      sections: [
        note(`${frameName(from)} has returned${what}`, "strong"),
        ...ran.sections,
        ...await lineHere(ctx),
      ],
      json: { ...ran.json, returned: from.name ?? null, a0: hex(a0) },
      value: a0,
    };
  },
});
