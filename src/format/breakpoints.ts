/**
 * Breakpoints and watchpoints as `break`, `watch` and `delete` show them.
 *
 * @module
 */

import { counted } from "../vm/machine/counted.ts";
import type { Breakpoint } from "../vm/kernel/breakpoints.ts";
import { nearestSymbol } from "./code.ts";
import {
  type Cell,
  type Context,
  hex,
  note,
  type Result,
  result,
  table,
} from "../framework/command.ts";

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

/** All of them. */
export function listPoints(ctx: Context): Result {
  const { points } = ctx.vm.kernel.breakpoints;
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
