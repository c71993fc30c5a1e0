/** Entries of page tables against what faults, copyout and reclaim rely on. */

import * as sv39 from "../../machine/sv39.ts";
import { frameAt, frameIndex, homeOf, isSole, kindOf } from "../../kernel/memory/frames/frames.ts";
import { hex, MAXVA, PAGE_SIZE, type VaNum } from "../../machine/address.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { findArea } from "../../kernel/memory/areas/areas.ts";
import { isSoleLeaf } from "../../kernel/memory/tables/superpage.ts";
import { cacheKey, partAt } from "../../kernel/memory/reclaim/page_cache.ts";
import { areaFlags, slotOf } from "../../kernel/memory/tables/pte.ts";
import { type Area, PERM_W } from "../../kernel/memory/areas/space.ts";
import type { AuditClass, Say } from "../finding.ts";
import { damageOf, eachEntry, type Entry, leadsToRam, sayOfEntry } from "../table_check.ts";
import { spacesInUse } from "../../kernel/view.ts";

const { frameOf, PTE_G, PTE_R, PTE_U, PTE_V, PTE_W, PTE_X } = sv39;
const LEAF = PTE_R | PTE_W | PTE_X;
const MARKS = sv39.PTE_RSW0 | sv39.PTE_RSW1;

/** What is wrong with entries, lowest pid and address first. */
export function checkEntries(k: Kernel, sayIt: Say): void {
  const { ram } = k;
  for (const { space, p: { pid } } of spacesInUse(k)) {
    eachEntry(ram, space.root, (e) => {
      if (damageOf(ram, e) !== undefined) return; // The audit of any kernel says it.
      const say = sayOfEntry(ram, pid, e, sayIt);
      const damage = encoding(e);
      if (damage !== undefined) return say("PTE damaged", damage);
      if ((e.low & PTE_V) !== 0 && (e.low & LEAF) === 0) return;
      const area = e.address < MAXVA ? findArea(space, e.address as VaNum) : undefined;
      if (area !== undefined) checkInArea(k, e, area, say);
      else if ((e.low & PTE_V) === 0) say("swap slot", "names a slot outside every area");
    });
  }
}

/** Why the kernel itself cannot have made an entry that the hardware takes. */
function encoding({ low, high, level }: Entry): string | undefined {
  if (high !== 0) return `its upper half is ${hex(high)}, which is no slot's`;
  if ((low & PTE_V) === 0) return undefined;
  if ((low & LEAF) === 0) {
    const more = low & (PTE_G | MARKS);
    return more === 0 ? undefined : "a pointer with bits that only a leaf has";
  }
  return level === 2 ? "a 1 GiB leaf, which this kernel never makes" : undefined;
}

type SayOf = (rule: AuditClass, what: string) => void;

/** A page in memory or on the swap disk: both must have what a fault on it relies on. */
function checkInArea(k: Kernel, e: Entry, area: Area, say: SayOf): void {
  const here = (e.low & PTE_V) !== 0;
  const span = PAGE_SIZE * 512 ** e.level;
  if (e.address < area.start || e.address + span > area.end) {
    return say("mapped outside areas", "a leaf that is larger than its area");
  }
  checkRights(k, e, area, here, say);
  if (!here) {
    if (area.shared || area.kind === "guard" || area.kind === "usyscall") {
      say("swap slot", `names a slot, but pages of this ${area.kind} area have none of their own`);
    }
  } else if (leadsToRam(k.ram, e)) checkPlace(k, e, area, say);
}

function checkRights(k: Kernel, e: Entry, area: Area, here: boolean, say: SayOf): void {
  const { low } = e;
  const rights = areaFlags(area) & (PTE_R | PTE_X | PTE_U);
  const lost = rights & ~low;
  if (lost !== 0) return say("right lost", `lacks rights that its ${area.kind} area gives`);
  const gives = areaFlags(area) & (LEAF | PTE_U);
  const gained = low & (LEAF | PTE_U | PTE_G) & ~gives;
  if (gained !== 0) say("flag gained", `has rights that its ${area.kind} area does not give`);
  if (area.shared && (low & MARKS) !== 0) {
    say("flag gained", "has a fork mark, by which a store to shared memory would be private");
  }
  if ((area.perm & PERM_W) === 0) return;
  const { swap } = k.state;
  const { policy } = k;
  if ((low & PTE_W) !== 0) {
    if (!area.shared && (policy.sharePte(low) & PTE_W) !== 0) {
      say("flag gained", "has a fork mark beside W: fork would share it writable");
    }
    if (!here && swap.counts[slotOf(low)] > 1) {
      say("writable by two", "is writable when it comes back, but its slot has other owners");
    }
    return;
  }
  if (area.shared) return say("right lost", "lacks W in shared memory: the next store kills");
  const verdict = policy.onStore(low | PTE_V, isSoleOwner(k, e, here), area);
  if (verdict.do === "kill") say("mark lost", "lacks W and the mark: the next store kills");
}

/** What the fault path would take for the only owner, by the kernel's own counts. */
function isSoleOwner(k: Kernel, e: Entry, here: boolean): boolean {
  if (!here) return k.state.swap.counts[slotOf(e.low)] === 1;
  if (!leadsToRam(k.ram, e)) return true;
  return e.level === 1 ? isSoleLeaf(k, e.low) : isSole(k, frameOf(e.low));
}

/** The frame is the one that reclaim and write-back look for behind this address. */
function checkPlace(k: Kernel, e: Entry, area: Area, say: SayOf): void {
  const { cache } = k.state;
  const frame = frameOf(e.low);
  const held = cache.byFrame.get(frame);
  const part = partAt(area, e.address as VaNum);
  if (held !== undefined) {
    const key = part && cacheKey(part);
    if (key === cacheKey(held)) return;
    return say("page misplaced", "shows a page of a file that is not the area's there");
  }
  if (area.shared) {
    return say("page misplaced", "in shared memory, but not the page that the others map");
  }
  for (let i = 0; i < 512 ** e.level; i++) {
    const page = frameAt(k, frameIndex(k, frame) + i);
    const home = homeOf(k, page);
    if (kindOf(k, page) !== "user" || home === e.address + i * PAGE_SIZE) continue;
    return say("page misplaced", `its frame says that all owners map it at ${hex(home)}`);
  }
}
