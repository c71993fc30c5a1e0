/**
 * What a guest xv6 waits for, read out of its RAM. A process that sleeps has its channel in `struct
 * proc`: the address of `ticks` for a timer, one inside `cons` for the console. The layout of
 * `struct proc` changes from year to year, so the whole table is searched for such words; only the
 * names of the variables are taken for granted, which are the same from 2019 to 2025.
 */

import { PAGE_SHIFT, PAGE_SIZE, type PaNum } from "../machine/address.ts";
import type { Elf } from "../machine/elf.ts";
import type { Ram } from "../machine/memory.ts";

/** Where a variable stands. */
export interface Range {
  readonly start: PaNum;
  readonly size: number;
}

/** A guest kernel's variables that tell what it waits for. */
export interface Sleepers {
  /** The process table; undefined: the kernel has no variable of that name. */
  readonly proc: Range | undefined;
  /** The console, whose lock, buffer and indices are one struct. */
  readonly cons: Range;
  /** The number of clock ticks. */
  readonly ticks: Range;
}

/** For what processes sleep. */
export interface Sleeping {
  /** One sleeps until the console has input. */
  readonly console: boolean;
  /** One sleeps until the next clock tick. */
  readonly timer: boolean;
}

/**
 * A variable of the kernel in RAM, mapped at its own address; undefined when there is no such
 * symbol.
 */
export function variable(elf: Elf, ram: Ram, name: string): Range | undefined {
  const symbol = elf.symbol(name);
  if (symbol === undefined || symbol.kind !== "object" || symbol.size < 4) return undefined;
  const start = Number(symbol.value) as PaNum;
  return ram.contains(start, symbol.size) ? { start, size: symbol.size } : undefined;
}

/** The variables of an xv6 kernel; undefined for a kernel that is none. */
export function sleepersOf(elf: Elf, ram: Ram): Sleepers | undefined {
  const proc = variable(elf, ram, "proc");
  const cons = variable(elf, ram, "cons");
  const ticks = variable(elf, ram, "ticks");
  return cons && ticks && { proc, cons, ticks };
}

/** For what the processes of an xv6 sleep now, whose table is `proc`. */
export function whoSleeps(
  ram: Ram,
  { cons, ticks }: Omit<Sleepers, "proc">,
  proc: Range,
): Sleeping {
  const { words } = ram;
  const from = ram.wordsOf(proc.start >>> PAGE_SHIFT) + (proc.start % PAGE_SIZE >>> 2);
  const to = from + (proc.size >>> 2);
  const end = cons.start + cons.size;
  let console = false, timer = false;
  // Between all slices: of the thousands of words hardly any is an address of the kernel's.
  for (let i = from; i + 2 <= to; i += 2) {
    if (words[i + 1] !== 0) continue;
    const low = words[i];
    if (low === ticks.start) timer = true;
    else if (low >= cons.start && low < end) console = true;
  }
  return { console, timer };
}
