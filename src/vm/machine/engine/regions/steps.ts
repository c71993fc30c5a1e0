/**
 * One more reading of the instruction rows: a step of a region. Its operands are locals and
 * constants, since which instruction it is and where it stands is known.
 *
 * @module
 */

import type { CsrChange, CsrSource, Meaning } from "../../isa/meaning.ts";
import * as layout from "../../layout.ts";
import { choose, chooseWord, type Condition, Value, value, Word } from "../expression.ts";
import { type Bytes, get, i32, i64, load, type MemoryOp, op, set, sleb32 } from "../wasm.ts";
import { isOpen, keptAfter, mstatusAfter, mstatusIsPlain, readCsr } from "../csr_code.ts";
import { setSlot32, setSlot64 } from "../locals.ts";
import { plainCsr } from "../plain_csrs.ts";
import type { Emitter } from "./emit.ts";
import { APART, ENTRY, GROUPS, OLD, PLACE, READ, TARGET, VA, WORD, WRITE } from "./frame.ts";
import type { Group, Grouped } from "./groups.ts";
import { FIND, PEEK, REFILL } from "./module.ts";
import { STORES } from "./recent.ts";
import { type Block, pcOf, type Step } from "./region.ts";
import type { CodeWriter } from "./writer.ts";

const SIZES = { 1: "8", 2: "16", 4: "32", 8: "" } as const;

/** Writes a step by being what its row's meaning talks to. */
export class StepWriter implements Meaning {
  readonly constant = value;
  readonly choose = choose as Meaning["choose"];
  readonly choose32 = chooseWord as Meaning["choose32"];
  readonly #emitter: Emitter;
  readonly #out: CodeWriter;
  readonly #block: Block;
  readonly #step: Step;
  readonly #left: number;
  readonly #grouped: Grouped | undefined;

  /**
   * The writer of a block's step.
   *
   * @param left How many steps of the block, with it, remain.
   * @param grouped Of a load or store, if its group has been checked.
   */
  constructor(emitter: Emitter, block: Block, step: Step, left: number, grouped?: Grouped) {
    this.#emitter = emitter;
    this.#out = emitter.out;
    this.#block = block;
    this.#step = step;
    this.#left = left;
    this.#grouped = grouped;
  }

  /** Writes it. */
  write(): void {
    this.#emitter.mark(this.#block, this.#step);
    this.#step.instruction.row.means(this);
  }

  get rs1(): Value {
    return this.#register(this.#step.instruction.rs1);
  }

  get rs2(): Value {
    return this.#register(this.#step.instruction.rs2);
  }

