/**
 * Which numbers a program uses for which calls, told from its own stubs: xv6's usys.S gives each
 * call a function of its name that loads the number and traps. The trees of seven years number the
 * labs' calls differently, and no header of an ELF file says how.
 */

import { type Elf, ElfError } from "../machine/elf.ts";
import type { CallTable } from "./abi.ts";
import type { Kernel } from "./kernel.ts";

const ECALL = 0x0000_0073;
/** Longest name of a call that is looked at. */
const LONGEST = 32;

/**
 * A program's numbering: `base`, with the calls that its stubs name where they say. `base` itself
 * when its stubs agree with it, or when it has none (a stripped program).
 */
export function tableOf(program: Elf, base: CallTable): CallTable {
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
  /** What the function is called. */
  readonly symbol: string;
}

/** The stubs of a program; none when it has no symbols, or damaged ones. */
export function stubsOf(program: Elf): Stub[] {
  const text = program.segments.find((segment) => segment.execute);
  if (text === undefined) return [];
  const view = new DataView(text.bytes.buffer, text.bytes.byteOffset, text.bytes.byteLength);
  const start = Number(text.vaddr);
  const numberOf = (address: number) => {
    const place = address - start;
    return place >= 0 && place + 8 <= view.byteLength ? numberAt(view, place) : undefined;
  };
  try {
    return program.readSymbols((address) => numberOf(address) !== undefined)
      .filter(({ name, defined }) => defined && name !== "" && name.length <= LONGEST)
      // Since 2025 the C library's sbrk() calls the stub sys_sbrk.
      .map(({ name, value }) => ({
        name: name === "sys_sbrk" ? "sbrk" : name,
        symbol: name,
        number: numberOf(Number(value))!,
      }));
  } catch (error) {
    if (error instanceof ElfError) return [];
    throw error;
  }
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

/** The numbering that a program's calls have in a kernel. */
export function callTableOf(k: Kernel, program: Elf): CallTable {
  return k.abiForAll ? k.abi.calls : tableOf(program, k.abi.calls);
}
