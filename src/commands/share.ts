/** `share`: which frames are shared by whom. */

import { counted } from "../vm/machine/counted.ts";
import type { Sharing } from "../vm/reports.ts";
import { type Cell, type Json, note, result, table, text } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { pick } from "../format/json.ts";
import { processFor } from "../session/target.ts";

export default command({
  name: "share",
  group: "memory",
  summary: "which frames are shared by whom: a matrix, then the groups of owners",
  details: "In the matrix, row and column of two processes meet at the frames both map; on the " +
    "diagonal are the frames that one process has for itself. --dot prints a graph for Graphviz: " +
    "share --dot > share.dot, dot -Tsvg share.dot.",
  args: [{ name: "pids", kind: "pid", rest: true, doc: "only these processes; all unless given" }],
  flags: [
    { name: "dot", doc: "a Graphviz graph in place of tables" },
    { name: "frames", doc: "each shared frame on a line of its own" },
  ],
  examples: [
    {
      say: "after a fork and one store",
      lines: ["spawn", "sbrk 8192", "store 0x3000 1", "fork", "store 0x3000 2", "share 2 3"],
      shows: ["PID NAME 2 3", "2 demo 2 4", "3 demo 4 2", "2,3 4 16K guard heap stack text"],
    },
    { say: "as a graph", lines: ["spawn", "fork", "share --dot"], shows: ["graph sharing {"] },
  ],
  run(ctx, { pids, dot, frames }) {
    for (const pid of pids) processFor(ctx, pid);
    const all = ctx.vm.sharing(pids.length === 0 ? undefined : pids);
    const api = `vm.sharing(${pids.length === 0 ? "" : `[${pids.join(", ")}]`});`;
    const json = jsonOf(all);
    if (dot) return result([text(graph(all))], { json, api });
    const shared = all.groups.filter((group) => group.pids.length > 1);
    const matrix = table(
      [
        { name: "PID", kind: "pid" },
        { name: "NAME" },
        ...all.processes.map(({ pid }) => ({ name: `${pid}`, kind: "number" as const })),
      ],
      all.processes.map(({ pid, name }, i): Cell[] => [pid, name, ...all.matrix[i]]),
      "matrix",
    );
    if (shared.length === 0) {
      return result([matrix, note("no frame has two owners")], { json, api });
    }
    const rows = frames
      ? shared.flatMap((g) =>
        g.frames.map((frame, i): Cell[] => [g.pids.join(), 1, 4096, g.areas[i], frame])
      )
      : shared.map((g): Cell[] => [
        g.pids.join(),
        g.frames.length,
        g.frames.length * 4096,
        g.kinds.join(" "),
        g.frames[0],
      ]);
    return result([
      matrix,
      table(
        [
          { name: "OWNERS" },
          { name: "FRAMES", kind: "number" },
          { name: "BYTES", kind: "size" },
          { name: frames ? "AREA" : "AREAS" },
          { name: frames ? "PA" : "FIRST-PA", kind: "pa" },
        ],
        rows,
        "groups",
      ),
    ], { json, api, value: BigInt(shared.reduce((sum, g) => sum + g.frames.length, 0)) });
  },
});

function jsonOf({ processes, matrix, groups }: Sharing): { [key: string]: Json } {
  return {
    ...pick({ processes, matrix }, "processes", "matrix"),
    groups: groups.map((group) => pick(group, "pids", "kinds", "frames")),
  };
}

/** Processes as boxes, groups of frames as ellipses between them. */
function graph({ processes, groups }: Sharing): string {
  const count = (n: number) => counted(n, "frame");
  return [
    "graph sharing {",
    "  node [fontname=monospace];",
    ...processes.map(({ pid, name }) => `  p${pid} [shape=box, label="${pid} ${name}"];`),
    ...groups.flatMap(({ pids, frames, kinds }, i) => [
      `  g${i} [label="${count(frames.length)}\\n${kinds.join(" ")}"];`,
      ...pids.map((pid) => `  p${pid} -- g${i};`),
    ]),
    "}",
  ].join("\n");
}
