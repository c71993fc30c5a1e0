/** One address seen by the hardware: the walk, the frame at its end, what accesses would do. */

import { type Pa, pa, PAGE_SIZE, type PaNum, paNum, type Va, va } from "../machine/address.ts";
import { flagText } from "../machine/flags.ts";
import type { Ram } from "../machine/memory.ts";
import { makeSatp, PTE_V, type Rights, type Walk, walk } from "../machine/sv39.ts";
import { type Frame, frameHandle, type FrameReport } from "./frame.ts";
import { hardwareVerdicts, type Verdict } from "./hardware_verdict.ts";
import { slotIn } from "./page_owners.ts";
import { type KernelView, partOf, type RootView } from "./view.ts";

/** One level of the walk. */
export interface LevelView {
  /** 2 for the root table, 1, 0; a leaf at level 1 maps 2 MiB. */
  readonly level: number;
  /** Entry of the table, 0 to 511. */
  readonly index: number;
  /** Where the PTE stands. */
  readonly pteAddr: Pa;
  /** The PTE, all 64 bits. */
  readonly pte: bigint;
  /** What the PTE points to: the next table or the page; undefined for one that is not valid. */
  readonly pa: Pa | undefined;
  /** The slot of a page that is on the swap disk. */
  readonly slot: number | undefined;
  /** Bytes that a leaf maps; undefined for a pointer or an invalid PTE. */
  readonly size: number | undefined;
  /** The low ten bits, as {@link flagText} writes them. */
  readonly flags: string;
}

/** How an address was translated: the walk, and where it led. */
export interface WalkReport {
  /** The process that was asked. */
  readonly pid: number;
  /** Its name. */
  readonly name: string;
  /** The address that was asked about. */
  readonly va: Va;
  /** satp while that process runs: Sv39 and the root table's page number. */
  readonly satp: bigint;
  /** The area that the address lies in, `none` or `unknown`. */
  readonly kind: string;
  /** The walk, root first, as far as it went. */
  readonly levels: readonly LevelView[];
  /** The leaf PTE; undefined when the address is not mapped. */
  readonly pte: bigint | undefined;
  /** The frame that holds the address, a live handle; undefined when it is not mapped. */
  readonly frame: Frame | undefined;
  /** The address, translated. */
  readonly pa: Pa | undefined;
  /** Bytes of the page: 4096, or more for a superpage. */
  readonly size: number | undefined;
  /** Why the walk ended without a leaf. */
  readonly fail: string | undefined;
}

/** A snapshot of how an address is translated, and of what accesses would do. */
export interface Translation extends WalkReport {
  /** What a read, a write and a fetch would do, in this order. */
  readonly verdicts: readonly Verdict[];
  /** Counts and owners of the frame. */
  readonly owners: FrameReport | undefined;
}

/** How a page table translates an address now; `verdicts`: what accesses would do. */
export function translation(
  view: KernelView,
  ram: Ram,
  root: RootView,
  address: Va,
  verdicts: readonly Verdict[],
): Translation {
  const kind = address < 1n << 38n ? partOf(root, Number(address - address % 4096n)) : "none";
  const report = walked(view, ram, root, address, kind);
  return { ...report, verdicts, owners: report.frame?.report() };
}

/** The same for a hart that translates nothing: virtual addresses are physical ones. */
export function bareTranslation(
  view: KernelView,
  ram: Ram,
  name: string,
  address: Va,
  verdicts: readonly Verdict[],
): Translation {
  const first = pa(address - address % BigInt(PAGE_SIZE));
  const inRam = first < BigInt(ram.end) && ram.contains(paNum(Number(first)), PAGE_SIZE);
  const frame = inRam ? frameHandle(view, ram, first) : undefined;
  return {
    pid: 0,
    name,
    va: address,
    satp: 0n,
    kind: inRam ? "RAM" : "unknown",
    levels: [],
    pte: undefined,
    frame,
    pa: pa(address),
    size: undefined,
    fail: undefined,
    verdicts,
    owners: frame?.report(),
  };
}

/** The same by the kernel's own page table, for an access from S mode; undefined: unknown. */
export function kernelTranslation(
  view: KernelView,
  ram: Ram,
  address: Va,
  root: Pick<RootView, "pid" | "root"> | undefined = view.roots().find(({ pid }) => pid === 0),
  rights: Rights = { user: false, sum: false, mxr: false },
): Translation | undefined {
  if (root === undefined) return undefined;
  const report = walked(view, ram, { ...root, name: "kernel" }, address, "none");
  const owners = report.frame?.report();
  const kind = report.pa === undefined ? "none" : owners === undefined ? "device" : "kernel map";
  const verdicts = hardwareVerdicts(ram, root.root, address, rights);
  return { ...report, kind, owners, verdicts };
}

function walked(
  view: KernelView,
  ram: Ram,
  { pid, name, root }: Pick<RootView, "pid" | "name" | "root">,
  address: Va,
  kind: string,
): WalkReport {
  const found = walk(ram, root, address);
  return walkReport(view, ram, { pid, name, va: va(address), kind, root, walk: found });
}

/** What a walk found for a process, to be put into words later. */
export interface Look extends Pick<WalkReport, "pid" | "name" | "va" | "kind"> {
  /** The root table. */
  readonly root: PaNum;
  /** The PTEs on the way. */
  readonly walk: Walk;
}

/** What a walk found, in words. */
export function walkReport(
  view: KernelView,
  ram: Ram,
  { root, walk: result, ...who }: Look,
): WalkReport {
  const { leaf } = result;
  const levels = result.steps.map((step) => ({
    level: step.level,
    index: step.index,
    pteAddr: pa(step.pteAddr),
    pte: step.pte,
    pa: (step.pte & BigInt(PTE_V)) === 0n
      ? undefined
      : pa(((step.pte >> 10n) & 0xfff_ffff_ffffn) << 12n),
    slot: slotIn(view, step.pte),
    size: leaf !== undefined && step === result.steps.at(-1) ? leaf.size : undefined,
    flags: flagText(Number(step.pte & 0x3ffn), ...view.rsw),
  }));
  const first = leaf && pa(leaf.pa - leaf.pa % PAGE_SIZE);
  const inRam = first !== undefined && ram.contains(paNum(Number(first)), PAGE_SIZE);
  const frame = inRam ? frameHandle(view, ram, first) : undefined;
  return {
    ...who,
    satp: makeSatp(root),
    levels,
    pte: leaf?.pte,
    frame,
    pa: leaf && pa(leaf.pa),
    size: leaf?.size,
    fail: result.fail,
  };
}
