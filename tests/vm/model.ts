/**
 * What processes must read, kept in plain maps that know nothing of frames, PTEs, slots or caches. A page is a few
 * words; fork copies those of private pages and keeps those of shared ones; a page of a file is the file's own, until
 * a private mapping stores to it. play.ts holds a computer against it.
 *
 * @module
 */

/** A page in bytes. */
export const PAGE = 4096;
/** Words looked at in each page: in its first half, since the file may end in the middle of one. */
export const OFFSETS = [0, 8, 2040];
/** Bytes by which the file grows, and pages it has at most. */
export const HALF = PAGE / 2, FILE_PAGES = 4;
/** Where the heap of a manual process begins. */
export const HEAP = 0x3000;

/** Words by offset; one that is not there reads 0. */
export type Cell = Map<number, bigint>;

/** One page of a process. */
export interface Page {
  perm: number;
  readonly shared: boolean;
  readonly heap: boolean;
  /** Which page of the file it shows, as long as it has no words of its own. */
  readonly file: number | undefined;
  cell: Cell | undefined;
  /** An eager fork may have copied the file's page as it was then, or left it to be read later. */
  old: Cell[];
}

/** The memory of one process, or of several threads. */
export interface Memory {
  heapEnd: number;
  readonly pages: Map<number, Page>;
}

/** A process that is looked at. */
export interface Actor {
  readonly pid: number;
  /** Runs a program since exec: it is not forked, or its child would run. */
  program: boolean;
  memory: Memory;
}

/** All processes and the one file. */
export interface Model {
  actors: Actor[];
  file: { size: number; readonly pages: Cell[] };
  value: bigint;
}

/** One process without memory of its own, and an empty file. */
export function newModel(pid: number): Model {
  return {
    actors: [newActor(pid)],
    file: { size: 0, pages: Array.from({ length: FILE_PAGES }, () => new Map()) },
    value: 1n,
  };
}

/** A manual process as it is made. */
export function newActor(pid: number): Actor {
  return { pid, program: false, memory: { heapEnd: HEAP, pages: new Map() } };
}

/** The words of a page: one cell, or several it may be; undefined when nobody may read it. */
export function wordsOf({ file }: Model, page: Page): Cell[] | undefined {
  if (page.perm === 0) return undefined;
  if (page.cell !== undefined) return [page.cell];
  if (page.file! * PAGE >= file.size) return undefined;
  return [file.pages[page.file!], ...page.old];
}

/** What fork gives the child; `eager`: private pages are copied there and then. */
export function forked({ file }: Model, { pages, heapEnd }: Memory, eager: boolean): Memory {
  const copy = (page: Page): Page => {
    if (page.shared) return { ...page };
    if (page.cell !== undefined) return { ...page, cell: new Map(page.cell) };
    const copied = eager ? [new Map(file.pages[page.file!])] : [];
    return { ...page, old: [...page.old, ...copied] };
  };
  return { heapEnd, pages: new Map([...pages].map(([va, page]) => [va, copy(page)])) };
}

/** Half a page of one byte is written behind the file's end. */
export function append({ file }: Model, byte: number): void {
  const word = BigInt(byte) * 0x0101_0101_0101_0101n;
  if (file.size % PAGE === 0) {
    for (const offset of OFFSETS) file.pages[file.size / PAGE].set(offset, word);
  }
  file.size += HALF;
}

/** The file is emptied: nobody has a page of it any more, nor a copy of one. */
export function truncate({ file, actors }: Model): void {
  file.size = 0;
  for (const cell of file.pages) cell.clear();
  for (const { memory } of actors) {
    for (const page of memory.pages.values()) {
      if (page.file === undefined) continue;
      page.cell = undefined;
      page.old = [];
    }
  }
}

/** All pages; where there are many, those at the ends, at the borders of 2 MiB blocks, and some others. */
export function nearBorders({ pages }: Memory): [number, Page][] {
  const last = pages.size - 3;
  return [...pages].filter(([va], i) =>
    last < 64 || i < 2 || i > last || (va / PAGE + 1) % 512 < 3 || i % 101 === 0
  );
}

/** A page that reads zeros. */
export function blank(heap: boolean, shared: boolean): Page {
  return { perm: 3, shared, heap, file: undefined, cell: new Map(), old: [] };
}
