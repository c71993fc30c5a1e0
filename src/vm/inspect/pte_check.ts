/**
 * Every entry of every page table against what walks, faults, copyout and reclaim rely on: that it is encoded as the
 * specification allows and as this kernel makes it, that it gives the rights of its area or a mark by which a store
 * gets them, and that it shows the page that belongs there.
 *
 * @module
 */

import * as sv39 from "../machine/sv39.ts";
import { frameAt, frameIndex, homeOf, isSole, kindOf } from "../kernel/memory/frames/frames.ts";
import { hex, MAXVA, PAGE_SIZE, type PaNum, paNum, type VaNum } from "../machine/address.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { findArea } from "../kernel/memory/areas/areas.ts";
import { isSoleLeaf } from "../kernel/memory/tables/superpage.ts";
import { cacheKey, partAt } from "../kernel/memory/reclaim/page_cache.ts";
import { areaFlags, frameOf, slotOf } from "../kernel/memory/tables/pte.ts";
import { type AddressSpace, type Area, PERM_W, TRAMPOLINE } from "../kernel/memory/areas/space.ts";
import { trampolineFrame } from "../kernel/memory/areas/spaces.ts";
import { type AuditClass, entryText, type Finding, finding } from "./finding.ts";
import { spacesInUse } from "./mappings.ts";

const { PTE_A, PTE_D, PTE_G, PTE_R, PTE_U, PTE_V, PTE_W, PTE_X } = sv39;
const LEAF = PTE_R | PTE_W | PTE_X;
const MARKS = sv39.PTE_RSW0 | sv39.PTE_RSW1;

/** One entry, as it stands in RAM. */
interface Entry {
  readonly space: AddressSpace;
  readonly pid: number;
  readonly address: number;
  readonly at: PaNum;
  readonly low: number;
  readonly high: number;
  readonly level: number;
}

/** What is wrong with entries, lowest pid and address first. */
export function checkEntries(k: Kernel): Finding[] {
  const findings: Finding[] = [];
  for (const { space, process: { pid } } of spacesInUse(k)) {
    eachEntry(k, space, pid, (e) => {
      const say = (name: AuditClass, what: string) =>
        findings.push(finding(
          name,
          { address: e.address, pid, frame: inRam(k, e) ? frameOf(e.low) : undefined },
          `${entryText(pid, e.address, e.low, e.at)}, ${what}`,
        ));
      const damage = encoding(k, e);
      if (damage !== undefined) return say("PTE damaged", damage);
      if ((e.low & PTE_V) !== 0 && (e.low & LEAF) === 0) return;
      const area = e.address < MAXVA ? findArea(space, e.address as VaNum) : undefined;
      if (area !== undefined) checkInArea(k, e, area, say);
      else if ((e.low & PTE_V) === 0) say("swap slot", "names a slot outside every area");
    });
    checkTop(k, space, pid, findings);
  }
  return findings;
}

/** Visits each entry that is not 0, of all levels; goes down where a pointer leads to a frame of RAM. */
function eachEntry(
  k: Kernel,
  space: AddressSpace,
  pid: number,
  visit: (entry: Entry) => void,
): void {
  const { ram } = k.machine;
  const descend = (table: PaNum, level: number, base: number) => {
    const bytes = ram.bytes(table, PAGE_SIZE);
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, PAGE_SIZE / 4);
    for (let i = 0; i < 512; i++) {
      const low = words[2 * i], high = words[2 * i + 1];
      if (low === 0 && high === 0) continue;
      const address = base + i * 2 ** (12 + 9 * level);
      visit({ space, pid, address, at: paNum(table + 8 * i), low, high, level });
      const isPointer = (low & (PTE_V | LEAF)) === PTE_V && high === 0;
      if (isPointer && level > 0 && ram.contains(frameOf(low), PAGE_SIZE)) {
        descend(frameOf(low), level - 1, address);
      }
    }
  };
  if (ram.contains(space.root, PAGE_SIZE)) descend(space.root, 2, 0);
}

