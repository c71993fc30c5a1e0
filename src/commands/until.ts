/** `until`: a held program runs on to the next event of a kind. */

import { EVENT_KINDS, type EventKind } from "../vm/events.ts";
import { command } from "../framework/command.ts";
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
    "that did it, for a trap at the handler's first one.",
  args: [{ name: "event", kind: "text", choices: EVENT_KINDS, doc: "a kind of event" }],
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
    const meant = eventsMeant(event as EventKind, flags);
    if (!ctx.vm.guest) return runOn(ctx, processFor(ctx, pid), meant);
    noProcess("until", pid);
    return continueGuest(ctx, { until: meant });
  },
});
