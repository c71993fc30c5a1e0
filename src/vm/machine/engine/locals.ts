/**
 * The interpreter's local variables and the short pieces of code that every part of it uses.
 *
 * @module
 */

import * as layout from "../layout.ts";
import { RECORD_SHIFT } from "./records.ts";
import { type Bytes, get, I32, i32, I64, load, op, set, store, tee } from "./wasm.ts";

/** Parameter: most instructions to run (f64, so that no BigInt has to be made). */
export const LIMIT = 0;
/** The record being executed. */
export const RP = 1;
/** Current read and write tables of the TLB. */
export const READ = 2, WRITE = 3;
/** A TLB entry, an address in linear memory, what a slow access is, what a call returned. */
export const ENTRY = 4, PLACE = 5, DESC = 6, RESULT = 7;
/** pc - rp / 4 for the current page. */
export const BIAS = 8;
/** Instructions left. */
export const BUDGET = 9;
/** Address of an access; where to go; a value being worked on. */
export const VA = 10, TARGET = 11, OLD = 12;

/** Types of the locals after the parameter. */
export const LOCAL_TYPES = [I32, I32, I32, I32, I32, I32, I32, I64, I64, I64, I64, I64];

/** The address of the current instruction. */
export const pc: Bytes = op(
  "i64_add",
  get(BIAS),
  op("i64_extend_i32_u", op("i32_shr_u", get(RP), i32(RECORD_SHIFT))),
);

/** Reads or writes a place of the machine's layout. */
export const slot64 = (at: number): Bytes => load("i64_load", at, i32(0));
export const slot32 = (at: number): Bytes => load("i32_load", at, i32(0));
export const setSlot64 = (at: number, value: Bytes): Bytes => store("i64_store", at, i32(0), value);
export const setSlot32 = (at: number, value: Bytes): Bytes => store("i32_store", at, i32(0), value);

/** Linear-memory addresses (less X) of the registers that the record names in its field. */
export const fieldA: Bytes = load("i32_load8_u", 2, get(RP));
export const fieldB: Bytes = load("i32_load8_u", 3, get(RP));
export const fieldC: Bytes = load("i32_load8_u", 4, get(RP));

/** The value of a register. */
export const register = (field: Bytes): Bytes => load("i64_load", layout.X, field);

/** Stores to rd, or for rd = x0 to the sink. */
export const setRd = (sink: boolean, value: Bytes): Bytes =>
  sink ? setSlot64(layout.X_SINK, value) : store("i64_store", layout.X, fieldA, value);

/** Makes the PC slot exact, and BUDGET too, counting the current instruction as not done. */
export const writeBack: Bytes = [
  ...setSlot64(layout.PC, pc),
  ...setSlot64(layout.BUDGET, op("i64_add", get(BUDGET), [0x42, 1])),
];

/** After a host call: it may have changed the TLB bank and the budget. */
export const readBack: Bytes = [
  ...set(READ, slot32(layout.TLB_READ)),
  ...set(WRITE, slot32(layout.TLB_WRITE)),
  ...set(BUDGET, slot64(layout.BUDGET)),
];

/** budget = budget - 1: the current instruction is done. */
export const retire: Bytes = set(BUDGET, op("i64_sub", get(BUDGET), [0x42, 1]));

/** rp = the record that many bytes of code further on. */
export const advance = (length: number): Bytes =>
  set(RP, op("i32_add", get(RP), i32(length << RECORD_SHIFT)));

/** Leaves the entry for an address in a local and on the stack; `table`: its table's offset. */
export const lookUp = (table: Bytes, address: Bytes, entry = ENTRY): Bytes => {
  const shift = layout.TLB_ENTRY_SIZE === 16 ? 12 - 4 : NaN;
  const index = op(
    "i32_and",
    op("i32_shr_u", op("i32_wrap_i64", address), i32(shift)),
    i32((layout.TLB_ENTRIES - 1) * layout.TLB_ENTRY_SIZE),
  );
  return tee(entry, op("i32_add", table, index));
};

/** One more hit (or as many as given) of the entry in a local, where hits are counted. */
export const countHit = (counts: boolean, entry = ENTRY, hits = 1): Bytes => {
  if (!counts) return [];
  const sum = op("i32_add", load("i32_load", 12, get(entry)), i32(hits));
  return store("i32_store", 12, get(entry), sum);
};

/** The place in linear memory of an address whose entry is in a local. */
export const placeOf = (address: Bytes, entry = ENTRY): Bytes =>
  op("i32_add", load("i32_load", 8, get(entry)), op("i32_wrap_i64", address));
