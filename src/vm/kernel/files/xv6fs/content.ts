/** What a file holds: block addresses, reading, writing, truncating (bmap, readi, writei, itrunc of kernel/fs.c). */
import { EFAULT, EFBIG, EINVAL, EIO, ENOSPC } from "../errno.ts";
import { BSIZE, MAXFILE, MAXOPBLOCKS, NDIRECT, NINDIRECT } from "./layout.ts";
import { address, fileSize, inodeChanged, setAddress, setFileSize } from "./inode.ts";
import { balloc, bfree } from "./bitmap.ts";
import type { Volume } from "./volume.ts";

/**
 * Moves bytes between a block and the caller's memory: `chunk` is a piece of one block, `done` the number of
 * bytes moved before it. For a read the callee copies `chunk` out and must not change it, for a write it
 * fills it. False: the user address is bad.
 */
export type Copy = (chunk: Uint8Array, done: number) => boolean;

/** A block number is a file's only when it is a data block; anything else is damage. */
function dataBlock(v: Volume, bno: number): number {
  return bno === 0 || (bno >= v.dataStart && bno < v.sb.size) ? bno : EIO;
}

/** The disk block of block `bn` of the file: 0 when there is none, EIO when the address is bad. */
export function blockOf(v: Volume, inum: number, bn: number): number {
  if (bn < NDIRECT) return dataBlock(v, address(v, inum, bn));
  bn -= NDIRECT;
  if (bn >= NINDIRECT) return EIO;
  const table = dataBlock(v, address(v, inum, NDIRECT));
  return table <= 0 ? table : dataBlock(v, v.view.getUint32(table * BSIZE + 4 * bn, true));
}

/** The same, allocating what is missing: ENOSPC when the disk is full. (xv6's bmap.) */
export function allocBlockOf(v: Volume, inum: number, bn: number): number {
  const have = blockOf(v, inum, bn);
  if (have !== 0) return have;
  if (bn < NDIRECT) {
    const bno = balloc(v);
    if (bno === 0) return ENOSPC;
    setAddress(v, inum, bn, bno);
    inodeChanged(v, inum);
    return bno;
  }
  let table = address(v, inum, NDIRECT);
  if (table === 0) {
    table = balloc(v);
    if (table === 0) return ENOSPC;
    setAddress(v, inum, NDIRECT, table);
    inodeChanged(v, inum);
  }
  const bno = balloc(v);
  if (bno === 0) return ENOSPC;
  v.view.setUint32(table * BSIZE + 4 * (bn - NDIRECT), bno, true);
  v.log.dirty(table);
  return bno;
}

/**
 * Reads up to `n` bytes from `off`. Returns how many, 0 at the end of the file, EFAULT when `copy` refused,
 * EIO when the image is damaged before the first byte. A block that was never allocated reads as zeros.
 */
export function read(v: Volume, inum: number, off: number, n: number, copy: Copy): number {
  const size = fileSize(v, inum);
  n = n >>> 0; // xv6's uint: a negative count asks for everything
  if (off < 0 || off > size || off + n > 0xffff_ffff) return 0;
  if (off + n > size) n = size - off;
  let done = 0;
  while (done < n) {
    const at = off + done;
    const within = at % BSIZE;
    const m = Math.min(n - done, BSIZE - within);
    const bno = blockOf(v, inum, Math.floor(at / BSIZE));
    if (bno < 0) return done > 0 ? done : bno;
    const chunk = bno === 0
      ? new Uint8Array(m)
      : v.bytes.subarray(bno * BSIZE + within, bno * BSIZE + within + m);
    if (!copy(chunk, done)) return EFAULT;
    done += m;
  }
  return done;
}

/**
 * Writes `n` bytes at `off`, at most to the end of file plus `n`, inside one transaction. Returns how many were
 * written: fewer when the disk filled up or `copy` refused; a negative number when none could be.
 */
export function write(v: Volume, inum: number, off: number, n: number, copy: Copy): number {
  if (n < 0 || off < 0 || off > fileSize(v, inum)) return EINVAL;
  if (off + n > MAXFILE * BSIZE) return EFBIG;
  let done = 0, failure = 0;
  while (done < n) {
    const at = off + done;
    const within = at % BSIZE;
    const m = Math.min(n - done, BSIZE - within);
    const bno = allocBlockOf(v, inum, Math.floor(at / BSIZE));
    if (bno < 0) {
      failure = bno;
      break;
    }
    // A copy that fails half-way must leave no trace: it fills a buffer of its own.
    const chunk = new Uint8Array(m);
    if (!copy(chunk, done)) {
      failure = EFAULT;
      break;
    }
    v.bytes.set(chunk, bno * BSIZE + within);
    v.log.dirty(bno);
    done += m;
  }
  if (off + done > fileSize(v, inum)) setFileSize(v, inum, off + done);
  inodeChanged(v, inum);
  return done > 0 || failure === 0 ? done : failure;
}

/** Bytes one transaction of a larger write may carry: room is left for inode, indirect block, free map and two part blocks. */
export const WRITE_CHUNK: number = Math.floor((MAXOPBLOCKS - 1 - 1 - 2) / 2) * BSIZE;

/** Gives all blocks back; the file is empty (xv6's itrunc). */
export function truncate(v: Volume, inum: number): void {
  for (let i = 0; i < NDIRECT; i++) {
    const bno = address(v, inum, i);
    if (bno !== 0) bfree(v, bno);
    setAddress(v, inum, i, 0);
  }
  const table = dataBlock(v, address(v, inum, NDIRECT));
  if (table > 0) {
    for (let i = 0; i < NINDIRECT; i++) {
      const bno = v.view.getUint32(table * BSIZE + 4 * i, true);
      if (bno !== 0) bfree(v, bno);
    }
    bfree(v, table);
  }
  setAddress(v, inum, NDIRECT, 0);
  setFileSize(v, inum, 0);
  inodeChanged(v, inum);
}
