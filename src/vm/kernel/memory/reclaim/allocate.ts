/** The kernel's way to a frame: room is made first when few are left. */

import type { PaNum } from "../../../machine/address.ts";
import { allocJunk, allocRaw, allocZeroed, type UsedKind } from "../frames/frames.ts";
import type { Memory } from "../memory.ts";
import { balance, isReserve } from "./reclaim.ts";

/**
 * One frame with count 1; 0: out of memory. Every allocation of the kernel comes through here.
 * Pages may be evicted to make room: entries read before it must be read again.
 */
export function allocate(m: Memory, kind: UsedKind, content: "zeroed" | "junk" | "raw"): PaNum | 0 {
  balance(m, true);
  if (content === "zeroed") return allocZeroed(m, kind);
  return content === "junk" ? allocJunk(m, kind) : allocRaw(m, kind);
}

/** As {@link allocate}, for a call that can fail: where pages move, faults get the last frames. */
export function allocateSpare(m: Memory, kind: UsedKind, content: "zeroed" | "raw"): PaNum | 0 {
  balance(m, false);
  if (isReserve(m)) balance(m, false);
  return isReserve(m) ? 0 : allocate(m, kind, content);
}
