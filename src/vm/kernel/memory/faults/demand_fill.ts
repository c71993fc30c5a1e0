/**
 * The first touch of a page: a zeroed frame, or a page of a file.
 *
 * @module
 */

import { CAUSE, type FaultCause } from "../../../machine/cause.ts";
import { moved } from "../reclaim/moved.ts";
import { freeFrame, refFrame, setHome } from "../frames/frames.ts";
import { allocate } from "../reclaim/allocate.ts";
import { PAGE_SIZE, type PaNum, type VaNum } from "../../../machine/address.ts";
import { makePte, PTE_FLAGS, PTE_W } from "../../../machine/sv39.ts";
import { fitsSuperpage, isPlentiful } from "../tables/superpage.ts";
import { mapSuperpage, promote } from "../tables/promote.ts";
import type { Memory } from "../memory.ts";
import type { CachedPage } from "../state.ts";
import { cacheKey, partAt, putCached } from "../reclaim/page_cache.ts";
import { blockDown, setEntry } from "../tables/entry.ts";
import { ensureTable, prune } from "../tables/page_table.ts";
import { areaFlags } from "../tables/pte.ts";
import type { FaultResult, Settled } from "./result.ts";
import { isShm } from "../areas/shm.ts";
import type { AddressSpace, Area } from "../areas/space.ts";
import { dropSlot, readSlot } from "../reclaim/swap_disk.ts";

/** Maps the page of `area` at `page`, whose entry is 0, for an access of that cause; undefined: out of memory. */
export function fillPage(
  m: Memory,
  space: AddressSpace,
  area: Area,
  page: VaNum,
  cause: FaultCause,
): FaultResult | undefined {
  const block = blockDown(page);
  if (fitsSuperpage(m, area, block) && isPlentiful(m)) {
    if (mapSuperpage(m, space, area, block, "superpage fill")) {
      return { handled: true, how: "superpage fill" };
    }
  }
  const table = ensureTable(m, space.root, page);
  if (table === 0) return undefined;
  const at = (table + ((page / PAGE_SIZE) & 511) * 8) as PaNum;
  const part = partAt(area, page);
  const result = part === undefined
    ? fillZero(m, area, page, at)
    : fillFromFile(m, space, area, { file: area.backing!.file, ...part }, page, cause, at);
  if (!result?.handled) prune(m, space.root, page, (page + PAGE_SIZE) as VaNum);
  else promote(m, space, area, block);
  return result;
}

function fillZero(m: Memory, area: Area, page: VaNum, at: PaNum): FaultResult | undefined {
  const frame = allocate(m, "user", "zeroed");
  if (frame === 0) return undefined;
  setHome(m, frame, page);
  setEntry(m, page, at, 0, makePte(frame, areaFlags(area)), "zero fill");
  return { handled: true, how: "zero fill" };
}

function fillFromFile(
  m: Memory,
  space: AddressSpace,
  area: Area,
  { file, offset, length }: Omit<CachedPage, "frame">,
  page: VaNum,
  cause: FaultCause,
  at: PaNum,
): FaultResult | undefined {
  if (area.kind === "file" && offset >= m.files.size(file)) {
    return { handled: false, why: "page beyond the end of the mapped file", oom: false };
  }
  const own = !area.shared && cause === CAUSE.storePage;
  const key = cacheKey(file, offset, length);
  let held = m.state.cache.byKey.get(key);
  let how: Settled = "cache hit";
  if (held?.slot !== undefined) {
    held = cachedFromSlot(m, space, held, page);
    if (held === undefined) return undefined;
    how = "swap in";
  } else if (held === undefined || own) {
    const frame = allocate(m, own ? "user" : "cache", "zeroed");
    if (frame === 0) return undefined;
    held = m.state.cache.byKey.get(key); // making room may have dropped it
    if (held !== undefined && held.frame !== 0) {
      m.ram.copyFrame(frame, held.frame);
      m.events.copy(page, held.frame, frame, PAGE_SIZE, "file page");
    } else {
      const read = isShm(file) ? 0 : m.files.read(file, offset, frame, length);
      if (read < 0) {
        freeFrame(m, frame, "file read failed");
        return { handled: false, why: "file read failed", oom: false };
      }
      if (read > 0) moved(m, "read-in", space, page, frame, offset, read, "file fill");
    }
    if (own) {
      setHome(m, frame, page);
      setEntry(m, page, at, 0, makePte(frame, areaFlags(area)), "file fill");
      return { handled: true, how: "file fill" };
    }
    held = { file, offset, length, frame };
    putCached(m.state.cache, held);
    how = isShm(file) ? "zero fill" : "file fill";
  } else {
    refFrame(m, held.frame as PaNum, how);
  }
  setEntry(m, page, at, 0, makePte(held.frame as PaNum, fileFlags(m, area)), how);
  return { handled: true, how };
}

/** Brings a page of a shared anonymous object back from its slot; undefined: out of memory. */
function cachedFromSlot(
  m: Memory,
  space: AddressSpace,
  held: CachedPage,
  page: VaNum,
): CachedPage | undefined {
  const frame = allocate(m, "cache", "raw");
  if (frame === 0) return undefined;
  const slot = held.slot!;
  readSlot(m, slot, frame);
  dropSlot(m, slot);
  moved(m, "swap-in", space, page, frame, slot, PAGE_SIZE, "shared page");
  const { slot: _, ...rest } = held;
  const back: CachedPage = { ...rest, frame };
  putCached(m.state.cache, back);
  return back;
}

/** Flags for a frame of the page cache: a private area may write it only after a copy. */
export function fileFlags(m: Memory, area: Area): number {
  const flags = areaFlags(area);
  return area.shared || (flags & PTE_W) === 0 ? flags : m.policy.sharePte(flags) & PTE_FLAGS;
}
