/**
 * The words in which an instruction row says what it does. A row's meaning is a function over
 * {@link Meaning}; whoever reads the row decides what `rs1` or `set` are. The interpreter's emitter
 * binds them to fields of decoded records and writes WebAssembly; a compiler of hot regions may
 * bind them to locals and constants.
 *
 * @module
 */

/** A 64-bit value under construction. Arithmetic is modulo 2^64; shift amounts are modulo 64. */
export interface I64 {
  add(other: I64): I64;
  sub(other: I64): I64;
  mul(other: I64): I64;
  /** The upper half of the 128-bit product of two unsigned values. */
  mulHighU(other: I64): I64;
  /** Signed quotient towards zero; not defined for a zero divisor or for overflow. */
  divS(other: I64): I64;
  divU(other: I64): I64;
  /** Signed remainder, of the sign of the dividend; not defined for a zero divisor. */
  remS(other: I64): I64;
  remU(other: I64): I64;
  and(other: I64): I64;
  or(other: I64): I64;
  xor(other: I64): I64;
  shl(amount: I64): I64;
  shrS(amount: I64): I64;
  shrU(amount: I64): I64;
  eq(other: I64): Bool;
  ne(other: I64): Bool;
  ltS(other: I64): Bool;
  ltU(other: I64): Bool;
  geS(other: I64): Bool;
  geU(other: I64): Bool;
  /** The low 32 bits. */
  low(): I32;
}

/** A 32-bit value under construction (the W instructions). Shift amounts are modulo 32. */
export interface I32 {
  add(other: I32): I32;
  sub(other: I32): I32;
  mul(other: I32): I32;
  divS(other: I32): I32;
  divU(other: I32): I32;
  remS(other: I32): I32;
  remU(other: I32): I32;
  shl(amount: I32): I32;
  shrS(amount: I32): I32;
  shrU(amount: I32): I32;
  eq(other: I32): Bool;
  /** Sign-extended to 64 bits, as every W instruction ends. */
  extend(): I64;
}

/** A truth value. */
export interface Bool {
  and(other: Bool): Bool;
  /** 1 or 0, as the compare instructions give. */
  value(): I64;
}

/** What a CSR instruction does to its CSR. */
export type CsrChange = "write" | "set" | "clear";
/** What it does so with: register rs1, or the number that stands in its field. */
export type CsrSource = "rs1" | "zimm";

/** What a row can say about one instruction. Each row uses the parts its format has. */
export interface Meaning {
  readonly rs1: I64;
  readonly rs2: I64;
  /** The immediate, extended; for `lui` and `auipc` already shifted. */
  readonly imm: I64;
  /** The address of the instruction. */
  readonly pc: I64;
  constant(value: bigint): I64;
  constant32(value: number): I32;
  /** One of two values; only the chosen one is computed (the other may be undefined, as x/0 is). */
  choose(condition: Bool, yes: I64, no: I64): I64;
  choose32(condition: Bool, yes: I32, no: I32): I32;
  /** rd = value. */
  set(value: I64): void;
  /** rd = `size` bytes at rs1 + imm, extended. */
  load(size: 1 | 2 | 4 | 8, signed: boolean): void;
  /** `size` bytes at rs1 + imm = rs2. */
  store(size: 1 | 2 | 4 | 8): void;
  /** rd = the value at rs1 (a word is sign-extended); the value there becomes next(old, rs2). */
  amo(size: 4 | 8, next: (old: I64, source: I64) => I64): void;
  /** rd = the value at rs1, which is reserved. */
  loadReserved(size: 4 | 8): void;
  /** If rs1 is still reserved: store rs2 there and rd = 0; otherwise rd = 1. */
  storeConditional(size: 4 | 8): void;
  /** To pc + imm if the condition holds. */
  branch(condition: Bool): void;
  /** rd = the next instruction's address; to pc + imm. */
  jump(): void;
  /** rd = the next instruction's address; to `target` with bit 0 cleared. */
  jumpTo(target: I64): void;
  /** Nothing a single hart could observe (fence). */
  nothing(): void;
  /**
   * rd = a CSR, whose number the instruction's `imm` field is, zero-extended; it is written from a
   * source, or those of its bits are set or cleared that are set there: rs1, or the number in its
   * field. Setting and clearing with an rs1 field of 0 do not write at all.
   */
  csr(how: CsrChange, source: CsrSource): void;
  /** The host does it: privilege, traps. */
  system(): void;
}
