/**
 * Frames that hold a page of a file, found by file and offset, so that all who map it map the same
 * frame. The last unmapping frees the frame, after a write-back when a shared mapping wrote it
 * (PTE_D), so the cache holds no unused memory.
 */

import { PAGE_SIZE, type PaNum, paNum, type VaNum } from "../../../machine/address.ts";
import type { FileKey } from "../areas/backing.ts";
import type { Memory } from "../memory.ts";
import { type AddressSpace, type Area, pidOf } from "../areas/space.ts";
import type { CachedPage, PageCache } from "../state.ts";

/** Which part of a file a page is. */
export type FilePart = Pick<CachedPage, "file" | "offset" | "length">;

/** A page's key, with its length: the last page of a program segment is cut off there. */
export function cacheKey({ file, offset, length }: FilePart): string {
  return `${file.fs}:${file.inode}:${offset}:${length}`;
}

/** The part of its file that an area shows at a page; undefined: anonymous, or beyond the file. */
export function partAt(area: Area, page: VaNum): FilePart | undefined {
  const skip = page - area.start;
  const { backing } = area;
  if (backing === undefined || skip >= backing.length) return undefined;
  const { file, offset, length } = backing;
  return { file, offset: offset + skip, length: Math.min(PAGE_SIZE, length - skip) };
}

/** What is held of the file for a page of an area. */
export function cachedAt(cache: PageCache, area: Area, page: VaNum): CachedPage | undefined {
  const part = partAt(area, page);
  return part && cache.byKey.get(cacheKey(part));
}

/** Notes that a frame (of kind `cache`) holds a page. */
export function putCached(cache: PageCache, page: CachedPage): void {
  cache.byKey.set(cacheKey(page), page);
  if (page.frame !== 0) cache.byFrame.set(page.frame, page);
}

/** A page of a shared anonymous object leaves its frame for a swap slot. */
export function moveCachedToSlot(cache: PageCache, frame: PaNum, slot: number): void {
  const page = cache.byFrame.get(frame);
  if (page === undefined) return;
  cache.byFrame.delete(frame);
  putCached(cache, { ...page, frame: 0, slot });
}

/** Forgets a page. */
export function removeCached(cache: PageCache, page: CachedPage): void {
  if (page.frame !== 0) cache.byFrame.delete(page.frame);
  cache.byKey.delete(cacheKey(page));
}

/**
 * Writes a dirty page back to its file, never beyond the file's end; false when that failed. `va`,
 * where it was mapped, is for the event.
 */
export function writeBack(
  m: Memory,
  space: AddressSpace,
  frame: PaNum,
  va: VaNum,
  why: string,
): boolean {
  const page = m.state.cache.byFrame.get(frame);
  if (page === undefined) return true;
  const length = Math.min(page.length, m.files.size(page.file) - page.offset);
  if (length <= 0) return true;
  const done = m.files.write(page.file, page.offset, frame, length);
  const told = done ? why : `${why}: failed`;
  m.events.move("write-back", pidOf(m, space), va, frame, page.offset, length, told);
  return done;
}

/** A file was written by a system call: pages held of it change, too. */
export function patchCached(m: Memory, file: FileKey, offset: number, bytes: Uint8Array): void {
  eachOverlap(m, file, offset, bytes, (_page, at, part) => m.ram.write(at, part));
}

/** A system call read `bytes` at `offset` of the file: they get what mappers have stored since. */
export function overlayCached(m: Memory, file: FileKey, offset: number, bytes: Uint8Array): void {
  eachOverlap(m, file, offset, bytes, (page, at, part) => {
    if (isWhole(page)) part.set(m.ram.bytes(at, part.length));
  });
}

/**
 * The pages held of a file that have some of its `bytes` at `offset`: where, and which those are.
 */
function eachOverlap(
  m: Memory,
  file: FileKey,
  offset: number,
  bytes: Uint8Array,
  visit: (page: CachedPage, at: PaNum, part: Uint8Array) => void,
): void {
  for (const page of pagesOf(m.state.cache, file)) {
    const from = Math.max(offset, page.offset);
    const to = Math.min(offset + bytes.length, page.offset + page.length);
    const at = paNum(page.frame + from - page.offset);
    if (from < to) visit(page, at, bytes.subarray(from - offset, to - offset));
  }
}

/** A page as mmap maps it; pages of program segments, which nothing stores to, may be parts. */
function isWhole({ offset, length }: CachedPage): boolean {
  return offset % PAGE_SIZE === 0 && length === PAGE_SIZE;
}

/** The pages held of one file, oldest first. */
export function pagesOf(cache: PageCache, file: FileKey): CachedPage[] {
  if (cache.byKey.size === 0) return [];
  return [...cache.byKey.values()].filter((page) => isSameFile(page.file, file));
}

/** Whether two keys name one file. */
export function isSameFile(a: FileKey, b: FileKey): boolean {
  return a.fs === b.fs && a.inode === b.inode;
}
