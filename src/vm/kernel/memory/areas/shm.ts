/**
 * Shared anonymous memory as a file without a name: its pages live in the page cache, are found by object
 * and offset by all who inherited the area, touched before or after the fork, and stay as long as
 * an area refers to the object.
 *
 * @module
 */

import type { FileKey } from "./backing.ts";
import type { Memory } from "../memory.ts";
import { pagesOf, removeCached } from "../reclaim/page_cache.ts";
import { dropSlot } from "../reclaim/swap.ts";

/** The file system number of shared anonymous objects. */
export const SHM_FS = -1;

/** The live objects: how many areas refer to each. Plain data. */
export interface ShmObjects {
  next: number;
  readonly holders: Map<number, number>;
}

/** No objects. */
export function newShmObjects(): ShmObjects {
  return { next: 1, holders: new Map() };
}

/** Whether the key names a shared anonymous object. */
export function isShm(file: FileKey): boolean {
  return file.fs === SHM_FS;
}

/** A new object, held by nobody yet. */
export function newShm(m: Memory): FileKey {
  return { fs: SHM_FS, inode: m.shm.next++ };
}

/** One more area refers to the file or object. */
export function holdFile(m: Memory, file: FileKey): void {
  m.heldFiles++;
  if (!isShm(file)) return m.files.dup(file);
  m.shm.holders.set(file.inode, (m.shm.holders.get(file.inode) ?? 0) + 1);
}

/** One area less; an object that nobody refers to any more is freed with all its pages, none of them mapped. */
export function letFileGo(m: Memory, file: FileKey): void {
  m.heldFiles--;
  if (!isShm(file)) return m.files.drop(file);
  const left = m.shm.holders.get(file.inode)! - 1;
  if (left > 0) {
    m.shm.holders.set(file.inode, left);
    return;
  }
  m.shm.holders.delete(file.inode);
  for (const page of pagesOf(m.cache, file)) {
    removeCached(m.cache, page);
    if (page.frame !== 0) m.frames.free(page.frame, "shared memory freed");
    else dropSlot(m, page.slot!);
  }
}
