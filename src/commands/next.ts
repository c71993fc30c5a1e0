/** `next`: a line of the source. */

import { command } from "../framework/command.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import { continueGuest } from "../session/guest_run.ts";
import { lineHere } from "../session/sources.ts";
import { refusing } from "../session/target.ts";
import { nextLine } from "../vm/source_steps.ts";

export default command({
  name: "next",
  aliases: ["n"],
  group: "run control",
  summary: "a guest's hart runs to the next line of its function, over what it calls",
  details:
    "Of a guest whose kernel or program has debug information. Calls, functions that were inlined, " +
    "interrupts and switches to other processes run as they do; a breakpoint in them stops. Where " +
    "the function returns, it stops in the one that called it. step goes by instructions, finish " +
    "to the end of the function.",
  examples: [{
    say: "the built-in kernel's programs have steps and breakpoints",
    lines: ["spawn echo hi", "next"],
    shows: ["next: only a guest"],
  }],
  async run(ctx) {
    if (!ctx.vm.guest) {
      throw new CommandError(
        "next: only a guest's harts go by lines; step and break do here",
        EXIT.failed,
      );
    }
    const arrive = refusing(() => nextLine(ctx.vm), EXIT.failed);
    const ran = await continueGuest(ctx, { arrive });
    return { ...ran, sections: [...ran.sections, ...await lineHere(ctx)] };
  },
});
