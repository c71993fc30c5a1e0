/** The process table, and the processes of a run. */

import type { Kernel } from "../kernel.ts";
import type { AddressSpace } from "../memory/areas/space.ts";
import type { Proc } from "./proc.ts";
import { type Refused, refused } from "../memory/outcome.ts";
import { counted } from "../../machine/counted.ts";

/** The processes, zombies included, in the order of their slots. */
export function procs(k: Kernel): Proc[] {
  return k.state.procs.filter((p) => p !== undefined);
}

/** The process with this pid. */
export function findProc(k: Kernel, pid: number): Proc | undefined {
  // Asked before every turn: a plain loop is several times as fast as find.
  for (const p of k.state.procs) if (p !== undefined && p.pid === pid) return p;
  return undefined;
}

/** A process's memory. */
export function spaceOf(k: Kernel, p: Proc): AddressSpace {
  return k.state.spaces.get(p.space)!;
}

/** Why there cannot be one more process. */
export function noRoom(k: Kernel): Refused {
  return k.state.procs.includes(undefined)
    ? refused(`out of memory: ${counted(k.state.frames.free, "frame")} free`)
    : refused(`the process table is full: ${k.state.procs.length} processes`);
}

/** The processes of a run that have not exited. */
export function runOf(k: Kernel, run: number): Proc[] {
  return procs(k).filter((p) => p.run === run && p.state !== "zombie");
}

/** Holds the processes of a run, or lets them run on; those driven by hand stand still anyhow. */
export function holdRun(k: Kernel, run: number, held: boolean): void {
  for (const p of runOf(k, run)) if (!p.manual) p.held = held;
}
