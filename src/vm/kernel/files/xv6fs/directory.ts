/** Directories: files of 16-byte entries (dirlookup, dirlink of kernel/fs.c). */
import { EEXIST, EIO, ENOENT, ENOTDIR } from "../errno.ts";
import { BSIZE, dirent, DIRENT_SIZE, DIRSIZ, T_DIR } from "./layout.ts";
import { fileSize, inodeChanged, inodeType } from "./inode.ts";
import { bmap, write } from "./content.ts";
import type { Volume } from "./volume.ts";

/** One name in a directory. */
export interface Entry {
  /** The name, one character a byte. */
  readonly name: string;
  /** The inode it names. */
  readonly inum: number;
  /** Byte offset of the entry in the directory. */
  readonly off: number;
}

/** The name stored at byte `at` of the cache: up to 14 bytes, one character each. */
export function nameAt(bytes: Uint8Array, at: number): string {
  let name = "";
  for (let i = 0; i < DIRSIZ && bytes[at + i] !== 0; i++) {
    name += String.fromCharCode(bytes[at + i]);
  }
  return name;
}

/** xv6's namecmp: equal in the first 14 bytes. `name` has one character a byte. */
function nameIs(bytes: Uint8Array, at: number, name: string): boolean {
  for (let i = 0; i < DIRSIZ; i++) {
    const c = i < name.length ? name.charCodeAt(i) : 0;
    if (bytes[at + i] !== c) return false;
    if (c === 0) return true;
  }
  return true;
}

/**
 * Goes through the entries of directory `dp` in order, used and free, until `visit` says stop.
 * `visit` gets the entry's byte offset in the cache and in the directory. Returns the cache offset
 * where it stopped, 0 at the end, ENOTDIR or EIO.
 *
 * mkfs rounds the root's size up to a whole block, which may not be there: such a hole holds no
 * names, and `hole` gets its byte offset.
 */
function scan(
  v: Volume,
  dp: number,
  visit: (at: number, off: number) => boolean,
  hole?: (off: number) => void,
): number {
  if (inodeType(v, dp) !== T_DIR) return ENOTDIR;
  const size = fileSize(v, dp);
  for (let base = 0; base < size; base += BSIZE) {
    const bno = bmap(v, dp, base / BSIZE);
    if (bno < 0) return EIO;
    if (bno === 0) {
      hole?.(base);
      continue;
    }
    const end = Math.min(BSIZE, size - base);
    for (let within = 0; within + DIRENT_SIZE <= end; within += DIRENT_SIZE) {
      const at = bno * BSIZE + within;
      if (visit(at, base + within)) return at;
    }
  }
  return 0;
}

/** Cache offset (> 0) of the entry called `name` in `dp`, or ENOENT, ENOTDIR, EIO. */
export function findEntry(v: Volume, dp: number, name: string): number {
  const at = scan(v, dp, (at) => v.view.getUint16(at, true) !== 0 && nameIs(v.bytes, at + 2, name));
  return at === 0 ? ENOENT : at;
}

/** The i-number that `name` stands for in `dp`, or ENOENT, ENOTDIR, EIO. No reference is taken. */
export function dirlookup(v: Volume, dp: number, name: string): number {
  const at = findEntry(v, dp, name);
  return at < 0 ? at : v.view.getUint16(at, true);
}

/** Every used entry of `dp`, in order, or ENOTDIR, EIO. */
export function entries(v: Volume, dp: number): Entry[] | number {
  const found: Entry[] = [];
  const result = scan(v, dp, (at, off) => {
    const inum = v.view.getUint16(at, true);
    if (inum !== 0) found.push({ name: nameAt(v.bytes, at + 2), inum, off });
    return false;
  });
  return result < 0 ? result : found;
}

/** Whether `dp` holds nothing but its first two entries, `.` and `..`; EIO: it cannot be told. */
export function isEmptyDir(v: Volume, dp: number): boolean | number {
  const at = scan(v, dp, (at, off) => off >= 2 * DIRENT_SIZE && v.view.getUint16(at, true) !== 0);
  return at < 0 ? at : at === 0;
}

/** Adds an entry to `dp`, in the first free place or at the end. 0, EEXIST, ENOSPC, EFBIG, EIO. */
export function dirlink(v: Volume, dp: number, name: string, inum: number): number {
  const taken = findEntry(v, dp, name);
  if (taken > 0) return EEXIST;
  if (taken !== ENOENT) return taken;
  const size = fileSize(v, dp);
  if (size % DIRENT_SIZE !== 0) return EIO;
  let place = size;
  scan(v, dp, (at, off) => {
    if (off > place) return true;
    if (v.view.getUint16(at, true) !== 0) return false;
    place = off;
    return true;
  }, (off) => place = Math.min(place, off));
  const wrote = write(v, dp, place, DIRENT_SIZE, (entry) => {
    entry.set(dirent(inum, name));
    return true;
  });
  return wrote < 0 ? wrote : 0;
}

/** Zeroes the entry of `dp` at cache offset `at`. */
export function clearEntry(v: Volume, dp: number, at: number): void {
  v.bytes.fill(0, at, at + DIRENT_SIZE);
  v.log.dirty(Math.floor(at / BSIZE));
  inodeChanged(v, dp); // as xv6's writei does
}
