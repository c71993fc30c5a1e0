/**
 * One physical frame: what it is, how often it is counted, and who maps it.
 *
 * @module
 */

import { countOf, kindOf } from "../kernel/memory/frames/frames.ts";
import { hex, type Pa, pa, PAGE_SIZE, type PaNum, paNum } from "../machine/address.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { type Mapping, mappingsTo, usesOf } from "./mappings.ts";

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

/**
 * A live handle on one physical frame: every property is read anew. There is one object a frame, so handles
 * compare with `===`; {@link Frame.report} gives a snapshot.
 */
export class Frame {
  /** First byte of the frame. */
  readonly pa: Pa;
  readonly #k: Kernel;

  /**
   * For {@link frameHandle}; scripts get frames from `vm.frame(pa)` and `process.frame(va)`.
   *
   * @internal
   */
  constructor(k: Kernel, address: Pa) {
    this.#k = k;
    this.pa = address;
  }

  /** Counts, state and owners as they are now, a snapshot. */
  report(): FrameReport {
    return frameReport(this.#k, this.pa);
  }

  /** What the kernel says it is now; see {@link FrameReport.kind}. */
  get kind(): string {
    return kindOf(this.#k, this.#number);
  }

  /** The count the kernel keeps, now. */
  get stored(): number {
    return countOf(this.#k, this.#number);
  }

  /** User mappings, counted in all page tables now. */
  get counted(): number {
    return this.report().counted;
  }

  /** Who maps it now, lowest pid first. */
  get owners(): readonly Mapping[] {
    return this.report().owners;
  }

  /** Every PTE that maps it now, trapframes, trampolines and superpages included. */
  mappings(): Mapping[] {
    return mappingsTo(this.#k, this.#number);
  }

  /** What it holds now, a copy: 4096 bytes. */
  bytes(): Uint8Array {
    return this.#k.machine.ram.bytes(this.#number, PAGE_SIZE).slice();
  }

  /** The address in hexadecimal, so that it reads well in a text and in JSON. */
  toString(): string {
    return hex(this.pa);
  }

  /** See {@link Frame.toString}. */
  toJSON(): string {
    return this.toString();
  }

  get #number(): PaNum {
    return paNum(Number(this.pa));
  }
}

const handles = new WeakMap<Kernel, Map<Pa, Frame>>();

/** The live handle on the frame that holds a physical address. Throws a RangeError outside RAM. */
export function frameHandle(k: Kernel, address: Pa): Frame {
  const first = pa(frameAt(k, address));
  let known = handles.get(k);
  if (known === undefined) handles.set(k, known = new Map());
  let frame = known.get(first);
  if (frame === undefined) known.set(first, frame = new Frame(k, first));
  return frame;
}

/** The frame that holds a physical address. Throws a RangeError outside RAM. */
export function frameReport(k: Kernel, address: Pa): FrameReport {
  const frame = frameAt(k, address);
  const { mappings: all, tables } = usesOf(k, frame);
  const owners = all.filter((m) => m.kind !== "trapframe" && m.kind !== "trampoline");
  const kind = kindOf(k, frame);
  const stored = countOf(k, frame);
  const counted = owners.length;
  const uses = [
    ...all.filter((m) => !owners.includes(m)).map((m) => `${m.kind} of pid ${m.pid}`),
    ...tables.map(({ pid, level }) => `level-${level} table of pid ${pid}`),
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
      return counted === stored ? "ok" : "count is wrong";
    case "free":
    case "fresh":
      return counted === 0 ? "ok" : "free, but mapped";
    default:
      return counted === 0 ? "ok" : `${kind}, but mapped for user code`;
  }
}
