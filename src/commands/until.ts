/**
 * `until`: a held program runs on to the next event of a kind.
 *
 * @module
 */

import { EVENT_KINDS, type EventKind } from "../vm/events.ts";
import { command } from "../framework/command.ts";
import { runOn } from "../session/running.ts";
import { processFor } from "../session/target.ts";

export default command({
  name: "until",
  group: "run control",
  summary: "let a held program run until something happens: a fault, a copy, a fork …",
  details:
    "The run stops right behind the event, before the next user instruction. The kinds are " +
    "those of timeline. A fault that the process will be killed for stops the run before that, so that there is " +
    "something to look at; until kill does so for other fatal traps, too.",
  args: [{ name: "event", kind: "text", choices: EVENT_KINDS, doc: "a kind of event" }],
  flags: [
    { name: "by", kind: "pid", doc: "on behalf of this process" },
    { name: "va", kind: "expr", doc: "about the page that holds this address" },
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
  run(ctx, { event, by, va, pid }) {
    return runOn(ctx, processFor(ctx, pid), {
      kinds: [event as EventKind],
      ...(by === undefined ? {} : { pid: by }),
      ...(va === undefined ? {} : { va: BigInt.asUintN(64, va) }),
    });
  },
});
