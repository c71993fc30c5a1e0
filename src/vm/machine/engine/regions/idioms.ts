/**
 * The loops of `memset` and `memmove` in a region (loops.ts says what they look like): as many
 * iterations as the TLB, the page and the budget allow, as one `memory.fill` or `memory.copy`. Bytes,
 * registers, budget and hits of the TLB are then what the iterations one by one would have left.
 *
 * @module
 */

import { type LoopShape, shapeOfLoop } from "../loops.ts";
import type { Emitter } from "./emit.ts";
import { BUDGET, COUNT, ENTRY, OLD, PLACE, READ, SOURCE, VA, WORD, WRITE } from "./frame.ts";
import type { Block } from "./region.ts";
import { countHits, entryOf } from "./steps.ts";

/** A block that is such a loop. */
export type Idiom = LoopShape & { readonly steps: number };

/** The loop that a block is, if it is one. */
export function idiomOf({ place, steps, end }: Block): Idiom | undefined {
  if (end.kind !== "branches" || end.target !== place) return undefined;
  const shape = shapeOfLoop(steps.map(({ instruction }) => instruction));
  return shape && { ...shape, steps: steps.length };
}

/** Ways on: behind the loop, or at its start again. */
export interface Ways {
  done(): void;
  again(): void;
}

/** Writes it, at the start of the block; what cannot be done so is left to the block. */
export function writeIdiom(emitter: Emitter, idiom: Idiom, ways: Ways): void {
  new IdiomWriter(emitter, idiom, ways).write();
}

class IdiomWriter {
  readonly #emitter: Emitter;
  readonly #idiom: Idiom;
  readonly #ways: Ways;

  constructor(emitter: Emitter, idiom: Idiom, ways: Ways) {
    this.#emitter = emitter;
    this.#idiom = idiom;
    this.#ways = ways;
  }

  get #out() {
    return this.#emitter.out;
  }

  #get(register: number): void {
    if (register === 0) this.#out.i64(0);
    else this.#out.get(this.#emitter.registers.of(register));
  }

  /** COUNT = the smaller of COUNT and what is computed. */
  #atMost(bound: () => void): void {
    const out = this.#out;
    bound();
    out.tee(OLD);
    out.get(COUNT);
    out.get(OLD);
    out.get(COUNT);
    out.op("i64_lt_u");
    out.select();
    out.set(COUNT);
  }

  /** The address of the byte that a pointer comes to next. */
  #byte(pointer: number): void {
    this.#get(pointer);
    if (this.#idiom.step > 0) return;
    this.#out.i64(-1);
    this.#out.op("i64_add");
  }

  /** Bytes from there until the page ends. */
  #room(pointer: number): void {
    const out = this.#out;
    if (this.#idiom.step > 0) out.i64(4096);
    this.#byte(pointer);
    out.i64(4095);
    out.op("i64_and");
    if (this.#idiom.step > 0) return out.op("i64_sub");
    out.i64(1);
    out.op("i64_add");
  }

  write(): void {
    const out = this.#out;
    const { step, source, target, compared, end, steps } = this.#idiom;
    // Iterations until the pointer is there; none stands for 2^64, which the block begins.
    this.#get(step > 0 ? end : compared);
    this.#get(step > 0 ? compared : end);
    out.op("i64_sub");
    out.set(COUNT);
    this.#atMost(() => this.#room(target));
    if (source !== 0) this.#atMost(() => this.#room(source));
    this.#atMost(() => {
      out.get(BUDGET);
      out.i64(steps);
      out.op("i64_div_u");
    });
    out.get(COUNT);
    out.i64(2);
    out.op("i64_ge_u");
    out.when(() => this.#ifThere(WRITE, target, PLACE, () => this.#move()));
  }

  /** If the TLB has the page of a pointer's byte: where it stands, in a local, and `then`. */
  #ifThere(table: number, pointer: number, place: number, then: () => void): void {
    const out = this.#out;
    this.#byte(pointer);
    out.tee(VA);
    entryOf(out, table);
    out.load("i64_load");
    out.get(VA);
    out.i64(-4096);
    out.op("i64_and");
    out.op("i64_eq");
    out.when(() => {
      out.get(ENTRY);
      out.load("i32_load", 8);
      out.get(VA);
      out.op("i32_wrap_i64");
      out.op("i32_add");
      out.set(place);
      then();
    });
  }

  #count(): void {
    this.#out.get(COUNT);
    this.#out.op("i32_wrap_i64");
  }

  /** The first byte in memory of COUNT bytes of which the first one moved is at a place. */
  #low(place: number): void {
    this.#out.get(place);
    if (this.#idiom.step > 0) return;
    this.#count();
    this.#out.op("i32_sub");
    this.#out.i32(1);
    this.#out.op("i32_add");
  }

  #move(): void {
    const { source, value } = this.#idiom;
    const out = this.#out;
    if (source === 0) {
      this.#low(PLACE);
      this.#get(value);
      out.op("i32_wrap_i64");
      this.#count();
      out.bulk("fill");
      return this.#finish();
    }
    this.#ifThere(READ, source, SOURCE, () => {
      this.#ahead();
      this.#low(PLACE);
      this.#low(SOURCE);
      this.#count();
      out.bulk("copy");
      // The byte moved last.
      out.get(PLACE);
      this.#count();
      out.i32(1);
      out.op("i32_sub");
      out.op(this.#idiom.step > 0 ? "i32_add" : "i32_sub");
      out.load("i64_load8_u");
      out.set(this.#emitter.registers.of(value));
      this.#hits(READ, source);
      this.#finish();
    });
  }

  /** Where a byte that was written is read again, only as many as lie between. */
  #ahead(): void {
    const out = this.#out;
    const up = this.#idiom.step > 0;
    out.get(up ? PLACE : SOURCE);
    out.get(up ? SOURCE : PLACE);
    out.op("i32_sub");
    out.tee(WORD);
    out.op("i64_extend_i32_u");
    out.get(COUNT);
    out.op("i64_lt_u");
    out.when(() => {
      out.get(WORD);
      out.when(() => {
        out.get(WORD);
        out.op("i64_extend_i32_u");
        out.set(COUNT);
      });
    });
  }

  #hits(table: number, pointer: number): void {
    if (!this.#emitter.counts) return;
    this.#byte(pointer);
    entryOf(this.#out, table);
    this.#out.drop();
    countHits(this.#out, () => this.#count());
  }

  /** Moves the pointers on and takes the budget. */
  #finish(): void {
    const out = this.#out;
    const { step, source, target, compared, end, steps } = this.#idiom;
    this.#hits(WRITE, target);
    for (const pointer of source === 0 ? [target] : [source, target]) {
      this.#get(pointer);
      out.get(COUNT);
      out.op(step > 0 ? "i64_add" : "i64_sub");
      out.set(this.#emitter.registers.of(pointer));
    }
    out.get(BUDGET);
    out.get(COUNT);
    out.i64(steps);
    out.op("i64_mul");
    out.op("i64_sub");
    out.set(BUDGET);
    this.#get(compared);
    this.#get(end);
    out.op("i64_eq");
    out.when(() => this.#ways.done());
    this.#ways.again();
  }
}
