/** `free`: the frames by what they are used for. */

import { PAGE_SIZE } from "../vm/machine/address.ts";
import { type Cell, pairs, result, table } from "../framework/result.ts";
import { command } from "../framework/command.ts";

export default command({
  name: "free",
  aliases: ["census"],
  group: "inspect",
  summary: "how many frames are free, and what the others are",
  examples: [{ say: "after boot", lines: ["free"], shows: ["FREE", "kernel", "table"] }],
  run(ctx) {
    const { free, total, kinds } = ctx.vm.census();
    const bytes = free === undefined ? undefined : free * PAGE_SIZE;
    const rows = Object.entries(kinds).map(([kind, n]): Cell[] => [kind, n, n * PAGE_SIZE]);
    return result([
      pairs(
        ["FREE", free ?? "unknown", "number"],
        ["TOTAL", total, "number"],
        ["BYTES", bytes ?? "unknown", "size"],
      ),
      table(
        [{ name: "KIND" }, { name: "FRAMES", kind: "number" }, { name: "BYTES", kind: "size" }],
        rows,
      ),
    ], {
      json: { free: free ?? null, total, census: { ...kinds } },
      ...(free === undefined ? {} : { value: BigInt(free) }),
      api: "vm.free();",
    });
  },
});
