/**
 * What a guest's memory says of its kernel at one moment, each thing worked out when it is first
 * asked for: processes, page tables, what each frame is.
 */

import { PAGE_SIZE, type PaNum, vaNum } from "../machine/address.ts";
import { frameOf, leafSize, PTE_R, PTE_U, PTE_V, PTE_W, PTE_X, walk } from "../machine/sv39.ts";
import type { KernelPage } from "../inspect/view.ts";
import { type FreeFrames, freeFrames, type FreeList } from "./free_lists.ts";
import { lostFrames } from "./lost.ts";
import { areasOf, type MappedPage, type SpaceAreas } from "./areas.ts";
import { headsIn, kernelRootIn, type Known, stackOf } from "./known.ts";
import { type Layout, ProcTable, type Slot } from "./proc_table.ts";
import type { Variable } from "./symbols.ts";
import { type VmaShape, vmaShape } from "./vma_shape.ts";
import type { Words } from "./words.ts";
import { TRAMPOLINE, TRAPFRAME } from "./xv6.ts";

/** What a frame is for, by number; 0: nobody knows. */
export const KINDS: readonly (string | undefined)[] = [
  undefined,
  "free",
  "kernel",
  "table",
  "trapframe",
  "user",
];
const FREE = 1, KERNEL = 2, TABLE = 3, FRAME = 4, USER = 5;
const LEAF = PTE_R | PTE_W | PTE_X;

/** A memory with a kernel in it. */
export interface Place {
  readonly words: Words;
  readonly base: PaNum;
  /** Frames. */
  readonly total: number;
}

/** A process table in use. */
export interface Root {
  readonly root: PaNum;
  /** Whose; 0: the kernel's own. */
  readonly pid: number;
  readonly name: string;
}

/** What can be told of a memory. */
export class Facts {
  readonly place: Place;
  readonly known: Known;
  #table: ProcTable | undefined;
  #slots: readonly Slot[] | undefined;
  #roots: readonly Root[] | undefined;
  #free: FreeFrames | undefined | null = null;
  #kinds: Uint8Array | undefined;

  /** Of a memory at one moment, which must not change while this is asked. */
  constructor(place: Place, known: Known) {
    this.place = place;
    this.known = known;
  }

  /** The processes, lowest pid first; none where they are unknown. */
  get slots(): readonly Slot[] {
    return this.#slots ??= this.#processes.slots() ?? [];
  }

  /** Where the records of processes, also of those that are not in use, have their kernel stacks. */
  get kernelStacks(): number[] {
    const { layout, place: { words } } = this;
    const kstack = layout?.offsets.kstack;
    if (layout === undefined || kstack === undefined) return [];
    const { start, stride, records } = layout;
    const places = Array.from(
      { length: records },
      (_, i) => words.long(start + i * stride + kstack) ?? 0,
    );
    return places.filter((at) => at !== 0 && at % PAGE_SIZE === 0);
  }

  /** Where things stand in the processes' records; undefined: unknown. */
  get layout(): Layout | undefined {
    return this.slots && this.#processes.layout;
  }

  /** Why that is unknown. */
  get whyNoLayout(): string {
    return this.slots && this.#processes.why;
  }

