/**
 * What inspectors ask a kernel, whichever it is: the built-in one, which knows everything exactly,
 * or a guest's, of which some is inferred and some cannot be known.
 *
 * **Unknown is `undefined`**, in every member that says so: the kernel may well have the thing, but
 * nobody can tell. Readers show it as `?` or `unknown` and conclude nothing from it. Hardware (RAM,
 * page tables, TLBs) is not asked here: it is read.
 */

import type { DebugInfo, SourcePlace } from "../dwarf/debug_info.ts";
import type { Pa, PaNum } from "../machine/address.ts";
import type { MachineState } from "../machine/machine_state.ts";

/**
 * What a process does: `running` on a hart, `runnable`, `sleeping` in a system call, `held` (it has
 * a program and runs when it is stepped or continued), `manual` (it has none and does what a person
 * types), `zombie`, or `made` (xv6's USED: its record is taken, and it cannot run yet).
 */
export type ProcessState =
  | "running"
  | "runnable"
  | "sleeping"
  | "held"
  | "manual"
  | "zombie"
  | "made";

/** A process, as the kernel has it now. */
export interface ProcessView {
  readonly pid: number;
  readonly name: string;
  /** What it does; undefined: unknown. */
  readonly state: ProcessState | undefined;
  /** What it sleeps for, in words, empty when it does not sleep; undefined: unknown. */
  readonly waits: string | undefined;
  /** The pid of its parent, 0 when it has none; undefined: unknown. */
  readonly parent: number | undefined;
  /** The root of its page table; undefined while it has none, or unknown. */
  readonly root: PaNum | undefined;
  /** The number of the hart that it has; undefined while it has none. */
  readonly hart: number | undefined;
  /** Bytes from 0 to the end of its heap; undefined: unknown, or it has no memory. */
  readonly size: number | undefined;
  /**
   * Where its user registers stand while it is not in user mode, in xv6's layout; undefined: it
   * has none, or unknown.
   */
  readonly trapframe: PaNum | undefined;
  /**
   * Where its kernel registers stand while it is switched out: ra, sp, s0 to s11, as xv6's swtch
   * leaves them; undefined: it is on a hart, has none, or unknown.
   */
  readonly context: PaNum | undefined;
}

/** Pages from `start` up to `end` for which the kernel has one rule: Linux's VMA. */
export interface AreaFacts {
  readonly start: number;
  readonly end: number;
  /** What it is: `text`, `stack`, `heap`, `file` … */
  readonly kind: string;
  /** Rights: bits R 1, W 2, X 4; undefined: unknown. */
  readonly perm: number | undefined;
  /** Stores are seen by all who map it (MAP_SHARED); undefined: unknown. */
  readonly shared: boolean | undefined;
  /** i-number of the file behind it, if there is one. */
  readonly file: number | undefined;
  /** Byte of the file at the area's start. */
  readonly offset: number | undefined;
}

/** A page that the kernel maps into a process's table for itself: without U, and not counted. */
export interface KernelPage {
  readonly va: number;
  readonly kind: "trapframe" | "trampoline";
  /** The frame that belongs there; undefined: unknown. */
  readonly frame: PaNum | undefined;
}

/** A page table in use. */
export interface RootView {
  /** First byte of the root table. */
  readonly root: PaNum;
  /** Whose it is: of several processes the lowest pid; 0: the kernel's own. */
  readonly pid: number;
  readonly name: string;
  /** What the process may have there, ascending, as far as it is known. */
  readonly areas: readonly AreaFacts[];
  /** Those are all: it has nothing outside of them. */
  readonly allAreas: boolean;
  /** What the kernel has there for itself. */
  readonly kernelPages: readonly KernelPage[];
}

/** What a process has in memory, in pages of 4 KiB. */
export interface SpaceUsage {
  /** Pages that are in frames. */
  rss: number;
  /** Of these, in frames that no other space maps. */
  private: number;
  /** Of these, in frames that others map as well. */
  shared: number;
  /** Pages on the swap disk. */
  swapped: number;
  /** Frames of its page tables. */
  tables: number;
}

/** Where a free list is not a list. */
export interface WrongLink {
  /** The frame that stands on it twice, or whose link leads to no frame. */
  readonly frame: PaNum;
  /** One sentence. */
  readonly text: string;
}

/** What the kernel keeps about frames; each question names a frame by its first byte. */
export interface FramesView {
  /** The first of `total` frames, one behind the other, that the kernel keeps something about. */
  readonly first: PaNum;
  readonly total: number;
  /** How many of them the allocator may give to somebody; undefined: unknown. */
  free(): number | undefined;
  /** Whether the kernel counts who uses a frame; undefined: nobody knows. */
  readonly counted: boolean | undefined;
  /** Its stored count of references; undefined: unknown. */
  stored(frame: PaNum): number | undefined;
  /** Whether the allocator may give it to anybody; undefined: unknown. */
  isFree(frame: PaNum): boolean | undefined;
  /** `free`, `fresh`, `user`, `cache`, `table`, `trapframe` or `kernel`; undefined: unknown. */
  kind(frame: PaNum): string | undefined;
  /**
   * Whether its stored count has to be the number of its user mappings. Undefined: unknown; then
   * only a mapped frame is judged, since the kernel may count its own frames as it likes.
   */
  countsMappings(frame: PaNum): boolean | undefined;
  /**
   * How much more than its user mappings a frame's count is where all is well: 1 in a kernel that
   * counts its own direct map of RAM, too.
   */
  readonly more: number;
  /**
   * Frames that the allocator has given away and that nothing leads to: no page table, no variable
   * and no stack of the kernel. Undefined: nobody can tell in this way.
   */
  lost(): readonly PaNum[] | undefined;
  /** Links of free lists that cannot be. */
  wrongLinks(): readonly WrongLink[];
}

