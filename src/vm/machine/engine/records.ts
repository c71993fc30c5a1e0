/**
 * Decoded records: what the interpreter executes instead of encodings. A frame's decoded page has
 * one record of 8 bytes for each halfword of the frame:
 *
 *     0  handler (u16)   which code of the interpreter runs it; 0: not decoded yet
 *     2  a (u8)          rd, or rs2 of stores and branches; a register is 8 × its number
 *     3  b (u8)          rs1
 *     4  imm (i32)       immediate; rs2 of register forms; for branches inside the page the
 *                        distance in record bytes; the encoding for system, CSR and illegal
 *                        instructions
 *
 * A record whose handler has the {@link STOP_BIT} is a *stop record*: the host is asked before the
 * instruction is executed, for it may have a breakpoint. Nothing else of the record differs. Nor does
 * it in one with the {@link ENTRY_BIT}, at which a region (regions/region.ts) can be entered.
 *
 * So the program counter is the record pointer divided by 4 plus a bias that holds for one page.
 * After the last record two more send the interpreter on to the next page.
 *
 * @module
 */

import type { Instruction } from "../isa/row.ts";
import { PAGE_SIZE } from "../address.ts";
import { plainCsr } from "./plain_csrs.ts";
import { shapeOf } from "./shape.ts";
import { CSR_READ, hasSink, NOTHING, numberOf, SYSTEM, type Variant } from "./variants.ts";

/** log2 of record bytes for each byte of code: 8 bytes for every halfword. */
export const RECORD_SHIFT = 2;
/** Bytes of one record. */
export const RECORD_SIZE = 8;
/** Bytes of a page's records, without the two that lead on. */
export const RECORDS_SIZE = PAGE_SIZE << RECORD_SHIFT;

/** The only system instruction with a short form, in its long one. */
const EBREAK = 0x0010_0073;

/** Handler of a record not decoded yet. */
export const UNDECODED = 0;
/** Handler of the records after the last: go on in the next page. */
export const PAGE_END = 1;
/** Handler of a 4-byte instruction that begins in the last halfword. */
export const STRADDLING = 2;
/** Handler of an encoding that traps. */
export const ILLEGAL = 3;

/** Beside a handler's number, and above all of them: the host is asked first. */
export const STOP_BIT = 0x8000;
/** The same, below that: a region begins here, unless the host is asked. */
export const ENTRY_BIT = 0x4000;
/** The handler's number in a record's head. */
export const HANDLER = 0x3fff;

/** The two 32-bit words of a record, the first in the low half of the pair. */
export interface RecordWords {
  head: number;
  imm: number;
}

type Changing<T> = { -readonly [K in keyof T]: T[K] };

/** The record of an instruction; `offset` is its place in the page, -1 outside any page. */
export function recordOf(instruction: Instruction, offset: number): RecordWords {
  const { row, length, rd, rs1, rs2, word } = instruction;
  let { imm } = instruction;
  const shape = shapeOf(row);
  const variant: Changing<Variant> = { row, length, sink: false, far: false };
  if (shape.direct) {
    const target = offset + imm;
    variant.far = offset < 0 || target < 0 || target >= PAGE_SIZE;
    if (!variant.far) imm <<= RECORD_SHIFT;
  } else if (shape.kind === "system") {
    variant.row = SYSTEM;
    imm = length === 4 ? word : EBREAK;
  } else if (shape.csr !== undefined) {
    const csr = plainCsr(shape.csr, imm, rs1);
    if (csr === undefined) variant.row = SYSTEM;
    else variant.csr = csr;
    if (csr?.reads) variant.row = CSR_READ;
    imm = word;
  } else if (shape.registerForm) {
    imm = rs2 * 8;
  }
  if (rd === 0 && shape.kind === "set") variant.row = NOTHING;
  else variant.sink = rd === 0 && hasSink(shape);
  const a = shape.writesRd ? rd : rs2;
  return { head: numberOf(variant) | (a << 19) | (rs1 << 27), imm };
}

/** The record of an encoding that is no instruction. */
export function illegalRecord(word: number): RecordWords {
  return { head: ILLEGAL, imm: word };
}
