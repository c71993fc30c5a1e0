/** `fork`: a child of a process, and what the fork policy did for it. */

import { command } from "../framework/command.ts";
import { note, pairs, result } from "../framework/result.ts";
import { processFor, refusing } from "../session/target.ts";
import { eventsJson } from "../format/event_json.ts";
import { effectLines } from "../format/views.ts";

export default command({
  name: "fork",
  group: "process",
  summary: "fork a process and show what was shared and copied",
  details: "The current process stays the parent; use PID goes on as the child.",
  flags: [{ name: "pid", short: "p", kind: "pid", doc: "fork this process" }],
  examples: [
    { say: "nothing is copied yet", lines: ["spawn", "sbrk 8K", "fork"], shows: ["COPIED 0"] },
  ],
  run(ctx, { pid }) {
    const p = processFor(ctx, pid);
    const report = refusing(() => p.forkReport());
    const { child, shared, copied, ptes, tables } = report;
    return result([
      note(`pid ${p.pid} → child ${child}   (${ctx.vm.policy})`, "strong"),
      pairs(
        ["SHARED", shared, "number"],
        ["COPIED", copied, "number"],
        ["PTES-WRITTEN", ptes, "number"],
        ["TABLE-PAGES", tables, "number"],
      ),
      ...effectLines(report.events, 4),
      note(`use ${child} goes on as the child`, "dim"),
    ], {
      json: {
        parent: p.pid,
        child,
        policy: ctx.vm.policy,
        shared,
        copied,
        ptes,
        tables,
        events: eventsJson(ctx.vm, report.events),
      },
      value: BigInt(child),
      api: `const p${child} = p${p.pid}.fork();`,
    });
  },
});
