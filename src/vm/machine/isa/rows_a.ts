/**
 * The A extension: load-reserved, store-conditional and the atomic memory operations. On one hart
 * they are atomic by themselves and aq/rl order nothing that it could observe. A word's old value
 * is sign-extended into rd, and its operation is done on 32 bits.
 *
 * @module
 */

import type { I64, Meaning } from "./meaning.ts";
import { type Row, rowsOf } from "./row.ts";

type Operation = (m: Meaning, old: I64, source: I64) => I64;

const row = rowsOf("A");

/** A format with aq and rl: a word's (funct3 010) or a doubleword's (011). */
const format = (funct5: string, rs2: string, funct3: string) =>
  `${funct5} aq rl ${rs2} rs1 ${funct3} rd 0101111`;

/** The word and the doubleword form of one operation. Both see sign-extended values. */
const amo = (name: string, funct5: string, operation: Operation): Row[] => [
  row(
    `${name}.w`,
    format(funct5, "rs2", "010"),
    "rd,rs2,(rs1)",
    (m) => m.amo(4, (old, source) => operation(m, old, source.low().extend())),
  ),
  row(
    `${name}.d`,
    format(funct5, "rs2", "011"),
    "rd,rs2,(rs1)",
    (m) => m.amo(8, (old, source) => operation(m, old, source)),
  ),
];

/** The rows of the A extension. Unsigned order holds between sign-extended words as well. */
export const ROWS_A: readonly Row[] = [
  row("lr.w", format("00010", "00000", "010"), "rd,(rs1)", (m) => m.loadReserved(4)),
  row("lr.d", format("00010", "00000", "011"), "rd,(rs1)", (m) => m.loadReserved(8)),
  row("sc.w", format("00011", "rs2", "010"), "rd,rs2,(rs1)", (m) => m.storeConditional(4)),
  row("sc.d", format("00011", "rs2", "011"), "rd,rs2,(rs1)", (m) => m.storeConditional(8)),
  ...amo("amoswap", "00001", (_, _old, source) => source),
  ...amo("amoadd", "00000", (_, old, source) => old.add(source)),
  ...amo("amoxor", "00100", (_, old, source) => old.xor(source)),
  ...amo("amoand", "01100", (_, old, source) => old.and(source)),
  ...amo("amoor", "01000", (_, old, source) => old.or(source)),
  ...amo("amomin", "10000", (m, old, source) => m.choose(old.ltS(source), old, source)),
  ...amo("amomax", "10100", (m, old, source) => m.choose(old.ltS(source), source, old)),
  ...amo("amominu", "11000", (m, old, source) => m.choose(old.ltU(source), old, source)),
  ...amo("amomaxu", "11100", (m, old, source) => m.choose(old.ltU(source), source, old)),
];
