/**
 * Holds what a kernel keeps about frames against what stands in its page tables and in the TLB, and
 * names each thing that does not fit, with its owners. Finds the bugs that COW labs are full of:
 * counts that are not counts, frames free while mapped, two writers of one frame, stale TLB
 * entries, lost tables. What is unknown is not judged.
 */

import { counted as countedWord } from "../machine/counted.ts";
import { PAGE_SIZE, type PaNum } from "../machine/address.ts";
import type { Ram } from "../machine/memory.ts";
import type { Mmu } from "../machine/mmu.ts";
import { frameOf, PTE_D, PTE_U, PTE_V, PTE_W } from "../machine/sv39.ts";
import { type AuditClass, entryText, type Finding, finding, type Say, weighed } from "./finding.ts";
import { eachLeaf, mappingsTo } from "./mappings.ts";
import { checkTables } from "./table_check.ts";
import { checkTlb } from "./tlb_check.ts";
import { areaAt, type KernelView, partOf, type RootView, userRoots } from "./view.ts";

const times = (n: number) => countedWord(n, "time");

/** What one sweep over all page tables collects, by the number of the frame. */
export interface Sweep {
  /** User mappings of each frame. */
  readonly mapped: Uint32Array;
  /** Those of them that may be written through, in private areas. */
  readonly writers: Uint32Array;
  /** Those of its mappings without W that bear the COW bit, and those that do not. */
  readonly marked: Uint32Array;
  readonly bare: Uint32Array;
  /** 1 where a shared mapping has D set, so that somebody will write the page back. */
  readonly dirty: Uint8Array;
  /** How often each frame is reached as a page table. */
  readonly tables: Uint32Array;
  /** How often each frame is mapped as a trapframe. */
  readonly trapframes: Uint32Array;
}

/** What only one kernel can be asked, beyond the view: given what the sweep has found. */
type MoreChecks = (sweep: Sweep, say: Say) => void;

/** What could not be judged because it is unknown, a phrase each; empty when all was. */
export function unjudged(view: KernelView): string[] {
  const { frames } = view;
  const roots = userRoots(view);
  return [
    ...(frames.counted === undefined ? ["stored counts are unknown"] : []),
    ...(frames.free() === undefined ? ["no free list is known"] : []),
    ...(roots.length === 0 ? ["no process is known"] : []),
    ...(roots.some(({ allAreas }) => !allAreas)
      ? ["what is mapped outside of known areas: the kernel may have others"]
      : []),
  ];
}

/**
 * Everything that does not fit; empty when all is well. `holds`: which findings are true even while
 * the kernel is in the middle of something; without it, those about counts are not made then.
 */
export function audit(
  view: KernelView,
  ram: Ram,
  mmus: readonly Mmu[],
  more?: MoreChecks,
  holds?: (one: Finding) => boolean,
): Finding[] {
  const findings: Finding[] = [];
  const say: Say = (...what) => findings.push(finding(...what));
  const why = view.unrest();
  const sayIt: Say = why === undefined ? say : (...what) => {
    const one = finding(...what);
    if (holds?.(one)) findings.push(one);
  };
  const sweep = why === undefined || holds !== undefined
    ? sweepTables(view, ram, sayIt)
    : undefined;
  if (sweep !== undefined) checkFrames(view, ram, sweep, sayIt);
  else say("not at rest", {}, `counts are not held against page tables now: ${why}`);
  checkTables(view, ram, say, why === undefined);
  for (const mmu of mmus) checkTlb(view, ram, mmu, say);
  if (why === undefined) checkLost(view, ram, say);
  if (sweep !== undefined) more?.(sweep, sayIt);
  return weighed(findings);
}

/** Goes over all leaves of all processes once, and tells of those that lead nowhere. */
function sweepTables(view: KernelView, ram: Ram, say: Say): Sweep {
  const { total } = view.frames;
  const sweep: Sweep = {
    mapped: new Uint32Array(total),
    writers: new Uint32Array(total),
    marked: new Uint32Array(total),
    bare: new Uint32Array(total),
    dirty: new Uint8Array(total),
    tables: new Uint32Array(total),
    trapframes: new Uint32Array(total),
  };
  for (const root of userRoots(view)) sweepTable(view, ram, root, sweep, say);
  return sweep;
}

function sweepTable(view: KernelView, ram: Ram, root: RootView, sweep: Sweep, say: Say): void {
  const { first: base, total } = view.frames;
  const { pid } = root;
  const mark = view.cowBit ?? 0;
  const leaf = (address: number, pte: number, at: PaNum, level: number) => {
    const frame = frameOf(pte);
    const first = (frame - base) / PAGE_SIZE;
    const pages = 2 ** (9 * level);
    const area = areaAt(root, address);
    const outside = (frame?: PaNum, more = "") => {
      const text = entryText(pid, address, pte, at) + more;
      say("mapped outside areas", { address, pid, frame }, text);
    };
    if (first < 0 || first + pages > total) {
      // A kernel may map devices for itself.
      const wrong = root.allAreas || (pte & PTE_U) !== 0;
      return wrong ? outside(undefined, ", points outside RAM") : undefined;
    }
    if (area === undefined) {
      const part = partOf(root, address);
      if (part === "trapframe") sweep.trapframes[first]++;
      if (part === "trapframe" || part === "trampoline") return;
      if (root.allAreas) outside(frame);
    }
    const isPrivate = area !== undefined ? area.shared !== true : !root.allAreas;
    for (let i = first; i < first + pages; i++) {
      sweep.mapped[i]++;
      // A guard page lacks U: nobody writes there.
      if ((pte & PTE_W) !== 0) sweep.writers[i] += isPrivate && (pte & PTE_U) !== 0 ? 1 : 0;
      else if ((pte & mark) !== 0) sweep.marked[i]++;
      else sweep.bare[i]++;
      if ((pte & PTE_D) !== 0 && area?.shared) sweep.dirty[i] = 1;
    }
  };
  const table = (table: PaNum) => {
    const i = (table - base) / PAGE_SIZE;
    if (i >= 0 && i < total) sweep.tables[i]++;
  };
  eachLeaf(ram, root.root, { leaf, table });
}

