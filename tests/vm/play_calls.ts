/**
 * The system calls that change a process's memory, on a process and on the model of its memory at once.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Process } from "../../src/vm/process.ts";
import { MMAP_TOP } from "../../src/vm/kernel/memory/areas/space.ts";
import { blank, FILE_PAGES, type Memory, PAGE } from "./model.ts";

/** The descriptor of the file in all processes. */
export const FD = 3;
/** Pages of one process at most. */
const MOST_PAGES = 2000;

/** sbrk upwards. */
export function grow(memory: Memory, p: Process, pages: number, lazy: boolean): void {
  if (memory.pages.size + pages > MOST_PAGES) return;
  p.sbrk(pages * PAGE, lazy ? "lazy" : "eager");
  for (let i = 0; i < pages; i++) memory.pages.set(memory.heapEnd + i * PAGE, blank(true, false));
  memory.heapEnd += pages * PAGE;
}

/** sbrk downwards. */
export function shrink(memory: Memory, p: Process, a: number): void {
  const heap = [...memory.pages].filter(([, page]) => page.heap).length;
  const pages = a % (heap + 1);
  p.sbrk(-pages * PAGE);
  memory.heapEnd -= pages * PAGE;
  for (let i = 0; i < pages; i++) memory.pages.delete(memory.heapEnd + i * PAGE);
}

/** mmap of anonymous memory; with some `b`, in place of what is mapped already. */
export function map(memory: Memory, p: Process, pages: number, b: number, shared: boolean): void {
  if (memory.pages.size + pages > MOST_PAGES) return;
  const over = b % 3 === 0 ? mapped(memory, b) : undefined;
  if (over !== undefined && over + pages * PAGE > MMAP_TOP) return;
  const at = over === undefined ? {} : { at: over };
  const va = Number(p.mmap(pages * PAGE, { shared, ...at }));
  for (let i = 0; i < pages; i++) memory.pages.set(va + i * PAGE, blank(false, shared));
}

/** mmap of some pages of the file. */
export function mapFile(memory: Memory, p: Process, a: number, shared: boolean): void {
  if (memory.pages.size + FILE_PAGES > MOST_PAGES) return;
  const first = a % FILE_PAGES;
  const count = 1 + (a % 7) % (FILE_PAGES - first);
  const va = Number(p.mmap(count * PAGE, { shared, fd: FD, offset: first * PAGE }));
  for (let i = 0; i < count; i++) {
    const page = { perm: 3, shared, heap: false, file: first + i, cell: undefined, old: [] };
    memory.pages.set(va + i * PAGE, page);
  }
}

/** munmap, mprotect or msync of a few pages that begin in a mapping. */
export function change(
  memory: Memory,
  p: Process,
  op: "munmap" | "mprotect" | "msync",
  a: number,
  b: number,
): void {
  const start = mapped(memory, a);
  if (start === undefined) return;
  const count = 1 + (b % 3);
  const range = Array.from({ length: count }, (_, i) => start + i * PAGE);
  if (range.some((va) => va >= MMAP_TOP || memory.pages.get(va)?.heap)) return;
  const whole = range.every((va) => memory.pages.has(va));
  if (op === "munmap") {
    p.munmap(start, count * PAGE);
    for (const va of range) memory.pages.delete(va);
  } else if (op === "msync") {
    assertEquals(p.call("msync", start, count * PAGE).result, whole ? 0n : -1n);
  } else if (whole) {
    const prot = ["", "r", "rw", "rw"][b % 4];
    p.mprotect(start, count * PAGE, prot);
    for (const va of range) memory.pages.get(va)!.perm = prot.length === 2 ? 3 : prot.length;
  }
}

/** A page that mmap made. */
function mapped(memory: Memory, a: number): number | undefined {
  const pages = [...memory.pages].filter(([, page]) => !page.heap);
  return pages.length === 0 ? undefined : pages[a % pages.length][0];
}
