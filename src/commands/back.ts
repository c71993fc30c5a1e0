/** `back`: the computer runs backwards. */

import { EVENT_KINDS, type EventKind } from "../vm/events.ts";
import { command } from "../framework/command.ts";
import { CommandError } from "../framework/errors.ts";
import { didYouMean } from "../vm/nearest.ts";
import { refusing } from "../session/target.ts";
import { EVENT_FLAGS, eventsMeant, wentBack } from "../session/travel.ts";

export default command({
  name: "back",
  group: "run control",
  summary: "the computer as it was some instructions ago, or right behind the last event of a kind",
  details: "Whatever ran can be gone back through: run, continue, step, until, strace, console. " +
    "Everything goes back: memory, TLBs, files, the event log, all processes. Instructions of " +
    "all processes count; a system call is undone together with the instruction before it, or " +
    "alone when nothing followed it. back EVENT is until EVENT backwards: it stops right behind " +
    "the event, and again goes to the one before; one that timeline does not hold any more is " +
    "found by running again. undo comes back from it.",
  args: [{
    name: "what",
    kind: "text",
    optional: true,
    offers: EVENT_KINDS,
    doc: "how many instructions, 1 unless given; or a kind of event, as in timeline",
  }],
  flags: EVENT_FLAGS,
  examples: [{
    say: "one step too far",
    lines: ["spawn echo hi", "step 3", "back"],
    shows: ["at instruction 2", "next: pid 2"],
  }, {
    say: "to the last copy of a run",
    lines: ["run forkwrite 4", "back copy"],
    shows: ["copied to", "at instruction"],
  }],
  run(ctx, { what = "1", ...flags }) {
    const kind = EVENT_KINDS.find((one) => one === what);
    const to = kind === undefined ? countOf(what, (text) => ctx.evaluate(text)) : undefined;
    if (to !== undefined && (flags.by !== undefined || flags.va !== undefined)) {
      throw new CommandError(`back ${what}: --by and --va are about events, as in back copy`);
    }
    const back = to ?? eventsMeant(kind as EventKind, flags);
    return wentBack(ctx, refusing(() => ctx.vm.back(back)));
  },
});

function countOf(typed: string, evaluate: (text: string) => bigint): number {
  if (/^[a-z][a-z-]*$/.test(typed)) {
    const hint = didYouMean(typed, EVENT_KINDS) || `: ${EVENT_KINDS.join(", ")}`;
    throw new CommandError(`back ${typed}: want a number, or a kind of event${hint}`);
  }
  const n = evaluate(typed);
  if (n < 1n || n > 2n ** 53n) {
    throw new CommandError(`back ${typed}: want at least one instruction`);
  }
  return Number(n);
}
