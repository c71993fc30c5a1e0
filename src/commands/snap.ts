/**
 * `snap`: keeps the whole computer as it is now, under a name.
 *
 * @module
 */

import { type Cell, command, CommandError } from "../framework/command.ts";
import { note, result, table } from "../framework/result.ts";
import { dropSnapshot, snapshotCosts, snapshotsOf, takeSnapshot } from "../session/snapshots.ts";

export default command({
  name: "snap",
  group: "run control",
  summary: "keep the whole computer as it is, under a name; without one, list the snapshots",
  details:
    "RAM, registers, TLBs, processes, files and the event log. What did not change between " +
    "two snapshots is kept once, so one costs what has changed since the one before: BYTES of the list. " +
    "All together take 1G at most. restore NAME goes back to one, diff NAME says what has changed.",
  args: [{
    name: "name",
    kind: "snapshot",
    optional: true,
    doc: "any word; an old one is replaced",
  }],
  flags: [{ name: "drop", short: "d", doc: "forget that one" }],
  examples: [
    { say: "take one", lines: ["spawn", "snap clean"], shows: ["snapshot clean at instruction 0"] },
    { say: "list them", lines: ["snap a", "spawn", "snap b", "snap"], shows: ["NAME", "a", "b"] },
  ],
  run(ctx, { name, drop }) {
    if (drop) {
      if (name === undefined) throw new CommandError("snap --drop needs a name: snap --drop NAME");
      dropSnapshot(ctx, name);
      return result([note(`snapshot ${name} is gone`)], { json: { name, dropped: true } });
    }
    if (name !== undefined) {
      const { instret } = takeSnapshot(ctx, name);
      return result([note(`snapshot ${name} at instruction ${instret}`)], {
        json: { name, instret },
        api: `const ${variable(name)} = vm.save();`,
      });
    }
    const all = [...snapshotsOf(ctx.session).values()];
    if (all.length === 0) {
      return result([note("no snapshots; snap NAME takes one")], { json: { snapshots: [] } });
    }
    const costs = snapshotCosts(ctx.session);
    const rows = all.map((one, i): Cell[] => [
      one.name,
      one.instret,
      one.pid === 0 ? null : one.pid,
      one.processes,
      one.free,
      costs[i],
    ]);
    return result([table(
      [
        { name: "NAME" },
        { name: "INSTRET", kind: "number" },
        { name: "PID", kind: "pid" },
        { name: "PROCESSES", kind: "number" },
        { name: "FREE", kind: "number" },
        { name: "BYTES", kind: "size" },
      ],
      rows,
      "snapshots",
    )]);
  },
});

/** A snapshot's name as a variable of a script. */
export function variable(name: string): string {
  return `snap_${name.replace(/\W/g, "_")}`;
}
