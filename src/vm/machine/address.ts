/**
 * Addresses as types. A virtual address can never be handed to something that wants a physical
 * one: the mix does not compile.
 *
 * There are two forms of each. At the surface (API, commands, inspectors' results) an address is a
 * branded `bigint`, {@link Va} and {@link Pa}, because guests have 64-bit registers and any value
 * can be asked about. Inside the machine and the kernel, an address that is known to be exact below
 * 2^53 (every Sv39 user address, every address in RAM or a device) is a branded `number`,
 * {@link VaNum} and {@link PaNum}: it costs no allocation.
 *
 * @module
 */

/** The brand that keeps kinds of addresses apart: for the type checker only, no value has it. */
export declare const addressKind: unique symbol;

/** A 64-bit virtual address, as the surface shows it. */
export type Va = bigint & { readonly [addressKind]: "va" };
/** A 56-bit physical address, as the surface shows it. */
export type Pa = bigint & { readonly [addressKind]: "pa" };
/** A virtual address as an exact number below 2^53 (in practice below 2^39). */
export type VaNum = number & { readonly [addressKind]: "va" };
/** A virtual address of any 64 bits, as a number where it is known to be exact. */
export type AnyVa = VaNum | bigint;
/** A physical address as an exact number below 2^53. */
export type PaNum = number & { readonly [addressKind]: "pa" };

/** Bytes in a base page (Sv39: 4 KiB). */
export const PAGE_SIZE = 4096;
/** log2 of {@link PAGE_SIZE}. */
export const PAGE_SHIFT = 12;
/** Bytes in a level-1 leaf (Sv39 megapage: 2 MiB). */
export const SUPERPAGE_SIZE = 0x20_0000;
/** One beyond the highest user address xv6 uses (2^38, one bit less than Sv39 allows). */
export const MAXVA: VaNum = 0x40_0000_0000 as VaNum;
/** Where RAM starts on the `virt` machine. */
export const RAM_BASE: PaNum = 0x8000_0000 as PaNum;

const MASK64 = 0xffff_ffff_ffff_ffffn;

/** A virtual address: a value modulo 2^64. Throws a RangeError for a number that is not exact. */
export function va(value: bigint | number): Va {
  return exact(value) as Va;
}

/** A physical address: a value modulo 2^64. Throws a RangeError for a number that is not exact. */
export function pa(value: bigint | number): Pa {
  return exact(value) as Pa;
}

function exact(value: bigint | number): bigint {
  if (typeof value === "bigint") return value & MASK64;
  if (Number.isSafeInteger(value)) return BigInt(value) & MASK64;
  throw new RangeError(`address ${value}: want a bigint, or a whole number below 2^53`);
}

/** An inside virtual address; the caller knows that it is an exact integer below 2^53. */
export function vaNum(value: number): VaNum {
  return value as VaNum;
}

/** An inside physical address; the caller knows that it is an exact integer below 2^53. */
export function paNum(value: number): PaNum {
  return value as PaNum;
}

/** The surface form as an inside number; `undefined` from 2^53 on, where it is not exact. */
export function toVaNum(value: Va | bigint): VaNum | undefined {
  return value >= 0n && value < 0x20_0000_0000_0000n ? Number(value) as VaNum : undefined;
}

/** A byte of a frame of RAM or a device, by the frame's number: its address / 4096. */
export function inFrame(frame: number, bytes = 0): PaNum {
  return (frame * PAGE_SIZE + bytes) as PaNum;
}

/** The start of the 4 KiB page that holds the address (xv6's PGROUNDDOWN). */
export function pageDown<A extends VaNum | PaNum>(address: A): A {
  return (address - (address % PAGE_SIZE)) as A;
}

/** The address rounded up to a 4 KiB page (xv6's PGROUNDUP). */
export function pageUp<A extends VaNum | PaNum>(address: A): A {
  return pageDown((address + PAGE_SIZE - 1) as A);
}

/** The address moved by some bytes, keeping its kind. */
export function offset<A extends VaNum | PaNum>(address: A, bytes: number): A {
  return (address + bytes) as A;
}

/** A 64-bit value as the tools print it: `0x` and lower-case digits, so it pastes back. */
export function hex(value: bigint | number): string {
  return "0x" + (BigInt(value) & MASK64).toString(16);
}
