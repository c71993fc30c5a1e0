/** `diff`: what changed between two snapshots, or since one. */

import { counted } from "../vm/machine/counted.ts";
import type { StateDiff } from "../vm/reports.ts";
import { command } from "../framework/command.ts";
import { type ColumnOf, note, result, type Section, tableOf } from "../framework/result.ts";
import { variable } from "../session/scenario.ts";
import { snapshotNamed } from "../session/snapshots.ts";
import { membersJson } from "../format/json.ts";
import { known } from "../format/views.ts";
import type { Vm } from "../vm/vm.ts";

/** Rows of a table, unless all are asked for. */
const MOST = 24;

export default command({
  name: "diff",
  group: "run control",
  summary: "processes, PTEs, frames and counts that differ between two snapshots, or since one",
  args: [
    { name: "a", kind: "snapshot", doc: "the earlier one" },
    { name: "b", kind: "snapshot", optional: true, doc: "the later one; now unless given" },
  ],
  flags: [{ name: "all", short: "a", doc: "every row, also of long tables" }],
  examples: [{
    say: "what fork does to the parent's pages",
    lines: ["spawn", "sbrk 4096", "snap a", "fork", "diff a"],
    shows: ["- demo manual", "2 0x3000", "---U-WRV", "-C ---U--RV", "user user 1 2"],
  }],
  run(ctx, { a, b, all }) {
    const before = snapshotNamed(ctx, a).state;
    const after = b === undefined ? ctx.vm.save() : snapshotNamed(ctx, b).state;
    const diff = ctx.vm.diff(before, after);
    return result(sections(ctx.vm, diff, all ? Infinity : MOST), {
      json: membersJson(diff),
      value: BigInt(diff.ptes.length),
      api: `vm.diff(${variable(a)}${b === undefined ? "" : `, ${variable(b)}`});`,
    });
  },
});

function sections(vm: Vm, diff: StateDiff, most: number): Section[] {
  const summary = note(
    [
      counted(diff.instructions, "instruction"),
      diff.events === undefined ? "events unknown" : counted(diff.events, "event"),
      taken(diff.framesTaken),
    ].join(", "),
  );
  const same = diff.processes.length + diff.ptes.length + diff.frames.length === 0;
  if (same) return [summary, note("no process, PTE or frame differs")];
  const flags = (pte: bigint | undefined) => pte === undefined ? undefined : vm.flags(pte);
  return [
    summary,
    ...shortened(diff.processes, "processes", most, [
      ["PID", "pid", (p) => p.pid],
      ["BEFORE", "text", (p) => p.before],
      ["AFTER", "text", (p) => p.after],
    ]),
    ...shortened(diff.ptes, "ptes", most, [
      ["PID", "pid", (p) => p.pid],
      ["VA", "va", (p) => p.va],
      ["PTE", "pte", (p) => p.before, "before"],
      ["FLAGS", "text", (p) => flags(p.before), "flagsBefore"],
      ["→ PTE", "pte", (p) => p.after, "after"],
      ["FLAGS", "text", (p) => flags(p.after), "flagsAfter"],
    ]),
    ...shortened(diff.frames, "frames", most, [
      ["PA", "pa", (f) => f.pa],
      ["KIND", "text", (f) => f.kind[0]],
      ["→ KIND", "text", (f) => f.kind[1]],
      ["COUNT", "number", (f) => known(f.count[0])],
      ["→ COUNT", "number", (f) => known(f.count[1])],
      ["BYTES", "number", (f) => f.bytes],
    ]),
  ];
}

function taken(frames: number | undefined): string {
  if (frames === undefined) return "free frames unknown";
  return `${counted(Math.abs(frames), "frame")} ${frames >= 0 ? "taken" : "given back"}`;
}

/** A table and, when it is cut, how much is missing; nothing when it is empty. */
function shortened<T>(
  things: readonly T[],
  name: string,
  most: number,
  columns: readonly ColumnOf<T>[],
): Section[] {
  if (things.length === 0) return [];
  const cut = things.length - most;
  const shown = tableOf(things.slice(0, most), name, columns);
  return cut > 0 ? [shown, note(`… and ${cut} more ${name}; --all shows them`, "dim")] : [shown];
}
