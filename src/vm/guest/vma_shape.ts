/**
 * Where a process's record keeps the areas that mmap made, and what stands in each of them. Every
 * student calls them otherwise (`vmas`, `vma`, `pvma`; `addr` and `len`, `start` and `end`), so
 * members are known by their types and by words in their names. Only debug information tells.
 */

import { bare, type Member, memberNamed, type StructType } from "../dwarf/types.ts";
import { asStruct, pointedTo, recordType } from "./c_record.ts";
import { memberAt } from "./place_named.ts";
import type { ImageSymbols } from "./symbols.ts";

/** What a member of an area's struct says. */
export const ROLES = [
  "start",
  "end",
  "length",
  "pages",
  "prot",
  "flags",
  "file",
  "offset",
  "used",
  "next",
] as const;
/** See {@link ROLES}: `end` is the first address behind it, `pages` its length in pages. */
export type Role = typeof ROLES[number];

/** A number in an area's struct. */
export interface Field {
  readonly name: string;
  readonly offset: number;
  /** 1, 2, 4 or 8 bytes. */
  readonly size: number;
}

/** Where areas stand. */
export interface VmaShape {
  /** The member of `struct proc`: `vmas`, `mm.areas`. */
  readonly name: string;
  /** What one of them is in C: `struct vma`. */
  readonly type: string;
  /** Structs side by side, pointers to them side by side, or a chain of them. */
  readonly way: "array" | "pointers" | "list";
  /** Bytes from the start of the record. */
  readonly offset: number;
  /** How many there are at most; of a list, how many are followed. */
  readonly most: number;
  /** Bytes of one struct. */
  readonly stride: number;
  readonly fields: Readonly<Partial<Record<Role, Field>>>;
  /** From what `file` holds to its i-number: an offset, and what stands there, until the number. */
  readonly inum: readonly number[] | undefined;
}

/** What a name says that a member is, the first that fits. */
const NAMES: readonly (readonly [Role, RegExp])[] = [
  ["pages", /n_?pages|pages?_?(?:num|cnt|count|n)$|^pages$/],
  ["end", /end$|^end/],
  ["length", /len|size|^sz|sz$/],
  ["prot", /prot|perm/],
  ["flags", /flag/],
  ["offset", /off/],
  ["used", /^(?:is_?)?(?:in_?)?(?:used?|valid|alloc(?:ated)?|active|occupied|present|refs?)$/],
  ["start", /start|begin|addr|base|^va$/],
];
/** More of a chain is not followed. */
const MOST = 256;
/** So deep in structs inside of the record one looks. */
const DEPTH = 2;

const known = new WeakMap<StructType, { readonly shape: VmaShape | undefined }>();

/**
 * The areas of a kernel, in its processes' `record`; undefined: nothing, or more than one thing, in
 * there looks like them.
 */
export function vmaShape(
  symbols: ImageSymbols,
  record: StructType | undefined = recordType(symbols),
): VmaShape | undefined {
  if (record === undefined) return undefined;
  const before = known.get(record);
  if (before !== undefined) return before.shape;
  const all = [...shapesIn(symbols, record)];
  // Of several, those that are called so.
  const named = all.filter(({ name, type }) => /vma|mmap|area/i.test(`${name} ${type}`));
  const best = all.length > 1 ? named : all;
  const shape = best.length === 1 ? best[0] : undefined;
  known.set(record, { shape });
  return shape;
}

/**
 * The areas in a member that a person names, with what the members of its struct are where their
 * names do not say it. Throws a RangeError that says what is missing.
 */
export function shapeNamed(
  symbols: ImageSymbols,
  path: string,
  roles: Readonly<Partial<Record<Role, string>>>,
  record: StructType | undefined = recordType(symbols),
): VmaShape {
  if (record === undefined) throw new RangeError("no debug information tells what struct proc is");
  const member = memberAt(record, path);
  const shape = shapeOf(symbols, member, path, member.offset, roles);
  if (shape === undefined) {
    throw new RangeError(
      `proc.${path} is a ${member.type.name}: want structs with an address and a length, ` +
        "side by side or in a chain",
    );
  }
  return shape;
}

