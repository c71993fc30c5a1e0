/**
 * What a guest's process has in its address space: what exec and sbrk lay down in every xv6, and
 * what its record says of mmap. A page that neither explains is nobody's area: what it is for is
 * unknown.
 */

import type { AreaFacts } from "../inspect/view.ts";
import { PAGE_SIZE, pageUp, vaNum } from "../machine/address.ts";
import { frameOf, PTE_R, PTE_RSW0, PTE_RSW1, PTE_U, PTE_W, PTE_X } from "../machine/sv39.ts";
import type { Slot } from "./proc_table.ts";
import type { VmaShape } from "./vma_shape.ts";
import { type Vmas, vmasOf } from "./vmas.ts";
import type { Words } from "./words.ts";
import { TRAPFRAME } from "./xv6.ts";

/** A page, or a superpage, that is mapped below the trapframe. */
export interface MappedPage {
  readonly start: number;
  readonly end: number;
  readonly pte: number;
}

/** What there is in one address space. */
export interface SpaceAreas {
  /** Ascending. */
  readonly areas: readonly AreaFacts[];
  /** What mmap made of them, by the record; undefined: no record of it is known. */
  readonly vmas: Vmas | undefined;
  /** Whether exec's guard page and stack are where they should be. */
  readonly byExec: boolean;
  readonly pages: readonly MappedPage[];
}

/** What kernel and memory a space is of. */
interface Of {
  readonly words: Words;
  /** Pages of a program's stack; undefined: unknown. */
  readonly stack: number | undefined;
  /** Where records keep mmap's areas; null: there are none such; undefined: unknown. */
  readonly shape: VmaShape | null | undefined;
  /** What is mapped below the trapframe, ascending. */
  readonly pages: readonly MappedPage[];
}

const R = 1, W = 2, X = 4;
/** struct usyscall stands here in the labs that have it. */
const USYSCALL = TRAPFRAME - PAGE_SIZE;
const PRIVATE = { shared: false, file: undefined, offset: undefined } as const;

/** The areas of a process. */
export function areasOf({ words, stack, shape, pages }: Of, slot: Slot): SpaceAreas {
  const vmas = shape ? vmasOf(words, shape, slot.at) : undefined;
  const mapped = vmas?.areas ?? [];
  const below = execAreas(pages, slot, stack, mapped, vmas !== undefined);
  const own = usyscall(words, pages, slot, mapped);
  const areas = [...below ?? [], ...mapped, ...own].sort((a, b) => a.start - b.start);
  return { areas, vmas, byExec: below !== undefined, pages };
}

/**
 * Program, guard page, stack and heap; undefined where they do not stand as exec lays them down.
 * The program is what is below the guard, the heap what is above the stack and below the end that
 * sbrk moves.
 */
function execAreas(
  pages: readonly MappedPage[],
  { size }: Slot,
  stack: number | undefined,
  mapped: readonly AreaFacts[],
  hasVmas: boolean,
): AreaFacts[] | undefined {
  const end = size === undefined ? undefined : pageUp(vaNum(size));
  const guard = pages.find(({ start, pte }) => (pte & PTE_U) === 0 && start < (end ?? 0));
  if (guard === undefined || stack === undefined || end === undefined) return undefined;
  const heap = guard.end + stack * PAGE_SIZE;
  const top = pages.find(({ start }) => start === guard.end);
  if (heap > end || top === undefined) return undefined;
  // Until 2021 exec and sbrk give every page all rights.
  const all = (top.pte & PTE_X) !== 0;
  const rights = R | W | (all ? X : 0);
  return [
    ...programAreas(pages.filter((page) => page.end <= guard.start), all),
    { start: guard.start, end: guard.end, kind: "guard", perm: 0, ...PRIVATE },
    { start: guard.end, end: heap, kind: "stack", perm: rights, ...PRIVATE },
    ...pieces(heap, end, mapped)
      // mmap may have moved the end as well, and munmap has not put it back: nobody knows then.
      .filter((piece) => !hasVmas || pages.some((page) => inside(page, piece)))
      .map((piece) => ({ ...piece, kind: "heap", perm: rights, ...PRIVATE })),
  ];
}

/** Code may be executed, data may not; where all pages may, nothing tells one from the other. */
function programAreas(pages: readonly MappedPage[], all: boolean): AreaFacts[] {
  const list: { start: number; end: number; kind: string; perm: number }[] = [];
  for (const { start, end, pte } of pages) {
    const kind = all ? "text+data" : (pte & PTE_X) !== 0 ? "text" : "data";
    // A page that is to be copied has lost W for a mark.
    const marked = kind === "data" && (pte & (PTE_RSW0 | PTE_RSW1)) !== 0;
    const perm = all
      ? R | W | X
      : (pte & PTE_R ? R : 0) | (pte & PTE_W || marked ? W : 0) | (pte & PTE_X ? X : 0);
    const last = list.at(-1);
    if (last?.end === start && last.kind === kind) {
      last.end = end;
      last.perm |= perm;
    } else list.push({ start, end, kind, perm });
  }
  return list.map((area) => ({ ...area, ...PRIVATE }));
}

/** What of a range is in none of these areas, which are ascending. */
function pieces(
  from: number,
  to: number,
  areas: readonly AreaFacts[],
): { start: number; end: number }[] {
  const list: { start: number; end: number }[] = [];
  let start = from;
  for (const area of areas) {
    if (area.start > start && start < to) list.push({ start, end: Math.min(area.start, to) });
    start = Math.max(start, area.end);
  }
  if (start < to) list.push({ start, end: to });
  return list;
}

function inside(page: MappedPage, { start, end }: { start: number; end: number }): boolean {
  return page.start < end && page.end > start;
}

/** The page by which a program reads its pid without a call: below the trapframe, and it has it. */
function usyscall(
  words: Words,
  pages: readonly MappedPage[],
  { pid }: Slot,
  mapped: readonly AreaFacts[],
): AreaFacts[] {
  const page = pages.find(({ start }) => start === USYSCALL);
  const rights = PTE_R | PTE_W | PTE_X | PTE_U;
  if (page === undefined || (page.pte & rights) !== (PTE_R | PTE_U)) return [];
  if (mapped.some((area) => inside(page, area)) || words.word(frameOf(page.pte)) !== pid) return [];
  return [{ start: page.start, end: page.end, kind: "usyscall", perm: R, ...PRIVATE }];
}
