/**
 * Records side by side that a person names: `processes` and `cpus`.
 *
 *     processes=PLACE[@N]{,bytes=N}{,MEMBER=NAME}{,STATE=NUMBER}
 *     cpus=PLACE[@N]{,bytes=N}{,proc=NAME}{,noff=NAME}
 */

import { bare, type CType, type StructType } from "../dwarf/types.ts";
import type { CPlace } from "./c_place.ts";
import { cpuMembers, type Cpus, noffByCode } from "./cpus.ts";
import { checkPlace, type Of, options, wordsOf } from "./given_words.ts";
import type { GivenRecords } from "./known.ts";
import { memberAt, NUMBER, numberIn, placeNamed } from "./place_named.ts";
import { type Member, MEMBERS } from "./record_facts.ts";
import type { ImageSymbols } from "./symbols.ts";

/** What states are called, as `ps` shows them, and that of a record that is nobody's. */
const STATES = ["unused", "made", "sleeping", "runnable", "running", "zombie"] as const;
/** More records than that no kernel has. */
const MOST = 1 << 16;

/** Records, and what one is in C. */
interface Records {
  /** Where the first is, as it was typed. */
  readonly name: string;
  readonly place: CPlace;
  readonly count: number | undefined;
  readonly size: number | undefined;
  readonly type: StructType | undefined;
}

/** `proc`, `ptable.proc`, `*procs@64`, `0x80010a00@64`. Throws a RangeError for what is none. */
function recordsNamed(text: string, of: Of): Records {
  const [, name, many] = /^(.*?)(?:@(\w*))?$/.exec(text)!;
  const place = placeNamed(of.symbols, name);
  const said = many === undefined ? undefined : lengthNamed(of.symbols, many);
  if (place.through.length > 0) {
    throw new RangeError(`${name} stands in each element of an array: want one of them, like [0]`);
  }
  const is = bare(place.type);
  if (is?.kind === "array") {
    const type = bare(is.of);
    if (type?.kind !== "struct") throw notRecords(name, place.type!, is.of);
    const count = said ?? is.length;
    if (count === undefined) throw new RangeError(`how many are there? want ${name}@N`);
    if (is.length !== undefined && count > is.length) {
      throw new RangeError(`${name} is a ${place.type!.name}: it has no ${count} elements`);
    }
    checkPlace(place, 8, 8, of);
    return { name, place, count, size: is.of.size * count, type };
  }
  if (is !== undefined && is.kind !== "struct") throw notRecords(name, place.type!, place.type!);
  if (said === undefined && (is !== undefined || place.size === undefined)) {
    throw new RangeError(`how many are there? want ${name}@N`);
  }
  checkPlace(place, 8, 8, of);
  return { name, place, count: said, size: is === undefined ? place.size : undefined, type: is };
}

/** Complains of what is no array of structs, and says how one comes from it. */
function notRecords(path: string, type: CType, element: CType): RangeError {
  const inner = bare(element);
  const to = inner?.kind === "pointer" ? bare(inner.to) : undefined;
  const want = type === element && to?.kind === "struct"
    ? `*${path}@N for N records side by side where it leads`
    : "an array of structs, or *POINTER@N";
  return new RangeError(`${path} is a ${type.name}: want ${want}`);
}

/** A number, or what an enumeration calls one. */
function lengthNamed(symbols: ImageSymbols, text: string): number {
  const count = NUMBER.test(text) ? numberIn(text) : symbols.debug?.enumerator(text)?.value;
  if (count === undefined) throw new RangeError(`@${text}: want how many records, a number`);
  if (count < 1 || count > MOST) throw new RangeError(`@${text}: want 1 to ${MOST} records`);
  return Number(count);
}

function bytesOf(text: string | undefined, { place, count, size }: Records, of: Of) {
  if (text === undefined) return undefined;
  const bytes = numberIn(text);
  if (bytes < 8 || bytes % 8 !== 0) throw new RangeError(`bytes=${text}: want a multiple of 8`);
  const all = size ?? count! * bytes;
  if (size !== undefined && bytes * (count ?? 1) > size) {
    throw new RangeError(`bytes=${text}: all of it has only ${size}`);
  }
  if (place.way.length === 0) checkPlace(place, all, 8, of);
  return bytes;
}

