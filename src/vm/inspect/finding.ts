/** What the audit answers with: the rules by name, and one thing that does not fit. */

import { hex, type Pa, pa, type PaNum, type Va, va } from "../machine/address.ts";
import type { Mapping } from "./mappings.ts";

/** What can be wrong, one name a rule; docs/audit.md says which condition each one holds. */
export type AuditClass =
  | "leak"
  | "count too low"
  | "count too high"
  | "free but mapped"
  | "writable by two"
  | "shared page written"
  | "wrong copy"
  | "fault for ever"
  | "count unlocked"
  | "lock kept"
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
  /** The count the kernel keeps. */
  readonly stored: number | undefined;
  /** The user mappings that were found. */
  readonly counted: number | undefined;
  /** One sentence. */
  readonly detail: string;
  /** Who maps the frame. */
  readonly owners: readonly Mapping[];
}

/** Where a finding is, and what else is known of it. */
export interface Where extends Partial<Pick<Finding, "pid" | "stored" | "counted" | "owners">> {
  readonly frame?: PaNum | undefined;
  readonly address?: Va | number | undefined;
}

/** The rules in order of weight: those that need no count first, then counts, then what is lost. */
const WEIGHT: readonly (readonly AuditClass[])[] = [
  ["not at rest"],
  [
    "free but mapped",
    "free list damaged",
    "writable by two",
    "shared page written",
    "wrong copy",
    "fault for ever",
    "count unlocked",
    "lock kept",
  ],
  ["count too low"],
  ["count too high"],
  ["leak", "table leak"],
];

/** Findings, the weightiest first, otherwise as they were found. */
export function weighed(findings: readonly Finding[]): Finding[] {
  const weight = ({ class: rule }: Finding) => {
    const at = WEIGHT.findIndex((rules) => rules.includes(rule));
    return at < 0 ? 1.5 : at;
  };
  return findings.toSorted((a, b) => weight(a) - weight(b));
}

/** Tells of one thing that breaks a rule. */
export type Say = (rule: AuditClass, where: Where, detail: string) => void;

/** A finding of a rule. */
export function finding(rule: AuditClass, where: Where, detail: string): Finding {
  const { frame, address, pid, stored, counted, owners = [] } = where;
  return {
    class: rule,
    pa: frame === undefined ? undefined : pa(frame),
    va: address === undefined ? undefined : va(address),
    pid,
    stored,
    counted,
    detail,
    owners,
  };
}

/** How an entry is named in findings. */
export function entryText(pid: number, address: number, pte: number, at: number): string {
  return `${hex(address)} of pid ${pid}, PTE ${hex(pte)} at ${hex(at)}`;
}
