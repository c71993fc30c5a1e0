/**
 * Shared anonymous memory as a file without a name: its pages live in the page cache, are found by
 * object and offset by all who inherited the area, touched before or after the fork, and stay as
 * long as an area refers to the object.
 */

import { freeFrame } from "../frames/frames.ts";
import type { FileKey } from "./backing.ts";
import type { Memory } from "../memory.ts";
import { pagesOf, removeCached } from "../reclaim/page_cache.ts";
import { dropSlot } from "../reclaim/swap_disk.ts";

/** The file system number of shared anonymous objects. */
export const SHM_FS = -1;

/** Whether the key names a shared anonymous object. */
export function isShm(file: FileKey): boolean {
  return file.fs === SHM_FS;
}

/** A new object, which no area refers to yet. */
export function newShm(m: Memory): FileKey {
  return { fs: SHM_FS, inode: m.state.shm.next++ };
}

/** One more area refers to the file or object. */
export function holdFile(m: Memory, file: FileKey): void {
  m.state.heldFiles++;
  if (!isShm(file)) return m.files.dup(file);
  m.state.shm.holders.set(file.inode, (m.state.shm.holders.get(file.inode) ?? 0) + 1);
}

/** One area less; an object without any is freed with its pages, none of which is mapped. */
export function letFileGo(m: Memory, file: FileKey): void {
  m.state.heldFiles--;
  if (!isShm(file)) return m.files.drop(file);
  const left = m.state.shm.holders.get(file.inode)! - 1;
  if (left > 0) {
    m.state.shm.holders.set(file.inode, left);
    return;
  }
  m.state.shm.holders.delete(file.inode);
  for (const page of pagesOf(m.state.cache, file)) {
    removeCached(m.state.cache, page);
    if (page.frame !== 0) freeFrame(m, page.frame, "shared memory freed");
    else dropSlot(m, page.slot!);
  }
}
