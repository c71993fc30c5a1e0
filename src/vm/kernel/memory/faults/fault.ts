/**
 * The one way a page fault is settled, for user instructions and for the kernel's own copyin and
 * copyout: find the area, check its rights against the cause, then fill, bring back, copy or refuse.
 *
 * @module
 */

import { CAUSE, type FaultCause, FAULTING } from "../../../machine/cause.ts";
import { freeFrame, isSole, setHome } from "../frames/frames.ts";
import { allocate } from "../reclaim/allocate.ts";
import { flush } from "../tables/flush.ts";
import { MAXVA, PAGE_SIZE, pageDown, type PaNum, type VaNum } from "../../../machine/address.ts";
import {
  checkLeaf,
  frameOf,
  makePte,
  PTE_V,
  PTE_W,
  WALK_FAILS,
  walkTables,
  WalkTrail,
} from "../../../machine/sv39.ts";
import { findArea } from "../areas/areas.ts";
import { fillPage } from "./demand_fill.ts";
import { copyLeaf, demote, dropLeaf, isSoleLeaf } from "../tables/superpage.ts";
import type { Memory } from "../memory.ts";
import { releasePage } from "../areas/unmap.ts";
import { blockDown, entryOf, find, levelOf, setEntry } from "../tables/entry.ts";
import { flagsOf, isSwapped } from "../tables/pte.ts";
import type { FaultResult, Settled } from "./result.ts";
import { freeSlots } from "../reclaim/swap_disk.ts";
import { swapIn } from "../reclaim/swap_in.ts";
import { type AddressSpace, type Area, PERM_R, PERM_W, PERM_X } from "../areas/space.ts";

/** Settles a page fault of `space` at `va`, any 64-bit value; {@link FaultResult} says how, or why it cannot be. */
export function fault(
  m: Memory,
  space: AddressSpace,
  cause: FaultCause,
  va: VaNum | bigint,
): FaultResult {
  const n = m.events.fault(cause, va);
  const result = decide(m, space, cause, va);
  m.events.settled(n, result.handled ? result.how : result.why);
  if (!result.handled && result.oom) m.events.note("oom", m.events.pid, 0, result.why);
  return result;
}

function decide(
  m: Memory,
  space: AddressSpace,
  cause: FaultCause,
  address: VaNum | bigint,
): FaultResult {
  if (address < 0 || address >= MAXVA) return kill("address beyond MAXVA");
  const va = Number(address) as VaNum;
  const area = findArea(space, va);
  if (area === undefined) return kill("no area there");
  if (area.kind === "guard") return kill("guard page");
  const page = pageDown(va);
  const slot = find(m.ram, space.root, va);
  const pte = slot === 0 ? 0 : m.ram.readPte(entryOf(slot));
  const refusal = refuse(m, area, cause, pte);
  if (refusal !== undefined) return kill(refusal);
  if (isSwapped(pte)) return swapIn(m, space, page) ? settled("swap in") : outOfMemory(m);
  if ((pte & PTE_V) === 0) return fillPage(m, space, area, page, cause) ?? outOfMemory(m);
  if (cause === CAUSE.storePage && (pte & PTE_W) === 0) {
    if (levelOf(slot) === 1) return storeToSuperpage(m, space, area, page, pte, entryOf(slot));
    return storeToShared(m, space, area, page, pte, entryOf(slot));
  }
  return retry(m, space, cause, va);
}

/** Why the area does not allow the access, if so. */
function refuse(m: Memory, area: Area, cause: FaultCause, pte: number): string | undefined {
  if (cause === CAUSE.fetchPage) return (area.perm & PERM_X) !== 0 ? undefined : "no execute right";
  if (cause === CAUSE.loadPage) {
    return (area.perm & (PERM_R | PERM_W)) !== 0 ? undefined : "no read right";
  }
  if ((area.perm & PERM_W) !== 0) return undefined;
  const verdict = (pte & PTE_V) !== 0 ? m.policy.onStore(pte, false, area) : undefined;
  return verdict?.do === "kill" ? verdict.why : "store to a read-only page";
}

