/** `undo`: takes back lines that changed the computer. */

import { type Cell, note, type Result, result, table } from "../framework/result.ts";
import { command, type Context } from "../framework/command.ts";
import { refusing } from "../session/target.ts";
import { arrived } from "../session/travel.ts";

export default command({
  name: "undo",
  group: "run control",
  summary: "take back the last line that changed the computer, or the last N",
  details:
    "Everything typed that changed the computer can be taken back: stores, calls, forks, whole " +
    "runs, breakpoints, restore, back; the current process goes back, too. redo does it again. " +
    "Lines that only look are no steps of this; a load is one, since it goes through the TLB. " +
    "What left the computer is not taken back: files of the host, printed text, settings. The " +
    "last 10,000 lines are kept, and at most 1G of states; after boot it is another computer, " +
    "of which nothing is known. undo --list shows what can be taken back.",
  args: [{ name: "n", kind: "count", optional: true, doc: "how many lines; 1 unless given" }],
  flags: [{
    name: "list",
    short: "l",
    doc: "show what can be undone and redone; of that, the last N",
  }],
  examples: [{
    say: "a store that should have gone to the child",
    lines: ["spawn", "sbrk 4096", "store 0x3000 7", "undo"],
    shows: ["undone: store 0x3000 7"],
  }, {
    say: "what there is",
    lines: ["spawn", "run echo hi", "undo", "undo --list"],
    shows: ["undo 1", "spawn", "redo 1", "run echo hi"],
  }],
  run(ctx, { n, list }) {
    if (list) return listed(ctx, n ?? 20);
    const undone = refusing(() => ctx.vm.undo(n));
    const pid = undone.at(-1)!.current?.before ?? ctx.session.pid;
    const said = undone.map(({ label }) => note(`undone: ${label}`));
    const there = arrived(ctx, pid, 0, said);
    const json = { ...there.json, undone: undone.map(({ label }) => label) };
    return { ...there, json, api: `vm.undo(${n ?? ""});` };
  },
});

/**
 * The actions around the present, oldest first, each with the line that goes to before or behind
 * it.
 */
function listed(ctx: Context, most: number): Result {
  const all = ctx.vm.history.entries();
  const done = all.findIndex((one) => one.undone);
  const here = done < 0 ? all.length : done;
  const rows = all.map((one, i): Cell[] => [
    i < here ? `undo ${here - i}` : `redo ${i - here + 1}`,
    one.label,
    one.instret,
    one.revision,
  ]);
  if (rows.length === 0) {
    return result([note("nothing has changed the computer yet")], { json: { history: [] } });
  }
  return result([table(
    [
      { name: "BY" },
      { name: "LINE" },
      { name: "INSTRET", kind: "number" },
      { name: "REVISION", kind: "number" },
    ],
    rows.slice(Math.max(0, rows.length - most)),
    "history",
  )]);
}
