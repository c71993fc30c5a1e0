/** `ps`: the processes, what they do and what they hold. */

import type { Process } from "../vm/process.ts";
import { type Cell, type ColumnOf, result, tableOf } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { PAGE_SIZE } from "../vm/machine/address.ts";
import { known } from "../format/views.ts";

export default command({
  name: "ps",
  group: "process",
  summary: "processes: state, memory, what they wait for",
  details:
    "SIZE is the address space up to the end of the heap; RSS what of it is in memory, split " +
    "into PRIVATE and SHARED frames; TABLES its page tables. * marks the current process.",
  examples: [{ say: "after a fork", lines: ["spawn", "fork", "ps"], shows: ["demo", "manual"] }],
  run(ctx) {
    const processes = ctx.vm.processes().map((p) => ({ p, use: p.mapped ? p.usage() : undefined }));
    const bytes = (pages: number | undefined) => known(pages && pages * PAGE_SIZE);
    return result([
      tableOf(processes, "processes", [
        ["", "text", ({ p }) => current(p.pid === ctx.session.pid), "current"],
        ["PID", "pid", ({ p }) => p.pid],
        ["PPID", "pid", ({ p }) => known(p.parent)],
        ["STATE", "text", ({ p }) => p.state],
        ...(ctx.vm.harts > 1 ? [HART] : []),
        ["NAME", "text", ({ p }) => p.name],
        ["SIZE", "size", ({ p }) => known(p.size)],
        ["RSS", "size", ({ use }) => bytes(use?.rss)],
        ["PRIVATE", "size", ({ use }) => bytes(use?.private)],
        ["SHARED", "size", ({ use }) => bytes(use?.shared)],
        ["TABLES", "size", ({ use }) => bytes(use?.tables)],
        ["WAITS-FOR", "text", ({ p }) => p.waits],
      ]),
    ], { api: "vm.processes();" });
  },
});

/** The hart that a process has, where there are several. */
const HART: ColumnOf<{ p: Process }> = ["HART", "number", ({ p }) => p.hart];

function current(is: boolean): Cell {
  return { value: is, shown: is ? "*" : "" };
}
