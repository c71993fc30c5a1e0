/**
 * Which numbers a program uses for which calls, told from its own stubs: xv6's usys.S gives each call a
 * function of its name that loads the number and traps. The trees of seven years number the labs'
 * calls differently, and no header of an ELF file says how.
 *
 * @module
 */

import type { CallTable } from "./abi.ts";
import type { Kernel } from "./kernel.ts";

const SHT_SYMTAB = 2;
const PT_LOAD = 1;
/** Bytes of a section header, a program header and a symbol (System V ABI, "Object Files"). */
const SECTION = 64, SEGMENT = 56, SYMBOL = 24;
const ECALL = 0x0000_0073;
/** Longest name of a call that is looked at. */
const LONGEST = 32;

/**
 * A program's numbering: `base`, with the calls that its stubs name where they say. `base` itself when
 * its stubs agree with it, or when it has none (a stripped program).
 */
export function tableOf(program: Uint8Array, base: CallTable): CallTable {
  const stubs = stubsOf(program);
  if (stubs.every(({ number, name }) => base[number] === name)) return base;
  const table: Record<number, string> = {};
  const named = new Set(stubs.map((stub) => stub.name));
  // What the stubs number otherwise has no second number.
  for (const [number, name] of Object.entries(base)) {
    if (!named.has(name)) table[Number(number)] = name;
  }
  for (const { number, name } of stubs) table[number] = name;
  return table;
}

/** A stub: a function that makes one call. */
export interface Stub {
  readonly name: string;
  readonly number: number;
}

/** The stubs of an ELF file; none when it has no symbols, or damaged ones. */
export function stubsOf(file: Uint8Array): Stub[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const symbols = symbolTable(view);
  const text = symbols && textSegment(view);
  if (symbols === undefined || text === undefined) return [];
  const stubs: Stub[] = [];
  for (let at = symbols.start; at + SYMBOL <= symbols.end; at += SYMBOL) {
    // A symbol's section is 0 when it is not defined here; its value is below 4 GiB for a user's function.
    if (view.getUint16(at + 6, true) === 0 || view.getUint32(at + 12, true) !== 0) continue;
    const place = view.getUint32(at + 8, true) - text.address + text.offset;
    if (place < text.offset || place + 8 > text.end) continue;
    const number = numberAt(view, place);
    if (number === undefined) continue;
    const name = nameAt(file, symbols.names + view.getUint32(at, true));
    // Since 2025 the C library's sbrk() calls this stub.
    if (name !== undefined) stubs.push({ name: name === "sys_sbrk" ? "sbrk" : name, number });
  }
  return stubs;
}

/** The number that `li a7, N; ecall` at a place loads; undefined for other instructions. */
function numberAt(view: DataView, at: number): number | undefined {
  const low = view.getUint16(at, true);
  // c.li a7, N: 010 N[5] 10001 N[4:0] 01.
  if ((low & 0xef83) === 0x4881) {
    const number = (low >> 2) & 31;
    return (low & 0x1000) === 0 && view.getUint32(at + 2, true) === ECALL ? number : undefined;
  }
  // addi a7, zero, N
  const word = view.getUint32(at, true);
  if ((word & 0xfffff) !== 0x00893 || view.getUint32(at + 4, true) !== ECALL) return undefined;
  return (word | 0) < 0 ? undefined : word >>> 20;
}

function nameAt(file: Uint8Array, at: number): string | undefined {
  let name = "";
  for (let i = at; i < Math.min(file.length, at + LONGEST + 1); i++) {
    if (file[i] === 0) return name === "" ? undefined : name;
    name += String.fromCharCode(file[i]);
  }
  return undefined;
}

/** Where the symbols stand, and their names; undefined when there are none inside the file. */
function symbolTable(
  view: DataView,
): { start: number; end: number; names: number } | undefined {
  if (view.byteLength < 64) return undefined;
  const headers = Number(view.getBigUint64(40, true));
  const count = view.getUint16(60, true);
  if (headers === 0 || headers + count * SECTION > view.byteLength) return undefined;
  for (let at = headers; at < headers + count * SECTION; at += SECTION) {
    if (view.getUint32(at + 4, true) !== SHT_SYMTAB) continue;
    const start = Number(view.getBigUint64(at + 24, true));
    const end = start + Number(view.getBigUint64(at + 32, true));
    const strings = view.getUint32(at + 40, true);
    if (end > view.byteLength || strings >= count) return undefined;
    return { start, end, names: Number(view.getBigUint64(headers + strings * SECTION + 24, true)) };
  }
  return undefined;
}

/** The first executable segment: its address, and where its bytes stand in the file. */
function textSegment(
  view: DataView,
): { address: number; offset: number; end: number } | undefined {
  const headers = Number(view.getBigUint64(32, true));
  const count = view.getUint16(56, true);
  for (
    let at = headers;
    at + SEGMENT <= view.byteLength && at < headers + count * SEGMENT;
    at += SEGMENT
  ) {
    if (view.getUint32(at, true) !== PT_LOAD || (view.getUint32(at + 4, true) & 1) === 0) continue;
    const offset = Number(view.getBigUint64(at + 8, true));
    const end = Math.min(view.byteLength, offset + Number(view.getBigUint64(at + 32, true)));
    return { address: Number(view.getBigUint64(at + 16, true)), offset, end };
  }
  return undefined;
}

/** The numbering that a program's calls have in a kernel. */
export function callTableOf(k: Kernel, program: Uint8Array): CallTable {
  return k.abiForAll ? k.abi.calls : tableOf(program, k.abi.calls);
}
