/**
 * What the audit answers with: the rules by name, and one thing that does not fit.
 *
 * @module
 */

import { hex, type Pa, pa, type PaNum, type Va, va } from "../machine/address.ts";
import type { Mapping } from "./mappings.ts";

/** What can be wrong, one name a rule; docs/audit.md says which condition of the kernel each one holds. */
export type AuditClass =
  | "leak"
  | "count too low"
  | "count too high"
  | "free but mapped"
  | "writable by two"
  | "flag gained"
  | "right lost"
  | "mark lost"
  | "PTE damaged"
  | "mapped outside areas"
  | "page misplaced"
  | "dirty page unmarked"
  | "page cache"
  | "area damaged"
  | "table leak"
  | "table shared"
  | "table not a table"
  | "trapframe lost"
  | "trampoline lost"
  | "free list damaged"
  | "free count wrong"
  | "stale TLB entry"
  | "swap slot"
  | "space lost"
  | "file count"
  | "not at rest";

/** One thing that does not fit. */
export interface Finding {
  /** The rule that is broken. */
  readonly class: AuditClass;
  /** The frame concerned; undefined when it is none in particular. */
  readonly pa: Pa | undefined;
  /** The address concerned, with its process. */
  readonly va: Va | undefined;
  /** The process whose address that is. */
  readonly pid: number | undefined;
  /** The count the kernel keeps, and the user mappings found. */
  readonly stored: number | undefined;
  /** The user mappings that were found. */
  readonly counted: number | undefined;
  /** One sentence. */
  readonly detail: string;
  /** Who maps the frame. */
  readonly owners: readonly Mapping[];
}

/** Where a finding is; what is not given is undefined in it. */
export interface Where {
  readonly frame?: PaNum | undefined;
  readonly address?: number | undefined;
  readonly pid?: number | undefined;
  readonly stored?: number | undefined;
  readonly counted?: number | undefined;
  readonly owners?: readonly Mapping[];
}

/** A finding of a rule. */
export function finding(name: AuditClass, where: Where, detail: string): Finding {
  return {
    class: name,
    pa: where.frame === undefined ? undefined : pa(where.frame),
    va: where.address === undefined ? undefined : va(where.address),
    pid: where.pid,
    stored: where.stored,
    counted: where.counted,
    detail,
    owners: where.owners ?? [],
  };
}

/** How an entry is named in findings. */
export function entryText(pid: number, address: number, pte: number, at: number): string {
  return `${hex(address)} of pid ${pid}, PTE ${hex(pte)} at ${hex(at)}`;
}
