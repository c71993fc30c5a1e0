/** Where in a guest's kernel, or in its program, an event came from. */

import { hex } from "../vm/machine/address.ts";
import type { EventKind, VmEvent } from "../vm/events.ts";
import { callText, eventText } from "../vm/reports.ts";
import { returnedText } from "../vm/calls.ts";
import { namedPlace } from "./source.ts";
import type { Vm } from "../vm/vm.ts";

/** The kinds whose reason is the function that {@link eventPlace} names as well. */
const BY_FUNCTION: ReadonlySet<EventKind> = new Set([
  "pte",
  "mark",
  "count",
  "alloc",
  "free",
  "copy",
  "sfence",
  "switch",
]);

/** What a guest's event says, but for the place. */
export function guestEventText(vm: Vm, event: VmEvent): string {
  const { kind, why, args } = event;
  if (kind === "syscall") return guestCallText(why, args);
  if (kind === "return") return `${guestCallText(why, args)} = ${returnedText(why, event.new)}`;
  const named = event.by !== 0n && BY_FUNCTION.has(event.kind);
  return eventText(named ? { ...event, why: "" } : event, vm.rsw);
}

/** A guest's call as strace shows it: `write(1, "hi", 2)`; `call 40(?)` where nothing is known. */
export function guestCallText(name: string, args: readonly string[] | undefined): string {
  return callText(name, args ?? ["?"]);
}

/** `uvmcopy+0x3c`, an address where no symbol is known; empty where nobody did it. */
export function eventPlace(vm: Vm, { by, pc, pid }: VmEvent): string {
  if (by !== 0n) return namedPlace(vm, 0, by) || hex(by);
  if (pc === 0n) return "";
  return `${hex(pc)} ${namedPlace(vm, pid, pc)}`.trimEnd();
}
