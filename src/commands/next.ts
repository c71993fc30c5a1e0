/** `next`: a line of the source. */

import { command } from "../framework/command.ts";
import { EXIT } from "../framework/errors.ts";
import { walkerMeant } from "../session/frames.ts";
import { continueGuest } from "../session/guest_run.ts";
import { runOn } from "../session/running.ts";
import { lineHere } from "../session/sources.ts";
import { refusing } from "../session/target.ts";
import { nextLine } from "../vm/source_steps.ts";

export default command({
  name: "next",
  aliases: ["n"],
  group: "run control",
  summary: "run to the next line of the function, over what it calls",
  details:
    "The current process does, of a guest the present hart, where there is debug information for " +
    "it: the built-in programs have lines. Calls, functions that were inlined, " +
    "interrupts and switches to other processes run as they do; a breakpoint in them stops. Where " +
    "the function returns, it stops in the one that called it. step goes by instructions, finish " +
    "to the end of the function.",
  examples: [{
    say: "the first lines of a program",
    lines: ["spawn echo hi", "break main", "continue", "next"],
    shows: ["<main+", "next: pid 2"],
  }],
  async run(ctx) {
    const walker = walkerMeant(ctx);
    const arrive = refusing(() => nextLine(ctx.vm, walker?.pid ?? 0), EXIT.failed);
    const ran = await (walker ? runOn(ctx, walker, { arrive }) : continueGuest(ctx, { arrive }));
    if (ran.json?.stop !== "arrived") return ran;
    return { ...ran, sections: [...ran.sections, ...await lineHere(ctx)] };
  },
});
