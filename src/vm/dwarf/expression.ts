/** Where a variable is: expressions of the little stack machine that the standard's chapter 2.5 has. */

import { Cursor, DwarfError } from "./cursor.ts";

/** What an expression may ask of the moment that it is evaluated for; undefined: unknown. */
export interface Moment {
  /** A register by its number, x0 to x31. */
  register(n: number): bigint | undefined;
  /** The canonical frame address. */
  cfa(): bigint | undefined;
  /** What DW_AT_frame_base says. */
  frameBase(): bigint | undefined;
  /** An unsigned number in memory. */
  memory(address: bigint, size: number): bigint | undefined;
  /** What a register held when the function was entered. */
  entry?(n: number): bigint | undefined;
}

/** Where something is, or what it is where it is nowhere. */
export type Location =
  | { readonly kind: "memory"; readonly address: bigint }
  | { readonly kind: "register"; readonly n: number }
  /** It has this value, and no place. */
  | { readonly kind: "value"; readonly value: bigint }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** In pieces, lowest first; `size` in bytes. One whose `at` is undefined is nowhere. */
  | { readonly kind: "pieces"; readonly pieces: readonly Piece[] };

/** A piece of what is in several places. */
export interface Piece {
  readonly at: Location | undefined;
  readonly size: number;
}

/** More steps are a loop without end; deeper stacks no compiler writes. */
const MAX_STEPS = 10_000, MAX_STACK = 256, MAX_NESTED = 8;

const wrap = (value: bigint) => BigInt.asUintN(64, value);
const signed = (value: bigint) => BigInt.asIntN(64, value);

type Binary = (a: bigint, b: bigint) => bigint | undefined;

/** Operations on the two topmost values: `a` lies below `b`. */
const BINARY: Readonly<Record<number, Binary>> = {
  0x1a: (a, b) => a & b,
  0x1b: (a, b) => b === 0n ? undefined : signed(a) / signed(b),
  0x1c: (a, b) => a - b,
  0x1d: (a, b) => b === 0n ? undefined : a % b,
  0x1e: (a, b) => a * b,
  0x21: (a, b) => a | b,
  0x22: (a, b) => a + b,
  0x24: (a, b) => b > 63n ? 0n : a << b,
  0x25: (a, b) => b > 63n ? 0n : a >> b,
  0x26: (a, b) => signed(a) >> (b > 63n ? 63n : b),
  0x27: (a, b) => a ^ b,
  0x29: (a, b) => BigInt(signed(a) === signed(b)),
  0x2a: (a, b) => BigInt(signed(a) >= signed(b)),
  0x2b: (a, b) => BigInt(signed(a) > signed(b)),
  0x2c: (a, b) => BigInt(signed(a) <= signed(b)),
  0x2d: (a, b) => BigInt(signed(a) < signed(b)),
  0x2e: (a, b) => BigInt(a !== b),
};

/** What an expression asked for is not known: there is no answer. */
class Unknown extends Error {}

/**
 * Where an expression says that something is; undefined: something that it asks is unknown, or the
 * compiler has optimized it away. Throws a {@link DwarfError} for one that is damaged.
 *
 * @param initial a value that lies on the stack already
 */
export function evaluate(
  bytes: Uint8Array,
  moment: Moment,
  initial?: bigint,
): Location | undefined {
  return run(bytes, moment, initial, 0);
}

function run(
  bytes: Uint8Array,
  moment: Moment,
  initial: bigint | undefined,
  nested: number,
): Location | undefined {
  if (nested > MAX_NESTED) throw new DwarfError("an expression in an expression without end");
  try {
    return new Evaluation(bytes, moment, nested).run(initial);
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    throw error;
  }
}

class Evaluation {
  readonly #cursor: Cursor;
  readonly #moment: Moment;
  readonly #nested: number;
  readonly #stack: bigint[] = [];
  readonly #pieces: Piece[] = [];
  /** What has been said to be the place, where that is no address on the stack. */
  #place: Location | undefined;

  constructor(bytes: Uint8Array, moment: Moment, nested: number) {
    this.#cursor = new Cursor(bytes, "an expression");
    this.#moment = moment;
    this.#nested = nested;
  }

  run(initial: bigint | undefined): Location | undefined {
    if (initial !== undefined) this.#stack.push(initial);
    for (let steps = 0; !this.#cursor.done; steps++) {
      if (steps > MAX_STEPS) throw this.#cursor.wrong("an expression without end");
      this.#one(this.#cursor.u8());
      if (this.#stack.length > MAX_STACK) throw this.#cursor.wrong("a stack too deep");
    }
    if (this.#pieces.length > 0) return { kind: "pieces", pieces: this.#pieces };
    return this.#here();
  }

  /** The place that has been said; undefined: nowhere. */
  #here(): Location | undefined {
    const top = this.#stack.at(-1);
    return this.#place ?? (top === undefined ? undefined : { kind: "memory", address: top });
  }

  #pop(): bigint {
    const value = this.#stack.pop();
    if (value === undefined) throw this.#cursor.wrong("an expression takes more than there is");
    return value;
  }

