/**
 * The manual's own notation for instruction formats, read by the machine: from
 * `"imm[12|10:5] rs2 rs1 000 imm[4:1|11] 1100011"` come the mask and match of the encoding and, for
 * each field, where its bits stand. Encoder, decoder and disassembler all use what is derived here.
 *
 * Tokens, from the highest bit down: literal bits (`0110011`); registers `rd`, `rs1`, `rs2` (5
 * bits) and `rd'`, `rs1'`, `rs2'` (3 bits, x8…x15); immediates `imm[…]` (signed) and `uimm[…]` with
 * the list of their bits as the manual prints it; `nzimm`/`nzuimm`: the same, zero being another
 * instruction; `aq` and `rl`; `rd≠0` or `rd≠{0,2}`: these values belong to another instruction.
 *
 * @module
 */

/** The operand fields an instruction can have. `aqrl` is aq in bit 1 and rl in bit 0. */
export type FieldName = "rd" | "rs1" | "rs2" | "imm" | "aqrl";

/** A run of bits of a field: `width` bits from bit `from` of the word to bit `to` of the value. */
interface Piece {
  from: number;
  width: number;
  to: number;
}

/** One operand field of a format. */
export interface Field {
  readonly name: FieldName;
  readonly pieces: readonly Piece[];
  /** Added to the bits: 8 for the three-bit registers of the C extension. */
  readonly base: number;
  /** Bits of the value counted from bit 0, the sign bit being the last; 0 for unsigned fields. */
  readonly signBits: number;
  /** Values that mean another (or no) instruction. */
  readonly except: readonly number[];
}

/** An instruction format. */
export interface Pattern {
  /** Bytes: 2 or 4. */
  readonly length: 2 | 4;
  /** Bits that are fixed, as u32. */
  readonly mask: number;
  /** Their values, as u32. */
  readonly match: number;
  readonly fields: readonly Field[];
}

/** The operands of one instruction, decoded. */
export type Operands = Record<FieldName, number>;

/** Reads a format in the manual's notation. Throws on a slip in it. */
export function parsePattern(text: string): Pattern {
  const tokens = text.split(" ").map(tokenOf);
  const bits = tokens.reduce((sum, token) => sum + token.width, 0);
  if (bits !== 16 && bits !== 32) throw new Error(`format of ${bits} bits: ${text}`);
  const fields = new Map<FieldName, Field & { pieces: Piece[] }>();
  let mask = 0, match = 0, at = bits;
  for (const token of tokens) {
    at -= token.width;
    if (token.literal !== undefined) {
      mask |= (2 ** token.width - 1) << at;
      match |= token.literal << at;
      continue;
    }
    const { name, base, signed, except } = token;
    let from = at + token.width;
    const pieces = token.slots.map(({ width, to }) => ({ from: from -= width, width, to }));
    const before = fields.get(name);
    const all = [...(before?.pieces ?? []), ...pieces];
    const top = Math.max(...all.map((piece) => piece.to + piece.width));
    fields.set(name, { name, pieces: all, base, signBits: signed ? top : 0, except });
  }
  const length = bits === 16 ? 2 : 4;
  return { length, mask: mask >>> 0, match: match >>> 0, fields: [...fields.values()] };
}

/** The value a field has in a word. */
export function extract(field: Field, word: number): number {
  let value = 0;
  for (const { from, width, to } of field.pieces) {
    value |= ((word >>> from) & (2 ** width - 1)) << to;
  }
  if (field.signBits > 0) value = (value << (32 - field.signBits)) >> (32 - field.signBits);
  return value + field.base;
}

/** Whether a word is an instruction of this format: fixed bits and excepted values. */
export function matches(pattern: Pattern, word: number): boolean {
  if (((word & pattern.mask) >>> 0) !== pattern.match) return false;
  return pattern.fields.every((field) =>
    field.except.length === 0 || !field.except.includes(extract(field, word))
  );
}

/** The operands of a word of this format; fields the format lacks are 0. */
export function extractAll(pattern: Pattern, word: number): Operands {
  const operands: Operands = { rd: 0, rs1: 0, rs2: 0, imm: 0, aqrl: 0 };
  for (const field of pattern.fields) operands[field.name] = extract(field, word);
  return operands;
}

/**
 * The word with these operands (u32; a halfword for formats of 2 bytes). Throws a RangeError when a
 * value does not fit its field or is one the format excepts.
 */
export function encodePattern(pattern: Pattern, operands: Partial<Operands>): number {
  let word = pattern.match;
  for (const field of pattern.fields) {
    const value = operands[field.name] ?? 0;
    for (const { from, width, to } of field.pieces) {
      word |= (((value - field.base) >>> to) & (2 ** width - 1)) << from;
    }
    if (extract(field, word) !== value || field.except.includes(value)) {
      throw new RangeError(`${field.name} = ${value} does not fit`);
    }
  }
  return word >>> 0;
}

interface Token {
  width: number;
  literal?: number;
  name: FieldName;
  slots: { width: number; to: number }[];
  base: number;
  signed: boolean;
  except: number[];
}

/** Formats are made of a few dozen tokens, over and over. */
const known = new Map<string, Token>();

function tokenOf(text: string): Token {
  let token = known.get(text);
  if (token === undefined) {
    token = parseToken(text);
    known.set(text, token);
  }
  return token;
}

function parseToken(text: string): Token {
  const none = { name: "imm" as FieldName, slots: [], base: 0, signed: false, except: [] };
  if (/^[01]+$/.test(text)) return { ...none, width: text.length, literal: parseInt(text, 2) };
  const order = text === "aq" ? 1 : text === "rl" ? 0 : -1;
  if (order >= 0) return { ...none, name: "aqrl", width: 1, slots: [{ width: 1, to: order }] };
  const register = /^(rd|rs1|rs2)(')?(?:≠\{?([\d,]+)\}?)?$/.exec(text);
  if (register !== null) {
    const width = register[2] === undefined ? 5 : 3;
    return {
      ...none,
      width,
      name: register[1] as FieldName,
      slots: [{ width, to: 0 }],
      base: width === 3 ? 8 : 0,
      except: register[3]?.split(",").map(Number) ?? [],
    };
  }
  const immediate = /^(nz)?(u)?imm\[([\d:|]+)\]$/.exec(text);
  if (immediate === null) throw new Error(`unknown token ${text}`);
  const slots = immediate[3]!.split("|").map((part) => {
    const [high, low = high] = part.split(":").map(Number) as [number, number | undefined];
    return { width: high - low! + 1, to: low! };
  });
  const width = slots.reduce((sum, slot) => sum + slot.width, 0);
  const except = immediate[1] === undefined ? [] : [0];
  return { ...none, width, slots, signed: immediate[2] === undefined, except };
}