/** Each frame's stored count and kind against what the sweep found. */
function checkFrames(view: KernelView, ram: Ram, sweep: Sweep, sayIt: Say): void {
  const { frames } = view;
  const known = userRoots(view).every(({ allAreas }) => allAreas);
  for (let i = 0; i < frames.total; i++) {
    const frame = (frames.first + i * PAGE_SIZE) as PaNum;
    const [mapped, writers, tables] = [sweep.mapped[i], sweep.writers[i], sweep.tables[i]];
    const kind = frames.kind(frame);
    const say = (name: AuditClass, detail: string) => {
      const owners = mapped > 0 ? mappingsTo(view, ram, frame) : [];
      sayIt(name, { frame, stored: frames.stored(frame), counted: mapped, owners }, detail);
    };
    if (frames.isFree(frame)) {
      if (mapped > 0) say("free but mapped", `on the free list, but mapped ${times(mapped)}`);
      if (tables > 0) say("free but mapped", "on the free list, but used as a page table");
      if (sweep.trapframes[i] > 0) say("free but mapped", "on the free list, but a trapframe");
      continue;
    }
    if (frames.countsMappings(frame) ?? mapped > 0) {
      checkCount(frames.stored(frame), mapped, frames.more, say);
    }
    const isPage = kind === "user" || kind === "cache" || kind === undefined;
    if (isPage && mapped > 1 && writers > 0) {
      say("writable by two", `mapped ${times(mapped)}, and ${writers} of them may write`);
    }
    // Where areas are known, each entry is held against its own.
    const bare = sweep.bare[i];
    if (isPage && sweep.marked[i] > 0 && bare > 0 && !known) {
      say(
        "mark lost",
        `mapped ${times(mapped)}, by ${bare} of them with neither W nor the mark that a store ` +
          "copies by: a store there kills, and copies for the others",
      );
    }
    if (kind === "table" && tables === 0) say("table leak", "a page table that no root leads to");
    if (kind !== undefined && kind !== "table" && tables > 0) {
      say("table not a table", `used as a page table, but the kernel says: ${kind}`);
    } else if (tables > 1) say("table shared", `a page table reached ${tables} times`);
    if ((kind === "table" || (kind === undefined && tables > 0)) && mapped > 0) {
      say("writable by two", "a page table that user code can reach");
    }
    if ((kind === "trapframe" || kind === "kernel") && mapped > 0) {
      say("writable by two", `a frame of the kernel (${kind}) that user code can reach`);
    }
    if (kind === "cache" && writers > 0 && mapped === 1) {
      say("writable by two", "a page of a file that a private mapping may write");
    }
    if (kind === "trapframe" && sweep.trapframes[i] === 0) {
      say("trapframe lost", "a trapframe that is not mapped in any space");
    }
  }
}

/** Frames that are neither free nor anybody's, and a free list that is none. */
function checkLost(view: KernelView, ram: Ram, say: Say): void {
  const { frames } = view;
  for (const { frame, text } of frames.wrongLinks()) say("free list damaged", { frame }, text);
  for (const frame of frames.lost() ?? []) {
    const stored = frames.stored(frame);
    const count = stored === undefined ? "" : `, counted ${stored},`;
    const nobody = "and no page table, variable or stack of the kernel leads to it";
    if (isTable(ram, frame)) say("table leak", { frame, stored }, `a page table, ${nobody}`);
    else say("leak", { frame, stored, counted: 0 }, `allocated${count} ${nobody}`);
  }
}

/** Whether a frame holds entries of a page table that lead into RAM, and nothing else. */
function isTable(ram: Ram, frame: PaNum): boolean {
  let entries = 0;
  for (let at = frame as number; at < frame + PAGE_SIZE; at += 8) {
    const low = ram.read32(at as PaNum), high = ram.read32((at + 4) as PaNum);
    if (low === 0 && high === 0) continue;
    if ((low & PTE_V) === 0 || high !== 0 || !ram.contains(frameOf(low))) return false;
    entries++;
  }
  return entries > 0;
}

function checkCount(
  count: number | undefined,
  mapped: number,
  more: number,
  say: (name: AuditClass, detail: string) => void,
): void {
  if (count === undefined) return;
  const stored = count - more;
  const facts = `mapped ${times(mapped)}, but counted ${count}`;
  if (mapped === 0) say("leak", `allocated and counted ${count}, but nobody maps it`);
  else if (stored < mapped) say("count too low", `${facts}: it will be freed too early`);
  else if (stored > mapped) say("count too high", `${facts}: it will never be freed`);
}
