/** Types of C, as debug information has them. */

import { AT, TAG } from "./constants.ts";
import { DwarfError } from "./cursor.ts";
import type { Die } from "./die.ts";

/** How the bits of a number are meant. */
export type NumberKind = "signed" | "unsigned" | "character" | "boolean" | "float";

/** A number. */
export interface BaseType {
  readonly kind: "base";
  readonly name: string;
  /** In bytes, as everywhere here. */
  readonly size: number;
  readonly encoding: NumberKind;
}

/** An address of something; `to` is undefined for `void *`. */
export interface PointerType {
  readonly kind: "pointer";
  readonly name: string;
  readonly size: number;
  readonly to: CType | undefined;
}

/** A field of a structure. */
export interface Member {
  /** Empty for a structure or union without a name, whose fields are this one's. */
  readonly name: string;
  /** Bytes from the start of the structure. */
  readonly offset: number;
  readonly type: CType;
  /** A field of single bits: the lowest of them in what stands at `offset`, and how many. */
  readonly bits: { readonly from: number; readonly count: number } | undefined;
}

/** A structure or union. */
export interface StructType {
  readonly kind: "struct" | "union";
  /** With `struct` in front, where it has a name. */
  readonly name: string;
  readonly size: number;
  readonly members: readonly Member[];
}

/** An array; nobody says how long it is where `length` is undefined. */
export interface ArrayType {
  readonly kind: "array";
  readonly name: string;
  readonly size: number;
  readonly of: CType;
  readonly length: number | undefined;
}

/** An enumeration. */
export interface EnumType {
  readonly kind: "enum";
  readonly name: string;
  readonly size: number;
  /** Names by their values, signed. */
  readonly values: ReadonlyMap<bigint, string>;
}

/** Another name for a type. */
export interface TypedefType {
  readonly kind: "typedef";
  readonly name: string;
  readonly size: number;
  /** Undefined: void. */
  readonly to: CType | undefined;
}

/** A function. */
export interface FunctionType {
  readonly kind: "function";
  readonly name: string;
  readonly size: number;
}

/** A type of C; `const` and `volatile` are left out. */
export type CType =
  | BaseType
  | PointerType
  | StructType
  | ArrayType
  | EnumType
  | TypedefType
  | FunctionType;

/** How many names one follows from a type to what it is, before it is called a circle. */
const MAX_HOPS = 32;
/** Encodings of numbers (DW_ATE). */
const ENCODINGS: Readonly<Record<number, NumberKind>> = {
  2: "boolean",
  4: "float",
  5: "signed",
  6: "character",
  7: "unsigned",
  8: "character",
};
const QUALIFIERS: readonly number[] = [
  TAG.const_type,
  TAG.volatile_type,
  TAG.restrict_type,
  TAG.atomic_type,
];

/** What a type is behind its other names; undefined: void. */
export function bare(type: CType | undefined): Exclude<CType, TypedefType> | undefined {
  let one = type;
  for (let hops = 0; one?.kind === "typedef"; hops++) {
    if (hops > MAX_HOPS) throw new DwarfError(`.debug_info: the type ${one.name} is itself`);
    one = one.to;
  }
  return one;
}

/** A pointer to a type, as `&` gives one; undefined: to void. */
export function pointerTo(to: CType | undefined): PointerType {
  return {
    kind: "pointer",
    size: 8,
    to,
    get name() {
      return pointerName(to);
    },
  };
}

function pointerName(to: CType | undefined): string {
  const inner = to?.name ?? "void";
  if (to?.kind === "function") return inner.replace("()", "(*)()");
  return inner.endsWith("*") ? `${inner}*` : `${inner} *`;
}

/** Makes types of entries, each once. */
export class Types {
  readonly #known = new Map<number, CType>();
  readonly #complete: (name: string) => Die | undefined;
  /** How deep in sizes and names of types the reading is. */
  #depth = 0;

