/** `swap`: what is on the swap disk, and the clock that chooses what goes there. */

import { command } from "../framework/command.ts";
import { hex } from "../vm/machine/address.ts";
import { note, pairs, result, tableOf } from "../framework/result.ts";
import { membersJson } from "../format/json.ts";

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
      tableOf(report.ages, "ages", [
        ["AGE", "number", (_, age) => age],
        ["FRAMES", "number", (frames) => frames],
      ]),
      ...(shown.length === 0 ? [] : [tableOf(shown, "slots", [
        ["SLOT", "number", (s) => s.slot],
        ["COUNT", "number", (s) => s.count],
        [
          "OWNERS",
          "text",
          (s) => s.owners.map((o) => `${o.pid}:${hex(o.va)}`).join(" ") || "shared memory",
        ],
      ])]),
      ...(more > 0 ? [note(`… and ${more} more slots`, "dim")] : []),
    ], {
      json: membersJson({ ...report, inUse: shown }),
      value: BigInt(report.used),
    });
  },
});
