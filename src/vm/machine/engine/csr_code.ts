/**
 * CSR accesses that need no host: the pieces of their code. A kernel's spinlocks turn interrupts
 * off and on by sstatus all the time, so it is worth to have it at hand. Each piece takes its
 * operands as code, so that whoever emits them may keep them where it likes.
 *
 * All of them hold only while {@link layout.CSRS_OPEN} is not 0; otherwise, and where a piece says
 * that an access is not plain, the host does it (hart/system.ts), with the same result.
 *
 * @module
 */

import { SSTATUS_HIGH, SSTATUS_WRITABLE } from "../hart/csr_rows.ts";
import { MSTATUS } from "../hart/csr_state.ts";
import type { CsrChange } from "../isa/meaning.ts";
import * as layout from "../layout.ts";
import { slot32 } from "./locals.ts";
import { type Bytes, i32, i64, op } from "./wasm.ts";

/** Whether the pieces hold now (i32). */
export const csrsOpen: Bytes = slot32(layout.CSRS_OPEN);

const mstatus = slot32(layout.MSTATUS);

/** What sstatus reads (i64). */
export const readSstatus: Bytes = op(
  "i64_or",
  op("i64_extend_i32_u", op("i32_and", mstatus, i32(SSTATUS_WRITABLE))),
  i64(BigInt(SSTATUS_HIGH) << 32n),
);

/** What mstatus (i32) becomes when sstatus is changed; `operand`: the low half of the source (i32). */
export function mstatusAfter(how: CsrChange, operand: Bytes): Bytes {
  const bits = op("i32_and", operand, i32(SSTATUS_WRITABLE));
  switch (how) {
    case "write":
      return op("i32_or", op("i32_and", mstatus, i32(~SSTATUS_WRITABLE)), bits);
    case "set":
      return op("i32_or", mstatus, bits);
    case "clear":
      return op("i32_and", mstatus, op("i32_xor", bits, i32(-1)));
  }
}

/**
 * Whether mstatus (i32) may become that just so: the translation stays, and no interrupt and no end
 * of the turn is let through. `next` is evaluated twice.
 */
export function mstatusIsPlain(next: Bytes): Bytes {
  const translation = op("i32_and", op("i32_xor", next, mstatus), i32(MSTATUS.SUM | MSTATUS.MXR));
  // INTERRUPT_READY is 0 or 1, and SIE is bit 1.
  const ready = op("i32_and", slot32(layout.INTERRUPT_READY), op("i32_shr_u", next, i32(1)));
  return op("i32_eqz", op("i32_or", translation, ready));
}
