/**
 * ELF files for 64-bit little-endian RISC-V: header, segments and symbols, with every offset
 * checked against the file. (System V ABI, "Object Files"; RISC-V ELF psABI for the machine
 * number.) The one reader of such files: for bare mode, exec, symbols and stubs.
 *
 * @module
 */

/** A file that is no ELF this machine can run; the message is one line and says why. */
export class ElfError extends Error {
  /** The error's kind. */
  override readonly name = "ElfError";
}

/** A loadable segment (PT_LOAD). */
export interface ElfSegment {
  /** Virtual address of its first byte. */
  readonly vaddr: bigint;
  /** Physical address of its first byte. */
  readonly paddr: bigint;
  /** Bytes it takes in memory; those beyond `bytes` are zero. */
  readonly memSize: number;
  /** Its bytes, a view of the file. */
  readonly bytes: Uint8Array;
  /** Where these bytes start in the file. */
  readonly offset: number;
  /** It may be written. */
  readonly write: boolean;
  /** It may be executed. */
  readonly execute: boolean;
}

/** A symbol. */
export interface ElfSymbol {
  /** The name. */
  readonly name: string;
  /** Usually an address. */
  readonly value: bigint;
  /** Bytes of what it names; 0 if unknown. */
  readonly size: number;
  /** From STT_NOTYPE 0, OBJECT 1, FUNC 2, SECTION 3, FILE 4. */
  readonly kind: "none" | "object" | "function" | "section" | "file" | "other";
  /** It is in this file; else only used here. */
  readonly defined: boolean;
}

const EM_RISCV = 243;
const ET_EXEC = 2;
const ET_DYN = 3;
const PT_LOAD = 1;
const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const SHF_COMPRESSED = 0x800;
/** How many times as long as the file all names may be: linkers let them share ends only. */
const NAMES_LIMIT = 16;
const KINDS = ["none", "object", "function", "section", "file"] as const;

/**
 * A parsed ELF executable. Header and segments are checked at once; symbols when they are asked
 * for, since a file can be good enough to run and have damaged ones.
 */
export class Elf {
  /** Address of the first instruction. */
  readonly entry: bigint;
  /** The loadable segments in the file's order. */
  readonly segments: readonly ElfSegment[];
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #symbols: readonly ElfSymbol[] | undefined;
  #nameBytes = 0;