/** Why no walk, of the hardware or of the kernel, takes the entry for what it should be. */
function encoding(k: Kernel, { low, high, level }: Entry): string | undefined {
  // The kernel's PTEs have 32 bits: the rest is the high part of an address beyond RAM, or reserved.
  if (high !== 0) return `its upper half is ${hex(high)}: reserved bits, or an address beyond RAM`;
  if ((low & PTE_V) === 0) return undefined; // swap_check.ts
  if ((low & LEAF) === 0) {
    if (level === 0) return "a pointer at level 0, where only pages can be";
    const more = low & (PTE_A | PTE_D | PTE_U | PTE_G | MARKS);
    if (more !== 0) return "a pointer with bits that only a leaf has";
    const inRam = k.machine.ram.contains(frameOf(low), PAGE_SIZE);
    return inRam ? undefined : "a pointer to a table outside RAM";
  }
  if ((low & (PTE_R | PTE_W)) === PTE_W) return "writable but not readable, which is reserved";
  if (level === 2) return "a 1 GiB leaf, which this kernel never makes";
  if (level === 1 && (low >>> 10) % 512 !== 0) return "a 2 MiB leaf that is not aligned to 2 MiB";
  return undefined;
}

function inRam(k: Kernel, { low, level }: Entry): boolean {
  return (low & PTE_V) !== 0 && k.machine.ram.contains(frameOf(low), PAGE_SIZE * 512 ** level);
}

type Say = (name: AuditClass, what: string) => void;

/** A page in memory or on the swap disk: both must have what a fault on it relies on. */
function checkInArea(k: Kernel, e: Entry, area: Area, say: Say): void {
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
  } else if (inRam(k, e)) checkPlace(k, e, area, say);
}

function checkRights(k: Kernel, e: Entry, area: Area, here: boolean, say: Say): void {
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
  if (verdict.do === "kill") say("mark lost", `lacks W and the mark: the next store kills`);
}

/** What the fault path would take for the only owner, by the kernel's own counts. */
function isSoleOwner(k: Kernel, e: Entry, here: boolean): boolean {
  const memory = k;
  if (!here) return memory.state.swap.counts[slotOf(e.low)] === 1;
  if (!inRam(k, e)) return true;
  return e.level === 1 ? isSoleLeaf(memory, e.low) : isSole(memory, frameOf(e.low));
}

/** The frame is the one that reclaim and write-back look for behind this address. */
function checkPlace(k: Kernel, e: Entry, area: Area, say: Say): void {
  const { cache } = k.state;
  const frame = frameOf(e.low);
  const held = cache.byFrame.get(frame);
  const part = partAt(area, e.address as VaNum);
  if (held !== undefined) {
    const key = part && cacheKey(area.backing!.file, part.offset, part.length);
    if (key === cacheKey(held.file, held.offset, held.length)) return;
    return say("page misplaced", "shows a page of a file that is not the area's there");
  }
  if (area.shared) {
    return say("page misplaced", "in shared memory, but not the page that the others map");
  }
  for (let i = 0; i < 512 ** e.level; i++) {
    const page = frameAt(k, frameIndex(k, frame) + i);
    if (kindOf(k, page) !== "user" || homeOf(k, page) === e.address + i * PAGE_SIZE) {
      continue;
    }
    const home = hex(homeOf(k, page));
    return say("page misplaced", `its frame says that all owners map it at ${home}`);
  }
}

/** Trampoline and trapframes stand where the way to user mode and back expects them, and nowhere else. */
function checkTop(k: Kernel, space: AddressSpace, pid: number, findings: Finding[]): void {
  const check = (name: AuditClass, address: VaNum, frame: PaNum, flags: number) => {
    const { leaf } = sv39.walk(k.machine.ram, space.root, address);
    const is = leaf === undefined ? undefined : Number(leaf.pte) & ~(PTE_A | PTE_D);
    if (is === sv39.makePte(frame, flags)) return;
    const found = leaf === undefined ? "not mapped" : `mapped by PTE ${hex(leaf.pte)}`;
    const detail = `${hex(address)} of pid ${pid} should lead to ${hex(frame)} for the kernel ` +
      `alone, but is ${found}`;
    findings.push(finding(name, { address, pid, frame }, detail));
  };
  const trampoline = trampolineFrame(k.ram);
  check("trampoline lost", TRAMPOLINE, trampoline, PTE_V | PTE_R | PTE_X);
  for (const { va, frame } of space.trapframes) {
    check("trapframe lost", va, frame, PTE_V | PTE_R | PTE_W);
  }
}
