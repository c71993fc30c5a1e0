/**
 * Events about pages that move between frames, files and the swap disk, with their process.
 *
 * @module
 */

import type { PaNum, VaNum } from "../../../machine/address.ts";
import type { MoveKind } from "../../../events.ts";
import type { AddressSpace } from "../areas/space.ts";
import type { Memory } from "../memory.ts";

/** The lowest pid that has the space, 0 when no process does. */
export function pidOf(m: Memory, space: AddressSpace): number {
  let lowest = 0;
  for (const p of m.state.procs) {
    if (p?.space === space.id && (lowest === 0 || p.pid < lowest)) lowest = p.pid;
  }
  return lowest;
}

/** Tells that a page of the space moved; see `EventLog.move`. */
export function moved(
  m: Memory,
  kind: MoveKind,
  space: AddressSpace,
  va: VaNum,
  frame: PaNum,
  slot: number,
  bytes: number,
  why: string,
): void {
  m.events.move(kind, pidOf(m, space), va, frame, slot, bytes, why);
}
