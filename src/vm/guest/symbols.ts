/** The symbols of a guest's kernel or program, and its code as text: all from its ELF file. */

import { DebugInfo, type SourcePlace } from "../dwarf/debug_info.ts";
import type { SymbolPlace } from "../inspect/view.ts";
import { PAGE_SIZE, type PaNum } from "../machine/address.ts";
import { type Elf, ElfError, type ElfSymbol } from "../machine/elf.ts";
import { disassemble } from "../machine/isa/disassemble.ts";
import { TRAMPOLINE } from "./xv6.ts";

/** A variable: where it stands and how many bytes it has. */
export interface Variable {
  readonly start: PaNum;
  readonly size: number;
}

/** What an address can be named after. */
interface Place {
  readonly name: string;
  readonly at: number;
  readonly size: number;
}

/** The symbols of an image, read once. A kernel is mapped at its own physical addresses. */
export class ImageSymbols {
  readonly #elf: Elf;
  readonly #all: readonly ElfSymbol[];
  /** Addresses by name; the first of each name. */
  readonly table: ReadonlyMap<string, bigint>;
  /** Those that addresses are named after, ascending. */
  readonly #places: readonly Place[];
  #debug: { readonly info: DebugInfo | undefined } | undefined;
  /** The first byte behind the image in memory. */
  readonly end: number;
  /** Its first byte. */
  readonly start: number;

  /** Those of a file; none, where its symbol table is damaged. */
  constructor(elf: Elf) {
    this.#elf = elf;
    this.#all = symbolsIn(elf).filter(({ name, kind, defined }) =>
      defined && kind !== "file" && kind !== "section" && /^[A-Za-z_]/.test(name)
    );
    const table = new Map<string, bigint>();
    for (const { name, value } of this.#all) if (!table.has(name)) table.set(name, value);
    this.table = table;
    const segments = elf.segments.filter(({ memSize }) => memSize > 0);
    this.start = Math.min(...segments.map(({ vaddr }) => Number(vaddr)));
    this.end = Math.max(...segments.map(({ vaddr, memSize }) => Number(vaddr) + memSize));
    this.#places = this.#all.filter(({ value }) => value >= this.start && value < this.end)
      .map(({ name, value, size }) => ({ name, at: Number(value), size }))
      .sort((a, b) => a.at - b.at || a.size - b.size);
  }

