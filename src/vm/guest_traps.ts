/**
 * Traps into a guest's kernel, where one can stop before it has done anything: at the first
 * instruction of its handler, scause says why. The kernel is not changed for it.
 */

import type { EventKind } from "./events.ts";
import type { GuestView } from "./guest/view.ts";
import type { EventFilter } from "./kernel/run.ts";
import { PAGE_SIZE } from "./machine/address.ts";
import { CAUSE, isPageFault } from "./machine/cause.ts";
import type { Machine } from "./machine/machine.ts";

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
}

/** Why a guest's run stopped, where the built-in kernel's never does. */
export type GuestStop =
  /** A trap into its kernel that was waited for; it has done nothing yet. */
  | { readonly kind: "trapped"; readonly trap: Trap }
  /** It turned the machine off, with a code. */
  | { readonly kind: "off"; readonly code: number }
  /** No hart will ever execute another instruction. */
  | { readonly kind: "stuck"; readonly hart: number };

/** Events of a guest that the hardware shows. */
export const TRAPS: readonly EventKind[] = ["fault", "syscall"];

/** Where handlers of traps into S-mode begin: those of xv6 by name, and where harts go now. */
export function trapEntries(machine: Machine, view: GuestView): bigint[] {
  const named = view.trapEntries();
  const now = machine.harts.map((hart) => hart.readCsr("stvec") & ~3n).filter((at) => at !== 0n);
  return [...new Set([...named, ...now])];
}

/** The trap that the present hart has just taken, if a filter means it. */
export function trapTaken(
  { hart }: Machine,
  view: GuestView,
  { kinds, pid, va }: EventFilter,
): Trap | undefined {
  const cause = Number(hart.readCsr("scause"));
  const kind = cause === CAUSE.ecallU ? "syscall" : isPageFault(cause) ? "fault" : undefined;
  if (kind === undefined || (kinds !== undefined && !kinds.includes(kind))) return undefined;
  const who = view.pidOn(hart) ?? 0;
  const at = hart.readCsr("stval");
  if (pid !== undefined && who !== pid) return undefined;
  if (va !== undefined && (kind !== "fault" || page(at) !== page(va))) return undefined;
  return {
    kind,
    pid: who,
    hart: hart.hartid,
    cause,
    va: at,
    pc: hart.readCsr("sepc"),
    call: kind === "syscall" ? Number(hart.x(17) & 0xffff_ffffn) : undefined,
  };
}

function page(address: bigint): bigint {
  const value = BigInt.asUintN(64, address);
  return value - value % BigInt(PAGE_SIZE);
}
