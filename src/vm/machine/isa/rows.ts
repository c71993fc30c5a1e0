/**
 * All instruction rows: RV64IMAC, Zicsr, Zifencei and the privileged instructions. Decoder,
 * disassembler, encoder and engine are derived from these lists; a new instruction is a new row.
 *
 * @module
 */

import { ROWS_A } from "./rows_a.ts";
import { ROWS_C } from "./rows_c.ts";
import { ROWS_I } from "./rows_i.ts";
import { ROWS_M } from "./rows_m.ts";
import { ROWS_SYSTEM } from "./rows_system.ts";
import type { CompressedRow, Row } from "./row.ts";

/** Every 4-byte instruction. */
export const ROWS: readonly Row[] = [...ROWS_I, ...ROWS_M, ...ROWS_A, ...ROWS_SYSTEM];

/** Every 2-byte instruction. */
export const COMPRESSED_ROWS: readonly CompressedRow[] = ROWS_C;

const byName = new Map<string, Row>(ROWS.map((row) => [row.name, row]));

/** The base row of that name. Throws when there is none. */
export function rowNamed(name: string): Row {
  const row = byName.get(name);
  if (row === undefined) throw new Error(`no instruction ${name}`);
  return row;
}
