/** An area with all its pages at once. */

import { makePte } from "../../../machine/sv39.ts";
import type { Memory } from "../memory.ts";
import type { AddressSpace, Area } from "./space.ts";
import { areaFlags } from "../tables/pte.ts";
import { offset, PAGE_SIZE, type PaNum, SUPERPAGE_SIZE } from "../../../machine/address.ts";
import { fitsSuperpage } from "../tables/superpage.ts";
import { mapSuperpage } from "../tables/promote.ts";
import { ensureTable, prune } from "../tables/page_table.ts";
import { allocateSpare } from "../reclaim/allocate.ts";
import { unmapArea } from "./unmap.ts";
import { setHome } from "../frames/frames.ts";
import { entryAt, setEntry } from "../tables/entry.ts";
import { insertArea, isHole } from "./areas.ts";
import { holdFile } from "./shm.ts";

/**
 * Gives every page of [area.start, area.end) a zeroed frame; nothing may be mapped there. False
 * when memory runs out: nothing is left mapped then.
 */
export function populate(m: Memory, space: AddressSpace, area: Area, why: string): boolean {
  const flags = areaFlags(area);
  let table: PaNum | 0 = 0;
  for (let va = area.start; va < area.end; va = offset(va, PAGE_SIZE)) {
    const first = va % SUPERPAGE_SIZE === 0;
    if (first && fitsSuperpage(m, area, va) && mapSuperpage(m, space, area, va, why)) {
      va = offset(va, SUPERPAGE_SIZE - PAGE_SIZE);
      table = 0;
      continue;
    }
    if (first || table === 0) table = ensureTable(m, space.root, va);
    const frame = table === 0 ? 0 : allocateSpare(m, "user", "zeroed");
    if (table === 0 || frame === 0) {
      unmapArea(m, space, { ...area, end: va }, "out of memory");
      prune(m, space.root, area.start, offset(va, PAGE_SIZE));
      return false;
    }
    setHome(m, frame, va);
    setEntry(m, va, entryAt(table, va, 0), 0, makePte(frame, flags), why);
  }
  return true;
}

/**
 * An area for exec: with all its pages, zeroed, unless it is lazy; its file gets one more holder.
 * False when something is mapped there or memory runs out, with nothing done.
 */
export function mapArea(m: Memory, space: AddressSpace, area: Area): boolean {
  if (!isHole(space, area.start, area.end)) return false;
  if (!area.lazy && !populate(m, space, area, area.kind)) return false;
  if (area.backing !== undefined) holdFile(m, area.backing.file);
  insertArea(space, { ...area });
  return true;
}
