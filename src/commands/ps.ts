/** `ps`: the processes, what they do and what they hold. */

import { type Cell, result, tableOf } from "../framework/result.ts";
import { command } from "../framework/command.ts";
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
    const processes = ctx.vm.processes().map((p) => ({ p, use: p.usage() }));
    return result([
      tableOf(processes, "processes", [
        ["", "text", ({ p }) => current(p.pid === ctx.session.pid), "current"],
        ["PID", "pid", ({ p }) => p.pid],
        ["PPID", "pid", ({ p }) => p.parent],
        ["STATE", "text", ({ p }) => p.state],
        ["NAME", "text", ({ p }) => p.name],
        ["SIZE", "size", ({ p }) => Number(p.break)],
        ["RSS", "size", ({ use }) => use.rss * PAGE_SIZE],
        ["PRIVATE", "size", ({ use }) => use.private * PAGE_SIZE],
        ["SHARED", "size", ({ use }) => use.shared * PAGE_SIZE],
        ["TABLES", "size", ({ use }) => use.tables * PAGE_SIZE],
        ["WAITS-FOR", "text", ({ p }) => p.waits],
      ]),
    ], { api: "vm.processes();" });
  },
});

function current(is: boolean): Cell {
  return { value: is, shown: is ? "*" : "" };
}
