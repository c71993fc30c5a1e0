/**
 * What a guest xv6 waits for, read out of its RAM. A process that sleeps has its channel in `struct
 * proc`: the address of `ticks` for a timer, one inside `cons` for the console. The layout of
 * `struct proc` changes from year to year, so the whole table is searched for such words; only the
 * names of the variables are taken for granted, which are the same from 2019 to 2025.
 */

import type { PaNum } from "../machine/address.ts";
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
  let console = false, timer = false;
  for (let at = proc.start; at + 8 <= proc.start + proc.size; at = (at + 8) as PaNum) {
    const low = ram.read32(at);
    const high = ram.read32((at + 4) as PaNum);
    if (high !== 0) continue;
    if (low === ticks.start) timer = true;
    else if (low >= cons.start && low < cons.start + cons.size) console = true;
  }
  return { console, timer };
}