/** A store to a present page without W. */
function storeToShared(
  m: Memory,
  space: AddressSpace,
  area: Area,
  page: VaNum,
  pte: number,
  at: PaNum,
): FaultResult {
  const verdict = m.policy.onStore(pte, isSole(m, frameOf(pte)), area);
  if (verdict.do === "kill") return kill(verdict.why);
  if (verdict.do === "reuse") {
    setEntry(m, page, at, pte, m.policy.ownPte(pte), "cow reuse");
    flush(m, space, page, "cow reuse");
    return settled("cow reuse");
  }
  const copy = allocate(m, "user", "raw");
  if (copy === 0) return outOfMemory(m);
  if (m.ram.readPte(at) !== pte) { // making room for the copy took the page itself away
    freeFrame(m, copy, "cow retry");
    return settled("retry");
  }
  const from = frameOf(pte);
  m.ram.copyFrame(copy, from);
  m.events.copy(page, from, copy, PAGE_SIZE, "cow copy");
  setHome(m, copy, page);
  setEntry(m, page, at, pte, m.policy.ownPte(makePte(copy, flagsOf(pte))), "cow copy");
  flush(m, space, page, "cow copy");
  releasePage(m, space, area, page, pte, "cow copy");
  return settled("cow copy");
}

/**
 * A store to a 2 MiB leaf without W: reused as it is when no part has another owner; else copied whole, or
 * split, and then one of its pages is copied.
 */
function storeToSuperpage(
  m: Memory,
  space: AddressSpace,
  area: Area,
  page: VaNum,
  pte: number,
  at: PaNum,
): FaultResult {
  const block = blockDown(page);
  const verdict = m.policy.onStore(pte, isSoleLeaf(m, pte), area);
  if (verdict.do === "kill") return kill(verdict.why);
  if (verdict.do === "reuse") {
    setEntry(m, block, at, pte, m.policy.ownPte(pte), "cow reuse");
    flush(m, space, page, "cow reuse");
    return settled("cow reuse");
  }
  const head = m.superpageCow === "whole" ? copyLeaf(m, block, pte, "superpage copy") : 0;
  if (head !== 0) {
    setEntry(m, block, at, pte, m.policy.ownPte(makePte(head, flagsOf(pte))), "superpage copy");
    flush(m, space, page, "superpage copy");
    dropLeaf(m, pte, "superpage copy");
    return settled("superpage copy");
  }
  if (!demote(m, space, block, at)) return outOfMemory(m);
  const entry = find(m.ram, space.root, page);
  return storeToShared(m, space, area, page, m.ram.readPte(entry as PaNum), entry as PaNum);
}

/**
 * The tables allow the access by now: another thread settled it, or the TLB was behind. Asks the
 * hardware's own walk, so that an entry the hardware refuses for another reason is no endless loop.
 */
function retry(m: Memory, space: AddressSpace, cause: FaultCause, va: VaNum): FaultResult {
  const trail = new WalkTrail();
  const fail = walkTables(m.ram, space.root, Math.floor(va / PAGE_SIZE), trail) ||
    checkLeaf(trail.low[trail.count - 1], FAULTING[cause], { user: true, sum: false, mxr: false });
  if (fail !== 0) return kill(`PTE damaged: ${WALK_FAILS[fail]}`);
  flush(m, space, pageDown(va), "stale TLB entry");
  return settled("retry");
}

function settled(how: Settled): FaultResult {
  return { handled: true, how };
}

function kill(why: string): FaultResult {
  return { handled: false, why, oom: false };
}

/** The answer when no frame is to be had, even after a search for pages to evict. */
function outOfMemory(m: Memory): FaultResult {
  const why = m.state.swap.slots === 0
    ? ""
    : `, ${freeSlots(m.state.swap)} of ${m.state.swap.slots} swap slots free`;
  return { handled: false, why: "out of memory" + why, oom: true };
}
