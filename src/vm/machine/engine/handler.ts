/**
 * One reading of the instruction rows: the code the interpreter runs for a decoded record.
 *
 * @module
 */

import type { CsrChange, CsrSource, Meaning } from "../isa/meaning.ts";
import * as layout from "../layout.ts";
import { isOpen, keptAfter, mstatusAfter, mstatusIsPlain, readCsr } from "./csr_code.ts";
import { choose, chooseWord, type Condition, Value, value, Word } from "./expression.ts";
import { ATOMIC, LOOP, SYSTEM } from "./functions.ts";
import {
  ACCESS_ATOMIC,
  ACCESS_CONDITIONAL,
  ACCESS_LOAD,
  ACCESS_RESERVE,
  ACCESS_STORE,
  DONE_STOP,
  TRAP_TAKEN,
  TRAPPED,
} from "./host.ts";
import type { Labels } from "./labels.ts";
import {
  advance,
  BUDGET,
  countHit,
  DESC,
  fieldA,
  fieldB,
  fieldC,
  lookUp,
  OLD,
  pc,
  PLACE,
  placeOf,
  READ,
  readBack,
  register,
  RESULT,
  retire,
  RP,
  setRd,
  setSlot32,
  setSlot64,
  slot32,
  slot64,
  TARGET,
  VA,
  WRITE,
  writeBack,
} from "./locals.ts";
import type { Pair } from "./pairs.ts";
import { RECORD_SHIFT } from "./records.ts";
import { shapeOf } from "./shape.ts";
import type { Variant } from "./variants.ts";
import {
  brIf,
  type Bytes,
  call,
  get,
  i32,
  i64,
  leave,
  load,
  type MemoryOp,
  op,
  set,
  store,
  tee,
  when,
} from "./wasm.ts";

/** Global that is DONE or {@link DONE_STOP} after an atomic access outside the TLB, else 0. */
export const AFTER = 0;

const SIZES = { 1: "8", 2: "16", 4: "32", 8: "" } as const;

/** A slow access as one number: kind, size, signed, sink, and the record's length above. */
export function describe(
  kind: number,
  size: number,
  signed: boolean,
  sink: boolean,
  length: number,
): number {
  return kind | (size << 2) | (Number(signed) << 6) | (Number(sink) << 7) |
    ((length << RECORD_SHIFT) << 8);
}

/** Fields of a record hold 8 × a register's number. */
const REGISTER_SHIFT = 3;

/** The bits of an address that a TLB tag is compared with: its page, and that it is aligned. */
export const tagMask = (size: number): bigint => ~(0xfffn & ~BigInt(size - 1));

/** The code of one handler. It ends by branching. `counts`: look-ups in the TLB count hits. */
export function handlerCode(variant: Variant, labels: Labels, counts: boolean): Bytes {
  const emitter = new HandlerEmitter(variant, labels, counts);
  variant.row.means(emitter);
  return [emitter.code, labels.to("next")];
}

/** The code of a handler for two instructions in a row. */
export function pairCode({ first, second }: Pair, labels: Labels, counts: boolean): Bytes {
  const emitter = new HandlerEmitter(first, labels, counts);
  first.row.means(emitter);
  return [emitter.code, takeOne(labels), handlerCode(second, labels, counts)];
}

/** The code of a handler for an instruction with which a loop begins (see loops.ts). */
export function loopCode(first: Variant, labels: Labels, counts: boolean): Bytes {
  return [
    writeBack,
    set(RESULT, call(LOOP, get(RP))),
    set(BUDGET, slot64(layout.BUDGET)),
    when(get(RESULT), set(RP, get(RESULT)), labels.to("next", 1)),
    retire,
    handlerCode(first, labels, counts),
  ];
}

/** One instruction is about to be executed: counts it, or leaves when the budget is used up. */
export function takeOne(labels: Labels, inside = 0): Bytes {
  return [retire, brIf(labels.distance("exhausted", inside), op("i64_lt_s", get(BUDGET), i64(0n)))];
}

/** The host has taken a trap: on to its handler. */
export function trapTaken(labels: Labels, inside: number): Bytes {
  return [readBack, set(TARGET, slot64(layout.PC)), labels.to("far", inside)];
}

