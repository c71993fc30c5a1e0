/**
 * The trapframe: a frame of its own for each process, where the user registers stand while the kernel
 * runs. xv6's `struct trapframe`, to the byte, so that tools which know xv6 can read it.
 *
 * @module
 */

import type { PaNum } from "../../machine/address.ts";
import { paNum } from "../../machine/address.ts";
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
export const A0 = 10;
export const A1 = 11;
export const A7 = 17;

/** Where register `n` (1…31) stands in the trapframe. */
export function registerPa(trapframe: PaNum, n: number): PaNum {
  return paNum(trapframe + REGISTERS + 8 * (n - 1));
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
  return ram.read64(paNum(trapframe + EPC));
}

/** Sets the user pc at which the process runs on. */
export function writeEpc(ram: Ram, trapframe: PaNum, pc: bigint): void {
  ram.write64(paNum(trapframe + EPC), BigInt.asUintN(64, pc));
}

/** The hart's user registers and pc into the trapframe, as the trampoline's uservec does. */
export function saveUser(machine: Machine, trapframe: PaNum): void {
  machine.ram.write(paNum(trapframe + REGISTERS), userRegisters(machine));
  writeEpc(machine.ram, trapframe, machine.hart.pc);
}

/** The trapframe into the hart's registers and pc, as the trampoline's userret does. */
export function restoreUser(machine: Machine, trapframe: PaNum): void {
  const saved = machine.ram.bytes(paNum(trapframe + REGISTERS), TRAPFRAME_SIZE - REGISTERS);
  userRegisters(machine).set(saved);
  machine.hart.pc = readEpc(machine.ram, trapframe);
}

/** x1…x31 as they stand in the hart. */
function userRegisters(machine: Machine): Uint8Array {
  const { xs } = machine.hart;
  return new Uint8Array(xs.buffer, xs.byteOffset + 8, 31 * 8);
}
