/**
 * Decoded records: what the interpreter executes instead of encodings. A frame's decoded page has one
 * record of 8 bytes for each halfword of the frame:
 *
 *     0  handler (u16)   which code of the interpreter runs it; 0: not decoded yet
 *     2  a (u8)          rd, or rs2 of stores and branches; registers are given as 8 × their number
 *     3  b (u8)          rs1
 *     4  imm (i32)       immediate; rs2 of register forms; for branches inside the page the distance
 *                        in record bytes; the encoding for system and illegal instructions
 *
 * so the program counter is the record pointer divided by 4 plus a bias that holds for one page.
 * After the last record two more send the interpreter on to the next page.
 *
 * @module
 */

import type { Instruction, Row } from "../isa/row.ts";
import { COMPRESSED_ROWS, rowNamed, ROWS } from "../isa/rows.ts";
import { PAGE_SIZE } from "../address.ts";
import { type Shape, shapeOf } from "./shape.ts";

/** log2 of record bytes for each byte of code: 8 bytes for every halfword. */
export const RECORD_SHIFT = 2;
/** Bytes of one record. */
export const RECORD_SIZE = 8;
/** Bytes of a page's records, without the two that lead on. */
export const RECORDS_SIZE = PAGE_SIZE << RECORD_SHIFT;

/** Handler of a record not decoded yet. */
export const UNDECODED = 0;
/** Handler of the records after the last: go on in the next page. */
export const PAGE_END = 1;
/** Handler of a 4-byte instruction that begins in the last halfword. */
export const STRADDLING = 2;
/** Handler of an encoding that traps. */
export const ILLEGAL = 3;

/**
 * How a handler differs from others of its row: `plain`; `sink`: rd is x0, so the result goes to
 * X_SINK (or, for jumps, nowhere); `far`: the target is outside the page.
 */
export interface Variant {
  readonly row: Row;
  readonly length: 2 | 4;
  readonly sink: boolean;
  readonly far: boolean;
}

/** The only system instruction with a short form, in its long one. */
const EBREAK = 0x0010_0073;
/** The rows that stand for all instructions without effect, and for all that the host executes. */
const NOTHING = rowNamed("fence");
const SYSTEM = rowNamed("ebreak");

/** All handlers that execute instructions, in the order of their numbers from {@link FIRST_VARIANT}. */
export const VARIANTS: readonly Variant[] = variants();
/** Number of the first of {@link VARIANTS}. */
export const FIRST_VARIANT = 4;

const numbers = new Map<string, number>(
  VARIANTS.map((variant, index) => [keyOf(variant), FIRST_VARIANT + index]),
);

/** The two 32-bit words of a record, the first in the low half of the pair. */
export interface RecordWords {
  head: number;
  imm: number;
}

/** The record of an instruction; `offset` is its place in the page, or -1 when it stands outside any. */
export function recordOf(instruction: Instruction, offset: number): RecordWords {
  const { row, length, rd, rs1, rs2, word } = instruction;
  let { imm } = instruction;
  const shape = shapeOf(row);
  const variant = { row, length, sink: false, far: false };
  if (shape.direct) {
    const target = offset + imm;
    variant.far = offset < 0 || target < 0 || target >= PAGE_SIZE;
    if (!variant.far) imm <<= RECORD_SHIFT;
  } else if (shape.kind === "system") {
    variant.row = SYSTEM;
    imm = length === 4 ? word : EBREAK;
  } else if (shape.registerForm) {
    imm = rs2 * 8;
  }
  if (rd === 0 && shape.kind === "set") variant.row = NOTHING;
  else variant.sink = rd === 0 && hasSink(shape);
  const a = shape.writesRd ? rd : rs2;
  return { head: numbers.get(keyOf(variant))! | (a << 19) | (rs1 << 27), imm };
}

/** The record of an encoding that is no instruction. */
export function illegalRecord(word: number): RecordWords {
  return { head: ILLEGAL, imm: word };
}

/**
 * Whether rd = x0 needs a handler of its own. Not a computation, which then has no effect at all; nor
 * an atomic operation, which puts x0 right afterwards.
 */
function hasSink({ kind }: Shape): boolean {
  return kind === "load" || kind === "jump" || kind === "jumpTo";
}

function keyOf({ row, length, sink, far }: Variant): string {
  return `${row.name} ${length}${sink ? " sink" : ""}${far ? " far" : ""}`;
}

function variants(): Variant[] {
  const short = new Set(COMPRESSED_ROWS.map((row) => row.base));
  short.add(NOTHING.name); // c.nop and the other short instructions without effect
  const all: Variant[] = [];
  for (const row of ROWS) {
    const shape = shapeOf(row);
    if (shape.kind === "system" && row !== SYSTEM) continue;
    for (const length of short.has(row.name) ? [2, 4] as const : [4] as const) {
      for (const sink of hasSink(shape) ? [false, true] : [false]) {
        for (const far of shape.direct ? [false, true] : [false]) {
          all.push({ row, length, sink, far });
        }
      }
    }
  }
  return all;
}
