/** A slot's count is the number of PTEs and pages of shared anonymous objects that name it. */

import { counted as countedWord } from "../../machine/counted.ts";
import { hex, type PaNum } from "../../machine/address.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { slotOf } from "../../kernel/memory/tables/pte.ts";
import { entryText, type Say } from "../finding.ts";
import { eachLeaf } from "../mappings.ts";
import { spacesInUse } from "../../kernel/view.ts";

/** A PTE that names a slot. */
interface Reference {
  readonly pid: number;
  readonly address: number;
}

/** Slots whose counts, contents or references do not fit together. */
export function checkSlots(k: Kernel, sayIt: Say): void {
  const { swap, cache } = k.state;
  const counted = new Map<number, number>();
  const first = new Map<number, Reference>();
  const say = (slot: number, detail: string) => {
    const [stored, found] = [swap.counts[slot], counted.get(slot) ?? 0];
    sayIt("swap slot", { stored, counted: found, ...first.get(slot) }, detail);
  };
  for (const { space, p } of spacesInUse(k)) {
    const away = (address: number, pte: number, at: PaNum, level: number) => {
      const slot = slotOf(pte);
      const other = first.get(slot);
      if (other === undefined) first.set(slot, { pid: p.pid, address });
      counted.set(slot, (counted.get(slot) ?? 0) + 1);
      const where = () => entryText(p.pid, address, pte, at);
      if (level !== 0) say(slot, `${where()}: a swapped entry at level ${level}`);
      else if (slot >= swap.slots) say(slot, `${where()}: there is no slot ${slot}`);
      else if (other !== undefined && other.address !== address) {
        // Who brings a page back gives it to all owners at its address.
        say(slot, `${where()}: slot ${slot} is named at ${hex(other.address)}, too`);
      }
    };
    eachLeaf(k.machine.ram, space.root, { away });
  }
  for (const { slot } of cache.byKey.values()) {
    if (slot !== undefined) counted.set(slot, (counted.get(slot) ?? 0) + 1);
  }
  for (let slot = 0; slot < swap.slots; slot++) {
    const stored = swap.counts[slot];
    const found = counted.get(slot) ?? 0;
    if (stored !== found) {
      say(slot, `slot ${slot} counted ${stored}, but named ${countedWord(found, "time")}`);
    }
    if (stored > 0 && !swap.pages.has(slot)) {
      say(slot, `slot ${slot} is in use, but has no content`);
    }
    if (stored === 0 && swap.pages.has(slot)) say(slot, `slot ${slot} is free, but keeps a page`);
  }
}
