/**
 * A small WebAssembly assembler: enough of the binary format (core specification, chapter 5) to
 * emit the interpreter. Code is plain arrays of bytes; the helpers below put operands before
 * operators, so emitted code reads like nested expressions.
 *
 * @module
 */

/** Encoded instructions or a part of a module: bytes, nested as they were put together. */
export type Bytes = (number | Bytes)[];

/** Value type of 32-bit integers. */
export const I32 = 0x7f;
/** Value type of 64-bit integers. */
export const I64 = 0x7e;
/** Value type of doubles. */
export const F64 = 0x7c;
/** Block type of a block without result. */
export const VOID = 0x40;

/** Opcodes that take their operands from the stack and have no immediates. */
export const OPS = {
  i32_eqz: 0x45,
  i32_eq: 0x46,
  i32_ne: 0x47,
  i32_lt_u: 0x49,
  i64_eqz: 0x50,
  i64_eq: 0x51,
  i64_ne: 0x52,
  i64_lt_s: 0x53,
  i64_lt_u: 0x54,
  i64_ge_s: 0x59,
  i64_ge_u: 0x5a,
  i32_add: 0x6a,
  i32_sub: 0x6b,
  i32_mul: 0x6c,
  i32_div_s: 0x6d,
  i32_div_u: 0x6e,
  i32_rem_s: 0x6f,
  i32_rem_u: 0x70,
  i32_and: 0x71,
  i32_or: 0x72,
  i32_xor: 0x73,
  i32_shl: 0x74,
  i32_shr_s: 0x75,
  i32_shr_u: 0x76,
  i64_add: 0x7c,
  i64_sub: 0x7d,
  i64_mul: 0x7e,
  i64_div_s: 0x7f,
  i64_div_u: 0x80,
  i64_rem_s: 0x81,
  i64_rem_u: 0x82,
  i64_and: 0x83,
  i64_or: 0x84,
  i64_xor: 0x85,
  i64_shl: 0x86,
  i64_shr_s: 0x87,
  i64_shr_u: 0x88,
  i32_wrap_i64: 0xa7,
  i64_extend_i32_s: 0xac,
  i64_extend_i32_u: 0xad,
  i64_trunc_f64_s: 0xb0,
} as const;

/** Loads and stores, with the log2 of their natural alignment. */
export const MEMORY_OPS = {
  i32_load: [0x28, 2],
  i64_load: [0x29, 3],
  i32_load8_u: [0x2d, 0],
  i32_load16_u: [0x2f, 1],
  i64_load8_s: [0x30, 0],
  i64_load8_u: [0x31, 0],
  i64_load16_s: [0x32, 1],
  i64_load16_u: [0x33, 1],
  i64_load32_s: [0x34, 2],
  i64_load32_u: [0x35, 2],
  i32_store: [0x36, 2],
  i64_store: [0x37, 3],
  i64_store8: [0x3c, 0],
  i64_store16: [0x3d, 1],
  i64_store32: [0x3e, 2],
} as const;

/** Name of a load or store. */
export type MemoryOp = keyof typeof MEMORY_OPS;

/** Unsigned LEB128. */
export function uleb(value: number): Bytes {
  const bytes: Bytes = [];
  do {
    const rest = Math.floor(value / 128);
    bytes.push((value % 128) | (rest > 0 ? 0x80 : 0));
    value = rest;
  } while (value > 0);
  return bytes;
}

/** Signed LEB128 of a 32-bit value. */
export function sleb32(value: number): Bytes {
  const bytes: Bytes = [];
  while (value < -64 || value > 63) {
    bytes.push((value & 0x7f) | 0x80);
    value >>= 7;
  }
  return [...bytes, value & 0x7f];
}

/** Signed LEB128 of a 64-bit value. */
export function sleb64(value: bigint): Bytes {
  const bytes: Bytes = [];
  while (BigInt.asIntN(32, value) !== value) {
    bytes.push(Number(value & 0x7fn) | 0x80);
    value >>= 7n;
  }
  return [...bytes, ...sleb32(Number(value))];
}

/** An operator applied to operands (each a sequence of code that leaves one value). */
export function op(name: keyof typeof OPS, ...operands: Bytes[]): Bytes {
  return [operands, OPS[name]];
}

