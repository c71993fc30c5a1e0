/**
 * The values of {@link Meaning} as WebAssembly expressions: each holds the code that leaves its
 * value on the stack. Where a value is used twice its code is emitted twice, so these should be
 * short.
 *
 * @module
 */

import type * as meaning from "../isa/meaning.ts";
import { MUL_HIGH } from "./functions.ts";
import { type Bytes, call, either, I32, I64, i64 as constant, op } from "./wasm.ts";

/** A truth value: code that leaves an i32, zero or not. */
export class Condition implements meaning.Bool {
  constructor(readonly code: Bytes) {}

  and(other: Condition): Condition {
    // Comparisons leave 0 or 1, so the bitwise operator will do.
    return new Condition(op("i32_and", this.code, other.code));
  }

  value(): Value {
    return new Value(op("i64_extend_i32_u", this.code));
  }
}

/** A 64-bit value. */
export class Value implements meaning.I64 {
  constructor(readonly code: Bytes) {}

  add(other: Value): Value {
    return new Value(op("i64_add", this.code, other.code));
  }
  sub(other: Value): Value {
    return new Value(op("i64_sub", this.code, other.code));
  }
  mul(other: Value): Value {
    return new Value(op("i64_mul", this.code, other.code));
  }
  divS(other: Value): Value {
    return new Value(op("i64_div_s", this.code, other.code));
  }
  divU(other: Value): Value {
    return new Value(op("i64_div_u", this.code, other.code));
  }
  remS(other: Value): Value {
    return new Value(op("i64_rem_s", this.code, other.code));
  }
  remU(other: Value): Value {
    return new Value(op("i64_rem_u", this.code, other.code));
  }
  and(other: Value): Value {
    return new Value(op("i64_and", this.code, other.code));
  }
  or(other: Value): Value {
    return new Value(op("i64_or", this.code, other.code));
  }
  xor(other: Value): Value {
    return new Value(op("i64_xor", this.code, other.code));
  }
  shl(amount: Value): Value {
    return new Value(op("i64_shl", this.code, amount.code));
  }
  shrS(amount: Value): Value {
    return new Value(op("i64_shr_s", this.code, amount.code));
  }
  shrU(amount: Value): Value {
    return new Value(op("i64_shr_u", this.code, amount.code));
  }
  eq(other: Value): Condition {
    return new Condition(op("i64_eq", this.code, other.code));
  }
  ne(other: Value): Condition {
    return new Condition(op("i64_ne", this.code, other.code));
  }
  ltS(other: Value): Condition {
    return new Condition(op("i64_lt_s", this.code, other.code));
  }
  ltU(other: Value): Condition {
    return new Condition(op("i64_lt_u", this.code, other.code));
  }
  geS(other: Value): Condition {
    return new Condition(op("i64_ge_s", this.code, other.code));
  }
  geU(other: Value): Condition {
    return new Condition(op("i64_ge_u", this.code, other.code));
  }

  mulHighU(other: Value): Value {
    return new Value(call(MUL_HIGH, this.code, other.code));
  }

  low(): Word {
    return new Word(op("i32_wrap_i64", this.code));
  }
}

/** A 32-bit value. */
export class Word implements meaning.I32 {
  constructor(readonly code: Bytes) {}

  add(other: Word): Word {
    return new Word(op("i32_add", this.code, other.code));
  }
  sub(other: Word): Word {
    return new Word(op("i32_sub", this.code, other.code));
  }
  mul(other: Word): Word {
    return new Word(op("i32_mul", this.code, other.code));
  }
  divS(other: Word): Word {
    return new Word(op("i32_div_s", this.code, other.code));
  }
  divU(other: Word): Word {
    return new Word(op("i32_div_u", this.code, other.code));
  }
  remS(other: Word): Word {
    return new Word(op("i32_rem_s", this.code, other.code));
  }
  remU(other: Word): Word {
    return new Word(op("i32_rem_u", this.code, other.code));
  }
  shl(amount: Word): Word {
    return new Word(op("i32_shl", this.code, amount.code));
  }
  shrS(amount: Word): Word {
    return new Word(op("i32_shr_s", this.code, amount.code));
  }
  shrU(amount: Word): Word {
    return new Word(op("i32_shr_u", this.code, amount.code));
  }

  eq(other: Word): Condition {
    return new Condition(op("i32_eq", this.code, other.code));
  }

  extend(): Value {
    return new Value(op("i64_extend_i32_s", this.code));
  }
}

/** `yes` or `no`; only the chosen one is computed. */
export function choose(condition: Condition, yes: Value, no: Value): Value {
  return new Value(either(I64, condition.code, yes.code, no.code));
}

/** {@link choose} for words. */
export function chooseWord(condition: Condition, yes: Word, no: Word): Word {
  return new Word(either(I32, condition.code, yes.code, no.code));
}

/** A constant. */
export function value(bits: bigint): Value {
  return new Value(constant(bits));
}
