/** `snap`: keeps the whole computer as it is now, under a name. */

import { command } from "../framework/command.ts";
import { CommandError } from "../framework/errors.ts";
import { note, result, tableOf } from "../framework/result.ts";
import { variable } from "../session/scenario.ts";
import { dropSnapshot, snapshotCosts, snapshotsOf, takeSnapshot } from "../session/snapshots.ts";

export default command({
  name: "snap",
  group: "run control",
  summary: "keep the whole computer as it is, under a name; without one, list the snapshots",
  details:
    "RAM, registers, TLBs, processes, files and the event log. What did not change between two " +
    "snapshots is kept once, so one costs what has changed since the one before: BYTES of the " +
    "list. All together take 1G at most. restore NAME goes back to one, diff NAME says what has " +
    "changed.",
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
    return result([tableOf(all, "snapshots", [
      ["NAME", "text", (one) => one.name],
      ["INSTRET", "number", (one) => one.instret],
      ["PID", "pid", (one) => one.pid === 0 ? undefined : one.pid],
      ["PROCESSES", "number", (one) => one.processes],
      ["FREE", "number", (one) => one.free],
      ["BYTES", "size", (_, i) => costs[i]],
    ])]);
  },
});
