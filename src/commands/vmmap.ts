/**
 * `vmmap`: the areas of a process.
 *
 * @module
 */

import { type Cell, command } from "../framework/command.ts";
import { result, table } from "../framework/result.ts";
import { processFor } from "../session/target.ts";

export default command({
  name: "vmmap",
  aliases: ["maps"],
  group: "inspect",
  summary: "a process's areas, and what of them is in memory, shared or copy-on-write",
  args: [{ name: "pid", kind: "pid", optional: true }],
  examples: [
    {
      say: "xv6's layout",
      lines: ["spawn", "vmmap"],
      shows: ["text", "guard", "stack", "trampoline"],
    },
  ],
  run(ctx, { pid }) {
    const p = processFor(ctx, pid);
    return result([
      table(
        [
          { name: "START", kind: "va" },
          { name: "END", kind: "va" },
          { name: "SIZE", kind: "size" },
          { name: "PERM" },
          { name: "KIND" },
          { name: "RSS", kind: "size" },
          { name: "SHARED", kind: "size" },
          { name: "COW", kind: "size" },
          { name: "SUPER", kind: "size" },
          { name: "FILE", kind: "number" },
          { name: "OFF", kind: "hex" },
        ],
        p.vmmap().map((a): Cell[] => [
          a.start,
          a.end,
          a.size,
          a.perm,
          a.kind,
          a.rss,
          a.shared,
          a.cow,
          a.superpage,
          a.file ?? null,
          a.offset ?? null,
        ]),
        "areas",
      ),
    ], { api: `p${p.pid}.vmmap();` });
  },
});
