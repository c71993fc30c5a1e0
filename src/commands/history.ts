/** `history`: the lines entered so far. */

import { command } from "../framework/command.ts";
import { result, table } from "../framework/result.ts";

export default command({
  name: "history",
  group: "session",
  summary: "lines entered so far, the newest last",
  args: [{ name: "n", kind: "count", optional: true, doc: "only the last N" }],
  flags: [{ name: "find", kind: "text", doc: "only lines that hold this" }],
  examples: [{ say: "in a fresh session", lines: ["history"], shows: ["N LINE"] }],
  run(ctx, { n, find }) {
    const lines = ctx.session.history.map((line, i): [number, string] => [i + 1, line])
      .filter(([, line]) => find === undefined || line.includes(find));
    const rows = n === undefined ? lines : lines.slice(Math.max(0, lines.length - n));
    return result([table([{ name: "N", kind: "number" }, { name: "LINE" }], rows)]);
  },
});
