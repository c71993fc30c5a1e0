/**
 * Values of C in a computer's memory and registers: what a variable is, its fields and elements,
 * what a pointer leads to. Looking changes nothing; what cannot be had is a KernelError that says
 * why.
 */

import type { DebugInfo, Global, Local } from "./dwarf/debug_info.ts";
import type { Location } from "./dwarf/expression.ts";
import { bare, type CType, memberNamed, pointerTo, type StructType } from "./dwarf/types.ts";
import { insideOf, scopeOf, type StackFrame } from "./backtrace.ts";
import { KernelError } from "./kernel/manual.ts";
import { hex } from "./machine/address.ts";
import { counted } from "./machine/counted.ts";
import { didYouMean } from "./nearest.ts";
import { partsOf } from "./parts.ts";
import type { Vm } from "./vm.ts";

export { bare, type CType };

/** A value of C: its type, and where its bytes are. */
export interface CValue {
  readonly type: CType;
  /** Whose memory it and its pointers are of: 0 the kernel's, else that process's. */
  readonly pid: number;
  /** The address where it stands; undefined: it has none. */
  readonly address: bigint | undefined;
  /** Its bytes, lowest first, where it has no address; undefined: they cannot be told. */
  readonly bytes: Uint8Array | undefined;
  /** Why there are neither. */
  readonly lost: string | undefined;
  /** It is a field of single bits. */
  readonly bits: { readonly from: number; readonly count: number } | undefined;
}

/** More bytes of one value nobody wants to see, and none is read. */
const MOST = 1 << 20;

/** A value that stands in memory. */
export function inMemory(type: CType, pid: number, address: bigint): CValue {
  return {
    type,
    pid,
    address: BigInt.asUintN(64, address),
    bytes: undefined,
    lost: undefined,
    bits: undefined,
  };
}

/** A number of a type, that stands nowhere. */
export function numberOf(type: CType, pid: number, value: bigint): CValue {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
  const address = undefined, lost = undefined, bits = undefined;
  return { type, pid, address, bytes, lost, bits };
}

function lostValue(type: CType, pid: number, lost: string): CValue {
  return { type, pid, address: undefined, bytes: undefined, lost, bits: undefined };
}

/** The debug information of a process's program, of pid 0 the kernel's. */
function debugOf(vm: Vm, pid: number): DebugInfo | undefined {
  return partsOf(vm).view.symbols.debug(pid);
}

/** The type of a name in C, of a program or of the kernel; undefined: there is none. */
export function typeNamed(vm: Vm, name: string, pid: number): CType | undefined {
  const stars = /^(.*?)\s*(\**)$/.exec(name)!;
  const plain = stars[1].replace(/\s+/g, " ");
  let type = plain === "void" ? undefined : debugOf(vm, pid)?.type(plain);
  if (type === undefined && plain !== "void") return undefined;
  for (const _ of stars[2]) type = pointerTo(type);
  return type;
}

/** A global variable of a program or the kernel; undefined: none is known. */
export function globalNamed(vm: Vm, name: string, pid: number): CValue | undefined {
  const global: Global | undefined = debugOf(vm, pid)?.global(name);
  return global && inMemory(global.type, pid, global.address);
}

/** What a function of a guest's kernel returned, and what C makes of it. */
export interface Returned {
  /** The register a0. */
  readonly value: bigint;
  /** Undefined: its type is not known, or it returns nothing. */
  readonly c: CValue | undefined;
}

/**
 * Calls a function of a guest's kernel by its name, to see what it returns; nothing is changed by
 * that. Undefined: there is none. Throws a KernelError where it does not come back.
 */
export function returned(vm: Vm, name: string, args: readonly bigint[]): Returned | undefined {
  const entry = vm.guest ? partsOf(vm).view.symbols.all(0).get(name) : undefined;
  if (entry === undefined) return undefined;
  const debug = debugOf(vm, 0);
  const wanted = debug?.parameters(entry);
  if (wanted !== undefined && wanted !== args.length) {
    throw new KernelError(`${name} takes ${counted(wanted, "argument")}, not ${args.length}`);
  }
  const value = vm.invoke(entry, args);
  const type = debug?.returnType(entry);
  if (wanted !== undefined && type === undefined) {
    throw new KernelError(`${name} came back, and returns nothing; what it did is forgotten`);
  }
  return { value, c: type && numberOf(type, 0, value) };
}

