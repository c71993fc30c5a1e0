/** What has happened between two moments, by the counters. */

import type { Counters, EventLog } from "./events.ts";
import { PAGE_SIZE } from "./machine/address.ts";
import type { Difference } from "./reports.ts";

/** Counters and instret at one moment; see {@link Vm.since}. */
export interface Mark {
  /** User instructions retired since boot. */
  readonly instret: number;
  /** How often each thing has happened since boot. */
  readonly counters: Counters;
  /** Number of the next event. */
  readonly event: number;
}

/** This moment. */
export function markOf(events: EventLog, instret: number): Mark {
  return { instret, counters: structuredClone(events.counters), event: events.next };
}

/** What has happened since a mark, up to now. */
export function sinceMark(
  mark: Mark,
  { counters: now }: EventLog,
  instret: number,
): Difference {
  const then = mark.counters;
  const bytes = now.copiedBytes - then.copiedBytes;
  return {
    instructions: instret - mark.instret,
    copied: { pages: bytes / PAGE_SIZE, bytes },
    faults: {
      12: now.faults[12] - then.faults[12],
      13: now.faults[13] - then.faults[13],
      15: now.faults[15] - then.faults[15],
    },
    swapped: { in: now["swap-in"] - then["swap-in"], out: now["swap-out"] - then["swap-out"] },
    files: {
      in: now["read-in"] - then["read-in"],
      out: now["write-back"] - then["write-back"],
    },
    superpages: {
      promoted: now.promote - then.promote,
      demoted: now.demote - then.demote,
    },
    allocated: now.alloc - then.alloc,
    freed: now.free - then.free,
    ptes: now.pte - then.pte,
    calls: now.syscall - then.syscall,
    forks: now.fork - then.fork,
    switches: now.switch - then.switch,
  };
}
