/**
 * The TLB against the page tables: an entry that the tables no longer bear out is a missing sfence.vma.
 *
 * @module
 */

import { countOf } from "../kernel/memory/frames/frames.ts";
import { findProc, spaceOf } from "../kernel/process/table.ts";
import { hex, pa } from "../machine/address.ts";
import { type Access, permits, PTE_A, PTE_D, walk, WRITE } from "../machine/sv39.ts";
import type { TlbEntry } from "../machine/mmu.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Finding } from "./finding.ts";
import { mappingsTo } from "./mappings.ts";

const ACCESS = ["read", "write", "execute"] as const;

/** Entries of the current address space that let through what its tables do not, or lead elsewhere. */
export function staleEntries(k: Kernel): Finding[] {
  const p = findProc(k, k.state.current);
  if (p === undefined || k.machine.mmu.root !== spaceOf(k, p).root) return [];
  const findings: Finding[] = [];
  for (const entry of k.machine.mmu.entries()) {
    if (!entry.user || entry.asid !== k.machine.mmu.asid) continue;
    const wrong = whyStale(k, spaceOf(k, p).root, entry);
    if (wrong === undefined) continue;
    findings.push({
      class: "stale TLB entry",
      pa: pa(entry.pa),
      va: entry.va,
      pid: p.pid,
      stored: countOf(k, entry.pa),
      counted: undefined,
      detail: `${ACCESS[entry.access]} TLB maps ${hex(entry.va)} to ${hex(entry.pa)}, but ${wrong}`,
      owners: mappingsTo(k, entry.pa),
    });
  }
  return findings;
}

function whyStale(
  k: Kernel,
  root: Parameters<typeof walk>[1],
  entry: TlbEntry,
): string | undefined {
  const { leaf, fail } = walk(k.machine.ram, root, entry.va);
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
