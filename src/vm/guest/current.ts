/**
 * For whom a hart of a guest works, quickly and at any moment in the middle of a run: `cpus[]` says
 * the process, in user mode and in the kernel; its record says pid and page table.
 */

import { PAGE_SIZE, type PaNum, type Va, va } from "../machine/address.ts";
import type { Hart } from "../machine/hart/hart.ts";
import type { Ram } from "../machine/memory.ts";
import { walk } from "../machine/sv39.ts";
import { cpuAt } from "./cpus.ts";
import type { Facts } from "./facts.ts";
import { kernelRootIn, type Known } from "./known.ts";
import type { Layout } from "./proc_table.ts";

/** Longest text that is read out of a program's memory. */
const MOST_TEXT = 128;

/** Whose work it is. */
export class Current {
  readonly #ram: Ram;
  readonly #known: () => Known;
  readonly #facts: () => Facts;
  /** Where the records of processes stand, once it is known where they have their page tables. */
  #table: Layout | undefined;
  /** What was known of the kernel then. */
  #of: Known | undefined;
  /** The records that had a root last. */
  readonly #owners = new Map<number, number>();

  /** Of a kernel; `facts`: what can be told of its memory now. */
  constructor(ram: Ram, known: () => Known, facts: () => Facts) {
    this.#ram = ram;
    this.#known = known;
    this.#facts = facts;
  }

  #long(at: number): number {
    if (at % 8 !== 0 || !this.#ram.contains(at as PaNum, 8)) return 0;
    return this.#ram.readPteHigh(at as PaNum) * 2 ** 32 + this.#ram.readPte(at as PaNum);
  }

  /** Whether an address is in `cpus[]`, as a scheduler's context is. */
  isCpus(at: bigint): boolean {
    const { cpus } = this.#known();
    return cpus !== undefined && at >= cpus.start && at < cpus.start + cpus.count * cpus.each;
  }

  /** The pid of the process that a hart works for; 0: none, or unknown. */
  pid({ hartid }: Hart): number {
    const { record, cpus } = this.#known();
    const cpu = cpuAt(cpus, hartid);
    if (cpu === undefined || record === undefined) return 0;
    const at = this.#long(cpu + cpus!.proc);
    return at === 0 ? 0 : this.#pidAt(at);
  }

  #pidAt(at: number): number {
    const { record } = this.#known();
    const pid = record === undefined ? -1 : (at + record.pid) as PaNum;
    return pid > 0 && this.#ram.contains(pid as PaNum, 4) ? this.#ram.read32(pid as PaNum) : 0;
  }

  /** The pid of the process whose root table this is, 0: the kernel's own; undefined: unknown. */
  owner(root: PaNum): number | undefined {
    const known = this.#known();
    if (kernelRootIn(known, (at) => this.#long(at)) === root) return 0;
    const table = this.#table;
    const rootAt = table?.offsets.pagetable;
    if (rootAt === undefined || table === undefined || this.#of !== known) return undefined;
    const last = this.#owners.get(root);
    if (last !== undefined && this.#long(last + rootAt) === root) return this.#pidAt(last);
    const { start, stride, records } = table;
    for (let at: number = start; at < start + records * stride; at += stride) {
      if (this.#long(at + rootAt) !== root) continue;
      this.#owners.set(root, at);
      return this.#pidAt(at);
    }
    return undefined;
  }

  /** Finds where page tables stand in the records, by those that there are; not too often. */
  learn(): void {
    const known = this.#known();
    if (this.#table !== undefined && this.#of === known) return;
    const { layout } = this.#facts();
    if (layout?.offsets.pagetable === undefined) return;
    this.#table = layout;
    this.#of = known;
    this.#owners.clear();
  }

  /** Whether a root is a process's, or the kernel's own. */
  lives(root: PaNum): boolean {
    return this.owner(root) !== undefined;
  }

  /** The text at an address of an address space, up to its NUL; undefined: there is none. */
  text(root: PaNum, at: bigint): string | undefined {
    let text = "";
    for (let i = 0; i < MOST_TEXT; i++) {
      const byte = this.byte(root, va(at + BigInt(i)));
      if (byte === undefined) return undefined;
      if (byte === 0) return text;
      text += String.fromCharCode(byte);
    }
    return text;
  }

  /** A byte of an address space; nothing is touched by looking. */
  byte(root: PaNum, at: Va): number | undefined {
    const { leaf } = walk(this.#ram, root, at);
    if (leaf === undefined || !this.#ram.contains(leaf.pa)) return undefined;
    return this.#ram.read8(leaf.pa);
  }
}

/** The frame that a number is the address of; undefined: of none. */
export function frameAt(ram: Ram, address: bigint): PaNum | undefined {
  const at = Number(address);
  return at % PAGE_SIZE === 0 && ram.contains(at as PaNum, PAGE_SIZE) ? at as PaNum : undefined;
}
