/**
 * Whether a guest's kernel is at rest: nobody is in the middle of something that changes counts and
 * page tables one after the other, so that they have to agree. It is enough that every hart is in
 * user mode or idle, that no process is being made, and that none was switched out in the middle of
 * a piece of the kernel's work: by an interrupt there (`kerneltrap` is in its chain of calls), or in
 * `exec`, which reads the disk with a new page table half made. Who sleeps in wait, read or a pipe
 * holds nothing.
 */

import { PAGE_SIZE, type PaNum, vaNum } from "../machine/address.ts";
import type { Hart } from "../machine/hart/hart.ts";
import type { Machine } from "../machine/machine.ts";
import { walk } from "../machine/sv39.ts";
import { cpuAt } from "./cpus.ts";
import type { Facts } from "./facts.ts";
import type { Slot } from "./proc_table.ts";
import { TRAMPOLINE } from "./xv6.ts";

/** U-mode and M-mode. */
const USER = 0, MACHINE = 3;
/** Functions within which a process may be switched out and leave things half done. */
const BUSY = ["kerneltrap", "exec", "kexec"];
/** No chain of calls is longer. */
const DEEPEST = 64;

/** Somebody who is in the middle of something. */
export interface Busy {
  /** The record of the process; of a hart that works for none that is known, its number as -1 - n. */
  readonly at: number;
  readonly why: string;
}

/** Why it is not at rest; undefined: it is. */
export function unrestOf(machine: Machine, facts: Facts): string | undefined {
  for (const { why } of busyIn(machine, facts)) return why;
  return undefined;
}

/** Who is in the middle of something: harts inside the kernel, and processes that have left things so. */
export function* busyIn(machine: Machine, facts: Facts): Generator<Busy> {
  for (const hart of machine.harts) {
    const why = busy(hart, facts);
    if (why === undefined) continue;
    yield { at: recordOn(hart, facts) || -1 - hart.hartid, why: `hart ${hart.hartid} ${why}` };
  }
  for (const slot of facts.slots) {
    const { at, pid } = slot;
    if (slot.state === "made") yield { at, why: `pid ${pid} is being made` };
    const within = withinOf(facts, slot);
    if (within === "kerneltrap") yield { at, why: `pid ${pid} was preempted inside the kernel` };
    else if (within !== undefined) yield { at, why: `pid ${pid} is inside ${within}` };
  }
}

/** Whether a hart goes by the TLB as user mode has left it: it is there, or has trapped just now. */
export function goesByUser({ mode, pc }: Hart, { uservec }: Facts): boolean {
  return mode === USER || (mode !== MACHINE && pc === uservec);
}

/** What a hart is in the middle of. */
function busy(hart: Hart, facts: Facts): string | undefined {
  const { mode, pc } = hart;
  if (mode === USER) return undefined;
  if (mode === MACHINE) return "is in M-mode";
  const { uservec } = facts;
  // It has trapped, and done nothing yet.
  if (uservec !== undefined && pc === uservec) return undefined;
  if (pc >= BigInt(TRAMPOLINE)) return "is on its way between user mode and the kernel";
  // In the scheduler, waiting for somebody to run.
  const at = recordOn(hart, facts);
  if (at === 0) return undefined;
  const slot = facts.slots.find((one) => one.at === at);
  return slot === undefined ? "is inside the kernel" : `is inside the kernel for pid ${slot.pid}`;
}

/** The process record that a hart's entry of `cpus` names. */
export function recordOn(hart: Hart, facts: Facts): number | undefined {
  const { cpus } = facts.known;
  const at = cpuAt(cpus, hart.hartid);
  return at === undefined ? undefined : facts.place.words.long(at + cpus!.proc);
}

/** The first of the {@link BUSY} functions that a switched-out process is in. */
function withinOf(facts: Facts, { state, stack, frame, root }: Slot): string | undefined {
  if (state !== "runnable" && state !== "sleeping") return undefined;
  if (stack === undefined || frame === undefined) return undefined;
  const functions = facts.busyFunctions(BUSY);
  for (const ra of chain(facts, stack, frame, root)) {
    const found = functions.find(({ start, size }) => ra > start && ra <= start + size);
    if (found !== undefined) return found.name;
  }
  return undefined;
}

/**
 * The return addresses of a switched-out process, the innermost first, by its chain of frame
 * pointers: a caller's stands at fp - 16, where it goes on at fp - 8.
 */
export function chain(
  facts: Facts,
  [from, to]: readonly [number, number],
  frame: number,
  root: PaNum | undefined,
): number[] {
  const page = from - from % PAGE_SIZE;
  const { tables } = facts.place.words;
  // Some kernels have a table of their own for each process.
  const { leaf } = facts.kernelRoot === undefined
    ? { leaf: undefined }
    : walk(tables, facts.kernelRoot, vaNum(page));
  const there = leaf ?? (root === undefined ? undefined : walk(tables, root, vaNum(page)).leaf);
  const list: number[] = [];
  if (there === undefined) return list;
  for (let fp = frame; fp - 16 >= from && fp <= to && list.length < DEEPEST;) {
    const at = there.pa + (fp - page);
    list.push(facts.place.words.long(at - 8)!);
    const next = facts.place.words.long(at - 16)!;
    if (next <= fp) break;
    fp = next;
  }
  return list;
}
