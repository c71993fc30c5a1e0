/** Reads the numbers that DWARF is written in, each checked against the end of its section. */

/** Debug information that cannot be read; the message is one line and says where. */
export class DwarfError extends Error {
  /** The error's kind. */
  override readonly name = "DwarfError";
}

/** Longer names are no human's; many that share their ends would take for ever to read. */
const MAX_TEXT = 1024;

/** A place in a section, which moves on as it is read. Little-endian. */
export class Cursor {
  /** Offset of the next byte in the section. */
  at: number;
  /** Offset behind the last byte that may be read. */
  readonly end: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #section: string;

  /** From `at` up to `end` of a section, whose name stands in errors. */
  constructor(bytes: Uint8Array, section: string, at = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#section = section;
    this.at = at;
    this.end = Math.min(end, bytes.length);
    if (!(at >= 0 && at <= this.end)) {
      throw new DwarfError(`${section}: offset ${at} is outside its ${bytes.length} bytes`);
    }
  }

  /** Whether all has been read. */
  get done(): boolean {
    return this.at >= this.end;
  }

  /** The error that something is wrong here. */
  wrong(what: string): DwarfError {
    return new DwarfError(`${this.#section}: ${what} at offset ${this.at}`);
  }

  /** Moves on by so many bytes; where they begin. */
  skip(length: number): number {
    const from = this.at;
    if (!(length >= 0 && length <= this.end - from)) {
      throw this.wrong(`${length} bytes wanted, ${this.end - from} left`);
    }
    this.at += length;
    return from;
  }

  /** So many bytes, a view. */
  take(length: number): Uint8Array {
    const from = this.skip(length);
    return this.#bytes.subarray(from, from + length);
  }

  /** The next `length` bytes as a place of their own, which this one passes. */
  part(length: number): Cursor {
    const from = this.skip(length);
    return new Cursor(this.#bytes, this.#section, from, from + length);
  }

  /** 8 bits. */
  u8(): number {
    return this.#bytes[this.skip(1)];
  }

  /** 8 bits, signed. */
  s8(): number {
    return this.u8() << 24 >> 24;
  }

  /** 16 bits. */
  u16(): number {
    return this.#view.getUint16(this.skip(2), true);
  }

  /** 32 bits. */
  u32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }

  /** 64 bits. */
  u64(): bigint {
    return this.#view.getBigUint64(this.skip(8), true);
  }

  /** An unsigned number of 1 to 8 bytes. */
  unsigned(size: number): bigint {
    let value = 0n;
    this.take(size).forEach((byte, i) => value |= BigInt(byte) << BigInt(8 * i));
    return value;
  }

  /** An address or offset of 1, 2, 4 or 8 bytes; one beyond 2^53 is an error. */
  number(size: number): number {
    if (size === 4) return this.u32();
    if (size === 8) {
      const low = this.u32(), high = this.u32();
      const value = high * 2 ** 32 + low;
      if (high < 0x20_0000) return value;
      // All ones end lists and mark what the linker has dropped.
      if (low === 0xffff_ffff && high === 0xffff_ffff) return Infinity;
      throw this.wrong("a number beyond 2^53");
    }
    if (size === 1) return this.u8();
    if (size === 2) return this.u16();
    throw this.wrong(`a number of ${size} bytes`);
  }

  /** The length of a unit, and whether it is in 64-bit DWARF. */
  unitLength(): { length: number; size: 4 | 8 } {
    const first = this.u32();
    if (first < 0xffff_fff0) return { length: first, size: 4 };
    if (first !== 0xffff_ffff) throw this.wrong("a length with a reserved value");
    return { length: this.number(8), size: 8 };
  }

  /** ULEB128; one beyond 2^53 is an error. */
  uleb(): number {
    const value = this.ulebBig();
    if (typeof value === "number") return value;
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.wrong("a number beyond 2^53");
    return Number(value);
  }

  /** ULEB128 of up to 64 bits; a bigint only where it needs one. */
  ulebBig(): number | bigint {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return this.#long(BigInt(value), 28).value;
  }

  /** SLEB128 of up to 64 bits; a bigint only where it needs one. */
  sleb(): number | bigint {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return byte & 0x40 ? value | (-1 << (shift + 7)) : value;
    }
    const { value: long, bits } = this.#long(BigInt(value), 28);
    return BigInt.asIntN(bits, long);
  }

  #long(value: bigint, shift: number): { value: bigint; bits: number } {
    for (; shift < 70; shift += 7) {
      const byte = this.u8();
      value |= BigInt(byte & 0x7f) << BigInt(shift);
      if (byte < 0x80) return { value: BigInt.asUintN(64, value), bits: Math.min(64, shift + 7) };
    }
    throw this.wrong("a LEB128 number of more than 64 bits");
  }

  /** Moves on behind the NUL of a text; where the text begins. */
  skipText(): number {
    const from = this.at;
    const nul = this.#bytes.indexOf(0, from);
    if (nul < 0 || nul >= this.end) throw this.wrong("a text without end");
    this.at = nul + 1;
    return from;
  }

  /** A text that ends in NUL. */
  text(): string {
    const from = this.skipText();
    const end = this.at - 1;
    if (end - from > MAX_TEXT) throw this.wrong(`a text of ${end - from} bytes`);
    let text = "";
    for (let i = from; i < end; i++) {
      // Names are ASCII as good as always, and short: this is many times as fast.
      const byte = this.#bytes[i];
      if (byte >= 0x80) return new TextDecoder().decode(this.#bytes.subarray(from, end));
      text += String.fromCharCode(byte);
    }
    return text;
  }
}
