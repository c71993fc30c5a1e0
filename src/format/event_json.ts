/**
 * Events in JSON. An event's numbers mean what its kind says; here each meaning is a property of
 * its own, the same in every event and null where a kind has none, so that a column has one type.
 */

import { hex } from "../vm/machine/address.ts";
import type { EventKind, VmEvent } from "../vm/events.ts";
import type { Json } from "../framework/result.ts";
import type { Vm } from "../vm/vm.ts";
import { flagChange, type RswLetters } from "../vm/machine/flags.ts";

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
  /** Names of the flags that it set and cleared. */
  flags: null,
  /** A frame's stored count, before and after. */
  countBefore: null,
  countAfter: null,
  /** scause of a fault. */
  cause: null,
  /** Number of a system call. */
  call: null,
  /** What a call returned, what a process exited with. */
  result: null,
  /** The process it happened to: a child, the one switched to, the owner of a page that moved. */
  process: null,
  /** Slot of the swap disk. */
  slot: null,
  /** Byte of a file. */
  offset: null,
  /** Timer ticks between two alarms. */
  ticks: null,
  /** Whose table a guest's PTE is in, and the root of that. */
  owner: null,
  root: null,
} as const;

type Meaning = Partial<Record<keyof typeof NOTHING, Json>>;

const page = (e: VmEvent): Meaning => ({ va: hex(e.va), frame: hex(e.pa) });
/** A page that moved; no process has it when its owner is 0. */
const moved = (e: VmEvent): Meaning => ({ ...page(e), process: e.new === 0 ? null : e.new });
const frame = (e: VmEvent): Meaning => ({ frame: hex(e.pa) });
const process = (e: VmEvent): Meaning => ({ process: e.old });

const entry = (e: VmEvent, rsw: RswLetters): Meaning => {
  const { set, cleared } = flagChange(e.old, e.new, rsw);
  return {
    va: hex(e.va),
    pteAddr: hex(e.pa),
    pteBefore: hex(e.old),
    pteAfter: hex(e.new),
    owner: e.owner ?? null,
    root: e.root === undefined ? null : hex(e.root),
    flags: { set: [...set], cleared: [...cleared] },
  };
};

/** What the numbers of each kind are; the kinds are described at `VmEvent`. */
const MEANINGS: Readonly<Record<EventKind, (e: VmEvent, rsw: RswLetters) => Meaning>> = {
  fault: (e) => ({ va: hex(e.va), cause: e.old }),
  pte: entry,
  mark: entry,
  count: (e) => ({ ...frame(e), countBefore: e.old, countAfter: e.new }),
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
  oom: process,
  trap: (e) => ({ cause: e.old }),
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

/** Events of a computer in JSON. */
export function eventsJson(vm: Vm, events: readonly VmEvent[]): Json[] {
  const { rsw } = vm;
  return events.map((e) => {
    const { n, instret, pid, hart, kind, bytes, run, why, args } = e;
    const meaning = { ...NOTHING, ...MEANINGS[kind](e, rsw) };
    const stamp = { n, instret, pid, hart, pc: hex(e.pc), by: e.by === 0n ? null : hex(e.by) };
    return {
      ...stamp,
      kind,
      ...meaning,
      bytes,
      run,
      why,
      args: args === undefined ? null : [...args],
    };
  });
}
