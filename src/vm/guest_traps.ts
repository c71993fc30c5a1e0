/**
 * Why a guest's run stopped, where the built-in kernel's never does; and traps into its kernel,
 * before which nothing has been done about them.
 */

import { EVENT_KINDS, type EventKind, MOVE_KINDS, type VmEvent } from "./events.ts";
import { CAUSE } from "./machine/cause.ts";

/** A trap from which a guest's kernel is about to do what it does. */
export interface Trap {
  /** A page fault, or a system call. */
  readonly kind: "fault" | "syscall";
  /** Who was in user mode, or in the kernel; 0: nobody known. */
  readonly pid: number;
  /** The number of the hart that took it. */
  readonly hart: number;
  /** scause: 8 for a call, 12, 13 or 15 for a page fault. */
  readonly cause: number;
  /** stval: the address that faulted. */
  readonly va: bigint;
  /** sepc: the instruction that trapped. */
  readonly pc: bigint;
  /** The call's number, a7; undefined for a fault. */
  readonly call: number | undefined;
  /** What it is called; empty for a fault. */
  readonly name: string;
  /** Its arguments as text; undefined: nobody knows, or a fault. */
  readonly args: readonly string[] | undefined;
}

/** Why a guest's run stopped, where the built-in kernel's never does. */
export type GuestStop =
  /** A trap into its kernel that was waited for; it has done nothing yet. */
  | { readonly kind: "trapped"; readonly trap: Trap }
  /** It turned the machine off, with a code. */
  | { readonly kind: "off"; readonly code: number }
  /** An audit at each moment has found something: see `Vm.auditEach`. */
  | { readonly kind: "broken" }
  /** No hart will ever execute another instruction. */
  | { readonly kind: "stuck"; readonly hart: number };

/** What only the built-in kernel tells of. */
const BUILT_IN: ReadonlySet<EventKind> = new Set([...MOVE_KINDS, "oom", "alarm"]);

/** The kinds of events that a guest's kernel can show. */
export const GUEST_KINDS = EVENT_KINDS.filter((kind) => !BUILT_IN.has(kind));

/** The trap that an event tells of; undefined: it is of another kind. */
export function trapOf({ kind, pid, hart, va, pc, by, old, why, args }: VmEvent): Trap | undefined {
  if (kind !== "fault" && kind !== "syscall") return undefined;
  const at = by === 0n ? pc : by;
  return kind === "fault"
    ? { kind, pid, hart, cause: old, va, pc: at, call: undefined, name: "", args: undefined }
    : { kind, pid, hart, cause: CAUSE.ecallU, va, pc: at, call: old, name: why, args };
}