  #push(value: bigint | undefined): void {
    if (value === undefined) throw new Unknown();
    this.#stack.push(wrap(value));
  }

  #one(op: number): void {
    const cursor = this.#cursor;
    const binary = BINARY[op];
    if (binary !== undefined) {
      const b = this.#pop(), a = this.#pop();
      return this.#push(binary(a, b));
    }
    if (op >= 0x30 && op <= 0x4f) return this.#push(BigInt(op - 0x30));
    if (op >= 0x50 && op <= 0x6f) return this.#register(op - 0x50);
    if (op >= 0x70 && op <= 0x8f) return this.#base(op - 0x70);
    switch (op) {
      case 0x03: // addr
        return this.#push(cursor.u64());
      case 0x06: // deref
        return this.#push(this.#moment.memory(this.#pop(), 8));
      case 0x08: // const1u
        return this.#push(cursor.unsigned(1));
      case 0x09: // const1s
        return this.#push(BigInt.asIntN(8, cursor.unsigned(1)));
      case 0x0a: // const2u
        return this.#push(cursor.unsigned(2));
      case 0x0b: // const2s
        return this.#push(BigInt.asIntN(16, cursor.unsigned(2)));
      case 0x0c: // const4u
        return this.#push(cursor.unsigned(4));
      case 0x0d: // const4s
        return this.#push(BigInt.asIntN(32, cursor.unsigned(4)));
      case 0x0e: // const8u
      case 0x0f: // const8s
        return this.#push(cursor.u64());
      case 0x10: // constu
        return this.#push(BigInt(cursor.ulebBig()));
      case 0x11: // consts
        return this.#push(BigInt(cursor.sleb()));
      case 0x12: // dup
        return this.#push(this.#stack.at(-1) ?? this.#pop());
      case 0x13: // drop
        return void this.#pop();
      case 0x14: // over
        return this.#pick(1);
      case 0x15: // pick
        return this.#pick(cursor.u8());
      case 0x16: // swap
        return this.#rotate(2);
      case 0x17: // rot
        return this.#rotate(3);
      case 0x19: { // abs
        const value = signed(this.#pop());
        return this.#push(value < 0n ? -value : value);
      }
      case 0x1f: // neg
        return this.#push(-this.#pop());
      case 0x20: // not
        return this.#push(~this.#pop());
      case 0x23: // plus_uconst
        return this.#push(this.#pop() + BigInt(cursor.ulebBig()));
      case 0x28: // bra
      case 0x2f: { // skip
        const by = cursor.u16() << 16 >> 16;
        if (op === 0x2f || this.#pop() !== 0n) this.#jump(by);
        return;
      }
      case 0x90: // regx
        return this.#register(cursor.uleb());
      case 0x91: { // fbreg
        const by = BigInt(cursor.sleb());
        const base = this.#moment.frameBase();
        return this.#push(base === undefined ? undefined : base + by);
      }
      case 0x92: // bregx
        return this.#base(cursor.uleb());
      case 0x93: // piece
        return this.#piece(cursor.uleb());
      case 0x94: // deref_size
      case 0xa6: // deref_type
      case 0xf6: { // GNU_deref_type
        const size = cursor.u8();
        if (op !== 0x94) cursor.uleb();
        return this.#push(this.#moment.memory(this.#pop(), size));
      }
      case 0x96: // nop
        return;
      case 0x9c: // call_frame_cfa
        return this.#push(this.#moment.cfa());
      case 0x9e: // implicit_value
        this.#place = { kind: "bytes", bytes: cursor.take(cursor.uleb()) };
        return;
      case 0x9f: // stack_value
        this.#place = { kind: "value", value: this.#pop() };
        return;
      case 0xa3: // entry_value
      case 0xf3: // GNU_entry_value
        return this.#entry(cursor.take(cursor.uleb()));
      case 0xa8: // convert
      case 0xa9: // reinterpret
      case 0xf7: // GNU_convert
      case 0xf9: // GNU_reinterpret
        // To a type of which only whole numbers of 64 bits are known here.
        if (cursor.uleb() !== 0) throw new Unknown();
        return;
      case 0xa0: // implicit_pointer
      case 0xf2: // GNU_implicit_pointer
      case 0xa5: // regval_type
      case 0xf5: // GNU_regval_type
      case 0xa4: // const_type
      case 0xf4: // GNU_const_type
      case 0xe0: // GNU_push_tls_address
        throw new Unknown();
      default:
        throw cursor.wrong(`the unknown operation 0x${op.toString(16)}`);
    }
  }

  #pick(below: number): void {
    this.#push(this.#stack.at(-1 - below) ?? (this.#stack.length = 0, this.#pop()));
  }

  /** The topmost value goes below the others. */
  #rotate(many: number): void {
    const top = Array.from({ length: many }, () => this.#pop());
    this.#stack.push(top[0], ...top.slice(1).reverse());
  }

  #jump(by: number): void {
    const to = this.#cursor.at + by;
    if (to < 0 || to > this.#cursor.end) throw this.#cursor.wrong("a jump out of an expression");
    this.#cursor.at = to;
  }

  /** It stands in this register. As all that an entry value asks for: its value. */
  #register(n: number): void {
    this.#place = { kind: "register", n };
  }

  #base(n: number): void {
    const by = BigInt(this.#cursor.sleb());
    const value = this.#moment.register(n);
    this.#push(value === undefined ? undefined : value + by);
  }

  #piece(size: number): void {
    this.#pieces.push({ at: this.#here(), size });
    this.#place = undefined;
    this.#stack.length = 0;
  }

  /** What an expression was when the function was entered: of registers alone. */
  #entry(bytes: Uint8Array): void {
    const { entry } = this.#moment;
    if (entry === undefined) throw new Unknown();
    const then: Moment = {
      register: (n) => entry(n),
      cfa: () => undefined,
      frameBase: () => undefined,
      memory: () => undefined,
    };
    const place = run(bytes, then, undefined, this.#nested + 1);
    if (place?.kind === "register") this.#push(entry(place.n));
    else if (place?.kind === "memory") this.#push(place.address);
    else throw new Unknown();
  }
}
