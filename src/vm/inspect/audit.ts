/**
 * Holds what the kernel believes against what stands in RAM and in the TLB, frame by frame, and names each
 * thing that does not fit, with its owners. Finds the bugs that COW labs are full of: counts that
 * are not counts, frames free while mapped, two writers of one frame, stale TLB entries, lost tables.
 *
 * @module
 */

import { counted as countedWord } from "../machine/counted.ts";
import { hex, pa, PAGE_SIZE, type PaNum, va } from "../machine/address.ts";
import type { VaNum } from "../machine/address.ts";
import { PTE_D, PTE_W } from "../machine/sv39.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Proc } from "../kernel/process/proc.ts";
import {
  countOf,
  FRAME_KINDS,
  frameAt,
  frameIndex,
  frameTotal,
  freeList,
} from "../kernel/memory/frames/frames.ts";
import { linkBack } from "../kernel/memory/frames/free_list.ts";
import { findArea } from "../kernel/memory/areas/areas.ts";
import { frameOf } from "../kernel/memory/tables/pte.ts";
import { isShm } from "../kernel/memory/areas/shm.ts";
import type { AddressSpace } from "../kernel/memory/areas/space.ts";
import { checkAreas } from "./area_check.ts";
import { checkCache } from "./cache_check.ts";
import { type AuditClass, entryText, type Finding } from "./finding.ts";
import { checkEntries } from "./pte_check.ts";
import { eachLeaf, mappingsTo, partOf, spacesInUse } from "./mappings.ts";
import { checkRecords } from "./record_check.ts";
import { checkSlots } from "./swap_check.ts";
import { staleEntries } from "./tlb_check.ts";

const times = (n: number) => countedWord(n, "time");

export type { AuditClass, Finding };

/** What one sweep over all page tables collects, by frame index. */
interface Sweep {
  /** User mappings of each frame. */
  readonly mapped: Uint32Array;
  /** Those of them that may be written through, in private areas. */
  readonly writers: Uint32Array;
  /** 1 where a shared mapping has D set, so that somebody will write the page back. */
  readonly dirty: Uint8Array;
  /** How often each frame is reached as a page table. */
  readonly tables: Uint32Array;
  /** How often each frame is mapped as a trapframe. */
  readonly trapframes: Uint32Array;
  readonly findings: Finding[];
}

/** Everything that does not fit; empty when all is well. */
export function audit(k: Kernel): Finding[] {
  const total = frameTotal(k);
  const sweep: Sweep = {
    mapped: new Uint32Array(total),
    writers: new Uint32Array(total),
    dirty: new Uint8Array(total),
    tables: new Uint32Array(total),
    trapframes: new Uint32Array(total),
    findings: [],
  };
  for (const { space, process } of spacesInUse(k)) sweepSpace(k, space, process, sweep);
  checkFrames(k, sweep);
  checkFreeList(k, sweep);
  sweep.findings.push(
    ...checkEntries(k),
    ...checkCache(k, sweep.dirty),
    ...checkAreas(k),
    ...staleEntries(k),
    ...checkSlots(k),
    ...checkRecords(k),
  );
  return sweep.findings;
}

function sweepSpace(k: Kernel, space: AddressSpace, process: Proc, sweep: Sweep): void {
  const visit = (address: number, pte: number, at: PaNum, level: number) => {
    const first = frameIndex(k, frameOf(pte));
    const area = findArea(space, address as VaNum);
    const pages = 2 ** (9 * level);
    const where = () => entryText(process.pid, address, pte, at);
    if (first < 0 || first + pages > frameTotal(k)) {
      report(sweep, "mapped outside areas", { address, process }, `${where()}, points outside RAM`);
      return;
    }
    if (area === undefined) {
      const part = partOf(space, address as VaNum);
      if (part === "trapframe") sweep.trapframes[first]++;
      if (part !== "none") return;
      report(sweep, "mapped outside areas", { address, process, frame: frameOf(pte) }, where());
      for (let i = first; i < first + pages; i++) sweep.mapped[i]++;
      return;
    }
    for (let i = first; i < first + pages; i++) {
      sweep.mapped[i]++;
      if ((pte & PTE_W) !== 0 && !area.shared) sweep.writers[i]++;
      if ((pte & PTE_D) !== 0 && area.shared) sweep.dirty[i] = 1;
    }
  };
  eachLeaf(k.machine.ram, space.root, visit, (table) => {
    const i = frameIndex(k, table);
    if (i >= 0) sweep.tables[i]++;
  });
}

