/** `vmmap`: the areas of a process. */

import { command } from "../framework/command.ts";
import { result, tableOf } from "../framework/result.ts";
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
      tableOf(p.vmmap(), "areas", [
        ["START", "va", (a) => a.start],
        ["END", "va", (a) => a.end],
        ["SIZE", "size", (a) => a.size],
        ["PERM", "text", (a) => a.perm],
        ["KIND", "text", (a) => a.kind],
        ["RSS", "size", (a) => a.rss],
        ["SHARED", "size", (a) => a.shared],
        ["COW", "size", (a) => a.cow],
        ["SUPER", "size", (a) => a.superpage],
        ["FILE", "number", (a) => a.file],
        ["OFF", "hex", (a) => a.offset],
      ]),
    ], { api: `p${p.pid}.vmmap();` });
  },
});