  /** The pages in which the file has bytes, and none of a segment that may be written. */
  get readOnlyPages(): ReadonlySet<number> {
    if (this.#readOnly !== undefined) return this.#readOnly;
    const pages = { read: new Set<number>(), written: new Set<number>() };
    for (const { vaddr, memSize, write } of this.#elf.segments) {
      const start = Number(vaddr);
      for (let at = start - start % PAGE_SIZE; at < start + memSize; at += PAGE_SIZE) {
        (write ? pages.written : pages.read).add(at);
      }
    }
    return this.#readOnly = new Set([...pages.read].filter((at) => !pages.written.has(at)));
  }

  #readOnly: ReadonlySet<number> | undefined;

  /** The symbol that an address lies behind, in the second place of a trampoline, too. */
  at(address: bigint): SymbolPlace | undefined {
    const at = this.#inImage(address);
    if (at === undefined) return undefined;
    let low = 0, high = this.#places.length;
    while (low < high) {
      const mid = (low + high) >>> 1;
      if (this.#places[mid].at <= at) low = mid + 1;
      else high = mid;
    }
    const place = this.#holding(low - 1, at);
    return place && { name: place.name, offset: at - place.at };
  }

  /** The debug information; undefined: the file has none. */
  get debug(): DebugInfo | undefined {
    return (this.#debug ??= { info: DebugInfo.of(this.#elf) }).info;
  }

  /** Which line of the source an address is from; undefined: nobody says. */
  source(address: bigint): SourcePlace | undefined {
    const at = this.#inImage(address);
    return at === undefined ? undefined : this.debug?.place(BigInt(at));
  }

  /**
   * Of the places up to one, the last that reaches to an address. What is written in assembly has
   * no size, and reaches to the next place; a label inside a function is what is meant there.
   */
  #holding(last: number, at: number): Place | undefined {
    let label: Place | undefined;
    for (let i = last; i >= 0; i--) {
      const place = this.#places[i];
      if (place.size > 0) return at < place.at + place.size ? label ?? place : label;
      label ??= place;
    }
    return label;
  }

  /** Where in the image an address is. */
  #inImage(address: bigint): number | undefined {
    if (address >= this.start && address < this.end) return Number(address);
    const { trampoline } = this;
    const inPage = address - BigInt(TRAMPOLINE);
    if (trampoline === undefined || inPage < 0n || inPage >= BigInt(PAGE_SIZE)) return undefined;
    return trampoline + Number(inPage);
  }

  /** The page of a kernel that is its trampoline; programs have none. */
  get trampoline(): PaNum | undefined {
    const at = this.table.get("trampoline");
    const inside = at !== undefined && at >= this.start && at < this.end;
    return inside && at % BigInt(PAGE_SIZE) === 0n ? Number(at) as PaNum : undefined;
  }

  /** A variable of that name; undefined: there is none. */
  variable(name: string): Variable | undefined {
    const symbol = this.#all.find((one) => one.name === name && one.kind === "object");
    return symbol && rangeOf(symbol);
  }

  /** All variables whose names pass. */
  variables(passes: (name: string) => boolean): Variable[] {
    return this.#all.filter(({ name, kind }) => kind === "object" && passes(name)).map(rangeOf);
  }

  /** Where a function stands; undefined: there is none, or nobody says where it ends. */
  function(name: string): Variable | undefined {
    const symbol = this.#all.find((one) => one.name === name && one.kind === "function");
    return symbol && symbol.size > 0 ? rangeOf(symbol) : undefined;
  }

  /** All functions that say where they end, by name. */
  functions(): ReadonlyMap<string, Variable> {
    const all = this.#all.filter(({ kind, size }) => kind === "function" && size > 0);
    return new Map(all.map((one) => [one.name, rangeOf(one)]));
  }

  /** All variables, with their names. */
  objects(): (Variable & { readonly name: string })[] {
    return this.#all.filter(({ kind }) => kind === "object")
      .map((one) => ({ name: one.name, ...rangeOf(one) }));
  }

  /** The instructions of the first of these functions that there is, as text. */
  code(...names: string[]): string[] {
    const where = names.map((name) => this.function(name)).find((one) => one !== undefined);
    return where === undefined ? [] : this.instructions(where).map(({ text }) => text);
  }

  /** Whether the file has these halfwords at an address. */
  holds(address: number, code: Uint16Array): boolean {
    const at = this.#inImage(BigInt(address));
    if (at === undefined) return false;
    const inside = this.#elf.segments.find(({ vaddr, bytes }) =>
      at >= vaddr && at + 2 * code.length <= Number(vaddr) + bytes.length
    );
    if (inside === undefined) return false;
    const { bytes: { buffer, byteOffset, length }, vaddr } = inside;
    const view = new DataView(buffer, byteOffset, length);
    return code.every((half, i) => view.getUint16(at - Number(vaddr) + 2 * i, true) === half);
  }

  /** The instructions of a function, with their addresses. */
  instructions(where: Variable): { readonly at: number; readonly text: string }[] {
    const inside = this.#elf.segments.find(({ vaddr, bytes }) =>
      where.start >= vaddr && where.start + where.size <= Number(vaddr) + bytes.length
    );
    if (inside === undefined) return [];
    const { bytes, vaddr } = inside;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const list: { at: number; text: string }[] = [];
    const start = Number(vaddr), first = where.start - start;
    for (let at = first; at + 2 <= first + where.size;) {
      const half = view.getUint16(at, true);
      const long = (half & 3) === 3;
      if (long && at + 4 > bytes.length) break;
      const word = long ? view.getUint32(at, true) : half;
      const { text, length } = disassemble(word, BigInt(start + at));
      list.push({ at: start + at, text });
      at += length;
    }
    return list;
  }
}

function rangeOf({ value, size }: ElfSymbol): Variable {
  return { start: Number(value) as PaNum, size };
}

/** A file can be good enough to run and its symbol table still be damaged. */
function symbolsIn(elf: Elf): readonly ElfSymbol[] {
  try {
    return elf.symbols;
  } catch (error) {
    if (error instanceof ElfError) return [];
    throw error;
  }
}
