/** Tables that several commands show: events, a walk, a frame, what an access caused. */

import { FAULT_NAMES, FAULTING } from "../vm/machine/cause.ts";
import { counted } from "../vm/machine/counted.ts";
import { hex } from "../vm/machine/address.ts";
import type { VmEvent } from "../vm/events.ts";
import { KernelError, type Vm } from "../vm/vm.ts";
import {
  type AccessReport,
  type Difference,
  eventText,
  type FrameReport,
  isEffect,
  type Mapping,
  type Translation,
} from "../vm/reports.ts";
import { watchedJson, watchedNotes } from "./breakpoints.ts";
import { eventsJson } from "./event_json.ts";
import { asJson, membersJson, pick } from "./json.ts";
import {
  type Cell,
  type Json,
  note,
  type NoteSection,
  type Section,
  tableOf,
} from "../framework/result.ts";

/** A number as a cell of a table; `?` where it is unknown. */
export function known(value: number | undefined): Cell {
  return value === undefined ? { value: null, shown: "?" } : value;
}

/** The walk of one address, its verdicts and its frame, as `pte` shows them. */
export function translationSections(t: Translation): Section[] {
  return [
    note(`pid ${t.pid} ${t.name}   satp ${satpText(t)}   va ${hex(t.va)} ${t.kind}`, "dim"),
    ...(t.levels.length === 0 ? [] : [tableOf(t.levels, "levels", [
      ["LVL", "number", (l) => l.level],
      ["IDX", "number", (l) => l.index],
      ["PTE-ADDR", "pa", (l) => l.pteAddr],
      ["PTE", "pte", (l) => l.pte],
      ["PA", "pa", (l) => l.slot === undefined ? l.pa : { value: `slot ${l.slot}`, kind: "text" }],
      ["SIZE", "size", (l) => l.size],
      ["FLAGS", "text", (l) => l.flags],
    ])]),
    ...(t.fail === undefined ? [] : [note(`not mapped: ${notMapped(t)}`, "warn")]),
    verdictLine(t),
    ...(t.owners === undefined ? [] : [frameLine(t.owners)]),
  ];
}

/** satp as it is while the process runs; a hart may translate nothing. */
function satpText({ satp }: Translation): string {
  return satp === 0n ? "0x0 Bare: a physical address" : `${hex(satp)} Sv39`;
}

function notMapped({ levels, fail }: Translation): string {
  const slot = levels.at(-1)?.slot;
  return slot === undefined ? fail! : `the page is on the swap disk, in slot ${slot}`;
}

function verdictLine(t: Translation): NoteSection {
  const parts = t.verdicts.map((v) => {
    if (v.allowed) return `${v.access} ok`;
    if (v.cause === undefined) return `${v.access} → ${v.text}`;
    const fault = FAULT_NAMES[FAULTING[v.cause]];
    return `${v.access} → ${fault} fault (${v.cause}), ${v.text}`;
  });
  return note(parts.join(" · "));
}

/** One line a frame: stored and counted references, state, owners. */
export function frameLine(frame: FrameReport): NoteSection {
  const owners = frame.owners.slice(0, 8).map((m) => `${m.pid}:${hex(m.va)}`);
  const more = frame.owners.length > 8 ? `  and ${frame.owners.length - 8} more` : "";
  const users = [...owners, ...frame.uses];
  if (users.length === 0) users.push(frame.kind === "fresh" ? "never used" : frame.kind);
  return note(
    `frame ${hex(frame.pa)}  stored ${
      frame.stored ?? "?"
    }  counted ${frame.counted}  ${frame.state}  ` +
      users.join("  ") + more,
    frame.state === "ok" || frame.state === "unknown" ? "plain" : "bad",
  );
}

/** A frame in JSON. */
export function frameJson(frame: FrameReport): { [key: string]: Json } {
  return { ...membersJson(frame), owners: frame.owners.map(mappingJson) };
}

/** A mapping in JSON. */
export function mappingJson(m: Mapping): Json {
  return pick(m, "pid", "name", "va", "size", "pte", "pteAddr", "kind");
}