  get imm(): Value {
    return new Value([0x42, sleb32(this.#step.instruction.imm)]);
  }

  get pc(): Value {
    return value(BigInt(this.#step.pc));
  }

  #register(number: number): Value {
    return number === 0 ? value(0n) : new Value(get(this.#emitter.registers.of(number)));
  }

  constant32(bits: number): Word {
    return new Word(i32(bits));
  }

  set(result: Value): void {
    this.#setRd(result.code);
  }

  #setRd(code: Bytes): void {
    const { rd } = this.#step.instruction;
    if (rd === 0) return;
    this.#out.put(code);
    this.#out.set(this.#emitter.registers.of(rd));
  }

  load(size: 1 | 2 | 4 | 8, signed: boolean): void {
    const offset = this.#access(READ, size);
    if (this.#step.instruction.rd === 0) return this.#out.drop();
    this.#out.load(
      size === 8 ? "i64_load" : `i64_load${SIZES[size]}_${signed ? "s" : "u"}` as const,
      offset,
    );
    this.#out.set(this.#emitter.registers.of(this.#step.instruction.rd));
  }

  store(size: 1 | 2 | 4 | 8): void {
    const offset = this.#access(WRITE, size);
    this.#out.put(this.rs2.code);
    this.#out.store(`i64_store${SIZES[size]}` as MemoryOp, offset);
  }

  amo(size: 4 | 8, next: (old: Value, source: Value) => Value): void {
    this.#lookUp(WRITE, size, this.rs1.code);
    this.#place();
    this.#out.tee(PLACE);
    this.#out.load(size === 4 ? "i64_load32_s" : "i64_load");
    this.#out.set(OLD);
    this.#out.get(PLACE);
    this.#out.put(next(new Value(get(OLD)), this.rs2).code);
    this.#out.store(size === 4 ? "i64_store32" : "i64_store");
    this.#setRd(get(OLD));
  }

  loadReserved(size: 4 | 8): void {
    const { rd } = this.#step.instruction;
    this.#lookUp(READ, size, this.rs1.code);
    this.#place();
    this.#out.set(PLACE);
    this.#out.i32(0);
    this.#out.get(PLACE);
    this.#out.store("i32_store", layout.RESERVATION);
    if (rd !== 0) {
      this.#setRd(load(size === 4 ? "i64_load32_s" : "i64_load", 0, get(PLACE)));
    }
  }

  storeConditional(size: 4 | 8): void {
    const out = this.#out;
    this.#lookUp(WRITE, size, this.rs1.code);
    this.#place();
    out.set(PLACE);
    out.i64(1);
    out.set(OLD);
    out.i32(0);
    out.load("i32_load", layout.RESERVATION);
    out.get(PLACE);
    out.op("i32_eq");
    out.when(() => {
      out.get(PLACE);
      out.put(this.rs2.code);
      out.store(size === 4 ? "i64_store32" : "i64_store");
      out.i64(0);
      out.set(OLD);
    });
    out.i32(0);
    out.i32(0);
    out.store("i32_store", layout.RESERVATION);
    this.#setRd(get(OLD));
  }

  branch(condition: Condition): void {
    const { end } = this.#block;
    if (end.kind !== "branches") throw new Error("a branch in the middle of a block");
    this.#out.put(condition.code);
    this.#out.when(() => this.#emitter.go(this.#block, end.target));
    this.#emitter.go(this.#block, end.next);
  }

  jump(): void {
    this.#link();
  }

  jumpTo(target: Value): void {
    if (this.#block.end.kind !== "jumps") {
      this.#out.put(op("i64_and", target.code, i64(-2n)));
      this.#out.set(TARGET);
    }
    this.#link();
  }

  nothing(): void {}

  csr(how: CsrChange, source: CsrSource): void {
    const { instruction: { imm, rs1 } } = this.#step;
    const form = plainCsr({ how, source }, imm, rs1);
    if (form === undefined) throw new Error("the interpreter executes it");
    const { name, reads } = form;
    const out = this.#out;
    const unless = (holds: Bytes) => {
      out.put(op("i32_eqz", holds));
      out.rarely(() => this.#emitter.leave(this.#step.pc, this.#left));
    };
    if (reads) {
      unless(isOpen(name));
      this.#setRd(readCsr(name));
    } else if (name === "sstatus") {
      out.put(set(WORD, mstatusAfter(how, source === "rs1" ? this.rs1.low().code : i32(rs1))));
      unless(op("i32_and", isOpen(name), mstatusIsPlain(get(WORD))));
      this.#setRd(readCsr(name));
      out.put(setSlot32(layout.MSTATUS, get(WORD)));
    } else {
      unless(isOpen(name));
      // rd may be rs1.
      out.put(set(OLD, keptAfter(name, this.rs1.code)));
      this.#setRd(readCsr(name));
      out.put(setSlot64(layout.KEPT[name], get(OLD)));
    }
  }

  system(): void {
    throw new Error("the interpreter executes it");
  }

  #link(): void {
    const { pc, instruction: { rd, length } } = this.#step;
    if (rd === 0) return;
    this.#out.i64(pc + length);
    this.#out.set(this.#emitter.registers.of(rd));
  }

  /** Leaves the place of a load or store, less the offset that is returned, on the stack. */
  #access(table: number, size: number): number {
    if (this.#grouped !== undefined) {
      this.#out.get(GROUPS + this.#grouped.group);
      return this.#grouped.offset;
    }
    this.#lookUp(table, size, this.#address);
    this.#place();
    return 0;
  }

  /** The address of a load or store. */
  get #address(): Bytes {
    const { imm } = this.#step.instruction;
    return imm === 0 ? this.rs1.code : op("i64_add", this.rs1.code, this.imm.code);
  }

  /**
   * Leaves the address in VA and makes sure of its page's copy (recent.ts), or leaves its TLB entry in
   * ENTRY. When the TLB has it not, the host puts it there; if that takes more than a walk, the
   * interpreter executes the instruction.
   */
  #lookUp(table: number, size: number, address: Bytes): void {
    const out = this.#out;
    const what = (table === WRITE ? STORES : 0) + 2 * size;
    out.put(address);
    out.tee(VA);
    if (!this.#emitter.counts) {
      const { pc, instruction: { rs1 } } = this.#step;
      this.#table = table;
      this.#copy = this.#emitter.copies.of(table, rs1, this.#block.place, pc);
      isOther(out, table, this.#copy, size);
      out.rarely(() => {
        fill(out, table, this.#copy, what, FIND);
        out.op("i32_eqz");
        out.rarely(() => this.#emitter.leave(this.#step.pc, this.#left));
      });
      return;
    }
    entryOf(out, table);
    out.load("i64_load");
    out.get(VA);
    // The page, and that it is aligned.
    out.i64(-4096 + size - 1);
    out.op("i64_and");
    out.op("i64_ne");
    out.rarely(() => {
      out.i32(0);
      out.get(VA);
      out.store("i64_store", layout.ACCESS_VA);
      out.i32(what);
      out.call(REFILL);
      out.op("i32_eqz");
      out.rarely(() => this.#emitter.leave(this.#step.pc, this.#left));
    });
    countHits(out, () => out.i32(1));
  }

  /** The copy that the access goes by, less its table. */
  #table = READ;
  #copy = 0;

  /** Where the access goes in the linear memory. */
  #place(): void {
    if (!this.#emitter.counts) return placeBy(this.#out, this.#table, this.#copy);
    this.#out.get(ENTRY);
    this.#out.load("i32_load", 8);
    this.#out.get(VA);
    this.#out.op("i32_wrap_i64");
    this.#out.op("i32_add");
  }
}

/** Leaves on the stack whether a copy is not of the page of the address there, or that not aligned. */
function isOther(out: CodeWriter, table: number, copy: number, alignment: number): void {
  out.i64(-4096 + alignment - 1);
  out.op("i64_and");
  out.get(table);
  out.load("i64_load", copy);
  out.op("i64_ne");
}

/** Leaves on the stack whether FIND or PEEK have made the copy one of the page of VA. */
function fill(out: CodeWriter, table: number, copy: number, what: number, by: number): void {
  out.get(table);
  out.get(table);
  out.i32(copy);
  out.op("i32_add");
  out.get(VA);
  out.i32(what);
  out.call(by);
}

/** Leaves the place of VA in the linear memory on the stack, by its page's copy. */
function placeBy(out: CodeWriter, table: number, copy: number): void {
  out.get(table);
  out.load("i32_load", copy + 8);
  out.get(VA);
  out.op("i32_wrap_i64");
  out.op("i32_add");
}

/**
 * Goes to APART unless all accesses of a group can be done at once: they are in one page, which the
 * TLB has, and aligned. Where the group begins in the linear memory is in a local then.
 */
export function checkGroup(
  { out, registers, copies }: Emitter,
  group: Group,
  block: Block,
  place: number,
): void {
  const { stores, register, low, span, alignment } = group;
  const table = stores ? WRITE : READ;
  const copy = copies.of(table, register, block.place, pcOf(block.place));
  out.get(registers.of(register));
  if (low !== 0) {
    out.i64(low);
    out.op("i64_add");
  }
  out.tee(VA);
  isOther(out, table, copy, alignment);
  out.rarely(() => {
    fill(out, table, copy, (stores ? STORES : 0) + 2 * alignment, PEEK);
    out.op("i32_eqz");
    out.branchRarely(APART);
  });
  // The last byte is in the same page.
  out.i32(4096 - span);
  out.get(VA);
  out.op("i32_wrap_i64");
  out.i32(4095);
  out.op("i32_and");
  out.op("i32_lt_u");
  out.branchRarely(APART);
  placeBy(out, table, copy);
  out.set(place);
}

/** The TLB entry for the address on the stack, which is left there and in ENTRY. */
export function entryOf(out: CodeWriter, table: number): void {
  out.op("i32_wrap_i64");
  // 4096 bytes of a page to 16 of an entry
  out.i32(8);
  out.op("i32_shr_u");
  out.i32((layout.TLB_ENTRIES - 1) * layout.TLB_ENTRY_SIZE);
  out.op("i32_and");
  out.get(table);
  out.op("i32_add");
  out.tee(ENTRY);
}

/** Counts hits of the entry in ENTRY, as many as `hits` computes. */
export function countHits(out: CodeWriter, hits: () => void): void {
  out.get(ENTRY);
  out.get(ENTRY);
  out.load("i32_load", 12);
  hits();
  out.op("i32_add");
  out.store("i32_store", 12);
}