/** A constant of an enumeration. */
export function enumeratorNamed(vm: Vm, name: string, pid: number): CValue | undefined {
  const found = debugOf(vm, pid)?.enumerator(name);
  return found && numberOf(found.type, pid, found.value);
}

/** The variables in sight of a frame, those of inner blocks first. */
export function localsOf(frame: StackFrame): { name: string; argument: boolean; value: CValue }[] {
  return (scopeOf(frame)?.locals ?? []).map((local) => ({
    name: local.name,
    argument: local.argument,
    value: localValue(frame, local),
  }));
}

/** One of them; undefined: there is none of that name. */
export function localNamed(frame: StackFrame, name: string): CValue | undefined {
  const local = scopeOf(frame)?.locals.find((one) => one.name === name);
  return local && localValue(frame, local);
}

function localValue(frame: StackFrame, { type, where }: Local): CValue {
  const { moment, at } = insideOf(frame);
  const place = where(at, moment);
  if (typeof place === "string") return lostValue(type, frame.pid, place);
  return placed(frame, type, place);
}

function placed(frame: StackFrame, type: CType, place: Location): CValue {
  const { pid } = frame;
  if (place.kind === "memory") return inMemory(type, pid, place.address);
  const bytes = bytesAt(frame, place, type.size);
  if (bytes === undefined) return lostValue(type, pid, "unknown");
  return { type, pid, address: undefined, bytes, lost: undefined, bits: undefined };
}

/** The bytes of what is not in memory, or only in pieces. */
function bytesAt(frame: StackFrame, place: Location, size: number): Uint8Array | undefined {
  switch (place.kind) {
    case "memory": {
      const { moment } = insideOf(frame);
      const bytes = Array.from(
        { length: size },
        (_, i) => moment.memory(place.address + BigInt(i), 1),
      );
      if (bytes.includes(undefined)) return undefined;
      return Uint8Array.from(bytes, Number);
    }
    case "register": {
      const value = frame.registers[place.n];
      return value === undefined ? undefined : littleEndian(value);
    }
    case "value":
      return littleEndian(place.value);
    case "bytes":
      return place.bytes;
    case "pieces": {
      const all: number[] = [];
      for (const { at, size } of place.pieces) {
        const bytes = at && bytesAt(frame, at, size);
        if (bytes === undefined || bytes.length < size) return undefined;
        all.push(...bytes.subarray(0, size));
      }
      return Uint8Array.from(all);
    }
  }
}

function littleEndian(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
  return bytes;
}

/** The bytes of a value, `size` of them from `offset` on. */
export function bytesOf(vm: Vm, value: CValue, offset = 0, size = value.type.size): Uint8Array {
  if (size > MOST) throw new KernelError(`${value.type.name} has ${size} bytes: too many to show`);
  if (value.bytes !== undefined) return value.bytes.subarray(offset, offset + size);
  if (value.address === undefined) throw new KernelError(lostText(value));
  const at = BigInt.asUintN(64, value.address + BigInt(offset));
  const bytes = vm.process(value.pid).peek(at, size);
  if (bytes === undefined) throw new KernelError(`${hex(at)} is not mapped`);
  return bytes;
}

function lostText({ lost }: CValue): string {
  return lost === "unknown"
    ? "what stands there is unknown: a register that nobody has kept"
    : "it is optimized out here";
}

/** Whether a value is one number: of an integer, enumeration or pointer. */
export function isScalar(value: CValue): boolean {
  const type = bare(value.type);
  return type?.kind === "enum" || type?.kind === "pointer" ||
    (type?.kind === "base" && type.encoding !== "float" && type.size <= 8);
}

