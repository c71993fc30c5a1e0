/**
 * Where a run is to stop: breakpoints and watchpoints, of one process or of all. The machine stops
 * at addresses, whichever process runs; here it is decided which stop is wanted.
 *
 * They belong to the user: a saved state does not hold them, a restored one keeps them.
 */

import { toVaNum, va } from "../machine/address.ts";
import type { Machine, Stop } from "../machine/machine.ts";
import type { Watch, WatchHit } from "../machine/watch.ts";
import type { Breakpoint, Breakpoints, Kernel } from "./kernel.ts";

/** What there is to stop: a machine, and what was set. */
interface Stops extends Pick<Kernel, "breakpoints"> {
  readonly machine: Pick<Machine, "addBreak" | "removeBreak" | "watch" | "unwatch">;
}

/** Bytes to watch; see {@link Watch}. */
export type WatchRequest = Omit<Watch, "start">;

/**
 * Adds a breakpoint, or with `request` a watchpoint. Throws a RangeError for an address that no
 * instruction or no access can have.
 */
export function addBreakpoint(
  k: Stops,
  address: bigint,
  pid: number | undefined,
  request?: WatchRequest,
): Breakpoint {
  const physical = request?.space === "pa";
  const start = physical ? Number(address) : toVaNum(va(address));
  const fits = physical
    ? address < 1n << 56n
    : BigInt.asIntN(39, address) === BigInt.asIntN(64, address);
  if (start === undefined || !fits || (request === undefined && start % 2 !== 0)) {
    throw new RangeError(
      `0x${address.toString(16)} is no address of ${request ? "a byte" : "an instruction"}`,
    );
  }
  const watch = request && { ...request, start };
  const point: Breakpoint = { n: k.breakpoints.next++, pid, address, watch, hits: 0 };
  k.breakpoints.points.push(point);
  if (watch === undefined) k.machine.addBreak(start);
  else k.machine.watch(watch);
  return point;
}

/** Takes one away; false when there is none of that number. */
export function removeBreakpoint(k: Stops, n: number): boolean {
  const point = k.breakpoints.points.find((one) => one.n === n);
  if (point === undefined) return false;
  k.breakpoints.points = k.breakpoints.points.filter((one) => one !== point);
  if (point.watch !== undefined) k.machine.unwatch(point.watch);
  else if (!k.breakpoints.points.some((one) => isBreakAt(one, point.address))) {
    k.machine.removeBreak(toVaNum(va(point.address))!);
  }
  return true;
}

/** Those that there are now, to be put back later. */
export function copyBreakpoints({ points, next }: Breakpoints): Breakpoints {
  return { points: points.map((point) => ({ ...point })), next };
}

/** Sets these in the place of those that there are. */
export function putBreakpoints(k: Stops, breakpoints: Breakpoints): void {
  for (const { watch, address } of k.breakpoints.points) {
    if (watch === undefined) k.machine.removeBreak(toVaNum(va(address))!);
    else k.machine.unwatch(watch);
  }
  k.breakpoints.points = breakpoints.points;
  k.breakpoints.next = breakpoints.next;
  for (const { watch, address } of breakpoints.points) {
    if (watch === undefined) k.machine.addBreak(toVaNum(va(address))!);
    else k.machine.watch(watch);
  }
}

function isBreakAt(point: Breakpoint, address: bigint): boolean {
  return point.watch === undefined && point.address === address;
}

/** The point for which the machine stopped in that process; undefined: it is another process's. */
export function hitBreakpoint(
  k: Pick<Kernel, "breakpoints">,
  pid: number,
  stop: Stop,
): Breakpoint | undefined {
  const mine = k.breakpoints.points.filter((one) => one.pid === undefined || one.pid === pid);
  if (stop.kind === "break") return mine.find((one) => isBreakAt(one, stop.pc));
  if (stop.kind === "watch") {
    return mine.find((one) => one.watch === stop.watch) ?? twin(mine, stop);
  }
  return undefined;
}

/** A watchpoint that was hit, and what the machine tells of the access. */
export interface Watched extends WatchHit {
  /** The watchpoint. */
  readonly point: Breakpoint;
}

/** The watchpoint that an access of a process hit, counted; undefined when none that is for it. */
export function watchedBy(k: Kernel, pid: number, hit: WatchHit | undefined): Watched | undefined {
  const point = hit && hitBreakpoint(k, pid, { kind: "watch", ...hit });
  if (point === undefined) return undefined;
  point.hits++;
  return { ...hit!, point };
}

/** Another process's watchpoint was hit first: one of our own may cover the same bytes. */
function twin(
  mine: readonly Breakpoint[],
  { va, pa, size, read, write }: Extract<Stop, { kind: "watch" }>,
): Breakpoint | undefined {
  return mine.find(({ watch }) => {
    if (watch === undefined || !((read && watch.read) || (write && watch.write))) return false;
    const at = watch.space === "pa" ? pa : Number(va);
    return watch.start < at + size && at < watch.start + watch.length;
  });
}
