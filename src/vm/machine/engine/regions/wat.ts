/**
 * A function's code as WebAssembly text: of what wasm.ts and writer.ts write, nothing else. An
 * instruction stands around its operands as far as they come right before it, as in
 * `(i64.add (local.get $a0) (i64.const 8))`; what is executed one after another, below each other.
 *
 * @module
 */

import { F64, I32, I64, MEMORY_OPS, OPS, VOID } from "../wasm.ts";

/** A function that may be called. */
export interface WatFunction {
  readonly name: string;
  readonly params: readonly number[];
  readonly results: readonly number[];
}

/** What is said of a function around its code. */
export interface WatOptions extends WatFunction {
  /** Types of its locals after the parameters. */
  readonly locals: readonly number[];
  /** What a local is called, by its index. */
  local(index: number): string;
  /** The functions of its module, by their indices. */
  readonly functions: readonly WatFunction[];
  /** Lines of comment in front of the instruction at an offset in the code. */
  comments(at: number): readonly string[];
}

/** An instruction with its operands. */
interface Expression {
  readonly head: string;
  readonly operands: readonly Expression[];
}

/** How an instruction without immediates is written, what it takes, whether it leaves a value. */
interface Form {
  readonly name: string;
  readonly takes: number;
  readonly leaves: boolean;
}

/** Columns of a line. */
const WIDTH = 96;

const TYPES: ReadonlyMap<number, string> = new Map([[I32, "i32"], [I64, "i64"], [F64, "f64"]]);

/** `i64_extend_i32_u` → `i64.extend_i32_u`. */
const dotted = (name: string): string => name.replace("_", ".");

const PLAIN: ReadonlyMap<number, Form> = new Map([
  ...Object.entries(OPS).map(([name, code]): [number, Form] => {
    const takes = /eqz|wrap|extend|trunc/.test(name) ? 1 : 2;
    return [code, { name: dotted(name), takes, leaves: true }];
  }),
  [0x00, { name: "unreachable", takes: 0, leaves: false }],
  [0x1a, { name: "drop", takes: 1, leaves: false }],
  [0x1b, { name: "select", takes: 3, leaves: true }],
]);
const MEMORY: ReadonlyMap<number, Form & { readonly alignment: number }> = new Map(
  Object.entries(MEMORY_OPS).map(([name, [code, alignment]]) => {
    const leaves = name.includes("load");
    return [code, { name: dotted(name), takes: leaves ? 1 : 2, leaves, alignment }];
  }),
);
/** Those whose immediate is a local or global. */
const VARIABLES: ReadonlyMap<number, Form> = new Map([
  [0x20, { name: "local.get", takes: 0, leaves: true }],
  [0x21, { name: "local.set", takes: 1, leaves: false }],
  [0x22, { name: "local.tee", takes: 1, leaves: true }],
  [0x23, { name: "global.get", takes: 0, leaves: true }],
  [0x24, { name: "global.set", takes: 1, leaves: false }],
]);

/** The text, a line each. Throws an error for code that is none of ours. */
export function wat(code: Uint8Array, options: WatOptions): string[] {
  return new WatWriter(code, options).write();
}

class WatWriter {
  readonly #code: Uint8Array;
  readonly #options: WatOptions;
  readonly #lines: string[] = [];
  /** Labels of what is open, from the outside; an `if` has none. */
  readonly #open: (string | undefined)[] = [];
  /** Values that nothing has taken yet, and no line has. */
  #values: Expression[] = [];
  #at = 0;
  #labels = 0;

  constructor(code: Uint8Array, options: WatOptions) {
    this.#code = code;
    this.#options = options;
  }

  write(): string[] {
    const { name, params, results, locals, local, comments } = this.#options;
    const declared = (what: string, type: number, index: number) =>
      `(${what} ${local(index)} ${typeName(type)})`;
    const signature = [
      ...params.map((type, i) => declared("param", type, i)),
      ...results.map((type) => `(result ${typeName(type)})`),
    ];
    this.#lines.push(`(func $${name} ${signature.join(" ")}`);
    for (const [i, type] of locals.entries()) {
      this.#line(declared("local", type, params.length + i));
    }
    while (this.#at < this.#code.length) {
      const said = comments(this.#at);
      if (said.length > 0) this.#flush();
      for (const one of said) this.#line(`;; ${one}`);
      this.#instruction();
    }
    if (this.#open.length > 0) throw new Error("a block is open at the end of the code");
    this.#flush();
    this.#lines.push(")");
    return this.#lines;
  }

  get #indent(): string {
    return "  ".repeat(Math.min(1 + this.#open.length, DEEPEST));
  }

  #line(text: string): void {
    this.#lines.push(this.#indent + text);
  }

  /** Values that are left for later are computed first. */
  #flush(): void {
    for (const value of this.#values) this.#lines.push(...linesOf(value, this.#indent));
    this.#values = [];
  }

  /** The last values, if there are so many here that no line has computed yet. */
  #take(count: number): Expression[] {
    if (this.#values.length < count) this.#flush();
    return this.#values.splice(this.#values.length - count, count);
  }

  #put(head: string, takes: number, leaves: boolean): void {
    const expression = { head, operands: this.#take(takes) };
    if (!leaves) this.#flush();
    // Its operands were computed by lines before: it has to follow them.
    if (leaves && expression.operands.length === takes) this.#values.push(expression);
    else this.#lines.push(...linesOf(expression, this.#indent));
  }

  #byte(): number {
    const byte = this.#code[this.#at++];
    if (byte === undefined) throw new Error("the code ends in the middle of an instruction");
    return byte;
  }

  #uleb(): number {
    let value = 0, scale = 1;
    for (;;) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  }

