/**
 * Breakpoints and watchpoints as `break`, `watch` and `delete` show them.
 *
 * @module
 */

import { counted } from "../vm/machine/counted.ts";
import type { Breakpoint, Watched } from "../vm/breakpoints.ts";
import type { WatchHit } from "../vm/reports.ts";
import { nearestSymbol } from "../vm/symbols.ts";
import { type Cell, type Context, hex } from "../framework/command.ts";
import {
  type Json,
  note,
  type NoteSection,
  type Result,
  result,
  table,
} from "../framework/result.ts";

/** `breakpoint 1 at 0x12 <main> of pid 2`. */
export function pointText(ctx: Context, point: Breakpoint): string {
  const whose = point.pid === undefined ? "of every process" : `of pid ${point.pid}`;
  const { watch } = point;
  const name = watch?.space === "pa" ? "" : symbolAt(ctx, point);
  if (watch === undefined) return `breakpoint ${point.n} at ${hex(point.address)}${name} ${whose}`;
  const space = watch.space === "pa" ? "physical " : "";
  const what = `${counted(watch.length, "byte")} at ${space}${hex(point.address)}${name}`;
  return `watchpoint ${point.n}: ${accessOf(point)} ${what} ${whose}`;
}

function accessOf({ watch }: Breakpoint): string {
  return watch === undefined ? "" : [
    ...(watch.read ? ["loads"] : []),
    ...(watch.write ? ["stores"] : []),
  ].join(", ");
}

function symbolAt(ctx: Context, { address, pid }: Breakpoint): string {
  const name = nearestSymbol(ctx.vm, pid ?? ctx.session.pid, address);
  return name === "" ? "" : ` <${name}>`;
}

/**
 * What a watchpoint saw: `watchpoint 1: pid 2 stored 8 bytes at 0x3000 (0x87feb000): 0x0 → 0x2a`, and
 * which instruction did it, or who did where none did.
 */
export function watchedText(
  pid: number,
  point: Breakpoint | undefined,
  hit: WatchHit,
  who = ", by the kernel",
): string {
  const after = hit.after === undefined ? "(an atomic's)" : hex(hit.after);
  return `watchpoint ${point?.n}: pid ${pid} ${hit.write ? "stored" : "loaded"} ` +
    `${counted(hit.size, "byte")} at ${hex(hit.va)} (${hex(hit.pa)}): ${hex(hit.before)}` +
    (hit.write ? ` → ${after}` : "") +
    (hit.pc === undefined ? who : `, by the instruction at ${hex(hit.pc)}`);
}

/** The same in JSON. */
export function watchedJson(
  pid: number,
  point: Breakpoint | undefined,
  hit: WatchHit,
): { [key: string]: Json } {
  return {
    kind: "watch",
    pid,
    point: point?.n ?? null,
    pc: hit.pc === undefined ? null : hex(hit.pc),
    va: hex(hit.va),
    pa: hex(hit.pa),
    size: hit.size,
    write: hit.write,
    before: hex(hit.before),
    after: hit.after === undefined ? null : hex(hit.after),
  };
}

/** The line for each watchpoint that something done by hand hit. */
export function watchedNotes(
  pid: number,
  watched: readonly (Watched | undefined)[],
  who = "",
): NoteSection[] {
  return watched.filter((hit) => hit !== undefined)
    .map((hit) => note(watchedText(pid, hit.point, hit, who), "strong"));
}

/** All of them. */
export function listPoints(ctx: Context): Result {
  const points = ctx.vm.breakpoints();
  if (points.length === 0) {
    return result([note("no breakpoint or watchpoint; break VA and watch VA set one")], {
      json: { points: [] },
    });
  }
  const rows = points.map((point): Cell[] => [
    point.n,
    point.watch === undefined ? "break" : accessOf(point),
    point.pid ?? null,
    { value: point.address, kind: point.watch?.space ?? "va" },
    point.watch?.length ?? null,
    point.watch?.space === "pa" ? "" : symbolAt(ctx, point).trim(),
    point.hits,
  ]);
  return result([table(
    [
      { name: "N", kind: "number" },
      { name: "STOPS-AT" },
      { name: "PID", kind: "pid" },
      { name: "ADDRESS", kind: "va" },
      { name: "SIZE", kind: "number" },
      { name: "SYMBOL" },
      { name: "HITS", kind: "number" },
    ],
    rows,
    "points",
  )]);
}
