/**
 * Which CSR accesses need no host as a rule: those for which csr_code.ts has code. A record for one
 * of them has a handler of its own, since the CSR is known when it is decoded.
 *
 * @module
 */

import { csrNumbers } from "../isa/csr_names.ts";
import type { CsrChange } from "../isa/meaning.ts";

const [SSTATUS] = csrNumbers("sstatus");

/** What the code of an access that needs no host has to know when it is emitted. */
export interface PlainCsr {
  readonly name: "sstatus";
  /** The CSR is only read: not written with what it holds. */
  readonly reads: boolean;
}

/** All forms. */
export const PLAIN_CSRS: readonly PlainCsr[] = [
  { name: "sstatus", reads: true },
  { name: "sstatus", reads: false },
];

/**
 * The form of an access to a CSR, by its number; undefined when the host does all such accesses.
 *
 * @param source The instruction's rs1 field: 0 makes setting and clearing only read.
 */
export function plainCsr(how: CsrChange, number: number, source: number): PlainCsr | undefined {
  if (number !== SSTATUS) return undefined;
  const reads = how !== "write" && source === 0;
  return PLAIN_CSRS.find((one) => one.reads === reads);
}
