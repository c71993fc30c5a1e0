/** What the audit looks at besides when the kernel is the built-in one: its own records. */

import type { Kernel } from "../../kernel/kernel.ts";
import type { Sweep } from "../audit.ts";
import type { Say } from "../finding.ts";
import { mappingsTo } from "../mappings.ts";
import type { KernelView } from "../view.ts";
import { checkAreas } from "./area_check.ts";
import { checkCache } from "./cache_check.ts";
import { checkEntries } from "./entry_check.ts";
import { checkFreeList } from "./free_list_check.ts";
import { checkRecords } from "./record_check.ts";
import { checkSlots } from "./swap_check.ts";

/** What does not fit in free list, areas, page cache, swap disk, files and process table. */
export function checkBuiltin(k: Kernel, view: KernelView, sweep: Sweep, say: Say): void {
  checkFreeList(k, (frame) => mappingsTo(view, k.ram, frame), say);
  checkEntries(k, say);
  checkCache(k, sweep.dirty, say);
  checkAreas(k, say);
  checkSlots(k, say);
  checkRecords(k, say);
}
