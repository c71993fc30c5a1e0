/** The TLB against the page tables: an entry that they do not bear out is a missing sfence.vma. */

import { hex, type PaNum } from "../machine/address.ts";
import type { Ram } from "../machine/memory.ts";
import type { Mmu, TlbEntry } from "../machine/mmu.ts";
import { type Access, permits, PTE_A, PTE_D, walk, WRITE } from "../machine/sv39.ts";
import type { Say } from "./finding.ts";
import { mappingsTo } from "./mappings.ts";
import type { KernelView } from "./view.ts";

const ACCESS = ["read", "write", "execute"] as const;

/** Entries of the process on the hart that allow what its tables do not, or lead elsewhere. */
export function checkTlb(view: KernelView, ram: Ram, mmu: Mmu, say: Say): void {
  const { root, asid } = mmu;
  const p = view.processes().find((one) => one.hart !== undefined && one.root === root);
  if (p === undefined) return;
  for (const entry of mmu.entries()) {
    if (!entry.user || entry.asid !== asid) continue;
    const wrong = whyStale(ram, root, entry);
    if (wrong === undefined) continue;
    const { va: address, pa: frame, access } = entry;
    const [stored, owners] = [view.frames.stored(frame), mappingsTo(view, ram, frame)];
    const detail = `${ACCESS[access]} TLB maps ${hex(address)} to ${hex(frame)}, but ${wrong}`;
    say("stale TLB entry", { frame, address, pid: p.pid, stored, owners }, detail);
  }
}

/** Whether there is any, of a hart that was in user mode a moment ago; nobody is asked for names. */
export function anyStale(ram: Ram, mmu: Mmu): boolean {
  const { root, asid } = mmu;
  return mmu.entries().some((entry) =>
    entry.user && entry.asid === asid && whyStale(ram, root, entry) !== undefined
  );
}

function whyStale(ram: Ram, root: PaNum, entry: TlbEntry): string | undefined {
  const { leaf, fail } = walk(ram, root, entry.va);
  if (leaf === undefined) return `the page table has no mapping (${fail})`;
  if (leaf.page !== entry.pa && leaf.pa !== entry.pa) {
    return `the page table maps it to ${hex(leaf.pa)}`;
  }
  const denied = permits(leaf.pte, entry.access as Access);
  if (denied !== undefined) return `the PTE ${hex(leaf.pte)} says: ${denied}`;
  // The walk that filled the entry set them; without a walk, nobody will again.
  const marks = entry.access === WRITE ? PTE_A | PTE_D : PTE_A;
  const has = Number(leaf.pte) & marks;
  return has === marks ? undefined : `the PTE ${hex(leaf.pte)} lacks ${has === 0 ? "A" : "D"}`;
}