  /** Parses a file. Throws an {@link ElfError}. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const view = this.#view;
    if (bytes.length < 4 || view.getUint32(0) !== 0x7f45_4c46) {
      throw new ElfError("not an ELF file (no 7f 45 4c 46 at the start)");
    }
    if (bytes.length < 64) {
      throw new ElfError(`truncated: ${bytes.length} bytes of a 64-byte header`);
    }
    if (bytes[4] !== 2) throw new ElfError("not a 64-bit ELF file");
    if (bytes[5] !== 1) throw new ElfError("not a little-endian ELF file");
    const machine = view.getUint16(18, true);
    if (machine !== EM_RISCV) throw new ElfError(`not for RISC-V (machine ${machine}, want 243)`);
    const type = view.getUint16(16, true);
    if (type !== ET_EXEC && type !== ET_DYN) {
      throw new ElfError(`not an executable (type ${type}, want 2)`);
    }
    this.entry = view.getBigUint64(24, true);
    this.segments = this.#readSegments();
  }

  /** A 64-bit field as the nearest number. */
  #near(at: number): number {
    return this.#view.getUint32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
  }

  /** A 64-bit field that must be usable as a number. */
  #number(at: number, what: string): number {
    const value = this.#near(at);
    if (value <= Number.MAX_SAFE_INTEGER) return value;
    throw new ElfError(`${what} is absurd (${this.#view.getBigUint64(at, true)})`);
  }

  #slice(offset: number, size: number, what: string): Uint8Array {
    if (offset + size > this.#bytes.length) {
      throw new ElfError(
        `truncated: ${what} takes bytes ${offset} to ${offset + size} of ${this.#bytes.length}`,
      );
    }
    return this.#bytes.subarray(offset, offset + size);
  }

  #readSegments(): ElfSegment[] {
    const view = this.#view;
    const table = this.#number(32, "program header offset");
    const size = view.getUint16(54, true), count = view.getUint16(56, true);
    if (count > 0 && size < 56) throw new ElfError(`program headers of ${size} bytes, want 56`);
    this.#slice(table, size * count, "program header table");
    const segments: ElfSegment[] = [];
    for (let i = 0; i < count; i++) {
      const at = table + i * size;
      if (view.getUint32(at, true) !== PT_LOAD) continue;
      const flags = view.getUint32(at + 4, true);
      const offset = this.#number(at + 8, `offset of segment ${i}`);
      const fileSize = this.#number(at + 32, `file size of segment ${i}`);
      const memSize = this.#number(at + 40, `memory size of segment ${i}`);
      if (memSize < fileSize) {
        throw new ElfError(`segment ${i}: ${memSize} bytes in memory, ${fileSize} in the file`);
      }
      const vaddr = view.getBigUint64(at + 16, true);
      if (vaddr + BigInt(memSize) > 1n << 64n) {
        throw new ElfError(`segment ${i} runs over the end of the address space`);
      }
      segments.push({
        vaddr,
        paddr: view.getBigUint64(at + 24, true),
        memSize,
        bytes: this.#slice(offset, fileSize, `segment ${i}`),
        offset,
        write: (flags & 2) !== 0,
        execute: (flags & 1) !== 0,
      });
    }
    return segments;
  }

  /** How many section headers there are; their table is whole. */
  #sectionCount(): number {
    const view = this.#view;
    const table = this.#number(40, "section header offset");
    const size = view.getUint16(58, true), count = view.getUint16(60, true);
    if (table === 0 || count === 0) return 0;
    if (size < 64) throw new ElfError(`section headers of ${size} bytes, want 64`);
    this.#slice(table, size * count, "section header table");
    return count;
  }

  /** Where section header `i` stands. */
  #headerAt(i: number): number {
    return this.#near(40) + i * this.#view.getUint16(58, true);
  }

  /** Where the contents of section `i` start in the file and end, which is in the file. */
  #contents(i: number, what: string): [start: number, end: number] {
    const at = this.#headerAt(i);
    const start = this.#number(at + 24, `offset of section ${i}`);
    const size = this.#number(at + 32, `size of section ${i}`);
    this.#slice(start, size, what);
    return [start, start + size];
  }

  /** The NUL-ended string at an offset; empty outside. */
  #text(names: Uint8Array, at: number): string {
    if (at >= names.length) return "";
    const nul = names.indexOf(0, at);
    const end = nul < 0 ? names.length : nul;
    this.#nameBytes += end - at;
    if (this.#nameBytes > NAMES_LIMIT * this.#bytes.length) {
      throw new ElfError("names of symbols run over each other");
    }
    let text = "";
    for (let i = at; i < end; i++) {
      // Names are ASCII as good as always, and short: this is many times as fast.
      if (names[i] >= 0x80) return new TextDecoder().decode(names.subarray(at, end));
      text += String.fromCharCode(names[i]);
    }
    return text;
  }

  /** The symbol table, in the file's order; empty when stripped. Throws an {@link ElfError}. */
  get symbols(): readonly ElfSymbol[] {
    return this.#symbols ??= this.readSymbols(() => true);
  }

  /**
   * The symbols whose value, to the nearest number, `passes`; the others are not looked at closer.
   * Throws an {@link ElfError}.
   */
  readSymbols(passes: (value: number) => boolean): ElfSymbol[] {
    const view = this.#view;
    const count = this.#sectionCount();
    let i = 0;
    while (i < count && view.getUint32(this.#headerAt(i) + 4, true) !== SHT_SYMTAB) i++;
    if (i === count) return [];
    const [start, end] = this.#contents(i, "symbol table");
    const link = view.getUint32(this.#headerAt(i) + 40, true);
    if (link >= count) throw new ElfError("symbol table without names");
    const names = this.#bytes.subarray(...this.#contents(link, "symbol names"));
    const symbols: ElfSymbol[] = [];
    for (let at = start + 24; at + 24 <= end; at += 24) {
      if (!passes(this.#near(at + 8))) continue;
      symbols.push({
        name: this.#text(names, view.getUint32(at, true)),
        value: view.getBigUint64(at + 8, true),
        size: this.#number(at + 16, "symbol size"),
        kind: KINDS[view.getUint8(at + 4) & 15] ?? "other",
        defined: view.getUint16(at + 6, true) !== 0,
      });
    }
    return symbols;
  }

  /**
   * The contents of the first section of a name, a view of the file; undefined: there is none, or
   * it is compressed (SHF_COMPRESSED). Throws an {@link ElfError}.
   */
  section(name: string): Uint8Array | undefined {
    const view = this.#view;
    const count = this.#sectionCount();
    const link = view.getUint16(62, true);
    if (link >= count) return undefined;
    const names = this.#bytes.subarray(...this.#contents(link, "section names"));
    const wanted = [...new TextEncoder().encode(name), 0];
    for (let i = 0; i < count; i++) {
      const at = this.#headerAt(i);
      const from = view.getUint32(at, true);
      if (!wanted.every((byte, j) => names[from + j] === byte)) continue;
      const empty = view.getUint32(at + 4, true) === SHT_NOBITS;
      const compressed = (view.getUint32(at + 8, true) & SHF_COMPRESSED) !== 0;
      if (empty || compressed) return undefined;
      return this.#bytes.subarray(...this.#contents(i, `section ${name}`));
    }
    return undefined;
  }

  /** The first symbol of that name. */
  symbol(name: string): ElfSymbol | undefined {
    return this.symbols.find((s) => s.name === name);
  }
}

/** Parses an ELF file. Throws an {@link ElfError}. */
export function parseElf(bytes: Uint8Array): Elf {
  return new Elf(bytes);
}
