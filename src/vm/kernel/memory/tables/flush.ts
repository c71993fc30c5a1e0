/** satp and sfence.vma: which tables the hart walks, and what its TLB must forget. */

import type { VaNum } from "../../../machine/address.ts";
import type { AddressSpace } from "../areas/space.ts";
import type { Memory } from "../memory.ts";

/** Makes the space the hart's: satp, and a full sfence as xv6 does at every switch. */
export function activate(m: Memory, space: AddressSpace): void {
  m.state.currentSpace = space.id;
  m.mmu.setRoot(space.root);
  m.mmu.sfence();
}

/** After an entry of the space lost a right or its frame: the TLB must forget the page. */
export function flush(m: Memory, space: AddressSpace, va: VaNum, why: string): void {
  if (space.id !== m.state.currentSpace) return;
  m.mmu.sfence(va);
  m.events.sfence(va, why);
}

/** After many entries did. */
export function flushAll(m: Memory, space: AddressSpace, why: string): void {
  if (space.id !== m.state.currentSpace) return;
  m.mmu.sfence();
  m.events.sfence(undefined, why);
}
