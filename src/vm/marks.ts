/** What has happened between two moments, by the counters. */

import type { Counters, EventKind, EventLog } from "./events.ts";
import { PAGE_SIZE } from "./machine/address.ts";
import type { FaultCause } from "./machine/cause.ts";
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
  return { instret, counters: events.counters, event: events.next };
}

/** What has happened since a mark, up to now. */
export function sinceMark(mark: Mark, { counters: now }: EventLog, instret: number): Difference {
  const then = mark.counters;
  const more = (kind: EventKind) => now[kind] - then[kind];
  const faults = (cause: FaultCause) => now.faults[cause] - then.faults[cause];
  const bytes = now.copiedBytes - then.copiedBytes;
  return {
    instructions: instret - mark.instret,
    copied: { pages: bytes / PAGE_SIZE, bytes },
    faults: { 12: faults(12), 13: faults(13), 15: faults(15) },
    swapped: { in: more("swap-in"), out: more("swap-out") },
    files: { in: more("read-in"), out: more("write-back") },
    superpages: { promoted: more("promote"), demoted: more("demote") },
    allocated: more("alloc"),
    freed: more("free"),
    ptes: more("pte"),
    calls: more("syscall"),
    forks: more("fork"),
    switches: more("switch"),
  };
}
