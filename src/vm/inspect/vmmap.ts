/** The areas of one process and what is behind them, as `/proc/PID/maps` and `smaps` show it. */

import { PAGE_SIZE, type PaNum, type Va, va } from "../machine/address.ts";
import type { Ram } from "../machine/memory.ts";
import { frameOf, leafSize, PTE_R, PTE_U, PTE_W, PTE_X } from "../machine/sv39.ts";
import { eachLeaf, mappedCounts } from "./mappings.ts";
import { areaAt, type AreaFacts, type KernelView, partOf, type RootView } from "./view.ts";

/** One area, a snapshot. Sizes in bytes. */
export interface AreaView {
  /** First address. */
  readonly start: Va;
  /** First address behind it. */
  readonly end: Va;
  /** Bytes from start to end. */
  readonly size: number;
  /** `rwx` with dashes, then `s` for shared or `p` for private, `?` where nobody can tell. */
  readonly perm: string;
  /** `text`, `stack`, `heap`, `anon`, `file`, `usyscall`, `trapframe` … `unknown`. */
  readonly kind: string;
  /** Bytes that have a frame now. */
  readonly rss: number;
  /** Bytes whose frame others map, too. */
  readonly shared: number;
  /** Bytes that a store would have to copy or take over: no W, in an area that may be written. */
  readonly cow: number;
  /** Bytes mapped by 2 MiB leaves. */
  readonly superpage: number;
  /** i-number of the file behind it, if there is one. */
  readonly file: number | undefined;
  /** Byte of the file at the area's start. */
  readonly offset: number | undefined;
}

/** Areas by address, kernel pages last; of what is in none that is known, runs of pages mapped alike. */
export function vmmap(view: KernelView, ram: Ram, root: RootView): AreaView[] {
  const mapped = mappedCounts(view, ram);
  const areas = root.areas.filter((area) => area.end > area.start);
  const known = new Map(areas.map((area) => [area, viewOf(area)]));
  const views: Summed[] = [...known.values()];
  let run: Summed | undefined;
  const leaf = (address: number, pte: number, _at: PaNum, level: number) => {
    const size = leafSize(level);
    const area = areaAt(root, address);
    let sum = area && known.get(area);
    if (partOf(root, address) === "unknown") {
      const perm = permText(pte) + ((pte & PTE_U) === 0 ? "-" : "?");
      if (run?.end === BigInt(address) && run.perm === perm) sum = run;
      else views.push(sum = run = emptyView(address, address, perm, "unknown"));
      sum.end = va(address + size);
      sum.size += size;
    }
    if (sum === undefined) return;
    sum.rss += size;
    const others = mapped[(frameOf(pte) - view.frames.first) / PAGE_SIZE] > 1;
    if (others) sum.shared += size;
    const mayStore = area === undefined || !root.allAreas
      ? (pte & (view.cowBit ?? 0)) !== 0
      : (area.perm! & 2) !== 0 && !area.shared;
    if ((pte & PTE_W) === 0 && mayStore) sum.cow += size;
    if (level > 0) sum.superpage += size;
  };
  eachLeaf(ram, root.root, { leaf });
  const own = [...root.kernelPages].sort((a, b) => a.va - b.va).map(({ va: at, kind }) => {
    const perm = kind === "trampoline" ? "r-xp" : "rw-p";
    return { ...emptyView(at, at + PAGE_SIZE, perm, kind), rss: PAGE_SIZE };
  });
  return [...views.sort((a, b) => Number(a.start - b.start)), ...own];
}

/** A view while its sums are made. */
type Summed = { -readonly [Name in keyof AreaView]: AreaView[Name] };

function viewOf({ start, end, kind, perm, shared, file, offset }: AreaFacts): Summed {
  const rights = perm === undefined ? "???" : permText(perm << 1);
  const text = rights + (shared === undefined ? "?" : shared ? "s" : "p");
  return { ...emptyView(start, end, text, kind), file, offset };
}

/** `rwx` with dashes, of a PTE's bits. */
function permText(pte: number): string {
  return (pte & PTE_R ? "r" : "-") + (pte & PTE_W ? "w" : "-") + (pte & PTE_X ? "x" : "-");
}

function emptyView(start: number, end: number, perm: string, kind: string): Summed {
  const sums = { rss: 0, shared: 0, cow: 0, superpage: 0 };
  const file = { file: undefined, offset: undefined };
  return { start: va(start), end: va(end), size: end - start, perm, kind, ...sums, ...file };
}