/** The operands, as they stand in the record at rp. */
const RS1 = new Value(register(fieldB));
const RS2 = new Value(register(fieldA));
const RS2_OF_REGISTER_FORM = new Value(register(fieldC));
const IMM = new Value(load("i64_load32_s", 4, get(RP)));
const ADDRESS = new Value(pc);

/**
 * Emits a handler's code by being what a row's meaning talks to. Where the meaning leads on to the
 * next instruction the code ends with rp moved on; in all other cases it branches away.
 */
class HandlerEmitter implements Meaning {
  readonly code: Bytes = [];
  readonly rs1: Value = RS1;
  readonly rs2: Value;
  readonly imm: Value = IMM;
  readonly pc: Value = ADDRESS;
  readonly constant = value;
  readonly choose = choose as Meaning["choose"];
  readonly choose32 = chooseWord as Meaning["choose32"];

  constructor(readonly variant: Variant, readonly labels: Labels, readonly counts: boolean) {
    this.rs2 = shapeOf(variant.row).registerForm ? RS2_OF_REGISTER_FORM : RS2;
  }

  constant32(bits: number): Word {
    return new Word(i32(bits));
  }

  set(result: Value): void {
    this.#emit(setRd(false, result.code));
    this.#emit(advance(this.variant.length));
  }

  load(size: 1 | 2 | 4 | 8, signed: boolean): void {
    const name = size === 8 ? "i64_load" : `i64_load${SIZES[size]}_${signed ? "s" : "u"}` as const;
    this.#access(ACCESS_LOAD, size, signed, setRd(this.variant.sink, load(name, 0, get(PLACE))));
  }

  store(size: 1 | 2 | 4 | 8): void {
    const name = `i64_store${SIZES[size]}` as MemoryOp;
    this.#access(ACCESS_STORE, size, false, store(name, 0, get(PLACE), this.rs2.code));
  }

