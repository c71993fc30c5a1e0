/** `finish`: to the end of a function. */

import { command } from "../framework/command.ts";
import { EXIT } from "../framework/errors.ts";
import { note } from "../framework/result.ts";
import { cText } from "../format/c_value.ts";
import { frameName } from "../format/frames.ts";
import { frameMeant, walkerMeant } from "../session/frames.ts";
import { continueGuest } from "../session/guest_run.ts";
import { runOn } from "../session/running.ts";
import { lineHere } from "../session/sources.ts";
import { refusing } from "../session/target.ts";
import { numberOf } from "../vm/c_values.ts";
import { hex } from "../vm/machine/address.ts";
import { toCaller } from "../vm/source_steps.ts";

export default command({
  name: "finish",
  aliases: ["fin"],
  group: "run control",
  summary: "run until the function returns, and say what it returns",
  details:
    "Or until the function of the selected frame does. From a guest's outermost function it " +
    "goes on to the program in user mode. A breakpoint on the way stops it.",
  examples: [{
    say: "what a call returns",
    lines: ["spawn echo hi", "break write", "continue", "finish"],
    shows: ["write has returned", "a0 = 0x2"],
  }],
  async run(ctx) {
    const walker = walkerMeant(ctx);
    const { level } = frameMeant(ctx);
    const goal = refusing(() => toCaller(ctx.vm, level, walker?.pid ?? 0), EXIT.failed);
    const ran =
      await (walker ? runOn(ctx, walker, { arrive: goal }) : continueGuest(ctx, { arrive: goal }));
    if (ran.json?.stop !== "arrived") return ran;
    const a0 = walker === undefined
      ? ctx.vm.register("a0")!
      : ctx.vm.process(walker.pid).registers.get("a0")!;
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
