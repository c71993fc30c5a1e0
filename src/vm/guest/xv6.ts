/** What all xv6 kernels have in common, from 2019 to 2025 (kernel/memlayout.h, kernel/proc.h). */

import { MAXVA, offset, PAGE_SIZE, type VaNum } from "../machine/address.ts";

/** The highest page: entry to and return from the kernel, in every page table, without U. */
export const TRAMPOLINE: VaNum = offset(MAXVA, -PAGE_SIZE);
/** Where a process's user registers are kept, below it, in its own page table. */
export const TRAPFRAME: VaNum = offset(TRAMPOLINE, -PAGE_SIZE);

/** Byte offsets in a trapframe; register xN stands at `REGISTERS + 8 × (N − 1)`. */
export const EPC = 24;
export const REGISTERS = 40;
