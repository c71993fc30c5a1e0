/**
 * One address of one process, seen by the hardware: the walk, level by level, the frame it ends at, and
 * what each kind of access would do.
 *
 * @module
 */

import { spaceOf } from "../kernel/process/table.ts";
import { type Pa, pa, PAGE_SIZE, type PaNum, paNum, type Va, va } from "../machine/address.ts";
import {
  type Access,
  EXECUTE,
  PAGE_FAULT,
  permits,
  PTE_V,
  READ,
  walk,
  WRITE,
} from "../machine/sv39.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Proc } from "../kernel/process/proc.ts";
import type { VaNum } from "../machine/address.ts";
import { flagText } from "../machine/flags.ts";
import { partOf } from "./mappings.ts";
import { slotIn } from "./page_owners.ts";
import { type Frame, frameHandle, type FrameReport } from "./frame.ts";
import { type Verdict, verdicts } from "./verdict.ts";

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

/** A snapshot of how an address is translated. */
export interface Translation {
  /** The process that was asked. */
  readonly pid: number;
  /** Its name. */
  readonly name: string;
  /** The address that was asked about. */
  readonly va: Va;
  /** satp while that process runs: Sv39 and the root table's page number. */
  readonly satp: bigint;
  /** The area that the address lies in, or `none`. */
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
  /** What a read, a write and a fetch would do, in this order. */
  readonly verdicts: readonly Verdict[];
  /** Counts and owners of the frame. */
  readonly owners: FrameReport | undefined;
}

/** How `address` is translated in a process now. */
export function translation(k: Kernel, p: Proc, address: Va): Translation {
  return {
    ...walked(k, spaceOf(k, p).root, address),
    pid: p.pid,
    name: p.name,
    kind: address < 1n << 38n ? partOf(spaceOf(k, p), pageOf(address)) : "none",
    verdicts: verdicts(k, spaceOf(k, p), address),
  };
}

/** How `address` is translated by the kernel's own page table, for an access from S mode. */
export function kernelTranslation(k: Kernel, address: Va): Translation {
  const t = walked(k, k.kernelRoot, address);
  const verdict = (access: Verdict["access"], n: Access): Verdict => {
    const denied = t.pte === undefined
      ? t.fail
      : permits(t.pte, n, { user: false, sum: false, mxr: false });
    return {
      access,
      allowed: denied === undefined,
      survives: denied === undefined,
      cause: denied === undefined ? undefined : PAGE_FAULT[n],
      text: denied === undefined ? "ok" : `panic: ${denied}`,
    };
  };
  return {
    ...t,
    pid: 0,
    name: "kernel",
    kind: t.pa === undefined ? "none" : t.owners === undefined ? "device" : "kernel map",
    verdicts: [verdict("read", READ), verdict("write", WRITE), verdict("execute", EXECUTE)],
  };
}

/** The walk and what it leads to. */
function walked(
  k: Kernel,
  root: PaNum,
  address: Va,
): Omit<Translation, "pid" | "name" | "kind" | "verdicts"> {
  const result = walk(k.machine.ram, root, address);
  const letters = k.policy.rsw;
  const { leaf } = result;
  const levels = result.steps.map((step) => ({
    level: step.level,
    index: step.index,
    pteAddr: pa(step.pteAddr),
    pte: step.pte,
    pa: (step.pte & BigInt(PTE_V)) === 0n
      ? undefined
      : pa(((step.pte >> 10n) & 0xfff_ffff_ffffn) << 12n),
    slot: slotIn(step.pte),
    size: leaf !== undefined && step === result.steps.at(-1) ? leaf.size : undefined,
    flags: flagText(Number(step.pte & 0x3ffn), ...letters),
  }));
  const first = leaf && pa(leaf.pa - leaf.pa % 4096);
  const inRam = first !== undefined && k.machine.ram.contains(paNum(Number(first)), PAGE_SIZE);
  const frame = inRam ? frameHandle(k, first) : undefined;
  return {
    va: va(address),
    satp: (8n << 60n) | BigInt(root / 4096),
    levels,
    pte: leaf?.pte,
    frame,
    pa: leaf && pa(leaf.pa),
    size: leaf?.size,
    fail: result.fail,
    owners: frame?.report(),
  };
}

function pageOf(address: Va): VaNum {
  return Number(address - address % 4096n) as VaNum;
}