  /** @param complete the entry of a structure by its name, where another only mentions it */
  constructor(complete: (name: string) => Die | undefined) {
    this.#complete = complete;
  }

  /** The type of a variable, field and so on; undefined: void. */
  of(die: Die): CType | undefined {
    const holder = die.holder(AT.type);
    let entry = holder?.entry(AT.type);
    for (let hops = 0; entry !== undefined && QUALIFIERS.includes(entry.tag); hops++) {
      if (hops > MAX_HOPS) throw new DwarfError(".debug_info: a type that is itself");
      entry = entry.entry(AT.type);
    }
    return entry && this.named(entry);
  }

  /** The type that an entry is. */
  named(die: Die): CType {
    const known = this.#known.get(die.offset);
    if (known !== undefined) return known;
    const type = this.#read(die);
    this.#known.set(die.offset, type);
    return type;
  }

  /** What a type is made of is read when it is asked for: types hold each other in circles. */
  #read(die: Die): CType {
    const size = die.number(AT.byte_size) ?? 0;
    const name = die.text(AT.name);
    const target = () => this.of(die);
    switch (die.tag) {
      case TAG.base_type: {
        const encoding = ENCODINGS[die.number(AT.encoding) ?? 0] ?? "unsigned";
        return { kind: "base", name: name ?? "?", size: numberSize(die, size), encoding };
      }
      case TAG.pointer_type:
        return {
          kind: "pointer",
          size: size || die.unit.addressSize,
          get to() {
            return target();
          },
          get name() {
            return pointerName(target());
          },
        };
      case TAG.structure_type:
      case TAG.union_type:
        return this.#struct(die, size, name);
      case TAG.array_type:
        return this.#array(die);
      case TAG.enumeration_type:
        return {
          kind: "enum",
          name: name === undefined ? "enum" : `enum ${name}`,
          size: numberSize(die, size),
          values: valuesOf(die),
        };
      case TAG.typedef: {
        const sized = () => this.#within(() => target()?.size ?? 0);
        return {
          kind: "typedef",
          name: name ?? "?",
          get size() {
            return sized();
          },
          get to() {
            return target();
          },
        };
      }
      case TAG.subroutine_type:
        return { kind: "function", name: `${target()?.name ?? "void"} ()`, size: 1 };
      default:
        throw new DwarfError(`.debug_info: the entry at ${die.offset} is no type`);
    }
  }

  #struct(die: Die, size: number, name: string | undefined): StructType {
    const kind = die.tag === TAG.union_type ? "union" : "struct";
    if (die.flag(AT.declaration) && name !== undefined) {
      const whole = this.#complete(name);
      if (whole !== undefined && whole !== die && !whole.flag(AT.declaration)) {
        return this.named(whole) as StructType;
      }
    }
    let members: Member[] | undefined;
    const read = () => members ??= this.#members(die);
    return {
      kind,
      name: name === undefined ? kind : `${kind} ${name}`,
      size,
      get members() {
        return read();
      },
    };
  }

  #members(die: Die): Member[] {
    return die.children.filter(({ tag }) => tag === TAG.member).flatMap((member): Member[] => {
      const type = this.of(member);
      if (type === undefined) return [];
      const name = member.text(AT.name) ?? "";
      const offset = member.number(AT.data_member_location) ?? blockOffset(member) ?? 0;
      const count = member.number(AT.bit_size);
      if (count === undefined) return [{ name, offset, type, bits: undefined }];
      const first = member.number(AT.data_bit_offset);
      if (first !== undefined) {
        // From version 4 on counted from the start of the structure.
        const at = Math.floor(first / 8 / type.size) * type.size;
        return [{ name, offset: at, type, bits: { from: first - 8 * at, count } }];
      }
      // Before, from the highest bit of what holds it.
      const size = member.number(AT.byte_size) ?? type.size;
      const from = 8 * size - (member.number(AT.bit_offset) ?? 0) - count;
      return [{ name, offset, type, bits: { from, count } }];
    });
  }

  /** `int a[2][3]` is one entry with two ranges: an array of two arrays. */
  #array(die: Die): CType {
    const element = this.of(die);
    if (element === undefined) {
      throw new DwarfError(`.debug_info: an array of void at ${die.offset}`);
    }
    const lengths = die.children.filter(({ tag }) => tag === TAG.subrange_type).map(lengthOf);
    if (lengths.length === 0) lengths.push(undefined);
    return lengths.reduceRight<CType>((of, length) => this.#arrayOf(of, length), element);
  }

  #arrayOf(of: CType, length: number | undefined): ArrayType {
    const sized = () => this.#within(() => (length ?? 0) * of.size);
    const named = () =>
      this.#within(() => {
        // What an array is of stands around its length: `int [2][3]`, `void (*[4])()`.
        const [, before, after] = /^([^[(]*(?:\(\*+)?)(.*)$/.exec(of.name)!;
        return `${before}[${length ?? ""}]${after}`;
      });
    return {
      kind: "array",
      of,
      length,
      get size() {
        return sized();
      },
      get name() {
        return named();
      },
    };
  }

  /** Sizes and names of types that are made of themselves have no end. */
  #within<T>(body: () => T): T {
    if (this.#depth > MAX_HOPS) throw new DwarfError(".debug_info: a type that is made of itself");
    this.#depth++;
    try {
      return body();
    } finally {
      this.#depth--;
    }
  }
}

