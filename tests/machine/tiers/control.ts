/**
 * What the fixed code of the random guests and its programs know of each other: the harts' control blocks, the calls
 * that a program can make, and pieces of code that both need.
 *
 * @module
 */

import { LEAVES, satpOf } from "./places.ts";

export const CLINT = 0x0200_0000, MTIMECMP = CLINT + 0x4000, MTIME = CLINT + 0xbff8;
export const PLIC = 0x0c00_0000, FINISHER = 0x10_0000;
/** Of a hart's control block: seven registers, then these. */
export const SUM = 0x40, COUNT = 0x48, EVERY = 0x50, VALUE = 0x58;
/** Where a program begins anew, and its stack pointer there. */
export const RESTART = 0x60, STACK_TOP = 0x68;

/** Calls of a program, in a7; others answer with the number of traps. */
export const CALL = {
  /** Changes bits a1 of the PTE of page a0 of TROUBLE and CODE; a2: fence nothing, the page, all. */
  pte: 1,
  /** Goes to the other address space; a2: with a fence. */
  space: 2,
  /** Goes on in S-mode, and in U-mode, in a window where that can execute. */
  up: 3,
  down: 4,
  /** Timer interrupts come every a0 & 255 and a few ticks. */
  timer: 5,
  /** The program is over. */
  finish: 7,
} as const;

/** Where the address of a program's first instruction is, in a control block. */
export const START: number = RESTART + 16;
/** Where the time between timer interrupts is, in ticks. */
export const INTERVAL: number = EVERY;

/** What a handler of a level does with a number of a register bank that both have. */
export type Level = "m" | "s";

/** mstatus and sstatus. */
export const SPP = 0x100, MPP = 0x1800, MPRV = 0x2_0000, SUM_BIT = 0x4_0000, MXR = 0x8_0000;

/** Makes xRET go to a mode. */
export function returnTo(x: Level, mode: "M" | "S" | "U"): string {
  if (x === "s") return `li t5, ${SPP}\n${mode === "U" ? "csrrc" : "csrrs"} zero, sstatus, t5`;
  const bits = { M: MPP, S: 0x800, U: 0 }[mode];
  return `li t5, ${MPP}\ncsrrc zero, mstatus, t5\nli t5, ${bits}\ncsrrs zero, mstatus, t5`;
}

/** Leaves in t4 the offset of the PTE of the page number in t4, and in t3 its address in the present space. */
export const pteOf = `
    andi t4, t4, 511
    slli t4, t4, 3
    csrrs t3, satp, zero
    slli t3, t3, 4
    srli t3, t3, 48
    addi t3, t3, -1
    slli t3, t3, 12
    add t3, t3, t4
    li t4, ${LEAVES[0]}
    add t3, t3, t4`;

/** Makes satp, in a register, that of the other space. */
export const switchSpace = (rd: string, one: string, two: string): string => {
  const bits = satpOf(0) ^ satpOf(1);
  return `addi ${one}, zero, ${bits >> 44n}
    slli ${one}, ${one}, 44
    li ${two}, ${bits & 0xffff_ffffn}
    xor ${one}, ${one}, ${two}
    xor ${rd}, ${rd}, ${one}`;
};
