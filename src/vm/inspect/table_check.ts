/** Entries of page tables against the specification, and the kernel's own pages in them. */

import { hex, PAGE_SIZE, type PaNum, paNum } from "../machine/address.ts";
import type { Ram } from "../machine/memory.ts";
import * as sv39 from "../machine/sv39.ts";
import { type AuditClass, entryText, type Say } from "./finding.ts";
import { type KernelView, type RootView, userRoots } from "./view.ts";

const { PTE_A, PTE_D, PTE_R, PTE_U, PTE_V, PTE_W, PTE_X } = sv39;
const LEAF = PTE_R | PTE_W | PTE_X;

/** One entry, as it stands in RAM. */
export interface Entry {
  /** The first address that it is for. */
  readonly address: number;
  /** Where it stands. */
  readonly at: PaNum;
  /** Its lower 32 bits. */
  readonly low: number;
  /** Its upper 32 bits. */
  readonly high: number;
  /** 2 for an entry of the root table. */
  readonly level: number;
}

/**
 * Entries that no walk can use, lowest pid and address first. `whole`: no table is being made or
 * given back. Otherwise those of processes that are made, or waited for, are not looked at, and not
 * whether the kernel's own pages are in each.
 */
export function checkTables(view: KernelView, ram: Ram, say: Say, whole: boolean): void {
  const halves = new Set(
    view.processes().filter(({ state }) => !whole && (state === "made" || state === "zombie"))
      .map(({ pid }) => pid),
  );
  for (const root of userRoots(view)) {
    if (halves.has(root.pid)) continue;
    eachEntry(ram, root.root, (e) => {
      const damage = damageOf(ram, e);
      if (damage !== undefined) sayOfEntry(ram, root.pid, e, say)("PTE damaged", damage);
    });
    if (whole) checkKernelPages(ram, root, say);
  }
}

/** Tells of one entry of a process's tables. */
export function sayOfEntry(
  ram: Ram,
  pid: number,
  e: Entry,
  say: Say,
): (rule: AuditClass, what: string) => void {
  return (rule, what) => {
    const { address, low, at } = e;
    const frame = leadsToRam(ram, e) ? sv39.frameOf(low) : undefined;
    say(rule, { address, pid, frame }, `${entryText(pid, address, low, at)}, ${what}`);
  };
}

/** Visits each entry that is not 0, of all levels, below pointers that lead to frames of RAM. */
export function eachEntry(ram: Ram, root: PaNum, visit: (entry: Entry) => void): void {
  const descend = (table: PaNum, level: number, base: number) => {
    const bytes = ram.bytes(table, PAGE_SIZE);
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, PAGE_SIZE / 4);
    for (let i = 0; i < 512; i++) {
      const low = words[2 * i], high = words[2 * i + 1];
      if (low === 0 && high === 0) continue;
      const address = base + i * sv39.leafSize(level);
      visit({ address, at: paNum(table + 8 * i), low, high, level });
      const isPointer = (low & (PTE_V | LEAF)) === PTE_V && high === 0;
      if (isPointer && level > 0 && ram.contains(sv39.frameOf(low), PAGE_SIZE)) {
        descend(sv39.frameOf(low), level - 1, address);
      }
    }
  };
  if (ram.contains(root, PAGE_SIZE)) descend(root, 2, 0);
}

/** Why no walk takes the entry for what it should be. One with V clear is software's: no reason. */
export function damageOf(ram: Ram, { low, high, level }: Entry): string | undefined {
  if ((low & PTE_V) === 0) return undefined;
  if (high !== 0) return `its upper half is ${hex(high)}: reserved bits, or an address beyond RAM`;
  if ((low & LEAF) === 0) {
    if (level === 0) return "a pointer at level 0, where only pages can be";
    if ((low & (PTE_A | PTE_D | PTE_U)) !== 0) return "a pointer with bits that only a leaf has";
    const inRam = ram.contains(sv39.frameOf(low), PAGE_SIZE);
    return inRam ? undefined : "a pointer to a table outside RAM";
  }
  if ((low & (PTE_R | PTE_W)) === PTE_W) return "writable but not readable, which is reserved";
  const pages = 512 ** level;
  const size = level === 1 ? "2 MiB" : "1 GiB";
  return (low >>> 10) % pages === 0 ? undefined : `a ${size} leaf that is not aligned to ${size}`;
}

/** Whether an entry is a leaf all of whose bytes are in RAM. */
export function leadsToRam(ram: Ram, { low, level }: Entry): boolean {
  return (low & PTE_V) !== 0 && ram.contains(sv39.frameOf(low), PAGE_SIZE * 512 ** level);
}

/** Trampoline and trapframes stand where the way to user mode and back expects them. */
function checkKernelPages(ram: Ram, { root, pid, kernelPages }: RootView, say: Say): void {
  for (const { va, kind, frame } of kernelPages) {
    if (frame === undefined) continue;
    const { leaf } = sv39.walk(ram, root, va as never);
    const is = leaf === undefined ? undefined : Number(leaf.pte) & ~(PTE_A | PTE_D);
    const rights = PTE_V | PTE_R | (kind === "trampoline" ? PTE_X : PTE_W);
    if (is === sv39.makePte(frame, rights)) continue;
    const found = leaf === undefined ? "not mapped" : `mapped by PTE ${hex(leaf.pte)}`;
    const should = `${hex(va)} of pid ${pid} should lead to ${hex(frame)} for the kernel alone`;
    say(`${kind} lost`, { address: va, pid, frame }, `${should}, but is ${found}`);
  }
}
