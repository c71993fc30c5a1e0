/**
 * The reverse map: from a frame to the entries that map it, without a list to keep. fork keeps
 * addresses, so all owners of a private frame map it at its first page; a page of a file stands
 * where its offset says in each area of that file.
 */

import { homeOf } from "../frames/frames.ts";
import { offset, type PaNum, type VaNum } from "../../../machine/address.ts";
import { PTE_V } from "../../../machine/sv39.ts";
import { findArea } from "../areas/areas.ts";
import type { Memory } from "../memory.ts";
import type { CachedPage } from "../state.ts";
import type { AddressSpace, Area } from "../areas/space.ts";
import { isSameFile } from "./page_cache.ts";
import { findEntry, inLeaf } from "../tables/entry.ts";

/** One entry that maps a frame. */
export interface Mapper {
  readonly space: AddressSpace;
  /** The area, undefined while it is being made. */
  readonly area: Area | undefined;
  /** The page's address in that space. */
  readonly va: VaNum;
  /** Where the entry stands. */
  readonly at: PaNum;
  /** The entry. */
  readonly pte: number;
  /** 1: a 2 MiB leaf of which the frame is a part. */
  readonly level: 0 | 1;
}

/** All entries that map the frame, in the order of the spaces. */
export function mappersOf(m: Memory, frame: PaNum): Mapper[] {
  const mappers: Mapper[] = [];
  const cached = m.state.cache.byFrame.get(frame);
  for (const space of m.state.spaces.values()) {
    if (cached === undefined) {
      addMapper(m, mappers, space, homeOf(m, frame), frame);
    } else {
      for (const area of space.areas) {
        const va = placeOf(area, cached);
        if (va !== undefined) addMapper(m, mappers, space, va, frame);
      }
    }
  }
  return mappers;
}

/** Where the area shows a page of a file, if it does. */
function placeOf(area: Area, page: CachedPage): VaNum | undefined {
  const { backing } = area;
  if (backing === undefined || !isSameFile(backing.file, page.file)) return undefined;
  const va = offset(area.start, page.offset - backing.offset);
  return va >= area.start && va < area.end ? va : undefined;
}

function addMapper(m: Memory, into: Mapper[], space: AddressSpace, va: VaNum, frame: PaNum): void {
  const entry = findEntry(m.ram, space.root, va);
  if (entry === undefined || (entry.pte & PTE_V) === 0) return;
  if (inLeaf(va, entry) !== frame) return;
  into.push({ space, area: findArea(space, va), va, ...entry });
}