/** A 32-bit constant. */
export const i32 = (value: number): Bytes => [0x41, sleb32(value)];
/** A 64-bit constant, modulo 2^64. */
export const i64 = (value: bigint): Bytes => [0x42, sleb64(BigInt.asIntN(64, value))];
/** The value of a local. */
export const get = (local: number): Bytes => [0x20, local];
/** Sets a local. */
export const set = (local: number, value: Bytes): Bytes => [value, 0x21, local];
/** Sets a local and leaves its value. */
export const tee = (local: number, value: Bytes): Bytes => [value, 0x22, local];
/** The value of a global. */
export const getGlobal = (index: number): Bytes => [0x23, index];
/** Sets a global. */
export const setGlobal = (index: number, value: Bytes): Bytes => [value, 0x24, index];
/** Calls a function by its index, imports counted first. */
export const call = (index: number, ...args: Bytes[]): Bytes => [args, 0x10, index];
/** Calls a function of the table by its index there, in a module of so many functions, imports counted. */
export const callTable = (functions: number, index: Bytes, ...args: Bytes[]): Bytes => [
  args,
  index,
  0x11,
  uleb(functions),
  0,
];
/** Returns a value from the function. */
export const leave = (value: Bytes): Bytes => [value, 0x0f];
/** Branch to the label that many blocks out. */
export const br = (depth: number): Bytes => [0x0c, uleb(depth)];
/** The same if the condition holds. */
export const brIf = (depth: number, condition: Bytes): Bytes => [condition, 0x0d, uleb(depth)];
/** Branches by an index; beyond the table to `otherwise`. */
export function brTable(depths: number[], otherwise: number, index: Bytes): Bytes {
  return [index, 0x0e, uleb(depths.length), depths.map(uleb), uleb(otherwise)];
}
/** Opens a block, whose label is its end; pair it with {@link end}. */
export const block: Bytes = [0x02, VOID];
/** Opens a loop, whose label is its start; pair it with {@link end}. */
export const loop: Bytes = [0x03, VOID];
/** Ends a block, loop or function. */
export const end: Bytes = [0x0b];
/** `if` without result: `then` stands one block deeper. */
export function when(condition: Bytes, ...then: Bytes[]): Bytes {
  return [condition, 0x04, VOID, then, 0x0b];
}
/** `if` and `else` with a result of the given type (or {@link VOID}). */
export function either(type: number, condition: Bytes, yes: Bytes, no: Bytes): Bytes {
  return [condition, 0x04, type, yes, 0x05, no, 0x0b];
}
/** Load from address + offset. Static offsets do not wrap at 32 bits. */
export function load(name: MemoryOp, offset: number, address: Bytes): Bytes {
  return [address, ...MEMORY_OPS[name], uleb(offset)];
}
/** Store to address + offset. */
export function store(name: MemoryOp, offset: number, address: Bytes, value: Bytes): Bytes {
  return [address, value, ...MEMORY_OPS[name], uleb(offset)];
}

/** A function signature. */
export interface Signature {
  params: number[];
  results: number[];
}

/** A function to be put into a module. */
export interface FunctionBody extends Signature {
  /** Types of the locals after the parameters. */
  locals: readonly number[];
  code: Bytes | Uint8Array;
  /** Where `if`s stand in the code that are hardly ever entered; in bytes, ascending. */
  unlikely?: readonly number[];
  /** Exported under this name, if any. */
  name?: string;
  /** What profilers call it. */
  title?: string;
}

/** The parts of a module. Function indices count imports first. */
export interface ModuleParts {
  /** Module "m": an imported memory `memory`, if any, and these functions. */
  imports: (Signature & { name: string })[];
  memory?: { initial: number; maximum: number };
  /** Initial values of mutable i32 globals. */
  globals: number[];
  functions: FunctionBody[];
  /** An imported table `table` of functions with this signature; see {@link callTable}. */
  table?: Signature;
}

/** Bytes of the LEB128 length of a sized part: padded, so that it can be filled in later. */
const LENGTH_BYTES = 4;

/** Writes a module front to back. */
class Writer {
  #bytes = new Uint8Array(1 << 16);
  #at = 0;

