/**
 * What a read, a write and a fetch at an address would do now: nothing but the access, a fault that the
 * kernel settles (and how), or death (and why). Predicted from the PTE, the area and the fork policy;
 * nothing is changed.
 *
 * @module
 */

import { PAGE_FAULT } from "../../machine/cause.ts";
import { hasSuperpage, isSole } from "../../kernel/memory/frames/frames.ts";
import { MAXVA, PAGE_SIZE, SUPERPAGE_SIZE, type Va, type VaNum } from "../../machine/address.ts";
import {
  type Access,
  EXECUTE,
  frameOf,
  permits,
  PTE_V,
  PTE_W,
  READ,
  walk,
  WRITE,
} from "../../machine/sv39.ts";
import type { Verdict } from "../hardware_verdict.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { findArea } from "../../kernel/memory/areas/areas.ts";
import { fitsSuperpage, isPlentiful, isSoleLeaf } from "../../kernel/memory/tables/superpage.ts";
import { cachedAt, partAt } from "../../kernel/memory/reclaim/page_cache.ts";
import { isSwapped, slotOf } from "../../kernel/memory/tables/pte.ts";
import { isShm } from "../../kernel/memory/areas/shm.ts";
import {
  type AddressSpace,
  type Area,
  PERM_R,
  PERM_W,
  PERM_X,
} from "../../kernel/memory/areas/space.ts";

const NAMES = ["read", "write", "execute"] as const;
const RIGHT = [PERM_R | PERM_W, PERM_W, PERM_X] as const;

/** The three verdicts for an address of a space. */
export function verdicts(k: Kernel, space: AddressSpace, address: Va): Verdict[] {
  return ([READ, WRITE, EXECUTE] as Access[]).map((access) => verdict(k, space, address, access));
}

/** The verdict for one kind of access. */
export function verdict(k: Kernel, space: AddressSpace, address: Va, access: Access): Verdict {
  const { leaf } = walk(k.machine.ram, space.root, address);
  const ok = leaf !== undefined && permits(leaf.pte, access) === undefined;
  const name = NAMES[access];
  if (ok) return { access: name, allowed: true, survives: true, cause: undefined, text: "ok" };
  const outcome = settle(k, space, address, access);
  const killed = outcome.startsWith("killed");
  return {
    access: name,
    allowed: false,
    survives: !killed,
    cause: PAGE_FAULT[access],
    text: outcome,
  };
}

/** What the kernel would do about the fault. */
function settle(k: Kernel, space: AddressSpace, address: Va, access: Access): string {
  if (address >= BigInt(MAXVA)) return "killed: address beyond MAXVA";
  const at = Number(address) as VaNum;
  const area = findArea(space, at);
  if (area === undefined) return "killed: no area there";
  if (area.kind === "guard") return "killed: guard page";
  const step = walk(k.machine.ram, space.root, address).steps.at(-1);
  const pte = step === undefined ? 0 : Number(step.pte & 0xffff_ffffn);
  if ((area.perm & RIGHT[access]) === 0) {
    if (access === WRITE) return `killed: ${readOnly(k, area, pte)}`;
    return access === READ ? "killed: no read right" : "killed: no execute right";
  }
  if (isSwapped(pte)) {
    // The page comes back with the marks it left with; a store to a shared one faults once more.
    const again = access === WRITE && (pte & PTE_W) === 0;
    return again ? `swap in, then ${store(k, area, pte, 0)}` : "swap in";
  }
  if ((pte & PTE_V) === 0) return fill(k, area, at);
  if (access !== WRITE) return "killed: PTE without the right";
  return store(k, area, pte, step!.level);
}

/** Why a store to an area that gives no right to it kills: a fork policy may know more. */
function readOnly(k: Kernel, area: Area, pte: number): string {
  const verdict = (pte & PTE_V) === 0 ? undefined : k.policy.onStore(pte, false, area);
  return verdict?.do === "kill" ? verdict.why : "store to a read-only page";
}

function fill(k: Kernel, area: Area, at: VaNum): string {
  const m = k;
  const page = at - at % PAGE_SIZE as VaNum;
  const part = partAt(area, page);
  if (part === undefined) {
    const superpage = fitsSuperpage(m, area, at - at % SUPERPAGE_SIZE) && isPlentiful(m) &&
      hasSuperpage(m);
    return superpage
      ? "demand fill with zeros, 2M if the block is empty"
      : "demand fill with zeros";
  }
  const { file } = area.backing!;
  const held = cachedAt(m.state.cache, area, page);
  if (isShm(file)) {
    if (held === undefined) return "demand fill with zeros";
    return held.slot === undefined ? "map the shared page" : "swap in";
  }
  if (area.kind === "file" && part.offset >= m.files.size(file)) {
    return "killed: page beyond the end of the mapped file";
  }
  return "demand fill from the file";
}

function store(k: Kernel, area: Area, pte: number, level: number): string {
  const m = k;
  const sole = isSwapped(pte)
    ? m.state.swap.counts[slotOf(pte)] === 1
    : level === 0
    ? isSole(m, frameOf(pte))
    : isSoleLeaf(m, pte);
  const verdict = m.policy.onStore(pte, sole, area);
  const whole = level > 0 && m.superpageCow === "whole" && hasSuperpage(m);
  switch (verdict.do) {
    case "copy":
      return level > 0 && !whole
        ? "split of the 2M leaf, COW copy of 4K"
        : `COW copy of ${whole ? "2M" : "4K"}`;
    case "reuse":
      return "last owner: reuse in place";
    case "kill":
      return `killed: ${verdict.why}`;
  }
}
