/**
 * Which CSR accesses need no host as a rule: those for which csr_code.ts has code. A record for one
 * of them has a handler of its own, since the CSR is known when it is decoded.
 *
 * @module
 */

import { csrNumbers } from "../isa/csr_names.ts";
import type { CsrChange, CsrSource } from "../isa/meaning.ts";
import { KEPT, type KeptCsr } from "../layout.ts";

/** The CSRs that there is code for changing. */
type ChangedName = "sstatus" | KeptCsr;
/** The CSRs that there is code for. */
export type PlainName = ChangedName | "satp";

/** What the code of an access that needs no host has to know when it is emitted. */
export type PlainCsr =
  /** The CSR is only read: not written with what it holds. */
  | { readonly name: PlainName; readonly reads: true }
  | { readonly name: ChangedName; readonly reads: false };

/** What a CSR instruction does, as its row says. */
export interface CsrAccess {
  readonly how: CsrChange;
  readonly source: CsrSource;
}

const KEPT_NAMES = Object.keys(KEPT) as KeptCsr[];
const READS = new Map<number, PlainCsr>();
const WRITES = new Map<number, PlainCsr>();
for (const name of ["sstatus", "satp", ...KEPT_NAMES] as const) {
  const [number] = csrNumbers(name);
  READS.set(number, { name, reads: true });
  // satp says what is translated how: its writes are the host's.
  if (name !== "satp") WRITES.set(number, { name, reads: false });
}

/** Whether there is code for changing a CSR so. */
function changes(name: PlainName, { how, source }: CsrAccess): boolean {
  return name === "sstatus" || (how === "write" && source === "rs1");
}

/** The forms of all reads: one for each CSR. */
export const PLAIN_READS: readonly PlainCsr[] = [...READS.values()];

/** The forms of an instruction's changes: one for each CSR. */
export function plainChanges(access: CsrAccess): PlainCsr[] {
  return [...WRITES.values()].filter(({ name }) => changes(name, access));
}

/**
 * The form of an access to a CSR, by its number; undefined when the host does all such accesses.
 *
 * @param rs1 The instruction's rs1 field: 0 makes setting and clearing only read.
 */
export function plainCsr(access: CsrAccess, number: number, rs1: number): PlainCsr | undefined {
  if (access.how !== "write" && rs1 === 0) return READS.get(number);
  const form = WRITES.get(number);
  return form !== undefined && changes(form.name, access) ? form : undefined;
}
