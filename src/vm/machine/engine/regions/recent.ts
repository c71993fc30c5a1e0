/**
 * The pages that places in the code accessed last: copies of TLB entries, which stand behind each
 * table for reading and writing. Where the TLB finds an entry by the page's number, a place in a
 * region has an entry of its own, at an address that is known when the region is written: comparing
 * it takes two instructions, and nothing is loaded that the access waits for.
 *
 * A copy is never there without the entry that it was made from: who drops or replaces that drops
 * the copies (fast_tlb.ts). Several places may have the same copy; the one that came last has it.
 * Where hits are counted there are none, since each look-up has to find its entry.
 *
 * @module
 */

import * as layout from "../../layout.ts";
import { contextOf, type Place } from "./region.ts";
import { lookUp, setSlot32, setSlot64 } from "../locals.ts";
import {
  assemble,
  type Bytes,
  call,
  type FunctionBody,
  get,
  I32,
  i32,
  I64,
  i64,
  leave,
  load,
  op,
  set,
  store,
  when,
} from "../wasm.ts";

/** {@link EngineHost.refill}: the access is a store; else a load. Its size is added times two. */
export const STORES = 1;
/** How regions import what fills copies: (table, copy, address, what) → whether it is there. */
export const FIND_SIGNATURE = { params: [I32, I32, I64, I32], results: [I32] };

/** How a region's copies are filled. */
export interface RecentFunctions {
  /**
   * Has the TLB's entry for an access copied, after the host has put it there if need be; `what` as in
   * {@link EngineHost.refill}. 0: the interpreter has to make the access.
   */
  find(table: number, copy: number, address: bigint, what: number): number;
  /** The same; 0 also when the TLB has it not. */
  peek(table: number, copy: number, address: bigint, what: number): number;
}

/** Where the copy with a number begins, less the table's offset. */
const recentOffset = (number: number): number =>
  layout.TLB_ENTRIES_SIZE + number * layout.TLB_ENTRY_SIZE;

/** Registers that hold what they hold for longer than a block, as a rule: sp, gp, tp, s0 to s11. */
const LASTING = 0b1111_1111_1100_0000_0011_0001_1100;
const SP = 2;

/** Which copy each place of a region has. */
export class Copies {
  readonly #numbers = new Map<string, number>();
  readonly #first: number;

  /** The copies of a region that begins at an address. */
  constructor(root: number) {
    // Regions that run in turn shall not have the same ones.
    this.#first = Math.floor(root / 2) % layout.TLB_RECENT;
  }

  /**
   * The offset, less the table's, of the copy for accesses by a register: one for all of a function in
   * its context that are made by the same lasting register, one each for others.
   */
  of(table: number, register: number, block: Place, pc: number): number {
    if (register === SP) return recentOffset(0);
    const lasts = (LASTING >>> register & 1) !== 0;
    const key = `${table} ${register} ${lasts ? contextOf(block) : pc}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#first + this.#numbers.size;
      this.#numbers.set(key, number);
    }
    // The first one is the stack's.
    return recentOffset(1 + number % (layout.TLB_RECENT - 1));
  }
}

/** The functions, for a memory and a host. */
export function recentFunctions(
  memory: WebAssembly.Memory,
  refill: (what: number) => number,
): RecentFunctions {
  modules ??= new WebAssembly.Module(assemble({
    memory: { initial: 1, maximum: 65536 },
    imports: [{ name: "refill", params: [I32], results: [I32] }],
    globals: [],
    functions: [filler("find", true), filler("peek", false)],
  }));
  const { exports } = new WebAssembly.Instance(modules, { m: { memory, refill } });
  return exports as unknown as RecentFunctions;
}

let modules: WebAssembly.Module | undefined;

/** Index of the host's refill among the functions. */
const REFILL = 0;

function filler(name: "find" | "peek", asks: boolean): FunctionBody {
  const TABLE = 0, COPY = 1, VA = 2, WHAT = 3, ENTRY = 4;
  // The page, and that the address is aligned.
  const size = op("i64_extend_i32_u", op("i32_shr_u", get(WHAT), i32(1)));
  const masked = op("i64_and", get(VA), op("i64_add", i64(-4097n), size));
  const other: Bytes = op("i64_ne", load("i64_load", 0, get(ENTRY)), masked);
  return {
    name,
    title: `recent ${name}`,
    ...FIND_SIGNATURE,
    locals: [I32],
    code: [
      set(ENTRY, lookUp(get(TABLE), get(VA), ENTRY)),
      when(
        other,
        asks
          ? [
            setSlot32(layout.REGION_SURE, i32(0)),
            setSlot64(layout.ACCESS_VA, get(VA)),
            when(op("i32_eqz", call(REFILL, get(WHAT))), leave(i32(0))),
          ]
          : leave(i32(0)),
      ),
      // Tables begin at multiples of 32 entries.
      store(
        "i32_store",
        12,
        get(ENTRY),
        op(
          "i32_or",
          load("i32_load", 12, get(ENTRY)),
          op("i32_shl", i32(1), op("i32_shr_u", get(COPY), i32(4))),
        ),
      ),
      store("i64_store", 0, get(COPY), load("i64_load", 0, get(ENTRY))),
      store("i32_store", 8, get(COPY), load("i32_load", 8, get(ENTRY))),
      i32(1),
    ],
  };
}
