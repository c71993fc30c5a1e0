/** The swap disk slot by slot, with who has which page there; the clock that chooses what goes. */

import { frameAt, frameTotal, kindOf } from "../../kernel/memory/frames/frames.ts";
import { type Va, va } from "../../machine/address.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { slotOf } from "../../kernel/memory/tables/pte.ts";
import { eachLeaf } from "../mappings.ts";
import { spacesInUse } from "../../kernel/view.ts";

/** One slot in use. */
export interface SlotView {
  /** Its number. */
  readonly slot: number;
  /** References that the kernel counts. */
  readonly count: number;
  /** The PTEs that name it. */
  readonly owners: readonly { readonly pid: number; readonly va: Va }[];
}

/** The swap disk and the reclaim clock, a snapshot. */
export interface SwapReport {
  /** Slots of the disk, 0 without one. */
  readonly slots: number;
  /** Slots that hold a page. */
  readonly used: number;
  /** Those, lowest first. */
  readonly inUse: readonly SlotView[];
  /** Where the clock's hand points: a frame number. */
  readonly hand: number;
  /** How often it went round. */
  readonly turns: number;
  /** Free frames at which reclaim starts. */
  readonly low: number;
  /** Free frames up to which it goes. */
  readonly high: number;
  /** User frames by sweeps since their last use: index 0, used since the last sweep. */
  readonly ages: readonly number[];
}

/** The swap disk now. */
export function swapReport(k: Kernel): SwapReport {
  const { swap, clock } = k.state;
  const { watermarks } = k;
  const owners = new Map<number, { pid: number; va: Va }[]>();
  for (const { space, p } of spacesInUse(k)) {
    const away = (address: number, pte: number) => {
      const list = owners.get(slotOf(pte)) ?? [];
      list.push({ pid: p.pid, va: va(address) });
      owners.set(slotOf(pte), list);
    };
    eachLeaf(k.machine.ram, space.root, { away });
  }
  const inUse: SlotView[] = [];
  swap.counts.forEach((count, slot) => {
    if (count > 0) inUse.push({ slot, count, owners: owners.get(slot) ?? [] });
  });
  const ages: number[] = [];
  for (let i = 0; i < frameTotal(k); i++) {
    const kind = kindOf(k, frameAt(k, i));
    if (kind !== "user" && kind !== "cache") continue;
    const age = k.state.frames.ages[i];
    ages[age] = (ages[age] ?? 0) + 1;
  }
  return {
    slots: swap.slots,
    used: inUse.length,
    hand: clock.hand,
    turns: clock.turns,
    low: watermarks.low,
    high: watermarks.high,
    ages: Array.from(ages, (n) => n ?? 0),
    inUse,
  };
}