/** Mappings as a table. */
export function mappingTable(vm: Vm, mappings: readonly Mapping[]): Section {
  return tableOf(mappings, "owners", [
    ["PID", "pid", (m) => m.pid],
    ["NAME", "text", (m) => m.name],
    ["VA", "va", (m) => m.va],
    ["SIZE", "size", (m) => m.size],
    ["PTE", "pte", (m) => m.pte],
    ["FLAGS", "text", (m) => vm.flags(m.pte)],
    ["KIND", "text", (m) => m.kind],
  ]);
}

/** A translation in JSON. */
export function translationJson(t: Translation): { [key: string]: Json } {
  return {
    ...pick(t, "pid", "name", "va", "satp", "kind"),
    levels: t.levels.map(membersJson),
    ...pick(t, "pte", "pa"),
    frame: t.owners === undefined ? null : frameJson(t.owners),
    ...pick(t, "size", "fail"),
    verdicts: t.verdicts.map(membersJson),
  };
}

/** Faults, copies and the like, one line each; long series are cut with a count. */
export function effectLines(events: readonly VmEvent[], most = 12): NoteSection[] {
  const effects = events.filter(isEffect);
  const lines = effects.slice(0, most).map((e) => note(eventText(e)));
  if (effects.length > most) lines.push(note(`… and ${effects.length - most} more`, "dim"));
  return lines;
}

/** What an access caused: the faults and copies, each owner's PTE before and after, each count. */
export function accessSections(vm: Vm, report: AccessReport): Section[] {
  const sections: Section[] = [
    ...effectLines(report.events),
    ...watchedNotes(vm, report.pid, [report.watched]),
  ];
  if (report.events.some((e) => e.kind === "pte" || e.kind === "fault")) {
    const known = explanation(report);
    if ("why" in known) return [...sections, note(known.why, "warn")];
    const flags = (pte: bigint | undefined) => pte === undefined ? undefined : vm.flags(pte);
    sections.push(tableOf(known.owners, "owners", [
      ["PID", "pid", (o) => o.pid],
      ["VA", "va", (o) => o.va],
      ["PTE", "pte", (o) => o.pte.before, "pteBefore"],
      ["FLAGS", "text", (o) => flags(o.pte.before), "flagsBefore"],
      ["→ PTE", "pte", (o) => o.pte.after, "pteAfter"],
      ["FLAGS", "text", (o) => flags(o.pte.after), "flagsAfter"],
      ["FRAME", "pa", (o) => o.frame.after, "frame"],
    ]));
    for (const c of known.counts) {
      sections.push(note(`frame ${hex(c.frame)}  count ${c.count.before} → ${c.count.after}`));
    }
  }
  return sections;
}

/**
 * Owners and counts; or why they are not known: an access that evicts much can make more events
 * than the log holds.
 */
function explanation(
  report: AccessReport,
): Pick<AccessReport, "owners" | "counts"> | { readonly why: string } {
  try {
    return { owners: report.owners, counts: report.counts };
  } catch (error) {
    if (error instanceof KernelError) return { why: error.message };
    throw error;
  }
}

/** Frames that an action took and gave back: `2 frames allocated, 1 frame freed`. */
export function framesText({ allocated, freed }: Pick<Difference, "allocated" | "freed">): string {
  const count = (n: number, did: string) => `${counted(n, "frame")} ${did}`;
  if (allocated === 0 && freed === 0) return "no frames allocated or freed";
  if (freed === 0) return count(allocated, "allocated");
  return allocated === 0
    ? count(freed, "freed")
    : `${count(allocated, "allocated")}, ${count(freed, "freed")}`;
}

/** An access in JSON. */
export function accessJson(vm: Vm, report: AccessReport): { [key: string]: Json } {
  const { watched } = report;
  const found = explanation(report);
  const known = "why" in found ? undefined : found;
  return {
    ...pick(report, "pid", "va", "size", "store", "value", "old", "pa", "killed"),
    watched: watched === undefined ? null : watchedJson(report.pid, watched.point, watched),
    owners: known?.owners.map((o) => ({
      pid: o.pid,
      va: hex(o.va),
      pteBefore: asJson(o.pte.before),
      pteAfter: asJson(o.pte.after),
      frameBefore: asJson(o.frame.before),
      frameAfter: asJson(o.frame.after),
    })) ?? null,
    counts: known?.counts.map((c) => ({
      frame: hex(c.frame),
      before: c.count.before,
      after: c.count.after,
    })) ?? null,
    events: eventsJson(vm, report.events),
  };
}