  put(bytes: Bytes | Uint8Array): void {
    // No nested code that is put in one call is near the room that is kept free.
    const room = bytes instanceof Uint8Array ? bytes.length : 0;
    if (this.#at + room > this.#bytes.length >> 1) {
      const grown = new Uint8Array(2 * (this.#bytes.length + room));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    if (bytes instanceof Uint8Array) {
      this.#bytes.set(bytes, this.#at);
      this.#at += bytes.length;
    } else this.#flatten(bytes);
  }

  #flatten(bytes: Bytes): void {
    for (let i = 0; i < bytes.length; i++) {
      const item = bytes[i]!;
      if (typeof item === "number") this.#bytes[this.#at++] = item;
      else this.#flatten(item);
    }
  }

  /** What `write` writes, with its length before it. */
  sized(write: () => void): void {
    const start = this.#at;
    this.#at += LENGTH_BYTES;
    write();
    let length = this.#at - start - LENGTH_BYTES;
    for (let i = 0; i < LENGTH_BYTES; i++, length >>>= 7) {
      this.#bytes[start + i] = (length & 0x7f) | (i < LENGTH_BYTES - 1 ? 0x80 : 0);
    }
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#at);
  }
}

const text = (value: string): Bytes => [value.length, [...new TextEncoder().encode(value)]];
const vector = (items: Bytes[]): Bytes => [uleb(items.length), items];

/** A reference to a function. */
const FUNCREF = 0x70;

const localsOf = (types: readonly number[]): Bytes => vector(types.map((type) => [1, type]));

/** The section that says which branches are unlikely (branch hinting, a phase 4 proposal). */
function writeHints(writer: Writer, first: number, functions: readonly FunctionBody[]): void {
  const hinted = functions.flatMap(({ locals, unlikely = [] }, index): Bytes[] => {
    if (unlikely.length === 0) return [];
    // Counted from the declaration of the locals: one byte for their number, two for each.
    const before = uleb(locals.length).length + 2 * locals.length;
    return [[uleb(first + index), vector(unlikely.map((at) => [uleb(before + at), 1, 0]))]];
  });
  if (hinted.length === 0) return;
  writer.put([0]);
  writer.sized(() => {
    const name = "metadata.code.branch_hint";
    writer.put(text(name));
    writer.put(uleb(hinted.length));
    for (const one of hinted) writer.put(one);
  });
}

/** The section that says what functions are called in profiles. */
function writeTitles(writer: Writer, first: number, functions: readonly FunctionBody[]): void {
  const titled = functions.flatMap(({ title }, index): Bytes[] =>
    title === undefined ? [] : [[uleb(first + index), text(title)]]
  );
  if (titled.length === 0) return;
  writer.put([0]);
  writer.sized(() => {
    writer.put(text("name"));
    writer.put([1]); // of functions
    writer.sized(() => writer.put(vector(titled)));
  });
}

/** The binary module. Indices of locals, globals, functions and types are below 128: one byte. */
export function assemble(parts: ModuleParts): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  const section = (id: number, items: Bytes[]) => {
    writer.put([id]);
    writer.sized(() => writer.put(vector(items)));
  };
  const { memory, imports, globals, functions, table } = parts;
  const from = text("m");
  const first = imports.length;
  writer.put([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
  section(
    1,
    [...imports, ...functions, ...(table ? [table] : [])].map(({ params, results }) => [
      0x60,
      vector(params.map((type) => [type])),
      vector(results.map((type) => [type])),
    ]),
  );
  section(2, [
    ...(memory
      ? [[from, text("memory"), 0x02, 0x01, uleb(memory.initial), uleb(memory.maximum)]]
      : []),
    ...(table ? [[from, text("table"), 0x01, FUNCREF, 0x00, 0x01]] : []),
    ...imports.map(({ name }, index) => [from, text(name), 0x00, index]),
  ]);
  section(3, functions.map((_, index) => [first + index]));
  section(6, globals.map((value) => [I32, 0x01, i32(value), end]));
  section(
    7,
    functions.flatMap(({ name }, index) =>
      name === undefined ? [] : [[text(name), 0x00, first + index]]
    ),
  );
  writeHints(writer, first, functions);
  writer.put([10]);
  writer.sized(() => {
    writer.put(uleb(functions.length));
    for (const { locals, code } of functions) {
      writer.sized(() => {
        writer.put(localsOf(locals));
        if (code instanceof Uint8Array) writer.put(code);
        else for (const piece of code) writer.put([piece]);
        writer.put(end);
      });
    }
  });
  writeTitles(writer, first, functions);
  return writer.finish();
}
