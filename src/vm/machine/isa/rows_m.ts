/**
 * The M extension: multiplication and division. Division by zero does not trap: the quotient is all
 * ones and the remainder the dividend; the one overflow, most negative / -1, gives the dividend and
 * remainder 0.
 *
 * @module
 */

import type { I32, I64, Meaning } from "./meaning.ts";
import { type Row, rowsOf } from "./row.ts";

const MOST_NEGATIVE = -(2n ** 63n);

const row = rowsOf("M");

const wide = (name: string, funct3: string, means: (m: Meaning) => I64) =>
  row(name, `0000001 rs2 rs1 ${funct3} rd 0110011`, "rd,rs1,rs2", (m) => m.set(means(m)));

const word = (name: string, funct3: string, means: (m: Meaning, a: I32, b: I32) => I32) => {
  const format = `0000001 rs2 rs1 ${funct3} rd 0111011`;
  return row(name, format, "rd,rs1,rs2", (m) => m.set(means(m, m.rs1.low(), m.rs2.low()).extend()));
};

/** `otherwise`, unless the divisor is zero or the division overflows. */
function guarded(m: Meaning, byZero: I64, onOverflow: I64, otherwise: I64): I64 {
  const overflow = m.rs1.eq(m.constant(MOST_NEGATIVE)).and(m.rs2.eq(m.constant(-1n)));
  const zero = m.rs2.eq(m.constant(0n));
  return m.choose(zero, byZero, m.choose(overflow, onOverflow, otherwise));
}

function guardedWord(m: Meaning, byZero: I32, onOverflow: I32, otherwise: I32): I32 {
  const [a, b] = [m.rs1.low(), m.rs2.low()];
  const overflow = a.eq(m.constant32(-(2 ** 31))).and(b.eq(m.constant32(-1)));
  const zero = b.eq(m.constant32(0));
  return m.choose32(zero, byZero, m.choose32(overflow, onOverflow, otherwise));
}

/** What the unsigned upper half has too much when `factor` was meant as negative. */
const correction = (m: Meaning, factor: I64, other: I64) => factor.shrS(m.constant(63n)).and(other);

/** The rows of the M extension. */
export const ROWS_M: readonly Row[] = [
  wide("mul", "000", (m) => m.rs1.mul(m.rs2)),
  wide("mulh", "001", (m) =>
    m.rs1.mulHighU(m.rs2)
      .sub(correction(m, m.rs1, m.rs2)).sub(correction(m, m.rs2, m.rs1))),
  wide("mulhsu", "010", (m) => m.rs1.mulHighU(m.rs2).sub(correction(m, m.rs1, m.rs2))),
  wide("mulhu", "011", (m) => m.rs1.mulHighU(m.rs2)),
  wide("div", "100", (m) => guarded(m, m.constant(-1n), m.rs1, m.rs1.divS(m.rs2))),
  wide(
    "divu",
    "101",
    (m) => m.choose(m.rs2.eq(m.constant(0n)), m.constant(-1n), m.rs1.divU(m.rs2)),
  ),
  wide("rem", "110", (m) => guarded(m, m.rs1, m.constant(0n), m.rs1.remS(m.rs2))),
  wide("remu", "111", (m) => m.choose(m.rs2.eq(m.constant(0n)), m.rs1, m.rs1.remU(m.rs2))),

  word("mulw", "000", (_, a, b) => a.mul(b)),
  word("divw", "100", (m, a, b) => guardedWord(m, m.constant32(-1), a, a.divS(b))),
  word("divuw", "101", (m, a, b) => m.choose32(b.eq(m.constant32(0)), m.constant32(-1), a.divU(b))),
  word("remw", "110", (m, a, b) => guardedWord(m, a, m.constant32(0), a.remS(b))),
  word("remuw", "111", (m, a, b) => m.choose32(b.eq(m.constant32(0)), a, a.remU(b))),
];
