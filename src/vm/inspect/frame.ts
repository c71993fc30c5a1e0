/** One physical frame: what it is, how often it is counted, and who maps it. */

import { hex, type Pa, pa, PAGE_SIZE, type PaNum, paNum } from "../machine/address.ts";
import type { Ram } from "../machine/memory.ts";
import { isUsers, type Mapping, mappingsTo, usesOf } from "./mappings.ts";
import type { KernelView } from "./view.ts";

/** A snapshot of one frame. */
export interface FrameReport {
  /** First byte of the frame. */
  readonly pa: Pa;
  /**
   * What the kernel says it is: `user`, `table`, `trapframe`, `cache`, `kernel`, `free`, `fresh`
   * (never used); `unknown` where nobody can tell.
   */
  readonly kind: string;
  /** The count the kernel keeps; undefined: unknown. */
  readonly stored: number | undefined;
  /** User mappings found in the page tables. */
  readonly counted: number;
  /** `ok`, what does not fit, or `unknown`. */
  readonly state: string;
  /** The user mappings, lowest pid first. */
  readonly owners: readonly Mapping[];
  /** Other uses: page table of a process, its trapframe, the trampoline, the free list. */
  readonly uses: readonly string[];
}

/**
 * A live handle on one physical frame: every property is read anew. There is one object a frame, so
 * handles compare with `===`; {@link Frame.report} gives a snapshot.
 */
export class Frame {
  /** First byte of the frame. */
  readonly pa: Pa;
  readonly #view: KernelView;
  readonly #ram: Ram;

  /** @internal For {@link frameHandle}; scripts ask `vm.frame(pa)` and `process.frame(va)`. */
  constructor(view: KernelView, ram: Ram, address: Pa) {
    this.#view = view;
    this.#ram = ram;
    this.pa = address;
  }

  /** Counts, state and owners as they are now, a snapshot. */
  report(): FrameReport {
    return frameReport(this.#view, this.#ram, this.pa);
  }

  /** What the kernel says it is now; see {@link FrameReport.kind}. */
  get kind(): string {
    return this.#view.frames.kind(this.#number) ?? "unknown";
  }

  /** The count the kernel keeps, now; undefined: unknown. */
  get stored(): number | undefined {
    return this.#view.frames.stored(this.#number);
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
    return mappingsTo(this.#view, this.#ram, this.#number);
  }

  /** What it holds now, a copy: 4096 bytes. */
  bytes(): Uint8Array {
    return this.#ram.bytes(this.#number, PAGE_SIZE).slice();
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

const handles = new WeakMap<KernelView, Map<Pa, Frame>>();

/** The live handle on the frame that holds a physical address. Throws a RangeError outside RAM. */
export function frameHandle(view: KernelView, ram: Ram, address: Pa): Frame {
  const first = pa(frameAt(ram, address));
  let known = handles.get(view);
  if (known === undefined) handles.set(view, known = new Map());
  let frame = known.get(first);
  if (frame === undefined) known.set(first, frame = new Frame(view, ram, first));
  return frame;
}

/** The frame that holds a physical address. Throws a RangeError outside RAM. */
export function frameReport(view: KernelView, ram: Ram, address: Pa): FrameReport {
  const frame = frameAt(ram, address);
  const { mappings: all, tables } = usesOf(view, ram, frame);
  const owners = all.filter(isUsers);
  const kind = view.frames.kind(frame);
  const stored = view.frames.stored(frame);
  const uses = [
    ...all.filter((m) => !isUsers(m)).map((m) => `${m.kind} of pid ${m.pid}`),
    ...tables.map(({ pid, level }) => `level-${level} table of pid ${pid}`),
    ...(kind === "free" ? ["on the free list"] : []),
  ];
  const counted = owners.length;
  const state = stateOf(
    kind,
    view.frames.isFree(frame),
    stored === undefined ? undefined : stored - view.frames.more,
    counted,
  );
  return { pa: pa(frame), kind: kind ?? "unknown", stored, counted, state, owners, uses };
}

/** The frame, as a number. Throws a RangeError with one clear line for an address outside RAM. */
function frameAt(ram: Ram, address: Pa): PaNum {
  if (address < BigInt(ram.base) || address >= BigInt(ram.end)) {
    const want = `${hex(ram.base)}..${hex(ram.end - 1)}`;
    throw new RangeError(`physical address ${hex(address)} is outside RAM: want ${want}`);
  }
  return paNum(Number(address - address % BigInt(PAGE_SIZE)));
}

function stateOf(
  kind: string | undefined,
  free: boolean | undefined,
  stored: number | undefined,
  counted: number,
): string {
  if (free) return counted === 0 ? "ok" : "free, but mapped";
  if (kind === "user" && counted === 0 && stored !== 0) return "leak: nobody maps it";
  if (kind === "user" || kind === "cache" || (kind === undefined && counted > 0)) {
    return stored === undefined ? "unknown" : counted === stored ? "ok" : "count is wrong";
  }
  if (kind === undefined) return "unknown";
  return counted === 0 ? "ok" : `${kind}, but mapped for user code`;
}
