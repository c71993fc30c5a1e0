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

import { CSR_ROWS, SSTATUS_HIGH, SSTATUS_WRITABLE } from "../hart/csr_rows.ts";
import { MSTATUS } from "../hart/csr_state.ts";
import type { CsrChange } from "../isa/meaning.ts";
import * as layout from "../layout.ts";
import { slot32, slot64 } from "./locals.ts";
import type { PlainName } from "./plain_csrs.ts";
import { type Bytes, i32, i64, op } from "./wasm.ts";

const mstatus = slot32(layout.MSTATUS);

/** Whether accesses to a CSR may be done by these pieces now (i32: 0 or 1). */
export function isOpen(name: PlainName): Bytes {
  const open = slot32(layout.CSRS_OPEN);
  // "When TVM=1, attempts to read or write the satp CSR … in S-mode will raise an illegal-instruction
  // exception."
  return name === "satp"
    ? op("i32_and", open, op("i32_eqz", op("i32_and", mstatus, i32(MSTATUS.TVM))))
    : open;
}

/** What a CSR reads (i64). */
export function readCsr(name: PlainName): Bytes {
  if (name === "sstatus") return readSstatus;
  return slot64(name === "satp" ? layout.SATP : layout.KEPT[name]);
}

/** What a CSR that keeps a value keeps (i64) when a value (i64) is written to it. */
export function keptAfter(name: layout.KeptCsr, value: Bytes): Bytes {
  const { writable } = CSR_ROWS.find((row) => row.name === name)!;
  return writable === ALL ? value : op("i64_and", value, i64(writable));
}

const ALL = 0xffff_ffff_ffff_ffffn;

const readSstatus: Bytes = op(
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