  amo(size: 4 | 8, next: (old: Value, source: Value) => Value): void {
    this.#atomic(ACCESS_ATOMIC, size, [
      ...set(OLD, this.#loadPlace(size)),
      ...this.#storePlace(size, next(new Value(get(OLD)), this.rs2).code),
      ...this.#setRdOrNothing(get(OLD)),
    ]);
  }

  loadReserved(size: 4 | 8): void {
    this.#atomic(ACCESS_RESERVE, size, [
      ...setSlot32(layout.RESERVATION, get(PLACE)),
      ...this.#setRdOrNothing(this.#loadPlace(size)),
    ]);
  }

  storeConditional(size: 4 | 8): void {
    this.#atomic(ACCESS_CONDITIONAL, size, [
      ...set(OLD, i64(1n)),
      ...when(
        op("i32_eq", slot32(layout.RESERVATION), get(PLACE)),
        this.#storePlace(size, this.rs2.code),
        set(OLD, i64(0n)),
      ),
      // Whether it stored or not, a store-conditional ends the reservation.
      ...setSlot32(layout.RESERVATION, i32(0)),
      ...this.#setRdOrNothing(get(OLD)),
    ]);
  }

  branch(condition: Condition): void {
    const taken = this.variant.far
      ? [...set(TARGET, op("i64_add", pc, this.imm.code)), ...this.labels.to("far", 1)]
      : [
        ...set(RP, op("i32_add", get(RP), load("i32_load", 4, get(RP)))),
        ...this.labels.to("next", 1),
      ];
    this.#emit(when(condition.code, taken));
    this.#emit(advance(this.variant.length));
  }

  jump(): void {
    if (this.variant.far) {
      this.#emit(set(TARGET, op("i64_add", pc, this.imm.code)));
      this.#link();
      this.#emit(this.labels.to("far"));
    } else {
      this.#link();
      this.#emit(set(RP, op("i32_add", get(RP), load("i32_load", 4, get(RP)))));
      this.#emit(this.labels.to("next"));
    }
  }

  jumpTo(target: Value): void {
    this.#emit(set(TARGET, op("i64_and", target.code, i64(-2n))));
    this.#link();
    this.#emit(this.labels.to("far"));
  }

  nothing(): void {
    this.#emit(advance(this.variant.length));
  }

  csr(how: CsrChange, source: CsrSource): void {
    const form = this.variant.csr;
    if (form === undefined) throw new Error(`${this.variant.row.name} without a CSR`);
    const { name, reads } = form;
    const result = this.#setRdOrNothing(readCsr(name));
    const done = [advance(this.variant.length), this.labels.to("next", 1)];
    if (reads) {
      this.#emit(when(isOpen(name), result, done));
    } else if (name === "sstatus") {
      const operand = source === "rs1"
        ? load("i32_load", layout.X, fieldB)
        : op("i32_shr_u", fieldB, i32(REGISTER_SHIFT));
      this.#emit(set(RESULT, mstatusAfter(how, operand)));
      this.#emit(when(
        op("i32_and", isOpen(name), mstatusIsPlain(get(RESULT))),
        result,
        setSlot32(layout.MSTATUS, get(RESULT)),
        done,
      ));
    } else {
      // rd may be rs1.
      this.#emit(set(OLD, keptAfter(name, register(fieldB))));
      this.#emit(when(isOpen(name), result, setSlot64(layout.KEPT[name], get(OLD)), done));
    }
    this.system();
  }

  system(): void {
    this.#emit(writeBack);
    this.#emit(set(RESULT, call(SYSTEM, load("i32_load", 4, get(RP)))));
    this.#emit(when(op("i32_eq", get(RESULT), i32(TRAPPED)), leave(i32(STOP_TRAP))));
    this.#emit(when(op("i32_eq", get(RESULT), i32(TRAP_TAKEN)), trapTaken(this.labels, 1)));
    this.#emit([...readBack, ...retire]);
    this.#emit(
      when(op("i32_eqz", get(RESULT)), advance(this.variant.length), this.labels.to("next", 1)),
    );
    this.#emit(when(
      op("i32_eq", get(RESULT), i32(DONE_STOP)),
      setSlot64(layout.BUDGET, get(BUDGET)),
      leave(i32(STOP_HOST)),
    ));
    this.#emit([...set(TARGET, slot64(layout.PC)), ...this.labels.to("far")]);
  }

  #emit(code: Bytes): void {
    this.code.push(code);
  }

  #link(): void {
    if (this.variant.sink) return;
    this.#emit(setRd(false, op("i64_add", pc, i64(BigInt(this.variant.length)))));
  }

  /** Stores to rd, then makes x0 zero again in case that it was that. */
  #setRdOrNothing(value: Bytes): Bytes {
    return [setRd(false, value), setSlot64(layout.X, i64(0n))];
  }

  #loadPlace(size: 4 | 8): Bytes {
    return load(size === 4 ? "i64_load32_s" : "i64_load", 0, get(PLACE));
  }

  #storePlace(size: 4 | 8, code: Bytes): Bytes {
    return store(size === 4 ? "i64_store32" : "i64_store", 0, get(PLACE), code);
  }

  /** A load or store: the operation on PLACE if the TLB has the page, otherwise the slow path. */
  #access(kind: number, size: number, signed: boolean, operation: Bytes): void {
    const { sink, length } = this.variant;
    const table = get(kind === ACCESS_LOAD ? READ : WRITE);
    const address = tee(VA, op("i64_add", this.rs1.code, this.imm.code));
    const tag = load("i64_load", 0, lookUp(table, address));
    this.#emit(when(
      op("i64_ne", tag, op("i64_and", get(VA), i64(tagMask(size)))),
      set(DESC, i32(describe(kind, size, signed, sink, length))),
      this.labels.to("slow", 1),
    ));
    this.#emit(countHit(this.counts));
    this.#emit([set(PLACE, placeOf(get(VA))), operation, advance(length)]);
  }

  /** An operation on PLACE for which the address is looked up by a function, as it is rarer. */
  #atomic(kind: number, size: number, operation: Bytes): void {
    const place = call(ATOMIC, i32(kind), i32(size), this.rs1.code, pc, get(BUDGET));
    this.#emit(set(PLACE, place));
    // Results below any place in RAM say that there is none.
    this.#emit(when(op("i32_lt_u", get(PLACE), i32(layout.X)), this.labels.to("refused", 1)));
    this.#emit([operation, advance(this.variant.length), this.labels.to("done")]);
  }
}

/** Results of a run: the budget is used up; a trap was raised; the host asked to stop. */
export const STOP_BUDGET = 0, STOP_TRAP = 1, STOP_HOST = 2;
/** Results of {@link EngineHost.stopAt}: the instruction has a breakpoint, or a check wants it. */
export const STOP_BREAK = 3, STOP_CHECK = 4;
