/**
 * The TLB against the page tables: an entry that the tables no longer bear out is a missing sfence.vma.
 *
 * @module
 */

import { hex, pa, type PaNum } from "../machine/address.ts";
import type { Ram } from "../machine/memory.ts";
import type { Mmu, TlbEntry } from "../machine/mmu.ts";
import { type Access, permits, PTE_A, PTE_D, walk, WRITE } from "../machine/sv39.ts";
import type { Finding } from "./finding.ts";
import { mappingsTo } from "./mappings.ts";
import type { KernelView } from "./view.ts";

const ACCESS = ["read", "write", "execute"] as const;

/** Entries of the process on the hart that let through what its tables do not, or lead elsewhere. */
export function staleEntries(view: KernelView, ram: Ram, mmu: Mmu): Finding[] {
  const { root, asid } = mmu;
  const p = view.processes().find((one) => one.hart !== undefined && one.root === root);
  if (p === undefined) return [];
  const findings: Finding[] = [];
  for (const entry of mmu.entries()) {
    if (!entry.user || entry.asid !== asid) continue;
    const wrong = whyStale(ram, root, entry);
    if (wrong === undefined) continue;
    findings.push({
      class: "stale TLB entry",
      pa: pa(entry.pa),
      va: entry.va,
      pid: p.pid,
      stored: view.frames.stored(entry.pa),
      counted: undefined,
      detail: `${ACCESS[entry.access]} TLB maps ${hex(entry.va)} to ${hex(entry.pa)}, but ${wrong}`,
      owners: mappingsTo(view, ram, entry.pa),
    });
  }
  return findings;
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
