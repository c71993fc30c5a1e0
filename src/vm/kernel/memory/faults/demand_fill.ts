/** The first touch of a page: a zeroed frame, or a page of a file. */

import { freeFrame, refFrame, setHome } from "../frames/frames.ts";
import { allocate } from "../reclaim/allocate.ts";
import { offset, PAGE_SIZE, type PaNum, type VaNum } from "../../../machine/address.ts";
import { makePte, PTE_W } from "../../../machine/sv39.ts";
import { mapSuperpage, promote } from "../tables/promote.ts";
import type { Memory } from "../memory.ts";
import { cacheKey, putCached } from "../reclaim/page_cache.ts";
import { blockDown, entryAt, setEntry } from "../tables/entry.ts";
import { ensureTable, prune } from "../tables/page_table.ts";
import { areaFlags, flagsOf } from "../tables/pte.ts";
import type { FaultResult, Settled } from "./result.ts";
import { isShm } from "../areas/shm.ts";
import { type AddressSpace, type Area, pidOf } from "../areas/space.ts";
import { dropSlot, readSlot } from "../reclaim/swap_disk.ts";
import type { FilePlan, Plan } from "./plan.ts";

/** A zeroed frame, or 2 MiB of zeroes as one leaf; undefined: out of memory. */
export function fillZero(
  m: Memory,
  space: AddressSpace,
  page: VaNum,
  { area, superpage }: Extract<Plan, { do: "zero fill" }>,
): FaultResult | undefined {
  if (superpage && mapSuperpage(m, space, area, blockDown(page), "superpage fill")) {
    return { handled: true, how: "superpage fill" };
  }
  return withEntry(m, space, area, page, (at) => {
    const frame = allocate(m, "user", "zeroed");
    if (frame === 0) return undefined;
    setHome(m, frame, page);
    setEntry(m, page, at, 0, makePte(frame, areaFlags(area)), "zero fill");
    return { handled: true, how: "zero fill" };
  });
}

/** A page with something behind it; undefined: out of memory. */
export function fillFromFile(
  m: Memory,
  space: AddressSpace,
  page: VaNum,
  plan: FilePlan<"file fill" | "cache hit" | "object fill" | "swap in object">,
): FaultResult | undefined {
  const { area } = plan;
  return withEntry(m, space, area, page, (at) => {
    if (plan.do === "swap in object") {
      const frame = allocate(m, "cache", "raw");
      if (frame === 0) return undefined;
      const slot = m.state.cache.byKey.get(cacheKey(plan.part))!.slot!;
      readSlot(m, slot, frame);
      dropSlot(m, slot);
      m.events.move("swap-in", pidOf(m, space), page, frame, slot, PAGE_SIZE, "shared page");
      putCached(m.state.cache, { ...plan.part, frame });
      return mapCached(m, area, page, at, frame, "swap in");
    }
    if (plan.do === "cache hit" && !plan.own) {
      const held = m.state.cache.byKey.get(cacheKey(plan.part));
      // The table for the entry may have taken its frame.
      if (held !== undefined && held.frame !== 0) {
        refFrame(m, held.frame, "cache hit");
        return mapCached(m, area, page, at, held.frame, "cache hit");
      }
    }
    return fillFrame(m, space, page, at, plan);
  });
}

/** Makes the entry's table, has `fill` write the entry, and makes a 2 MiB leaf if it can. */
function withEntry(
  m: Memory,
  space: AddressSpace,
  area: Area,
  page: VaNum,
  fill: (at: PaNum) => FaultResult | undefined,
): FaultResult | undefined {
  const table = ensureTable(m, space.root, page);
  if (table === 0) return undefined;
  const result = fill(entryAt(table, page, 0));
  if (!result?.handled) prune(m, space.root, page, offset(page, PAGE_SIZE));
  else promote(m, space, area, blockDown(page));
  return result;
}

/** A new frame with the page's content: the process's own, or one of the page cache. */
function fillFrame(
  m: Memory,
  space: AddressSpace,
  page: VaNum,
  at: PaNum,
  { area, part, own }: FilePlan<unknown>,
): FaultResult | undefined {
  const frame = allocate(m, own ? "user" : "cache", "zeroed");
  if (frame === 0) return undefined;
  // Making room may have freed it.
  const held = m.state.cache.byKey.get(cacheKey(part));
  if (held !== undefined && held.frame !== 0) {
    m.ram.copyFrame(frame, held.frame);
    m.events.copy(page, held.frame, frame, PAGE_SIZE, "file page");
  } else if (!isShm(part.file)) {
    const read = m.files.read(part.file, part.offset, frame, part.length);
    if (read < 0) {
      freeFrame(m, frame, "file read failed");
      return { handled: false, why: "file read failed", oom: false };
    }
    const pid = pidOf(m, space);
    if (read > 0) m.events.move("read-in", pid, page, frame, part.offset, read, "file fill");
  }
  if (!own) {
    putCached(m.state.cache, { ...part, frame });
    return mapCached(m, area, page, at, frame, isShm(part.file) ? "zero fill" : "file fill");
  }
  setHome(m, frame, page);
  setEntry(m, page, at, 0, makePte(frame, areaFlags(area)), "file fill");
  return { handled: true, how: "file fill" };
}

/** Maps a frame of the page cache: a private area may write it only after a copy. */
function mapCached(
  m: Memory,
  area: Area,
  page: VaNum,
  at: PaNum,
  frame: PaNum,
  how: Settled,
): FaultResult {
  const flags = areaFlags(area);
  const own = area.shared || (flags & PTE_W) === 0;
  setEntry(m, page, at, 0, makePte(frame, own ? flags : flagsOf(m.policy.sharePte(flags))), how);
  return { handled: true, how };
}
