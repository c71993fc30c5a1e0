/**
 * One physical frame: what it is, how often it is counted, and who maps it.
 *
 * @module
 */

import { type Pa, pa, type PaNum, paNum } from "../machine/address.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { eachLeaf, type Mapping, mappingsTo, spacesInUse } from "./mappings.ts";

/** A snapshot of one frame. */
export interface FrameReport {
  /** First byte of the frame. */
  readonly pa: Pa;
  /** What the kernel says it is: `user`, `table`, `trapframe`, `cache`, `kernel`, `free`, `fresh` (never used). */
  readonly kind: string;
  /** The count the kernel keeps. */
  readonly stored: number;
  /** User mappings found in the page tables. */
  readonly counted: number;
  /** `ok`, or what does not fit. */
  readonly state: string;
  /** The user mappings, lowest pid first. */
  readonly owners: readonly Mapping[];
  /** Other uses: page table of a process, its trapframe, the trampoline, the free list. */
  readonly uses: readonly string[];
}

/** The frame that holds a physical address. Throws a RangeError outside RAM. */
export function frameReport(k: Kernel, address: Pa): FrameReport {
  const { frames } = k.memory;
  const frame = frameAt(k, address);
  const all = mappingsTo(k, frame);
  const owners = all.filter((m) => m.kind !== "trapframe" && m.kind !== "trampoline");
  const kind = frames.kind(frame);
  const stored = frames.count(frame);
  const counted = owners.length;
  const uses = [
    ...all.filter((m) => !owners.includes(m)).map((m) => `${m.kind} of pid ${m.pid}`),
    ...tablesAt(k, frame),
    ...(kind === "free" ? ["on the free list"] : []),
  ];
  return {
    pa: pa(frame),
    kind,
    stored,
    counted,
    state: stateOf(kind, stored, counted),
    owners,
    uses,
  };
}

/** The frame, as a number. Throws a RangeError with one clear line for an address outside RAM. */
export function frameAt(k: Kernel, address: Pa): PaNum {
  const { ram } = k.machine;
  if (address < BigInt(ram.base) || address >= BigInt(ram.end)) {
    throw new RangeError(
      `physical address 0x${address.toString(16)} is outside RAM: want 0x${
        ram.base.toString(16)
      }..0x${(ram.end - 1).toString(16)}`,
    );
  }
  return paNum(Number(address - address % 4096n));
}

function stateOf(kind: string, stored: number, counted: number): string {
  switch (kind) {
    case "user":
      if (counted === stored) return "ok";
      return counted === 0 ? "leak: nobody maps it" : "count is wrong";
    case "cache":
      return counted <= stored ? "ok" : "count is wrong";
    case "free":
    case "fresh":
      return counted === 0 ? "ok" : "free, but mapped";
    default:
      return counted === 0 ? "ok" : `${kind}, but mapped for user code`;
  }
}

function tablesAt(k: Kernel, frame: PaNum): string[] {
  const uses: string[] = [];
  for (const { space, process } of spacesInUse(k)) {
    eachLeaf(k.machine.ram, space.root, () => {}, (table, level) => {
      if (table === frame) {
        uses.push(`level-${level} table of pid ${process.pid}`);
      }
    });
  }
  return uses;
}