function* shapesIn(
  symbols: ImageSymbols,
  struct: StructType,
  prefix = "",
  base = 0,
  depth = 0,
): Generator<VmaShape> {
  for (const member of struct.members) {
    const path = `${prefix}${member.name}`, offset = base + member.offset;
    const shape = shapeOf(symbols, member, path, offset);
    if (shape !== undefined) yield shape;
    const is = bare(member.type);
    if (is?.kind !== "struct" || depth >= DEPTH) continue;
    yield* shapesIn(symbols, is, member.name === "" ? prefix : `${path}.`, offset, depth + 1);
  }
}

function shapeOf(
  symbols: ImageSymbols,
  { type, bits }: Member,
  name: string,
  offset: number,
  roles: Readonly<Partial<Record<Role, string>>> = {},
): VmaShape | undefined {
  if (bits !== undefined) return undefined;
  const is = bare(type);
  const inner = is?.kind === "array" ? bare(is.of) : is;
  const struct = inner?.kind === "pointer" ? pointedTo(inner) : inner;
  if (struct?.kind !== "struct" || is === struct) return undefined;
  const fields = fieldsOf(struct, roles);
  const way = inner?.kind === "struct" ? "array" : is?.kind === "array" ? "pointers" : "list";
  const extent = fields.end ?? fields.length ?? fields.pages;
  const more = fields.prot ?? fields.flags ?? fields.file ?? fields.offset;
  if (fields.start === undefined || extent === undefined || more === undefined) return undefined;
  if (way === "list" && fields.next === undefined) return undefined;
  return {
    name,
    type: struct.name,
    way,
    offset,
    most: is?.kind === "array" ? Math.min(is.length ?? 0, MOST) : MOST,
    stride: struct.size,
    fields,
    inum: wayToInum(symbols, struct, fields.file),
  };
}

/** Which member says what. Where two say the same, neither is believed. */
function fieldsOf(
  struct: StructType,
  given: Readonly<Partial<Record<Role, string>>>,
): Partial<Record<Role, Field>> {
  const found: Partial<Record<Role, Field>> = {};
  const doubtful = new Set<Role>();
  const named = new Set(Object.values(given));
  for (const member of struct.members) {
    const role = named.has(member.name)
      ? ROLES.find((role) => given[role] === member.name)
      : roleOf(struct, member);
    if (role === undefined || (given[role] ?? member.name) !== member.name) continue;
    const field = { name: member.name, offset: member.offset, size: member.type.size };
    if (found[role] !== undefined) doubtful.add(role);
    found[role] = field;
  }
  for (const role of doubtful) delete found[role];
  return found;
}

function roleOf(struct: StructType, { name, type, bits }: Member): Role | undefined {
  if (bits !== undefined) return undefined;
  const to = pointedTo(type);
  if (asStruct(to, "file") !== undefined || asStruct(to, "inode") !== undefined) return "file";
  if (to === struct) return /next/i.test(name) ? "next" : undefined;
  if (to?.kind === "struct") return undefined;
  const is = bare(type);
  const isNumber = is?.kind === "base" ? is.encoding !== "float" : is?.kind === "enum";
  const role = NAMES.find(([, words]) => words.test(name.toLowerCase()))?.[0];
  // An address may be declared as a pointer; no other number is.
  return isNumber || (is?.kind === "pointer" && (role === "start" || role === "end"))
    ? role
    : undefined;
}

/** Through `struct file` to its inode, and there to the number; undefined: nobody says. */
function wayToInum(
  symbols: ImageSymbols,
  struct: StructType,
  file: Field | undefined,
): number[] | undefined {
  const member = file && memberNamed(struct, file.name);
  const to = member && pointedTo(member.type);
  const through = asStruct(to, "file");
  const ip = through &&
    whole(symbols, through).members.find(({ type }) =>
      asStruct(pointedTo(type), "inode") !== undefined
    );
  const inode = asStruct(ip === undefined ? to : pointedTo(ip.type), "inode");
  const inum = inode && memberNamed(whole(symbols, inode), "inum");
  if (inum === undefined || inum.type.size !== 4) return undefined;
  return ip === undefined ? [inum.offset] : [ip.offset, inum.offset];
}

/** A structure with its members, also where a file only mentions it. */
function whole(symbols: ImageSymbols, struct: StructType): StructType {
  const type = struct.members.length > 0 ? struct : symbols.debug?.type(struct.name);
  return type?.kind === "struct" ? type : struct;
}
