/**
 * `ps`: the processes, what they do and what they hold.
 *
 * @module
 */

import { type Cell, command } from "../framework/command.ts";
import { result, table } from "../framework/result.ts";
import { PAGE_SIZE } from "../vm/machine/address.ts";

export default command({
  name: "ps",
  group: "process",
  summary: "processes: state, memory, what they wait for",
  details:
    "SIZE is the address space up to the end of the heap; RSS what of it is in memory, split " +
    "into PRIVATE and SHARED frames; TABLES its page tables. * marks the current process.",
  examples: [{ say: "after a fork", lines: ["spawn", "fork", "ps"], shows: ["demo", "manual"] }],
  run(ctx) {
    const rows = ctx.vm.processes().map((p): Cell[] => {
      const use = p.usage();
      const bytes = (pages: number) => pages * PAGE_SIZE;
      return [
        current(p.pid === ctx.session.pid),
        p.pid,
        p.parent,
        p.state,
        p.name,
        { value: Number(p.break), kind: "size" },
        bytes(use.rss),
        bytes(use.private),
        bytes(use.shared),
        bytes(use.tables),
        p.waits,
      ];
    });
    return result([
      table(
        [
          { name: "", key: "current" },
          { name: "PID", kind: "pid" },
          { name: "PPID", kind: "pid" },
          { name: "STATE" },
          { name: "NAME" },
          { name: "SIZE", kind: "size" },
          { name: "RSS", kind: "size" },
          { name: "PRIVATE", kind: "size" },
          { name: "SHARED", kind: "size" },
          { name: "TABLES", kind: "size" },
          { name: "WAITS-FOR" },
        ],
        rows,
        "processes",
      ),
    ], { api: "vm.processes();" });
  },
});

function current(is: boolean): Cell {
  return { value: is, shown: is ? "*" : "" };
}
