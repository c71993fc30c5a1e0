/** `redo`: does again what undo took back. */

import { command } from "../framework/command.ts";
import { note } from "../framework/result.ts";
import { refusing } from "../session/target.ts";
import { arrived } from "../session/travel.ts";

export default command({
  name: "redo",
  group: "run control",
  summary: "do the line again that undo took back last, or N of them",
  details: "Until another line changes the computer; then what was undone is gone.",
  args: [{ name: "n", kind: "count", optional: true, doc: "how many lines; 1 unless given" }],
  examples: [{
    say: "with it and without it",
    lines: ["spawn", "sbrk 4096", "undo", "redo"],
    shows: ["redone: sbrk 4096"],
  }],
  run(ctx, { n }) {
    const redone = refusing(() => ctx.vm.redo(n));
    const pid = redone.at(-1)!.current?.after ?? ctx.session.pid;
    const there = arrived(ctx, pid, 0, redone.map(({ label }) => note(`redone: ${label}`)));
    const json = { ...there.json, redone: redone.map(({ label }) => label) };
    return { ...there, json, api: `vm.redo(${n ?? ""});` };
  },
});
