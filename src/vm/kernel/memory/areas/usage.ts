/** What a space has in memory. */

import type { SpaceUsage } from "../../../inspect/view.ts";
import { frameOf } from "../../../machine/sv39.ts";
import { countOf } from "../frames/frames.ts";
import { offset, PAGE_SIZE } from "../../../machine/address.ts";
import type { Memory } from "../memory.ts";
import { countTables, eachEntry } from "../tables/entry.ts";
import { isSwapped } from "../tables/pte.ts";
import type { AddressSpace } from "./space.ts";

/** Counts the pages of a space now. */
export function usageOf(m: Memory, space: AddressSpace): SpaceUsage {
  const usage = { rss: 0, private: 0, shared: 0, swapped: 0, tables: 0 };
  for (const area of space.areas) {
    eachEntry(m.ram, space.root, area.start, area.end, (_va, _at, pte, level) => {
      const pages = level === 0 ? 1 : 512;
      if (isSwapped(pte)) {
        usage.swapped += pages;
      } else {
        usage.rss += pages;
        for (let i = 0; i < pages; i++) {
          const shared = countOf(m, offset(frameOf(pte), i * PAGE_SIZE)) > 1;
          usage[shared ? "shared" : "private"]++;
        }
      }
    });
  }
  usage.tables = countTables(m.ram, space.root);
  return usage;
}