/** Each frame's stored count and kind against what the sweep found. */
function checkFrames(k: Kernel, sweep: Sweep): void {
  const { counts, kinds } = k.state.frames;
  for (let i = 0; i < frameTotal(k); i++) {
    const kind = FRAME_KINDS[kinds[i]];
    const frame = frameAt(k, i);
    const counted = sweep.mapped[i];
    const stored = counts[i];
    const say = (name: AuditClass, detail: string) =>
      sweep.findings.push({
        class: name,
        pa: pa(frame),
        va: undefined,
        pid: undefined,
        stored,
        counted,
        detail,
        owners: counted > 0 ? mappingsTo(k, frame) : [],
      });
    if (kind === "free" || kind === "fresh") {
      if (counted > 0) say("free but mapped", `on the free list, but mapped ${times(counted)}`);
      if (sweep.tables[i] > 0) say("free but mapped", "on the free list, but used as a page table");
      if (sweep.trapframes[i] > 0) say("free but mapped", "on the free list, but a trapframe");
      continue;
    }
    if (kind === "user") checkCount(stored, counted, say);
    // A page of shared anonymous memory stays while an area refers to its object, mapped or not.
    if (kind === "cache" && !(stored === 0 && counted === 0 && isKeptShm(k, frame))) {
      checkCount(stored, counted, say);
    }
    if ((kind === "user" || kind === "cache") && counted > 1 && sweep.writers[i] > 0) {
      say("writable by two", `mapped ${times(counted)}, and ${sweep.writers[i]} of them may write`);
    }
    if (kind === "table") {
      if (sweep.tables[i] === 0) say("table leak", "a page table that no root leads to");
      if (sweep.tables[i] > 1) say("table shared", `a page table reached ${sweep.tables[i]} times`);
      if (counted > 0) say("writable by two", "a page table that user code can reach");
    } else if (sweep.tables[i] > 0) {
      say("table not a table", `used as a page table, but the kernel says: ${kind}`);
    }
    if ((kind === "trapframe" || kind === "kernel") && counted > 0) {
      say("writable by two", `a frame of the kernel (${kind}) that user code can reach`);
    }
    if (kind === "cache" && sweep.writers[i] > 0 && counted === 1) {
      say("writable by two", "a page of a file that a private mapping may write");
    }
    if (kind === "trapframe" && sweep.trapframes[i] === 0) {
      say("trapframe lost", "a trapframe that is not mapped in any space");
    }
  }
}

function isKeptShm(k: Kernel, frame: PaNum): boolean {
  const file = k.state.cache.byFrame.get(frame)?.file;
  return file !== undefined && isShm(file) && (k.state.shm.holders.get(file.inode) ?? 0) > 0;
}

function checkCount(
  stored: number,
  counted: number,
  say: (name: AuditClass, detail: string) => void,
): void {
  if (counted === 0) say("leak", `allocated and counted ${stored}, but nobody maps it`);
  else if (stored < counted) {
    say(
      "count too low",
      `mapped ${times(counted)}, but counted ${stored}: it will be freed too early`,
    );
  } else if (stored > counted) {
    say(
      "count too high",
      `mapped ${times(counted)}, but counted ${stored}: it will never be freed`,
    );
  }
}

/** Follows the links in the free frames themselves. */
function checkFreeList(k: Kernel, sweep: Sweep): void {
  const { kinds, free } = k.state.frames;
  const seen = new Uint8Array(frameTotal(k));
  let members = 0;
  let before: PaNum | undefined;
  for (const member of freeList(k)) {
    const i = frameIndex(k, member);
    const from = before === undefined ? "the head" : hex(before);
    const bad = i < 0 || member % PAGE_SIZE !== 0
      ? `${from} links to ${hex(member)}, which is no frame`
      : seen[i] !== 0
      ? `${from} links back to ${hex(member)}: a loop`
      : FRAME_KINDS[kinds[i]] !== "free"
      ? `${from} links to ${hex(member)}, which is in use as ${FRAME_KINDS[kinds[i]]}`
      : undefined;
    if (bad !== undefined) {
      report(sweep, "free list damaged", { frame: member, k }, bad);
      return;
    }
    const back = linkBack(k.machine.ram, member);
    if (back !== (before ?? 0)) {
      const detail = `${hex(member)} links back to ${hex(back)}, but comes after ${from}`;
      return report(sweep, "free list damaged", { frame: member, k }, detail);
    }
    seen[i] = 1;
    members++;
    before = member;
  }
  let fresh = 0;
  const { blockFree, counts, freshTop } = k.state.frames;
  const inBlock = new Uint16Array(blockFree.length);
  for (let i = 0; i < frameTotal(k); i++) {
    const kind = FRAME_KINDS[kinds[i]];
    const frame = frameAt(k, i);
    if (kind === "fresh") fresh++;
    if (kind === "fresh" || kind === "free") {
      inBlock[i >>> 9]++;
      if (counts[i] !== 0) {
        report(sweep, "free count wrong", { frame, k }, "free, but counted used");
      }
    }
    if (kind === "fresh" && i >= freshTop) {
      report(sweep, "free list damaged", { frame, k }, "never used, where nobody looks for it");
    }
    if (kind === "free" && seen[i] === 0) {
      report(
        sweep,
        "free list damaged",
        { frame: frameAt(k, i), k },
        "free, but not on the list",
      );
    }
  }
  const block = inBlock.findIndex((n, i) => n !== blockFree[i]);
  if (block >= 0) {
    const detail = `${inBlock[block]} free frames in 2 MiB block ${block}, counted ${
      blockFree[block]
    }`;
    report(sweep, "free count wrong", {}, detail);
  }
  if (members + fresh !== free) {
    report(
      sweep,
      "free count wrong",
      {},
      `${
        countedWord(free, "frame")
      } counted free, but ${members} on the list and ${fresh} never used`,
    );
  }
}

function report(
  sweep: Sweep,
  name: AuditClass,
  at: { address?: number; process?: Proc; frame?: PaNum; k?: Kernel },
  detail: string,
): void {
  sweep.findings.push({
    class: name,
    pa: at.frame === undefined ? undefined : pa(at.frame),
    va: at.address === undefined ? undefined : va(at.address),
    pid: at.process?.pid,
    stored: at.frame === undefined || at.k === undefined ? undefined : countOf(at.k, at.frame),
    counted: undefined,
    detail,
    owners: at.k === undefined || at.frame === undefined ? [] : mappingsTo(at.k, at.frame),
  });
}
