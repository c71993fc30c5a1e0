/** What a process has in memory, read out of its page table alone. */

import type { Ram } from "../machine/memory.ts";
import { PAGE_SIZE } from "../machine/address.ts";
import { frameOf } from "../machine/sv39.ts";
import { eachLeaf, mappedCounts } from "./mappings.ts";
import { type KernelView, partOf, type RootView, type SpaceUsage } from "./view.ts";

/**
 * Counts the pages of a table; frames that other processes map, too, are shared. `mapped` is {@link
 * mappedCounts}, which is the same for all processes.
 */
export function usage(
  view: KernelView,
  ram: Ram,
  root: RootView,
  mapped: Uint32Array = mappedCounts(view, ram),
): SpaceUsage {
  const { first, total } = view.frames;
  const sums = { rss: 0, private: 0, shared: 0, swapped: 0, tables: 0 };
  eachLeaf(ram, root.root, {
    leaf: (address, pte, _at, level) => {
      const part = partOf(root, address);
      if (part === "trampoline" || part === "trapframe") return;
      const from = (frameOf(pte) - first) / PAGE_SIZE;
      for (let i = from; i < from + 512 ** level; i++) {
        if (i < 0 || i >= total) continue;
        sums.rss++;
        sums[mapped[i] > 1 ? "shared" : "private"]++;
      }
    },
    table: () => sums.tables++,
  });
  return sums;
}
