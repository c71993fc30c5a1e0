/**
 * The values of {@link Meaning} as WebAssembly expressions: each holds the code that leaves its value on
 * the stack. Where a value is used twice its code is emitted twice, so these should be short.
 *
 * @module
 */

import type * as meaning from "../isa/meaning.ts";
import { MUL_HIGH } from "./functions.ts";
import { type Bytes, call, either, I32, I64, i64 as constant, op, type OPS } from "./wasm.ts";

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

  #op(name: keyof typeof OPS, other: Value): Value {
    return new Value(op(name, this.code, other.code));
  }

  #compare(name: keyof typeof OPS, other: Value): Condition {
    return new Condition(op(name, this.code, other.code));
  }

  add = (other: Value) => this.#op("i64_add", other);
  sub = (other: Value) => this.#op("i64_sub", other);
  mul = (other: Value) => this.#op("i64_mul", other);
  divS = (other: Value) => this.#op("i64_div_s", other);
  divU = (other: Value) => this.#op("i64_div_u", other);
  remS = (other: Value) => this.#op("i64_rem_s", other);
  remU = (other: Value) => this.#op("i64_rem_u", other);
  and = (other: Value) => this.#op("i64_and", other);
  or = (other: Value) => this.#op("i64_or", other);
  xor = (other: Value) => this.#op("i64_xor", other);
  shl = (amount: Value) => this.#op("i64_shl", amount);
  shrS = (amount: Value) => this.#op("i64_shr_s", amount);
  shrU = (amount: Value) => this.#op("i64_shr_u", amount);
  eq = (other: Value) => this.#compare("i64_eq", other);
  ne = (other: Value) => this.#compare("i64_ne", other);
  ltS = (other: Value) => this.#compare("i64_lt_s", other);
  ltU = (other: Value) => this.#compare("i64_lt_u", other);
  geS = (other: Value) => this.#compare("i64_ge_s", other);
  geU = (other: Value) => this.#compare("i64_ge_u", other);

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

  #op(name: keyof typeof OPS, other: Word): Word {
    return new Word(op(name, this.code, other.code));
  }

  add = (other: Word) => this.#op("i32_add", other);
  sub = (other: Word) => this.#op("i32_sub", other);
  mul = (other: Word) => this.#op("i32_mul", other);
  divS = (other: Word) => this.#op("i32_div_s", other);
  divU = (other: Word) => this.#op("i32_div_u", other);
  remS = (other: Word) => this.#op("i32_rem_s", other);
  remU = (other: Word) => this.#op("i32_rem_u", other);
  shl = (amount: Word) => this.#op("i32_shl", amount);
  shrS = (amount: Word) => this.#op("i32_shr_s", amount);
  shrU = (amount: Word) => this.#op("i32_shr_u", amount);

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
