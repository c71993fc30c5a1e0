/** What a kernel's handler of its own traps saves, read out of its first instructions. */

import { EPC } from "./guest/xv6.ts";
import { disassemble } from "./machine/isa/disassemble.ts";
import { registerNumber } from "./machine/isa/register_names.ts";

/** Where an entry saves registers on the stack. */
export interface TrapEntry {
  /** Bytes that it takes there. */
  readonly size: number;
  /** Offsets from sp, by register. */
  readonly saved: ReadonlyMap<number, number>;
}

/** Longer ones nobody writes. */
const MOST = 64;

type Read = (address: bigint, size: number) => bigint | undefined;

/** The instructions from an address on. */
function* code(read: Read, entry: bigint): Generator<{ at: bigint; text: string }> {
  let at = entry;
  for (let i = 0; i < MOST; i++) {
    const low = read(at, 2), high = read(at + 2n, 2) ?? 0n;
    if (low === undefined) return;
    const { text, length } = disassemble(Number(low | (high << 16n)), at);
    yield { at, text };
    at += BigInt(length);
  }
}

/** The instruction with which usertrap keeps the program's pc: `p->trapframe->epc = r_sepc()`. */
export function pcKept(read: Read, entry: bigint): bigint | undefined {
  let register: string | undefined;
  for (const { at, text } of code(read, entry)) {
    register = /^csrr (\w+),sepc$/.exec(text)?.[1] ?? register;
    if (register !== undefined && text.startsWith(`sd ${register},${EPC}(`)) return at;
  }
  return undefined;
}

/** The saves of the code at an address, up to its first jump. */
export function trapEntry(read: Read, entry: bigint): TrapEntry {
  const saved = new Map<number, number>();
  let size = 0;
  for (const { text } of code(read, entry)) {
    const down = /^addi sp,sp,-(\d+)$/.exec(text), save = /^sd (\w+),(\d+)\(sp\)$/.exec(text);
    if (down !== null) size += Number(down[1]);
    if (save !== null) saved.set(registerNumber(save[1])!, Number(save[2]));
    if (/^j|^b|ret$/.test(text)) break;
  }
  return { size, saved };
}
