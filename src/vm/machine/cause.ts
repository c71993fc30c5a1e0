/**
 * Exception causes as scause and mcause hold them, and what they are called (privileged
 * specification, table of "Supervisor cause (scause) register values").
 *
 * @module
 */

import { type Access, EXECUTE, READ, WRITE } from "./sv39.ts";

/** Exception causes. */
export const CAUSE = {
  fetchMisaligned: 0,
  fetchAccess: 1,
  illegal: 2,
  breakpoint: 3,
  loadMisaligned: 4,
  loadAccess: 5,
  storeMisaligned: 6,
  storeAccess: 7,
  ecallU: 8,
  ecallS: 9,
  ecallM: 11,
  fetchPage: 12,
  loadPage: 13,
  storePage: 15,
} as const;

/** Causes of page faults: 12 instruction, 13 load, 15 store or atomic operation. */
export type FaultCause = 12 | 13 | 15;

/** Page fault of each kind of access. */
export const PAGE_FAULT: readonly FaultCause[] = [CAUSE.loadPage, CAUSE.storePage, CAUSE.fetchPage];
/** Access fault of each kind of access. */
export const ACCESS_FAULT = [CAUSE.loadAccess, CAUSE.storeAccess, CAUSE.fetchAccess] as const;
/** The kind of access that a page fault is about. */
export const FAULTING: Readonly<Record<FaultCause, Access>> = { 12: EXECUTE, 13: READ, 15: WRITE };
/** What each kind of access is called in the name of its faults. */
export const FAULT_NAMES = ["load", "store", "instruction"] as const;

/** Whether a cause is a page fault's. */
export function isPageFault(cause: number): cause is FaultCause {
  return cause === CAUSE.fetchPage || cause === CAUSE.loadPage || cause === CAUSE.storePage;
}

const NAMES: Readonly<Record<number, string>> = {
  [CAUSE.fetchMisaligned]: "instruction address misaligned",
  [CAUSE.fetchAccess]: "instruction access fault",
  [CAUSE.illegal]: "illegal instruction",
  [CAUSE.breakpoint]: "breakpoint",
  [CAUSE.loadMisaligned]: "load address misaligned",
  [CAUSE.loadAccess]: "load access fault",
  [CAUSE.storeMisaligned]: "store address misaligned",
  [CAUSE.storeAccess]: "store access fault",
  [CAUSE.fetchPage]: "instruction page fault",
  [CAUSE.loadPage]: "load page fault",
  [CAUSE.storePage]: "store page fault",
};

/** What a cause is called: `store page fault`; `cause 24` for one that has no name here. */
export function causeName(cause: number): string {
  return NAMES[cause] ?? `cause ${cause}`;
}
