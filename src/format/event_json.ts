/**
 * Events in JSON. An event's numbers mean what its kind says; here each meaning is a property of its own, the
 * same in every event and null where a kind has none, so that a column has one type.
 *
 * @module
 */

import { hex } from "../vm/machine/address.ts";
import type { EventKind, VmEvent } from "../vm/events.ts";
import type { Json } from "../framework/result.ts";

/** What the numbers of an event may be. */
const NOTHING = {
  /** Virtual address of the page. */
  va: null,
  /** The frame concerned; the one copied to. */
  frame: null,
  /** The frame copied from. */
  from: null,
  /** Where the PTE stands, and what it was and is. */
  pteAddr: null,
  pteBefore: null,
  pteAfter: null,
  /** scause of a fault. */
  cause: null,
  /** Number of a system call. */
  call: null,
  /** What a call returned, what a process exited with. */
  result: null,
  /** The process that it happened to: a child, the one switched to, the owner of a page that moved. */
  process: null,
  /** Slot of the swap disk. */
  slot: null,
  /** Byte of a file. */
  offset: null,
  /** Timer ticks between two alarms. */
  ticks: null,
} as const;

type Meaning = Partial<Record<keyof typeof NOTHING, Json>>;

const page = (e: VmEvent): Meaning => ({ va: hex(e.va), frame: hex(e.pa) });
/** A page that moved; no process has it when its owner is 0. */
const moved = (e: VmEvent): Meaning => ({ ...page(e), process: e.new === 0 ? null : e.new });
const frame = (e: VmEvent): Meaning => ({ frame: hex(e.pa) });
const process = (e: VmEvent): Meaning => ({ process: e.old });

/** What the numbers of each kind are; the kinds are described at `VmEvent`. */
const MEANINGS: Readonly<Record<EventKind, (e: VmEvent) => Meaning>> = {
  fault: (e) => ({ va: hex(e.va), cause: e.old }),
  pte: (e) => ({
    va: hex(e.va),
    pteAddr: hex(e.pa),
    pteBefore: hex(e.old),
    pteAfter: hex(e.new),
  }),
  alloc: frame,
  free: frame,
  copy: (e) => ({ ...page(e), from: hex(e.old) }),
  syscall: (e) => ({ call: e.old }),
  return: (e) => ({ call: e.old, result: e.new }),
  switch: (e) => ({ process: e.new }),
  fork: (e) => ({ process: e.new }),
  exec: process,
  exit: (e) => ({ process: e.old, result: e.new }),
  kill: process,
  wake: process,
  oom: process,
  alarm: (e) => ({ process: e.old, ticks: e.new }),
  sfence: (e) => e.old === 1 ? {} : { va: hex(e.va) },
  evict: moved,
  promote: moved,
  demote: moved,
  "swap-in": (e) => ({ ...moved(e), slot: e.old }),
  "swap-out": (e) => ({ ...moved(e), slot: e.old }),
  "write-back": (e) => ({ ...moved(e), offset: e.old }),
  "read-in": (e) => ({ ...moved(e), offset: e.old }),
};

/** A call's result as text, decoded, in JSON: an address that mmap or sbrk gave, or a number. */
export function resultJson(result: string | undefined): { result: Json; address: Json } {
  const address = result?.startsWith("0x") ?? false;
  return {
    result: result === undefined || address ? null : Number(result),
    address: address ? result! : null,
  };
}

/** An event in JSON. */
export function eventJson(e: VmEvent): Json {
  const { n, instret, pid, kind, bytes, why } = e;
  return { n, instret, pid, pc: hex(e.pc), kind, ...NOTHING, ...MEANINGS[kind](e), bytes, why };
}