/** A place in a program: bytes behind a function or variable. */
export interface SymbolPlace {
  readonly name: string;
  readonly offset: number;
}

/** Names of addresses, both ways. `pid` names a process and its program; 0, the kernel itself. */
export interface SymbolsView {
  /** What an address belongs to; undefined: unknown. */
  at(pid: number, address: bigint): SymbolPlace | undefined;
  /** All names of a process's program, and of its kernel where that has any. */
  all(pid: number): ReadonlyMap<string, bigint>;
  /** Which line of the source the code at an address is from; undefined: unknown. */
  source(pid: number, address: bigint): SourcePlace | undefined;
  /** The debug information of a process's program, of pid 0 the kernel's; undefined: none. */
  debug(pid: number): DebugInfo | undefined;
}

/**
 * How sure a fact about a kernel is: `sure` is read from code or records, or was seen many times
 * without an exception; `likely` has evidence, and exceptions; `given` is what a person says.
 */
export type Sure = "sure" | "likely" | "given" | "unknown";

/** Something about a kernel that questions are answered from, and why it is believed. */
export interface Fact {
  /** What it is about: `counts`, `cow bit` … */
  readonly name: string;
  /** What is believed, in words: `none` where the kernel has no such thing; undefined: unknown. */
  readonly value: string | undefined;
  /** See {@link Sure}. */
  readonly sure: Sure;
  /** From what it follows, or why nobody knows. */
  readonly evidence: string;
}

/** Where a kernel keeps the count of a frame. */
export interface PlacedCount {
  /** Its physical address. */
  readonly pa: Pa;
  /** Bytes. */
  readonly size: number;
  /** Its element, as C indexes the array. */
  readonly index: number;
}

/** A kernel as inspectors see it, asked anew each time; nothing is changed by asking. */
export interface KernelView {
  /**
   * Whose memory is meant where nobody is named: the process that the present hart is in, in user
   * mode or in the kernel; 0: the kernel, as a process. Undefined: nobody's, somebody must be named.
   */
  readonly here: number | undefined;
  /** The processes, zombies included, lowest pid first. */
  processes(): ProcessView[];
  /** The one of that pid; undefined: there is none. */
  process(pid: number): ProcessView | undefined;
  /** The page tables in use, each once: the kernel's own, if it is known, then by lowest pid. */
  roots(): RootView[];
  /** The page table of a process, in its own name; undefined: it has none, or unknown. */
  rootOf(pid: number): RootView | undefined;
  readonly frames: FramesView;
  /** The bit of a PTE by which a store to the page makes a copy, as a mask; undefined: unknown. */
  readonly cowBit: number | undefined;
  /** Letters for the two RSW bits, bit 8 and bit 9; `1` where nobody knows what it means. */
  readonly rsw: readonly [string, string];
  /** The slot of the swap disk that a PTE with V clear names; undefined when it names none. */
  slotOf(pte: number): number | undefined;
  readonly symbols: SymbolsView;
  /** Why counts and tables may not agree now, in a fork for instance; undefined: at rest. */
  unrest(): string | undefined;
  /** What all answers are drawn from. */
  facts(): Fact[];
}

/** What is compared of a saved state; `kind` and `stored` are of the frame of a number. */
export interface SavedView {
  /** In pieces of a frame. */
  readonly ram: MachineState["ram"];
  readonly instret: number;
  /** Number of the next event, and whose numbers these are; undefined: nobody was told of any. */
  readonly event: { readonly next: number; readonly log?: object } | undefined;
  /** The processes: their name with what they do, and the root of their page table. */
  readonly processes: ReadonlyMap<number, { text: string; root: number | undefined }>;
  /** Frames that are free; undefined: unknown. */
  readonly free: number | undefined;
  kind(i: number): string | undefined;
  stored(i: number): number | undefined;
}

/** The page tables of processes: all but the kernel's own. */
export function userRoots(view: KernelView): RootView[] {
  return view.roots().filter(({ pid }) => pid !== 0);
}

/** The area that holds an address; undefined where there is none, or none is known. */
export function areaAt({ areas }: RootView, address: number): AreaFacts | undefined {
  let low = 0, high = areas.length;
  while (low < high) {
    const mid = (low + high) >>> 1;
    if (areas[mid].end <= address) low = mid + 1;
    else high = mid;
  }
  return low < areas.length && areas[low].start <= address ? areas[low] : undefined;
}

/** What an address lies in: a kind of area, a page of the kernel's, `none` or `unknown`. */
export function partOf(root: RootView, address: number): string {
  const area = areaAt(root, address);
  if (area !== undefined) return area.kind;
  const own = root.kernelPages.find((page) => page.va === address);
  return own?.kind ?? (root.allAreas ? "none" : "unknown");
}
