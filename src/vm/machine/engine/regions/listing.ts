/**
 * What is kept of a region to show it: its guest code by blocks, and its function.
 *
 * @module
 */

import { disassemble } from "../../isa/disassemble.ts";
import { REGISTER_NAMES } from "../../isa/register_names.ts";
import type { Emitted } from "./emit.ts";
import * as frame from "./frame.ts";
import { MOST_GROUPS } from "./groups.ts";
import { IMPORTS, REGION } from "./module.ts";
import { contextOf, pcOf, type Region } from "./region.ts";
import { wat } from "./wat.ts";

/** Guest code that is executed in one go. */
export interface ListedBlock {
  /** Its first instruction's address; exact. */
  readonly pc: number;
  /** Calls inside the region that lead there; 0: it is of the function that the region begins in. */
  readonly depth: number;
  /** Its instructions, as halfwords. */
  readonly code: Uint16Array;
}

/** What the locals of frame.ts are called. */
const LOCALS: ReadonlyMap<number, string> = new Map([
  [frame.LABEL, "label"],
  [frame.CONTEXT, "context"],
  [frame.READ, "read"],
  [frame.WRITE, "write"],
  [frame.EXECUTE, "execute"],
  [frame.ENTRY, "entry"],
  [frame.PLACE, "place"],
  [frame.SOURCE, "source"],
  [frame.RESULT, "result"],
  [frame.WORD, "word"],
  [frame.BUDGET, "budget"],
  [frame.VA, "va"],
  [frame.TARGET, "target"],
  [frame.OLD, "old"],
  [frame.COUNT, "count"],
  ...Array.from({ length: MOST_GROUPS }, (_, i) => [frame.GROUPS + i, `group${i}`] as const),
]);

/** Numbers of {@link Listing.marks} for each. */
const MARK = 3;

/** A translated region, to be shown. */
export class Listing {
  readonly #pcs: Float64Array;
  readonly #depths: Uint8Array;
  /** The code of all blocks, and where each one's begins there, the end of the last one's last. */
  readonly #halves: Uint16Array;
  readonly #starts: Uint32Array;
  /** The function's code, and the types of its locals after the parameters. */
  readonly code: Uint8Array;
  readonly locals: readonly number[];
  readonly #registers: readonly number[];
  /** Where the function's code of a step begins, its block's number, its offset in the block. */
  readonly #marks: Uint32Array;

  /** Of a region and its function; `half`: the halfword at an address of the guest. */
  constructor(
    { blocks, depths }: Region,
    { code, locals, registers, marks }: Emitted,
    half: (pc: number) => number,
  ) {
    this.#pcs = Float64Array.from(blocks, ({ place }) => pcOf(place));
    this.#depths = Uint8Array.from(blocks, ({ place }) => depths[contextOf(place)]!);
    const halves: number[] = [];
    this.#starts = new Uint32Array(blocks.length + 1);
    for (const [i, { steps }] of blocks.entries()) {
      for (const { pc, instruction: { length } } of steps) {
        for (let at = 0; at < length; at += 2) halves.push(half(pc + at));
      }
      this.#starts[i + 1] = halves.length;
    }
    this.#halves = Uint16Array.from(halves);
    this.code = code;
    this.locals = locals;
    this.#registers = registers;
    this.#marks = Uint32Array.from(marks.flatMap(({ at, block, offset }) => [at, block, offset]));
  }

  /** Its blocks; those in the same calls follow each other. */
  get blocks(): ListedBlock[] {
    return [...this.#pcs].map((pc, i) => ({
      pc,
      depth: this.#depths[i]!,
      code: this.#halves.subarray(this.#starts[i], this.#starts[i + 1]),
    }));
  }

  /** Its function as WebAssembly text, a line each; comments say which instruction is meant. */
  get wat(): string[] {
    const marks = new Map<number, string[]>();
    for (let i = 0; i < this.#marks.length; i += MARK) {
      const [at, block, offset] = this.#marks.subarray(i, i + MARK);
      marks.set(at!, [...marks.get(at!) ?? [], this.#mark(block!, offset!)]);
    }
    return wat(this.code, {
      ...REGION,
      name: "region",
      locals: this.locals,
      functions: IMPORTS,
      local: (index) => `$${LOCALS.get(index) ?? this.#register(index)}`,
      comments: (at) => marks.get(at) ?? [],
    });
  }

  #register(index: number): string {
    const register = this.#registers[index - frame.FIRST];
    if (register === undefined) throw new Error(`local ${index} of a region has no name`);
    return REGISTER_NAMES[register]!;
  }

  #mark(block: number, offset: number): string {
    const pc = this.#pcs[block]! + offset;
    const at = this.#starts[block]! + (offset >> 1);
    const word = this.#halves[at]! | ((this.#halves[at + 1] ?? 0) << 16);
    return `0x${pc.toString(16)}  ${disassemble(word, BigInt(pc)).text}`;
  }
}
