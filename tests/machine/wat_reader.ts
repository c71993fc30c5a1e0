/** WebAssembly text as wat.ts writes it, back to the bytes of a function's code. */

import { I32, I64, MEMORY_OPS, OPS, sleb64, uleb, VOID } from "../../src/vm/machine/engine/wasm.ts";

/** A word, or what stands in brackets. */
type Node = string | Node[];

const TYPES: Record<string, number> = { i32: I32, i64: I64 };
const INDEXED: Record<string, number> = {
  "local.get": 0x20,
  "local.set": 0x21,
  "local.tee": 0x22,
  "global.get": 0x23,
  "global.set": 0x24,
};
const BARE: Record<string, number[]> = {
  unreachable: [0x00],
  return: [0x0f],
  drop: [0x1a],
  select: [0x1b],
  "memory.copy": [0xfc, 10, 0, 0],
  "memory.fill": [0xfc, 11, 0],
  ...Object.fromEntries(
    Object.entries(OPS).map(([name, code]) => [name.replace("_", "."), [code]]),
  ),
};
const MEMORY = new Map(
  Object.entries(MEMORY_OPS).map(([name, bytes]) => [name.replace("_", "."), bytes]),
);

/** What a text says: the function's name, the types of its locals, its code. */
export interface Read {
  readonly name: string;
  readonly locals: readonly number[];
  readonly code: Uint8Array;
}

/** Reads the text of one function. `functions`: what those are called that it may call. */
export function readWat(lines: readonly string[], functions: readonly string[]): Read {
  const words = lines.map((line) => line.replace(/;;.*/, "")).join(" ")
    .match(/[()]|[^()\s]+/g)!;
  let at = 0;
  const node = (): Node => {
    const word = words[at++]!;
    if (word !== "(") return word;
    const list: Node[] = [];
    while (words[at] !== ")") list.push(node());
    at++;
    return list;
  };
  const [func, name, ...parts] = node() as Node[];
  if (func !== "func" || at !== words.length) throw new Error("not one function");
  const locals: string[] = [], types: number[] = [], code: number[] = [];
  for (const part of parts as string[][]) {
    if (part[0] === "result") continue;
    if (part[0] === "param" || part[0] === "local") {
      locals.push(part[1]!);
      if (part[0] === "local") types.push(TYPES[part[2]!]!);
    } else new Reader(locals, functions, code).read(part);
  }
  return { name: name as string, locals: types, code: Uint8Array.from(code) };
}

class Reader {
  readonly #open: string[] = [];

  constructor(
    readonly locals: readonly string[],
    readonly functions: readonly string[],
    readonly code: number[],
  ) {}

  #put(...bytes: unknown[]): void {
    for (const byte of bytes.flat(9)) this.code.push(byte as number);
  }

  #label(name: string): number {
    const found = this.#open.lastIndexOf(name);
    if (found < 0) throw new Error(`no label ${name}`);
    return this.#open.length - 1 - found;
  }

  #inside(label: string, body: readonly Node[]): void {
    this.#open.push(label);
    for (const one of body) this.read(one as Node[]);
    this.#open.pop();
  }

  read([head, ...rest]: Node[]): void {
    const name = head as string;
    const lists = rest.filter((one): one is Node[] => typeof one !== "string");
    const words = rest.filter((one): one is string => typeof one === "string");
    const result = lists.find(([first]) => first === "result");
    const type = result === undefined ? VOID : TYPES[result[1] as string]!;
    if (name === "block" || name === "loop") {
      this.#put(name === "block" ? 0x02 : 0x03, type);
      this.#inside(words[0]!, lists.filter((one) => one !== result));
      return this.#put(0x0b);
    }
    if (name === "if") {
      const then = lists.find(([first]) => first === "then")!;
      const otherwise = lists.find(([first]) => first === "else");
      for (const one of lists) {
        if (one !== result && one !== then && one !== otherwise) this.read(one);
      }
      this.#put(0x04, type);
      this.#inside("", then.slice(1));
      if (otherwise !== undefined) {
        this.#put(0x05);
        this.#inside("", otherwise.slice(1));
      }
      return this.#put(0x0b);
    }
    for (const one of lists) this.read(one);
    const labels = words.map((word) => word.startsWith("$") ? word : "");
    if (name === "br") this.#put(0x0c, uleb(this.#label(labels[0]!)));
    else if (name === "br_if") this.#put(0x0d, uleb(this.#label(labels[0]!)));
    else if (name === "br_table") {
      this.#put(0x0e, uleb(labels.length - 1), labels.map((label) => uleb(this.#label(label))));
    } else if (name === "call") this.#put(0x10, uleb(this.functions.indexOf(words[0]!.slice(1))));
    else if (name.endsWith(".const")) {
      this.#put(name === "i32.const" ? 0x41 : 0x42, sleb64(BigInt(words[0]!)));
    } else if (name in INDEXED) {
      const index = name.startsWith("local") ? this.locals.indexOf(words[0]!) : Number(words[0]);
      this.#put(INDEXED[name], uleb(index));
    } else if (MEMORY.has(name)) {
      const offset = Number((words[0] ?? "offset=0").slice("offset=".length));
      this.#put(MEMORY.get(name), uleb(offset));
    } else if (name in BARE) this.#put(BARE[name]);
    else throw new Error(`no instruction ${name}`);
  }
}
