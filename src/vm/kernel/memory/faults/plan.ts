/**
 * What the kernel would do about a page fault, and why: decided here and nowhere else. The fault
 * path applies it, `pte`'s verdicts show it. Nothing is changed.
 */

import {
  type AnyVa,
  MAXVA,
  PAGE_SIZE,
  pageDown,
  type VaNum,
  vaNum,
} from "../../../machine/address.ts";
import { checkLeaf, frameOf, PTE_V, PTE_W, walkTables, WalkTrail } from "../../../machine/sv39.ts";
import { findArea } from "../areas/areas.ts";
import { isShm } from "../areas/shm.ts";
import { type AddressSpace, type Area, PERM_R, PERM_W, PERM_X } from "../areas/space.ts";
import { hasSuperpage, isSole } from "../frames/frames.ts";
import type { Memory } from "../memory.ts";
import { cacheKey, type FilePart, partAt } from "../reclaim/page_cache.ts";
import { blockDown, type Entry, findEntry, middleEntry } from "../tables/entry.ts";
import { isSwapped, slotOf } from "../tables/pte.ts";
import { fitsSuperpage, isPlentiful, isSoleLeaf } from "../tables/superpage.ts";
import { CAUSE, type FaultCause, FAULTING } from "../../../machine/cause.ts";

/** What to do about a fault. */
export type Plan =
  /** The process must die. */
  | { readonly do: "kill"; readonly why: string }
  /** A zeroed frame, or 2 MiB of zeroes as one leaf. */
  | { readonly do: "zero fill"; readonly area: Area; readonly superpage: boolean }
  /** A page of a file that is in no frame yet is read. */
  | FilePlan<"file fill">
  /** A page of a file that is in a frame: mapped, or copied for a private store. */
  | FilePlan<"cache hit">
  /** A first touch of a page of a shared anonymous object. */
  | FilePlan<"object fill">
  /** A page of a shared anonymous object comes back from the swap disk. */
  | FilePlan<"swap in object">
  /** The page comes back from the swap disk; `then`: what the access does after that. */
  | { readonly do: "swap in"; readonly then: Plan | undefined }
  /** The page is copied for its writer. */
  | StorePlan<"cow copy">
  /** Its last owner gets the page writable again. */
  | StorePlan<"cow reuse">
  /** A 2 MiB leaf is copied whole; where that cannot be had, split after all. */
  | StorePlan<"superpage copy">
  /** A 2 MiB leaf is split, and one of its pages is copied. */
  | StorePlan<"split and copy">
  /** The tables allow the access by now: another thread settled it, or the TLB was behind. */
  | { readonly do: "retry" };

/** A first touch of a page with something behind it. */
export interface FilePlan<Do> {
  readonly do: Do;
  readonly area: Area;
  readonly part: FilePart;
  /** The process gets a page of its own at once: a private mapping is stored to. */
  readonly own: boolean;
}

/** A store to a present page without W. */
export interface StorePlan<Do> {
  readonly do: Do;
  readonly area: Area;
  readonly entry: Entry;
}

const RETRY: Plan = { do: "retry" };

/** What the kernel does about a fault of that cause at any 64-bit address. Pure. */
export function planFault(m: Memory, space: AddressSpace, cause: FaultCause, address: AnyVa): Plan {
  if (address < 0 || address >= MAXVA) return kill("address beyond MAXVA");
  const va = vaNum(Number(address));
  const area = findArea(space, va);
  if (area === undefined) return kill("no area there");
  if (area.kind === "guard") return kill("guard page");
  const entry = findEntry(m.ram, space.root, va);
  const pte = entry?.pte ?? 0;
  const refusal = refuse(m, area, cause, pte);
  if (refusal !== undefined) return kill(refusal);
  if (isSwapped(pte)) {
    // It comes back with the marks it left with; a store to a shared one faults once more.
    const again = cause === CAUSE.storePage && (pte & PTE_W) === 0;
    return { do: "swap in", then: again ? planStore(m, area, entry!) : undefined };
  }
  if ((pte & PTE_V) === 0) return planFill(m, space, area, va, cause);
  if (cause === CAUSE.storePage && (pte & PTE_W) === 0) return planStore(m, area, entry!);
  return planRetry(m, space, cause, va);
}

/** Why the area does not allow the access, if so. Of a store, the fork policy may know more. */
function refuse(m: Memory, area: Area, cause: FaultCause, pte: number): string | undefined {
  if (cause === CAUSE.fetchPage) return (area.perm & PERM_X) !== 0 ? undefined : "no execute right";
  if (cause === CAUSE.loadPage) {
    return (area.perm & (PERM_R | PERM_W)) !== 0 ? undefined : "no read right";
  }
  if ((area.perm & PERM_W) !== 0) return undefined;
  const verdict = (pte & PTE_V) !== 0 ? m.policy.onStore(pte, false, area) : undefined;
  return verdict?.do === "kill" ? verdict.why : "store to a read-only page";
}

/** The first touch of a page. */
function planFill(m: Memory, space: AddressSpace, area: Area, va: VaNum, cause: FaultCause): Plan {
  const page = pageDown(va);
  const part = partAt(area, page);
  if (part === undefined) {
    const superpage = fitsSuperpage(m, area, blockDown(page)) && isPlentiful(m) &&
      hasSuperpage(m) && middleEntry(m.ram, space.root, page) === 0;
    return { do: "zero fill", area, superpage };
  }
  if (area.kind === "file" && part.offset >= m.files.size(part.file)) {
    return kill("page beyond the end of the mapped file");
  }
  const own = !area.shared && cause === CAUSE.storePage;
  const held = m.state.cache.byKey.get(cacheKey(part));
  const what = held?.slot !== undefined
    ? "swap in object"
    : held !== undefined
    ? "cache hit"
    : isShm(part.file)
    ? "object fill"
    : "file fill";
  return { do: what, area, part, own };
}

/** A store to a page without W, present or on the swap disk: what the fork policy makes of it. */
function planStore(m: Memory, area: Area, entry: Entry): Plan {
  const { pte, level } = entry;
  const sole = isSwapped(pte)
    ? m.state.swap.counts[slotOf(pte)] === 1
    : level === 0
    ? isSole(m, frameOf(pte))
    : isSoleLeaf(m, pte);
  const verdict = m.policy.onStore(pte, sole, area);
  if (verdict.do === "kill") return kill(verdict.why);
  if (verdict.do === "reuse") return { do: "cow reuse", area, entry };
  if (level === 0) return { do: "cow copy", area, entry };
  const whole = m.superpageCow === "whole" && hasSuperpage(m);
  return { do: whole ? "superpage copy" : "split and copy", area, entry };
}

/**
 * The tables seem to allow the access. Asks the hardware's own walk, so that an entry which the
 * hardware refuses for another reason is no endless loop.
 */
function planRetry(m: Memory, space: AddressSpace, cause: FaultCause, va: VaNum): Plan {
  const trail = new WalkTrail();
  const fail = walkTables(m.ram, space.root, Math.floor(va / PAGE_SIZE), trail) ??
    checkLeaf(trail.low[trail.count - 1], FAULTING[cause], { user: true, sum: false, mxr: false });
  return fail === undefined ? RETRY : kill(`PTE damaged: ${fail}`);
}

function kill(why: string): Plan {
  return { do: "kill", why };
}
