/**
 * The one way a page fault is settled, for user instructions and for the kernel's own copyin and
 * copyout: the plan is made, then done.
 */

import { type AnyVa, PAGE_SIZE, pageDown, type VaNum, vaNum } from "../../../machine/address.ts";
import type { AddressSpace } from "../areas/space.ts";
import { releasePage } from "../areas/unmap.ts";
import { freeFrame, setHome } from "../frames/frames.ts";
import type { Memory } from "../memory.ts";
import { allocate } from "../reclaim/allocate.ts";
import { freeSlots } from "../reclaim/swap_disk.ts";
import { swapIn } from "../reclaim/swap_in.ts";
import { blockDown, type Entry, setEntry } from "../tables/entry.ts";
import { flush } from "../tables/flush.ts";
import { flagsOf } from "../tables/pte.ts";
import { frameOf, makePte } from "../../../machine/sv39.ts";
import { copyLeaf, demote, dropLeaf } from "../tables/superpage.ts";
import { fillFromFile, fillZero } from "./demand_fill.ts";
import { CAUSE, type FaultCause } from "../../../machine/cause.ts";
import { type Plan, planFault, type StorePlan } from "./plan.ts";
import type { FaultResult, Settled } from "./result.ts";

/** Settles a page fault at `va`, any 64-bit value; the result says how, or why it cannot be. */
export function fault(m: Memory, space: AddressSpace, cause: FaultCause, va: AnyVa): FaultResult {
  const n = m.events.fault(cause, va);
  const result = apply(m, space, va, planFault(m, space, cause, va));
  m.events.settled(n, result.handled ? result.how : result.why);
  if (!result.handled && result.oom) m.events.note("oom", m.events.pid, 0, result.why);
  return result;
}

/** Does what the plan says. */
function apply(m: Memory, space: AddressSpace, va: AnyVa, plan: Plan): FaultResult {
  if (plan.do === "kill") return { handled: false, why: plan.why, oom: false };
  const page = pageDown(vaNum(Number(va)));
  switch (plan.do) {
    case "swap in":
      return swapIn(m, space, page) ? settled("swap in") : outOfMemory(m);
    case "zero fill":
      return fillZero(m, space, page, plan) ?? outOfMemory(m);
    case "file fill":
    case "cache hit":
    case "object fill":
    case "swap in object":
      return fillFromFile(m, space, page, plan) ?? outOfMemory(m);
    case "cow reuse":
      return reuse(m, space, page, plan.entry);
    case "cow copy":
      return copyPage(m, space, page, plan);
    case "superpage copy":
      return copySuperpage(m, space, page, plan.entry);
    case "split and copy":
      return split(m, space, page, plan.entry);
    case "retry":
      flush(m, space, page, "stale TLB entry");
      return settled("retry");
  }
}

/** The last owner's page, or 2 MiB leaf, is writable again. */
function reuse(m: Memory, space: AddressSpace, page: VaNum, entry: Entry): FaultResult {
  const { at, pte, level } = entry;
  setEntry(m, level === 0 ? page : blockDown(page), at, pte, m.policy.ownPte(pte), "cow reuse");
  flush(m, space, page, "cow reuse");
  return settled("cow reuse");
}

/** The writer gets a copy of a page that others have, too. */
function copyPage(
  m: Memory,
  space: AddressSpace,
  page: VaNum,
  plan: StorePlan<unknown>,
): FaultResult {
  const { at, pte } = plan.entry;
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
  releasePage(m, space, plan.area, page, pte, "cow copy");
  return settled("cow copy");
}

/** The writer gets a copy of a 2 MiB leaf, or of one page when no block of frames is free. */
function copySuperpage(m: Memory, space: AddressSpace, page: VaNum, entry: Entry): FaultResult {
  const { at, pte } = entry;
  const block = blockDown(page);
  const head = copyLeaf(m, block, pte, "superpage copy");
  if (head === 0) return split(m, space, page, entry);
  setEntry(m, block, at, pte, m.policy.ownPte(makePte(head, flagsOf(pte))), "superpage copy");
  flush(m, space, page, "superpage copy");
  dropLeaf(m, pte, "superpage copy");
  return settled("superpage copy");
}

/** A 2 MiB leaf is split; what becomes of the page that is stored to is then planned anew. */
function split(m: Memory, space: AddressSpace, page: VaNum, { at }: Entry): FaultResult {
  if (!demote(m, space, blockDown(page), at)) return outOfMemory(m);
  return apply(m, space, page, planFault(m, space, CAUSE.storePage, page));
}

function settled(how: Settled): FaultResult {
  return { handled: true, how };
}

/** The answer when no frame is to be had, even after a search for pages to evict. */
function outOfMemory(m: Memory): FaultResult {
  const { swap } = m.state;
  const why = swap.slots === 0 ? "" : `, ${freeSlots(swap)} of ${swap.slots} swap slots free`;
  return { handled: false, why: "out of memory" + why, oom: true };
}