/** Where a member stands: an offset, or a name in a struct, which has to have so many bytes. */
function offsetOf(
  text: string,
  name: string,
  { type }: Records,
  bytes: number | undefined,
  width: number | undefined,
): number {
  if (!NUMBER.test(text)) {
    if (type === undefined) {
      throw new RangeError(`${name}=${text}: no debug information tells: want ${name}=OFFSET`);
    }
    const member = memberAt(type, text);
    if (width !== undefined && member.type.size !== width) {
      const size = `${member.type.name} of ${member.type.size} bytes`;
      throw new RangeError(`${name}=${text}: it is a ${size}, and a ${name} has ${width}`);
    }
    return member.offset;
  }
  const offset = numberIn(text), end = bytes ?? type?.size ?? Infinity;
  if (offset + (width ?? 8) > end) {
    throw new RangeError(`${name}=${text} is behind a record's ${end} bytes`);
  }
  if (offset % (width === 4 ? 4 : name === "name" ? 1 : 8) !== 0) {
    throw new RangeError(`${name}=${text}: it is no multiple of ${width ?? 8}`);
  }
  return offset;
}

/** Bytes of members, where all kernels have the same. */
const WIDTHS: Readonly<Partial<Record<Member, number>>> = {
  pid: 4,
  state: 4,
  chan: 8,
  pagetable: 8,
  sz: 8,
  parent: 8,
  kstack: 8,
  trapframe: 8,
};

/** The records of processes. */
export function processesGiven(value: string, of: Of): GivenRecords {
  const [text, ...words] = wordsOf(value);
  const records = recordsNamed(text, of);
  const { name, place, count, size } = records;
  const said = options(words, ["bytes", ...MEMBERS, ...STATES], "…");
  const bytes = bytesOf(said.bytes, records, of);
  const type = records.type ?? standardType(of.symbols, bytes, size);
  const typed = { ...records, type };
  const members = Object.fromEntries(
    MEMBERS.flatMap((member): [Member, number][] => {
      const text = said[member];
      if (text === undefined) return [];
      return [[member, offsetOf(text, member, typed, bytes, WIDTHS[member])]];
    }),
  );
  const states = new Map(STATES.flatMap((state) => {
    const text = said[state];
    return text === undefined ? [] : [[stateNumber(of.symbols, state, text), state] as const];
  }));
  return { name, place, size, count, bytes, type, members, states };
}

/** `struct proc`, for records of which nobody says what they are, if they can be as long. */
function standardType(
  symbols: ImageSymbols,
  bytes: number | undefined,
  size: number | undefined,
): StructType | undefined {
  const type = symbols.debug?.type("struct proc");
  if (type?.kind !== "struct" || type.size === 0) return undefined;
  const fits = bytes === undefined
    ? size === undefined || size % type.size === 0
    : bytes === type.size;
  return fits ? type : undefined;
}

function stateNumber(symbols: ImageSymbols, state: string, text: string): number {
  const value = NUMBER.test(text) ? numberIn(text) : symbols.debug?.enumerator(text)?.value;
  if (value === undefined || value < 0 || value > 255) {
    throw new RangeError(`${state}=${text}: want the number of a state, or its name in an enum`);
  }
  return Number(value);
}

/** What the kernel knows of its harts. */
export function cpusGiven(value: string, of: Of): Cpus {
  const [text, ...words] = wordsOf(value);
  const records = recordsNamed(text, of);
  const { name, place, count, size, type } = records;
  if (place.way.length > 0) {
    throw new RangeError(`${name} stands behind a pointer: want an array in the kernel's data`);
  }
  const said = options(words, ["bytes", "proc", "noff"], "…");
  const each = bytesOf(said.bytes, records, of) ?? type?.size ??
    (size !== undefined && count !== undefined ? size / count : undefined);
  if (each === undefined || each % 8 !== 0) {
    throw new RangeError(`how long is the record of a hart? want ${text},bytes=N`);
  }
  const found = type && cpuMembers(type, of.record);
  const proc = said.proc === undefined
    ? found?.proc
    : offsetOf(said.proc, "proc", records, each, 8);
  if (proc === undefined) {
    throw new RangeError(`where does it name its process? want ${text},proc=…`);
  }
  const noff = said.noff === undefined
    ? found?.noff ?? (type === undefined ? noffByCode(of.symbols) : undefined)
    : offsetOf(said.noff, "noff", records, each, 4);
  const many = count ?? Math.floor(size! / each);
  checkPlace(place, many * each, 8, of);
  return { name, start: place.at, each, count: many, proc, noff, by: "given" };
}