  get #processes(): ProcTable {
    return this.#table ??= new ProcTable(this.place.words, this.known);
  }

  /** Whether a frame is the root table of a process. */
  isUserRoot(root: PaNum): boolean {
    return this.#processes.isUserRoot(root);
  }

  /** The kernel's own table, and those of the processes. */
  get roots(): readonly Root[] {
    if (this.#roots !== undefined) return this.#roots;
    const own = this.kernelRoot;
    const roots: Root[] = own === undefined ? [] : [{ root: own, pid: 0, name: "kernel" }];
    for (const { root, pid, name = "?" } of this.slots) {
      if (root !== undefined && !roots.some((one) => one.root === root)) {
        roots.push({ root, pid, name });
      }
    }
    return this.#roots = roots;
  }

  /** The root tables of the processes. */
  get userRoots(): PaNum[] {
    return this.slots.flatMap(({ root }) => root === undefined ? [] : [root]);
  }

  /** The kernel's own root table, as its variable says, if it is one, or a person. */
  get kernelRoot(): PaNum | undefined {
    const { known, place: { words } } = this;
    const root = words.frame(kernelRootIn(known, (at) => words.long(at)));
    if (root === undefined || known.given.kernel) return root;
    return this.isKernelRoot(root) ? root : undefined;
  }

  /** Whether a table maps the kernel's first page at its own address, to be executed in S-mode. */
  isKernelRoot(root: PaNum): boolean {
    const { symbols: { start } } = this.known;
    const { leaf } = walk(this.place.words.tables, root, vaNum(start));
    const rights = PTE_V | PTE_X;
    return leaf !== undefined && leaf.pa === start &&
      (leaf.flags & (rights | PTE_U)) === rights;
  }

  /** Where a trap from user mode enters the kernel, in every address space; undefined: unknown. */
  get uservec(): bigint | undefined {
    const { trampoline, table } = this.known.symbols;
    const at = table.get("uservec");
    if (at === undefined || trampoline === undefined) return undefined;
    return at - BigInt(trampoline) + BigInt(TRAMPOLINE);
  }

  /** Those of some functions that the kernel has. */
  busyFunctions(names: readonly string[]): (Variable & { readonly name: string })[] {
    return this.#busy ??= names.flatMap((name) => {
      const where = this.known.symbols.function(name);
      return where === undefined ? [] : [{ name, ...where }];
    });
  }

  #busy: (Variable & { readonly name: string })[] | undefined;

  /** What the kernel has for itself in a process's table. */
  kernelPages(slot: Slot | undefined): KernelPage[] {
    const { trampoline } = this.known.symbols;
    return [
      { va: TRAMPOLINE, kind: "trampoline", frame: trampoline },
      { va: TRAPFRAME, kind: "trapframe", frame: slot?.trapframe },
    ];
  }

  /** One byte a frame, 1 for those on a free list; undefined: no list is known. */
  get free(): Uint8Array | undefined {
    return this.#lists?.marks;
  }

  /** What a process has in its address space; undefined: it has none, or unknown. */
  areas(slot: Slot): SpaceAreas | undefined {
    const { root } = slot;
    if (root === undefined) return undefined;
    let found = this.#areas.get(slot);
    if (found === undefined) {
      const { place: { words }, known, shape } = this;
      const pages: MappedPage[] = [];
      this.#eachLeaf(root, (start, pte, level) => {
        if (start < TRAPFRAME) pages.push({ start, end: start + leafSize(level), pte });
      });
      this.#areas.set(slot, found = areasOf({ words, stack: stackOf(known), shape, pages }, slot));
    }
    return found;
  }

  readonly #areas = new Map<Slot, SpaceAreas>();

  /** Where records keep mmap's areas; null: nowhere; undefined: unknown. */
  get shape(): VmaShape | null | undefined {
    const { given: { areas }, symbols, type } = this.known;
    return areas === undefined ? vmaShape(symbols, type) : areas;
  }

  /** The lists of free frames; undefined: none is known. */
  get freeLists(): readonly FreeList[] | undefined {
    return this.#lists?.lists;
  }

  get #lists(): FreeFrames | undefined {
    if (this.#free !== null) return this.#free;
    const { known, place: { words, base, total } } = this;
    const heads = headsIn(known, (at) => words.long(at));
    const believed = known.given.free !== undefined;
    return this.#free = freeFrames({ words, base, total, end: known.symbols.end }, heads, believed);
  }

  /** How many frames are free. */
  get freeCount(): number | undefined {
    return this.free?.reduce((sum, one) => sum + one, 0);
  }

  /** The numbers of frames that the kernel has lost; undefined: nobody can tell. */
  get lost(): readonly number[] | undefined {
    return (this.#lost ??= { frames: lostFrames(this) }).frames;
  }

  #lost: { readonly frames: readonly number[] | undefined } | undefined;

  /** What each frame is for: an index of {@link KINDS}. */
  get kinds(): Uint8Array {
    return this.#kinds ??= this.#sweep();
  }

  #sweep(): Uint8Array {
    const { known: { symbols }, place: { base, total } } = this;
    const kinds = new Uint8Array(total);
    const mark = (kind: number, frame: number, pages = 1) => {
      const first = (frame - base) / PAGE_SIZE;
      for (let i = Math.max(first, 0); i < Math.min(first + pages, total); i++) {
        // What is said first holds: a page table that user code can reach is still a table.
        if (kinds[i] === 0) kinds[i] = kind;
      }
    };
    const free = this.free;
    if (free !== undefined) { for (let i = 0; i < total; i++) if (free[i] === 1) kinds[i] = FREE; }
    const image = symbols.start - symbols.start % PAGE_SIZE;
    mark(KERNEL, image, Math.ceil((symbols.end - image) / PAGE_SIZE));
    for (const { root, pid } of this.roots) {
      this.#eachTable(root, (table) => mark(pid === 0 ? KERNEL : TABLE, table), new Set());
    }
    for (const { trapframe } of this.slots) if (trapframe !== undefined) mark(FRAME, trapframe);
    for (const { root, pid } of this.roots) {
      this.#eachLeaf(root, (va, pte, level) => {
        if (pid !== 0) mark(USER, frameOf(pte), 512 ** level);
        // Stacks of the kernel: the direct map of RAM says nothing of what a frame is for.
        else if (va !== frameOf(pte)) mark(KERNEL, frameOf(pte), 512 ** level);
      });
    }
    return kinds;
  }

  /** The tables under a root, each once a level, also where they lead to each other. */
  #eachTable(table: PaNum, visit: (table: PaNum) => void, seen: Set<number>, level = 2): void {
    const place = table + level;
    if (seen.has(place) || this.place.words.frame(table) === undefined) return;
    seen.add(place);
    visit(table);
    if (level === 0) return;
    this.#eachEntry(table, (_, pte) => {
      if ((pte & LEAF) === 0) this.#eachTable(frameOf(pte), visit, seen, level - 1);
    });
  }

  #eachLeaf(
    table: PaNum,
    visit: (va: number, pte: number, level: number) => void,
    level = 2,
    base = 0,
  ): void {
    if (this.place.words.frame(table) === undefined) return;
    this.#eachEntry(table, (i, pte) => {
      const va = base + i * leafSize(level);
      if ((pte & LEAF) !== 0) visit(va, pte, level);
      else if (level > 0) this.#eachLeaf(frameOf(pte), visit, level - 1, va);
    });
  }

  #eachEntry(table: PaNum, visit: (index: number, pte: number) => void): void {
    const { tables } = this.place.words;
    const first = tables.wordsOf(table / PAGE_SIZE);
    for (let i = 0; i < 512; i++) {
      const pte = tables.words[first + 2 * i];
      if ((pte & PTE_V) !== 0) visit(i, pte);
    }
  }
}
