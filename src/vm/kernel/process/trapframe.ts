/**
 * The trapframe: a frame of its own for each process, where the user registers stand while the
 * kernel runs. xv6's `struct trapframe`, to the byte, so that tools which know xv6 can read it.
 */

import { offset, type PaNum } from "../../machine/address.ts";
import type { Machine } from "../../machine/machine.ts";
import type { Ram } from "../../machine/memory.ts";

/** Byte offsets in the trapframe; register xN stands at `REGISTERS + 8 × (N − 1)`. */
export const KERNEL_SATP = 0;
export const EPC = 24;
export const REGISTERS = 40;
/** Bytes of the whole structure. */
export const TRAPFRAME_SIZE = REGISTERS + 31 * 8;

/** Register numbers that the kernel names. */
export const SP = 2;
export const TP = 4;
export const A0 = 10;
export const A1 = 11;
export const A7 = 17;

/** Where register `n` (1…31) stands in the trapframe. */
export function registerPa(trapframe: PaNum, n: number): PaNum {
  return offset(trapframe, REGISTERS + 8 * (n - 1));
}

/** Register `n` (0…31) as it will be when the process runs on. */
export function readRegister(ram: Ram, trapframe: PaNum, n: number): bigint {
  return n === 0 ? 0n : ram.read64(registerPa(trapframe, n));
}

/** Sets register `n` (1…31), modulo 2^64. */
export function writeRegister(ram: Ram, trapframe: PaNum, n: number, value: bigint): void {
  ram.write64(registerPa(trapframe, n), BigInt.asUintN(64, value));
}

/** The user pc at which the process runs on. */
export function readEpc(ram: Ram, trapframe: PaNum): bigint {
  return ram.read64(offset(trapframe, EPC));
}

/** Register `n` (1…31) as a C int: its low half, signed. */
export function readInt(ram: Ram, trapframe: PaNum, n: number): number {
  return ram.read32(registerPa(trapframe, n)) | 0;
}

/** Sets register `n` (1…31) to an integer below 2^53, sign-extended. */
export function writeNumber(ram: Ram, trapframe: PaNum, n: number, value: number): void {
  ram.writeHalves(registerPa(trapframe, n), value, Math.floor(value / 2 ** 32));
}

/** Steps over an ecall: "sepc points to the ecall, but we return to the next" (xv6's trap.c). */
export function skipEcall(ram: Ram, trapframe: PaNum): void {
  const at = offset(trapframe, EPC);
  const low = ram.read32(at) + 4;
  ram.write32(at, low);
  if (low > 0xffff_ffff) ram.write32(offset(at, 4), ram.read32(offset(at, 4)) + 1);
}

/**
 * Sets the user pc at which the process runs on; bit 0 is cleared, as "the low bit of sepc is
 * always zero" (privileged specification, sepc).
 */
export function writeEpc(ram: Ram, trapframe: PaNum, pc: bigint): void {
  ram.write64(offset(trapframe, EPC), BigInt.asUintN(64, pc & ~1n));
}

/** The hart's user registers and pc into the trapframe, as the trampoline's uservec does. */
export function saveUser(machine: Machine, trapframe: PaNum): void {
  machine.hart.registers.saveTo(machine.ram, offset(trapframe, EPC));
}

/** The trapframe into the hart's registers and pc, as the trampoline's userret does. */
export function restoreUser(machine: Machine, trapframe: PaNum): void {
  machine.hart.registers.loadFrom(machine.ram, offset(trapframe, EPC));
}
