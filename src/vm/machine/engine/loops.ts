/**
 * The loops of `memset` and `memmove`, as compilers write them, many iterations at once. A teaching
 * kernel fills each page that it allocates or frees, and copies pages, byte by byte: most of the
 * instructions that it executes are in these loops.
 *
 *     fill:      sb v,0(d)   addi d,d,1                                      bne d,e,fill
 *     copy up:   addi s,s,1  addi d,d,1  lbu t,-1(s)  sb t,-1(d)  bne s,e or d,e,copy
 *     copy down: addi s,s,-1  addi d,d,-1  lbu t,0(s)  sb t,0(d)  bne s,e or d,e,copy
 *
 * Nothing of it is seen from outside: registers, memory, retired instructions and hits of the TLB
 * are what the instructions one by one would have left, and a run ends where it would have ended.
 * So iterations are taken together only as far as the TLB has both bytes' pages, no page ends, the
 * budget lasts, and no instruction of the loop has a stop.
 *
 * @module
 */

import { PAGE_SIZE } from "../address.ts";
import { decode, isLong } from "../isa/decode.ts";
import type { Instruction } from "../isa/row.ts";
import * as layout from "../layout.ts";
import { RECORD_SHIFT, STOP_BIT } from "./records.ts";

/** Fewer iterations are not worth the call. */
const LEAST = 4;
/** Instructions of an iteration, the branch among them. */
const FILL = 3, COPY = 5;
const WRAP = 2 ** 32;

/** A loop that stands in decoded code. Registers are numbers of 32-bit words of the memory. */
interface Loop {
  /** Its code, to see that it still stands there. */
  readonly code: readonly number[];
  /** Where each of its instructions is, in bytes from the first. */
  readonly places: readonly number[];
  /** 1 upwards, -1 downwards. */
  readonly step: 1 | -1;
  /** Pointer to what is read; 0 in a fill. */
  readonly source: number;
  /** Pointer to what is written. */
  readonly target: number;
  /** What is written: of a fill before, of a copy the last byte read. */
  readonly value: number;
  /** The pointer that is compared, and with what. */
  readonly compared: number;
  readonly end: number;
}

/** The loops in one machine's decoded code. */
export class Loops {
  readonly #bytes: Uint8Array;
  readonly #halves: Uint16Array;
  readonly #words: Int32Array;
  readonly #counts: boolean;
  /** By the offset of the first instruction's record. */
  readonly #known = new Map<number, Loop>();

  /** None yet, in that memory (see layout.ts). `counts`: look-ups in the TLB count hits. */
  constructor(memory: WebAssembly.Memory, counts: boolean) {
    this.#counts = counts;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#halves = new Uint16Array(memory.buffer);
    this.#words = new Int32Array(memory.buffer);
  }

