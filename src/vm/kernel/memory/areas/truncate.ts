/**
 * A mapped file became shorter, as POSIX and Linux have it: pages wholly beyond its end are
 * unmapped everywhere, private copies and pages on the swap disk too, so that an access kills
 * (SIGBUS there). Of the last page, bytes beyond the end read zero, now and after the file has
 * grown.
 */

import { flushAll } from "../tables/flush.ts";
import { offset, PAGE_SIZE, pageUp, paNum, type VaNum, vaNum } from "../../../machine/address.ts";
import type { FileKey } from "./backing.ts";
import type { Memory } from "../memory.ts";
import { isSameFile, pagesOf } from "../reclaim/page_cache.ts";
import { eachEntry, setEntry } from "../tables/entry.ts";
import { prune } from "../tables/page_table.ts";
import { releasePage } from "./unmap.ts";
import { isSwapped, slotOf } from "../tables/pte.ts";
import type { AddressSpace, Area } from "./space.ts";
import { dropSlot } from "../reclaim/swap_disk.ts";

const WHY = "file truncated";

/** Takes away what mappings show of a file beyond its present end. */
export function cutMappings(m: Memory, file: FileKey): void {
  const size = m.files.size(file);
  for (const space of m.state.spaces.values()) {
    for (const area of space.areas) {
      if (area.kind !== "file" || !isSameFile(area.backing!.file, file)) continue;
      const kept = Math.max(0, pageUp(vaNum(size)) - area.backing!.offset);
      const start = offset(area.start, kept);
      if (start < area.end) unmapFrom(m, space, area, start);
    }
  }
  for (const page of pagesOf(m.state.cache, file)) {
    const used = size - page.offset;
    if (used < PAGE_SIZE) m.ram.fill(paNum(page.frame + used), PAGE_SIZE - used, 0);
  }
}

function unmapFrom(m: Memory, space: AddressSpace, area: Area, start: VaNum): void {
  eachEntry(m.ram, space.root, start, area.end, (va, at, pte) => {
    setEntry(m, va, at, pte, 0, WHY);
    if (isSwapped(pte)) dropSlot(m, slotOf(pte));
    else releasePage(m, space, area, va, pte, WHY);
  });
  prune(m, space.root, start, area.end);
  flushAll(m, space, WHY);
}

/** Whether a process runs this file with pages still to come from it: it must not change. */
export function isRunning(m: Memory, file: FileKey): boolean {
  for (const { areas } of m.state.spaces.values()) {
    for (const { kind, backing } of areas) {
      if (kind !== "file" && backing !== undefined && isSameFile(backing.file, file)) return true;
    }
  }
  return false;
}