  #sleb(): bigint {
    let value = 0n, bits = 0n;
    for (;;) {
      const byte = this.#byte();
      value |= BigInt(byte & 127) << bits;
      bits += 7n;
      if (byte < 128) return BigInt.asIntN(Number(bits), value);
    }
  }

  #instruction(): void {
    const start = this.#at;
    const code = this.#byte();
    const plain = PLAIN.get(code);
    if (plain !== undefined) return this.#put(plain.name, plain.takes, plain.leaves);
    const memory = MEMORY.get(code);
    if (memory !== undefined) {
      if (this.#uleb() !== memory.alignment) throw unknown("the alignment", start);
      const offset = this.#uleb();
      const head = offset === 0 ? memory.name : `${memory.name} offset=${offset}`;
      return this.#put(head, memory.takes, memory.leaves);
    }
    const variable = VARIABLES.get(code);
    if (variable !== undefined) {
      const { name, takes, leaves } = variable;
      const index = this.#uleb();
      const which = name.startsWith("local") ? this.#options.local(index) : `${index}`;
      return this.#put(`${name} ${which}`, takes, leaves);
    }
    switch (code) {
      case 0x02:
        return this.#block("block");
      case 0x03:
        return this.#block("loop");
      case 0x04:
        return this.#if();
      case 0x05:
        return this.#else(start);
      case 0x0b:
        return this.#end(start);
      case 0x0c:
        return this.#put(`br ${this.#label()}`, 0, false);
      case 0x0d:
        return this.#put(`br_if ${this.#label()}`, 1, false);
      case 0x0e: {
        // The last one is for all other indices.
        const labels = Array.from({ length: this.#uleb() + 1 }, () => this.#label());
        return this.#put(`br_table ${labels.join(" ")}`, 1, false);
      }
      case 0x0f:
        return this.#put("return", this.#options.results.length, false);
      case 0x10:
        return this.#call(start);
      case 0x41:
        return this.#put(`i32.const ${this.#sleb()}`, 0, true);
      case 0x42:
        return this.#put(`i64.const ${constant(this.#sleb())}`, 0, true);
      case 0xfc:
        return this.#bulk(start);
    }
    throw unknown(`opcode 0x${code.toString(16)}`, start);
  }

  #bulk(start: number): void {
    const what = this.#uleb();
    if (what !== 10 && what !== 11) throw unknown(`opcode 0xfc ${what}`, start);
    // Memory 0, to which one copies, too.
    for (let i = what; i <= 11; i++) if (this.#byte() !== 0) throw unknown("the memory", start);
    this.#put(what === 10 ? "memory.copy" : "memory.fill", 3, false);
  }

  #call(start: number): void {
    const index = this.#uleb();
    const called = this.#options.functions[index];
    if (called === undefined) throw unknown(`function ${index}`, start);
    this.#put(`call $${called.name}`, called.params.length, called.results.length > 0);
  }

  #block(what: "block" | "loop"): void {
    this.#flush();
    const label = `$${this.#labels++}`;
    this.#line(`(${what} ${label}${this.#result()}`);
    this.#open.push(label);
  }

  #if(): void {
    const [condition] = this.#take(1);
    this.#flush();
    const head = `if${this.#result()}`;
    if (condition === undefined) this.#line(`(${head} (then`);
    else {
      // Without the bracket that closes it.
      const lines = linesOf({ head, operands: [condition] }, this.#indent).join("\n").slice(0, -1);
      const then = lines.includes("\n") ? `\n${this.#indent}(then` : " (then";
      this.#lines.push(...`${lines}${then}`.split("\n"));
    }
    this.#open.push(undefined);
  }

  #else(start: number): void {
    if (this.#open.length === 0 || this.#open.at(-1) !== undefined) throw unknown("else", start);
    this.#flush();
    this.#open.pop();
    this.#line(") (else");
    this.#open.push(undefined);
  }

  #end(start: number): void {
    if (this.#open.length === 0) throw unknown("end", start);
    this.#flush();
    const label = this.#open.pop();
    this.#line(label === undefined ? "))" : `) ;; ${label}`);
  }

  /** The result of a block or if. */
  #result(): string {
    const type = this.#byte();
    return type === VOID ? "" : ` (result ${typeName(type)})`;
  }

  #label(): string {
    const out = this.#uleb();
    const label = this.#open.at(-1 - out);
    if (label === undefined) throw unknown(`label ${out}`, this.#at - 1);
    return label;
  }
}

/** A number; what is likely to be an address, in hexadecimal. */
function constant(value: bigint): string {
  return value < 0x1_0000n ? `${value}` : `0x${value.toString(16)}`;
}

/** Blocks inside each other beyond which no line begins further to the right. */
const DEEPEST = 20;

/** An expression, as wide as a line may be. */
function linesOf(expression: Expression, indent: string): string[] {
  const whole = indent + textOf(expression);
  const { head, operands } = expression;
  if (whole.length <= WIDTH || operands.length === 0) return [whole];
  const lines = operands.flatMap((one) => linesOf(one, `${indent}  `));
  lines[lines.length - 1] += ")";
  return [`${indent}(${head}`, ...lines];
}

function textOf({ head, operands }: Expression): string {
  return `(${[head, ...operands.map(textOf)].join(" ")})`;
}

function typeName(type: number): string {
  const name = TYPES.get(type);
  if (name === undefined) throw new Error(`a type that is not known: 0x${type.toString(16)}`);
  return name;
}

function unknown(what: string, at: number): Error {
  return new Error(`${what} at byte ${at} of the code is not known`);
}