  /**
   * Whether a loop begins with this instruction, which is about to be decoded to the record at `rp`
   * and stands at `offset` of the page at `frame` (an offset into the memory).
   */
  begins(first: Instruction, rp: number, frame: number, offset: number): boolean {
    const { row: { name }, imm } = first;
    if (name === "sb" ? imm !== 0 : name !== "addi" || (imm !== 1 && imm !== -1)) return false;
    const [body, places] = this.#read(frame, offset, name === "sb" ? FILL : COPY);
    const loop = loopOf(body, places, (length) => {
      const start = (frame + offset) >>> 1;
      return [...this.#halves.subarray(start, start + (length >>> 1))];
    });
    if (loop !== undefined) this.#known.set(rp, loop);
    return loop !== undefined;
  }

  /** So many instructions, if they all stand in the page, and where. */
  #read(frame: number, offset: number, count: number): [Instruction[], number[]] {
    const body: Instruction[] = [], places: number[] = [];
    for (let at = offset; body.length < count && at < PAGE_SIZE;) {
      const low = this.#halves[(frame + at) >>> 1]!;
      if (isLong(low) && at + 2 >= PAGE_SIZE) break;
      const word = isLong(low) ? low | (this.#halves[(frame + at + 2) >>> 1]! << 16) : low;
      const instruction = decode(word);
      if (instruction === undefined) break;
      body.push(instruction);
      places.push(at - offset);
      at += instruction.length;
    }
    return [body, places];
  }

  /**
   * Does iterations of the loop whose first record is at `rp`, in the page of the code at `code`.
   * The BUDGET slot holds the instructions left, none of the loop's counted, and is counted down.
   * Returns where to go on, or 0 when nothing has been done.
   */
  run(rp: number, code: number): number {
    const loop = this.#known.get(rp)!;
    if (!this.#stands(loop, rp, code)) return 0;
    const words = this.#words;
    const { step, source, target, value, compared, end } = loop;
    const each = loop.places.length;
    const budget = (words[layout.BUDGET >> 2]! >>> 0) + words[(layout.BUDGET >> 2) + 1]! * WRAP;
    const all = this.#iterations(step > 0 ? end : compared, step > 0 ? compared : end);
    let count = Math.min(Math.floor(budget / each), all, this.#inPage(target, step));
    if (source !== 0) count = Math.min(count, this.#inPage(source, step));
    if (count < LEAST) return 0;
    const write = this.#entry(layout.TLB_WRITE, target, step);
    if (write === 0) return 0;
    const to = this.#place(write, target, step);
    if (source === 0) {
      this.#bytes.fill(words[value]! & 0xff, to, to + count);
    } else {
      const read = this.#entry(layout.TLB_READ, source, step);
      if (read === 0) return 0;
      const from = this.#place(read, source, step);
      // Where a byte that was written is read again, only as many as lie between.
      const ahead = (to - from) * step;
      if (ahead > 0 && ahead < count) count = ahead;
      if (count < LEAST) return 0;
      const last = this.#bytes[from + (count - 1) * step]!;
      const low = step > 0 ? 0 : 1 - count;
      this.#bytes.copyWithin(to + low, from + low, from + low + count);
      words[value] = last;
      words[value + 1] = 0;
      if (this.#counts) words[(read >> 2) + 3]! += count;
      this.#move(source, count * step);
    }
    if (this.#counts) words[(write >> 2) + 3]! += count;
    this.#move(target, count * step);
    const left = budget - count * each;
    words[layout.BUDGET >> 2] = left;
    words[(layout.BUDGET >> 2) + 1] = Math.floor(left / WRAP);
    return count === all ? rp + (2 * loop.code.length << RECORD_SHIFT) : rp;
  }

  /** Whether its code still stands there, and no instruction of it has a stop. */
  #stands({ code, places }: Loop, rp: number, at: number): boolean {
    for (let i = 0; i < code.length; i++) {
      if (this.#halves[(at >>> 1) + i] !== code[i]) return false;
    }
    for (const place of places) {
      if ((this.#words[(rp >> 2) + place]! & STOP_BIT) !== 0) return false;
    }
    return true;
  }

  /** How often one has to be added to a register for it to be another: at least once. */
  #iterations(high: number, low: number): number {
    const words = this.#words;
    const lows = (words[high]! >>> 0) - (words[low]! >>> 0);
    const highs = (words[high + 1]! - words[low + 1]! - Number(lows < 0)) | 0;
    // 2^32 and more, and 0, which means 2^64, are all as good as endless.
    return highs !== 0 || lows === 0 ? Infinity : lows < 0 ? lows + WRAP : lows;
  }

  /** Bytes from the next one that a pointer comes to until its page ends. */
  #inPage(pointer: number, step: 1 | -1): number {
    const at = this.#words[pointer]! & (PAGE_SIZE - 1);
    return step > 0 ? PAGE_SIZE - at : ((at - 1) & (PAGE_SIZE - 1)) + 1;
  }

  /** The TLB entry of the byte that a pointer comes to next; 0: it is not in the TLB. */
  #entry(table: number, pointer: number, step: 1 | -1): number {
    const words = this.#words;
    const low = (words[pointer]! - Number(step < 0)) | 0;
    const high = (words[pointer + 1]! - Number(step < 0 && words[pointer] === 0)) | 0;
    const index = (low >>> 12) & (layout.TLB_ENTRIES - 1);
    const entry = words[table >> 2]! + index * layout.TLB_ENTRY_SIZE;
    const here = words[entry >> 2] === (low & -PAGE_SIZE) && words[(entry >> 2) + 1] === high;
    return here ? entry : 0;
  }

  /** Where that byte stands in the memory. */
  #place(entry: number, pointer: number, step: 1 | -1): number {
    return (this.#words[(entry >> 2) + 2]! + this.#words[pointer]! - Number(step < 0)) >>> 0;
  }

  /** Adds to a 64-bit register. */
  #move(register: number, by: number): void {
    const low = (this.#words[register]! >>> 0) + by;
    this.#words[register] = low;
    this.#words[register + 1]! += Math.floor(low / WRAP);
  }
}

/** The loop that some instructions are, if they are one, by the numbers of its registers. */
export interface LoopShape {
  /** 1 upwards, -1 downwards. */
  readonly step: 1 | -1;
  /** Pointer to what is read; 0 in a fill. */
  readonly source: number;
  /** Pointer to what is written. */
  readonly target: number;
  /** What is written: of a fill before, of a copy the last byte read. */
  readonly value: number;
  /** The pointer that is compared, and with what. */
  readonly compared: number;
  readonly end: number;
}

/** The loop that instructions in a row are, the last being its branch back to the first. */
export function shapeOfLoop(body: readonly Instruction[]): LoopShape | undefined {
  const branch = body.at(-1);
  if (branch?.row.name !== "bne") return undefined;
  const found = body.length === FILL
    ? fillOf(body[0]!, body[1]!)
    : body.length === COPY
    ? copyOf(body[0]!, body[1]!, body[2]!, body[3]!)
    : undefined;
  if (found === undefined) return undefined;
  const { rs1, rs2 } = branch;
  const pointers = [found.source, found.target].filter((register) => register !== 0);
  const [compared, end] = pointers.includes(rs1) ? [rs1, rs2] : [rs2, rs1];
  if (!pointers.includes(compared)) return undefined;
  // All different: the pointers move, the others must not.
  if ([...pointers, end].includes(found.value) || pointers.includes(end)) return undefined;
  return { ...found, compared, end };
}

/** The same in decoded code, where its branch must lead back to its first instruction. */
function loopOf(
  body: readonly Instruction[],
  places: readonly number[],
  codeOf: (length: number) => number[],
): Loop | undefined {
  const branch = body.at(-1);
  if (branch === undefined || branch.imm !== -places.at(-1)!) return undefined;
  const shape = shapeOfLoop(body);
  if (shape === undefined) return undefined;
  const { step, source, target, value, compared, end } = shape;
  const word = (register: number) => register === 0 ? 0 : (layout.X >> 2) + 2 * register;
  return {
    code: codeOf(places.at(-1)! + branch.length),
    places,
    step,
    source: word(source),
    target: word(target),
    value: (layout.X >> 2) + 2 * value,
    compared: word(compared),
    end: (layout.X >> 2) + 2 * end,
  };
}

/** The pointers and the value; `source` is 0 in a fill. */
type Found = Pick<LoopShape, "step" | "source" | "target" | "value"> | undefined;

function fillOf(store: Instruction, add: Instruction): Found {
  const target = store.rs1;
  if (store.row.name !== "sb" || store.imm !== 0 || !moves(add, target, 1)) return undefined;
  return { step: 1, source: 0, target, value: store.rs2 };
}

function copyOf(a: Instruction, b: Instruction, load: Instruction, store: Instruction): Found {
  if (load.row.name !== "lbu" || store.row.name !== "sb") return undefined;
  const step = a.imm === 1 ? 1 : -1;
  const [source, target, value] = [load.rs1, store.rs1, load.rd];
  if (source === target || value === 0 || store.rs2 !== value) return undefined;
  const both = moves(a, source, step)
    ? moves(b, target, step)
    : moves(a, target, step) && moves(b, source, step);
  const distance = step > 0 ? -1 : 0;
  if (!both || load.imm !== distance || store.imm !== distance) return undefined;
  return { step, source, target, value };
}

function moves({ row, rd, rs1, imm }: Instruction, register: number, by: number): boolean {
  return row.name === "addi" && rd === register && rs1 === register && imm === by && rd !== 0;
}