/** Its number, with its sign where its type has one. */
export function scalarOf(vm: Vm, value: CValue): bigint {
  const type = bare(value.type)!;
  const size = Math.min(type.size, 8);
  const whole = bytesOf(vm, value, 0, size).reduceRight(
    (all, byte) => (all << 8n) | BigInt(byte),
    0n,
  );
  const { bits } = value;
  const width = bits?.count ?? 8 * size;
  const own = BigInt.asUintN(width, whole >> BigInt(bits?.from ?? 0));
  const signed = type.kind === "enum" || (type.kind === "base" && type.encoding === "signed") ||
    (type.kind === "base" && type.encoding === "character" && type.name === "signed char");
  return signed ? BigInt.asIntN(width, own) : own;
}

function structOf(vm: Vm, value: CValue): { of: CValue; type: StructType } {
  const type = bare(value.type);
  if (type?.kind === "struct" || type?.kind === "union") return { of: value, type };
  if (type?.kind === "pointer") {
    const to = bare(type.to);
    if (to?.kind === "struct" || to?.kind === "union") return { of: target(vm, value), type: to };
  }
  throw new KernelError(`${value.type.name} is no structure`);
}

/** A field, of a structure or of the one that a pointer leads to. */
export function field(vm: Vm, value: CValue, name: string): CValue {
  const { of, type } = structOf(vm, value);
  const member = memberNamed(type, name);
  if (member === undefined) {
    const names = type.members.map((one) => one.name).filter((one) => one !== "");
    const hint = didYouMean(name, names) ||
      (names.length === 0 ? "" : `; it has ${names.join(", ")}`);
    throw new KernelError(`${type.name} has no field ${name}${hint}`);
  }
  return part(of, member.type, member.offset, member.bits);
}

/** A part of a value, some bytes from its start. */
export function part(of: CValue, type: CType, offset: number, bits: CValue["bits"]): CValue {
  return {
    ...of,
    type,
    bits,
    address: of.address === undefined ? undefined : BigInt.asUintN(64, of.address + BigInt(offset)),
    bytes: of.bytes?.subarray(offset, offset + type.size),
  };
}

/** What a pointer leads to. */
export function target(vm: Vm, value: CValue): CValue {
  const type = bare(value.type);
  if (type?.kind === "array") return inMemoryOf(value, type.of, 0n);
  if (type?.kind !== "pointer") throw new KernelError(`${value.type.name} is no pointer`);
  if (type.to === undefined) throw new KernelError(`${value.type.name} leads to nobody knows what`);
  const at = scalarOf(vm, value);
  if (at === 0n) throw new KernelError(`the pointer is 0`);
  return inMemory(type.to, value.pid, at);
}

/** An element of an array, or behind what a pointer leads to. */
export function element(vm: Vm, value: CValue, index: bigint): CValue {
  const type = bare(value.type);
  if (type?.kind === "array") {
    if (type.length !== undefined && type.length > 0) checkIndex(index, type.length);
    return inMemoryOf(value, type.of, index * BigInt(type.of.size));
  }
  if (type?.kind !== "pointer") throw new KernelError(`${value.type.name} has no elements`);
  const first = target(vm, value);
  return inMemory(first.type, value.pid, first.address! + index * BigInt(first.type.size));
}

function checkIndex(index: bigint, length: number): void {
  if (index >= 0n && index < BigInt(length)) return;
  throw new KernelError(`there is no element ${index}: the array has ${length}`);
}

function inMemoryOf(value: CValue, type: CType, offset: bigint): CValue {
  if (value.address !== undefined) return inMemory(type, value.pid, value.address + offset);
  return part(value, type, Number(offset), undefined);
}

/** Where a value stands, as a pointer to it. */
export function addressOf(value: CValue): CValue {
  if (value.address !== undefined && value.bits === undefined) {
    return numberOf(pointerTo(value.type), value.pid, value.address);
  }
  throw new KernelError(
    value.lost === undefined ? "it stands in a register, and has no address" : lostText(value),
  );
}

/** A number as one of another type: cut to its size. */
export function cast(type: CType, pid: number, value: bigint): CValue {
  const kind = bare(type)?.kind;
  if (kind === "struct" || kind === "union" || kind === "array" || kind === undefined) {
    throw new KernelError(`nothing can be made a ${type.name}; *(${type.name} *)ADDRESS reads one`);
  }
  return numberOf(type, pid, value);
}
