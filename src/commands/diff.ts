/**
 * `diff`: what changed between two snapshots, or since one.
 *
 * @module
 */

import { counted } from "../vm/machine/counted.ts";
import type { StateDiff } from "../vm/reports.ts";
import { type Cell, command } from "../framework/command.ts";
import { note, result, type Section, table } from "../framework/result.ts";
import { variable } from "./snap.ts";
import { snapshotNamed } from "../session/snapshots.ts";
import { membersJson } from "../format/json.ts";
import { known } from "../format/views.ts";
import type { Vm } from "../framework/types.ts";

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
      counted(diff.events, "event"),
      taken(diff.framesTaken),
    ].join(", "),
  );
  const same = diff.processes.length + diff.ptes.length + diff.frames.length === 0;
  if (same) return [summary, note("no process, PTE or frame differs")];
  return [
    summary,
    ...shortened(
      [{ name: "PID", kind: "pid" }, { name: "BEFORE" }, { name: "AFTER" }],
      diff.processes.map((p): Cell[] => [p.pid, p.before ?? null, p.after ?? null]),
      "processes",
      most,
    ),
    ...shortened(
      [
        { name: "PID", kind: "pid" },
        { name: "VA", kind: "va" },
        { name: "PTE", kind: "pte", key: "before" },
        { name: "FLAGS", key: "flagsBefore" },
        { name: "→ PTE", kind: "pte", key: "after" },
        { name: "FLAGS", key: "flagsAfter" },
      ],
      diff.ptes.map((p): Cell[] => [
        p.pid,
        p.va,
        p.before ?? null,
        p.before === undefined ? null : vm.flags(p.before),
        p.after ?? null,
        p.after === undefined ? null : vm.flags(p.after),
      ]),
      "ptes",
      most,
    ),
    ...shortened(
      [
        { name: "PA", kind: "pa" },
        { name: "KIND" },
        { name: "→ KIND" },
        { name: "COUNT", kind: "number" },
        { name: "→ COUNT", kind: "number" },
        { name: "BYTES", kind: "number" },
      ],
      diff.frames.map((f): Cell[] => [f.pa, ...f.kind, ...f.count.map(known), f.bytes]),
      "frames",
      most,
    ),
  ];
}

function taken(frames: number | undefined): string {
  if (frames === undefined) return "free frames unknown";
  return `${counted(Math.abs(frames), "frame")} ${frames >= 0 ? "taken" : "given back"}`;
}

/** A table and, when it is cut, how much is missing; nothing when it is empty. */
function shortened(
  columns: Parameters<typeof table>[0],
  rows: Cell[][],
  name: string,
  most: number,
): Section[] {
  if (rows.length === 0) return [];
  const cut = rows.length - most;
  const shown = table(columns, rows.slice(0, most), name);
  return cut > 0 ? [shown, note(`… and ${cut} more ${name}; --all shows them`, "dim")] : [shown];
}
