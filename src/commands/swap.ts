/**
 * `swap`: what is on the swap disk, and the clock that chooses what goes there.
 *
 * @module
 */

import { membersJson } from "../format/json.ts";
import { type Cell, command, hex, pairs } from "../framework/command.ts";
import { note, result, table } from "../framework/result.ts";

export default command({
  name: "swap",
  group: "inspect",
  summary:
    "swap slots with their owners, and the reclaim clock: its hand, its turns, the pages' ages",
  details:
    "AGE counts the sweeps of the clock's hand since a page was last used (its A bit was set).",
  args: [{
    name: "n",
    kind: "count",
    optional: true,
    doc: "how many slots to list; 20 unless given",
  }],
  examples: [{ say: "without a swap disk", lines: ["swap"], shows: ["no swap disk", "HAND"] }],
  run(ctx, { n }) {
    const report = ctx.vm.swap();
    const shown = report.inUse.slice(0, n ?? 20);
    const rows = shown.map((s): Cell[] => [
      s.slot,
      s.count,
      s.owners.map((o) => `${o.pid}:${hex(o.va)}`).join(" ") || "shared memory",
    ]);
    const more = report.inUse.length - shown.length;
    return result([
      report.slots === 0 ? note("no swap disk: --swap 64M gives one") : pairs(
        ["SLOTS", report.slots, "number"],
        ["USED", report.used, "number"],
      ),
      pairs(
        ["HAND", report.hand, "number"],
        ["TURNS", report.turns, "number"],
        ["LOW", report.low, "number"],
        ["HIGH", report.high, "number"],
      ),
      table(
        [{ name: "AGE", kind: "number" }, { name: "FRAMES", kind: "number" }],
        report.ages.map((count, age): Cell[] => [age, count]),
        "ages",
      ),
      ...(rows.length === 0 ? [] : [table(
        [{ name: "SLOT", kind: "number" }, { name: "COUNT", kind: "number" }, { name: "OWNERS" }],
        rows,
        "slots",
      )]),
      ...(more > 0 ? [note(`… and ${more} more slots`, "dim")] : []),
    ], {
      json: membersJson({ ...report, inUse: shown }),
      value: BigInt(report.used),
    });
  },
});
