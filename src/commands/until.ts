/** `until`: a held program runs on to the next event of a kind. */

import { EVENT_KINDS } from "../vm/events.ts";
import { command, type Context } from "../framework/command.ts";
import { CommandError } from "../framework/errors.ts";
import { evaluate } from "../framework/evaluate.ts";
import type { Result } from "../framework/result.ts";
import { didYouMean } from "../vm/nearest.ts";
import { moved } from "../format/source.ts";
import { continueGuest, noProcess } from "../session/guest_run.ts";
import { runOn } from "../session/running.ts";
import { processFor } from "../session/target.ts";
import { EVENT_FLAGS, eventsMeant } from "../session/travel.ts";

export default command({
  name: "until",
  group: "run control",
  summary: "let a held program run until something happens: a fault, a copy, a fork …",
  details:
    "The run stops right behind the event, before the next user instruction; back EVENT goes to " +
    "the one before. The kinds are those of timeline. A fault that the process will be killed " +
    "for stops the run before that, so that there is something to look at; until kill does so " +
    "for other fatal traps, too. Of a guest's kernel the run stops right behind the instruction " +
    "that did it, for a trap at the handler's first one. A function or line, until trap.c:42, is " +
    "a breakpoint for this once.",
  args: [{
    name: "event",
    kind: "text",
    offers: EVENT_KINDS,
    doc: "a kind of event; of a guest also a function, a line or an address",
  }],
  flags: [
    ...EVENT_FLAGS,
    { name: "pid", short: "p", kind: "pid", doc: "the program that is to run" },
  ],
  examples: [{
    say: "the first copy of cowtest's children",
    lines: ["spawn forkwrite", "until copy"],
    shows: ["copied to"],
  }, {
    say: "a fault that kills, before it does",
    lines: ["spawn faulttext", "until fault"],
    shows: ["store to a read-only page", "is still there to look at", "next: pid 2"],
  }],
  run(ctx, { event, pid, ...flags }) {
    const kind = EVENT_KINDS.find((one) => one === event);
    if (kind === undefined && ctx.vm.guest) return untilThere(ctx, event, pid);
    if (kind === undefined) {
      const hint = didYouMean(event, EVENT_KINDS);
      throw new CommandError(`event is one of ${EVENT_KINDS.join(", ")}, not ${event}${hint}`);
    }
    const meant = eventsMeant(kind, flags);
    if (!ctx.vm.guest) return runOn(ctx, processFor(ctx, pid), { until: meant });
    noProcess("until", pid);
    return continueGuest(ctx, { until: meant });
  },
});

/** A guest runs on until any of its harts comes to a place in the code. */
async function untilThere(ctx: Context, where: string, pid: number | undefined): Promise<Result> {
  noProcess("until", pid);
  const { value, code } = evaluate(where, ctx.names);
  const at = code?.addresses ?? [BigInt.asUintN(64, value)];
  const ran = await continueGuest(ctx, { arrive: { at, here: () => true } });
  return { ...ran, sections: [...moved(code === undefined ? {} : { code }), ...ran.sections] };
}
