/** Breakpoints and watchpoints as `break`, `watch` and `delete` show them. */

import { counted } from "../vm/machine/counted.ts";
import type { Breakpoint, Watched } from "../vm/breakpoints.ts";
import type { WatchHit } from "../vm/reports.ts";
import { pick } from "./json.ts";
import { angle, lineText, namedPlace } from "./source.ts";
import { nearestSymbol, sourceAt } from "../vm/symbols.ts";
import type { Vm } from "../vm/vm.ts";
import type { Context } from "../framework/command.ts";
import { hex } from "../vm/machine/address.ts";
import {
  type Json,
  note,
  type NoteSection,
  type Result,
  result,
  tableOf,
} from "../framework/result.ts";

/** `breakpoint 1 at 0x12 <main> of pid 2`. */
export function pointText(ctx: Context, point: Breakpoint): string {
  const whose = point.pid === undefined ? "of every process" : `of pid ${point.pid}`;
  const { watch } = point;
  const named = watch?.space === "pa"
    ? ""
    : namedPlace(ctx.vm, point.pid ?? ctx.session.pid, point.address);
  const name = angle(named);
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
  return name === "" ? "" : `<${name}>`;
}

/**
 * What a watchpoint saw: `watchpoint 1: pid 2 stored 8 bytes at 0x3000 (0x87feb000): 0x0 → 0x2a`,
 * and which instruction did it, or who did where none did.
 */
export function watchedText(
  vm: Vm,
  pid: number,
  point: Breakpoint | undefined,
  hit: WatchHit,
  who = ", by the kernel",
): string {
  return `watchpoint ${point?.n}: pid ${pid} ${hit.write ? "stored" : "loaded"} ` +
    `${counted(hit.size, "byte")} at ${hex(hit.va)} (${hex(hit.pa)}): ${hex(hit.before)}` +
    (hit.write ? ` → ${hex(hit.after)}` : "") +
    (hit.pc === undefined
      ? who
      : `, by the instruction at ${hex(hit.pc)}${angle(namedPlace(vm, pid, hit.pc))}`);
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
    ...pick(hit, "pc", "va"),
    pa: hex(hit.pa),
    ...pick(hit, "size", "write", "before", "after"),
  };
}

/** The line for each watchpoint that something done by hand hit. */
export function watchedNotes(
  vm: Vm,
  pid: number,
  watched: readonly (Watched | undefined)[],
  who = "",
): NoteSection[] {
  return watched.filter((hit) => hit !== undefined)
    .map((hit) => note(watchedText(vm, pid, hit.point, hit, who), "strong"));
}

/** All of them. */
export function listPoints(ctx: Context): Result {
  const points = ctx.vm.breakpoints();
  if (points.length === 0) {
    return result([note("no breakpoint or watchpoint; break VA and watch VA set one")], {
      json: { points: [] },
    });
  }
  return result([tableOf(points, "points", [
    ["N", "number", (point) => point.n],
    ["STOPS-AT", "text", (point) => point.watch === undefined ? "break" : accessOf(point)],
    ["PID", "pid", (point) => point.pid],
    ["ADDRESS", "va", (point) => ({ value: point.address, kind: point.watch?.space ?? "va" })],
    ["SIZE", "number", (point) => point.watch?.length],
    ["SYMBOL", "text", (point) => point.watch?.space === "pa" ? "" : symbolAt(ctx, point)],
    [
      "LINE",
      "text",
      ({ address, pid, watch }) =>
        watch === undefined ? lineText(sourceAt(ctx.vm, pid ?? ctx.session.pid, address)) : "",
    ],
    ["HITS", "number", (point) => point.hits],
  ])]);
}
