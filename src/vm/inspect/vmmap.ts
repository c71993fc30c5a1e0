/**
 * The areas of one process with what stands behind them, as `/proc/PID/maps` and `smaps` would show.
 *
 * @module
 */

import { countOf } from "../kernel/memory/frames/frames.ts";
import { type Va, va } from "../machine/address.ts";
import { PTE_W } from "../machine/sv39.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Proc } from "../kernel/process/proc.ts";
import { frameOf } from "../kernel/memory/tables/pte.ts";
import { isShm } from "../kernel/memory/areas/shm.ts";
import {
  type AddressSpace,
  type Area,
  permText,
  TRAMPOLINE,
} from "../kernel/memory/areas/space.ts";
import { eachLeaf } from "./mappings.ts";
import { spaceOf } from "../kernel/process/table.ts";

/** One area, a snapshot. Sizes in bytes. */
export interface AreaView {
  /** First address. */
  readonly start: Va;
  /** First address behind it. */
  readonly end: Va;
  /** Bytes from start to end. */
  readonly size: number;
  /** `rwx` with dashes, then `s` for shared or `p` for private. */
  readonly perm: string;
  /** `text`, `data`, `guard`, `stack`, `heap`, `anon`, `file`, `usyscall`, `trapframe` or `trampoline`. */
  readonly kind: string;
  /** Bytes that have a frame now. */
  readonly rss: number;
  /** Bytes whose frame others map, too. */
  readonly shared: number;
  /** Bytes that a store would have to copy or take over: mapped without W in an area that may be written. */
  readonly cow: number;
  /** Bytes mapped by 2 MiB leaves. */
  readonly superpage: number;
  /** i-number of the file behind it, if there is one. */
  readonly file: number | undefined;
  /** Byte of the file at the area's start. */
  readonly offset: number | undefined;
}

/** The areas of a process, by address, its trapframe and the trampoline last. */
export function vmmap(k: Kernel, p: Proc): AreaView[] {
  const space = spaceOf(k, p);
  const sums = sumByArea(k, space);
  const views = space.areas.filter((area) => area.end > area.start).map((area): AreaView => ({
    start: va(area.start),
    end: va(area.end),
    size: area.end - area.start,
    perm: permText(area.perm) + (area.shared ? "s" : "p"),
    kind: area.kind,
    ...sums.get(area)!,
    ...fileOf(area),
  }));
  for (const t of [...space.trapframes].sort((a, b) => a.va - b.va)) {
    views.push(kernelPage(t.va, "trapframe", "rw-"));
  }
  views.push(kernelPage(TRAMPOLINE, "trampoline", "r-x"));
  return views;
}

/** The file behind an area; shared anonymous memory has none, although the kernel keeps it as one. */
function fileOf({ backing }: Area): Pick<AreaView, "file" | "offset"> {
  if (backing === undefined || isShm(backing.file)) return { file: undefined, offset: undefined };
  return { file: backing.file.inode, offset: backing.offset };
}

interface Sums {
  rss: number;
  shared: number;
  cow: number;
  superpage: number;
}

function sumByArea(k: Kernel, space: AddressSpace): Map<Area, Sums> {
  const sums = new Map<Area, Sums>(
    space.areas.map((area) => [area, { rss: 0, shared: 0, cow: 0, superpage: 0 }]),
  );
  let i = 0;
  eachLeaf(k.machine.ram, space.root, (address, pte, _at, level) => {
    while (i < space.areas.length && space.areas[i].end <= address) i++;
    const area = space.areas[i];
    if (area === undefined || address < area.start) return;
    const sum = sums.get(area)!;
    const size = 2 ** (12 + 9 * level);
    sum.rss += size;
    if (countOf(k, frameOf(pte)) > 1) sum.shared += size;
    if ((pte & PTE_W) === 0 && (area.perm & 2) !== 0 && !area.shared) sum.cow += size;
    if (level > 0) sum.superpage += size;
  });
  return sums;
}

function kernelPage(start: number, kind: string, perm: string): AreaView {
  return {
    start: va(start),
    end: va(start + 4096),
    size: 4096,
    perm: `${perm}p`,
    kind,
    rss: 4096,
    shared: 0,
    cow: 0,
    superpage: 0,
    file: undefined,
    offset: undefined,
  };
}