/** The bytes of a number; more than 16 no machine has. */
function numberSize(die: Die, size: number): number {
  if (size >= 1 && size <= 16) return size;
  throw new DwarfError(`.debug_info: a number of ${size} bytes at ${die.offset}`);
}

function valuesOf(die: Die): ReadonlyMap<bigint, string> {
  const values = new Map<bigint, string>();
  for (const one of die.children) {
    const raw = one.tag === TAG.enumerator ? one.get(AT.const_value)?.raw : undefined;
    const name = one.text(AT.name);
    if (raw === undefined || raw instanceof Uint8Array || name === undefined) continue;
    if (!values.has(BigInt(raw))) values.set(BigInt(raw), name);
  }
  return values;
}

/** How many elements a range has; undefined: nobody says. */
function lengthOf(range: Die): number | undefined {
  const count = range.get(AT.count)?.raw, last = range.get(AT.upper_bound)?.raw;
  if (count !== undefined && !(count instanceof Uint8Array)) return Number(count);
  if (last === undefined || last instanceof Uint8Array) return undefined;
  // `a[0]`: its last index is -1, in whatever width it is written.
  const none = [-1n, 0xffff_ffffn, 2n ** 64n - 1n].includes(BigInt(last));
  return none ? 0 : Number(last) + 1;
}

/** DW_OP_plus_uconst and a number: how version 2 says where a field stands. */
function blockOffset(member: Die): number | undefined {
  const raw = member.get(AT.data_member_location)?.raw;
  if (!(raw instanceof Uint8Array) || raw[0] !== 0x23) return undefined;
  let value = 0, scale = 1;
  for (let i = 1; i < raw.length && i < 6; i++) {
    value += (raw[i] & 0x7f) * scale;
    if (raw[i] < 0x80) return value;
    scale *= 128;
  }
  return undefined;
}

/** A field of a structure by its name, those of fields without names among them. */
export function memberNamed(struct: StructType, name: string, depth = 0): Member | undefined {
  for (const member of struct.members) {
    if (member.name === name) return member;
    const inner = member.name === "" ? bare(member.type) : undefined;
    if (inner === undefined || (inner.kind !== "struct" && inner.kind !== "union")) continue;
    if (depth > MAX_HOPS) return undefined;
    const found = memberNamed(inner, name, depth + 1);
    if (found !== undefined) return { ...found, offset: member.offset + found.offset };
  }
  return undefined;
}
