/** What a file holds (bmap, readi, writei, itrunc of kernel/fs.c, filewrite of kernel/file.c). */
import { EFAULT, EFBIG, EINVAL, EIO, ENOSPC } from "../errno.ts";
import type { Copy } from "../file_system.ts";
import { BSIZE, NADDRS, NINDIRECT, OPBLOCKS, span, WRITE_CHUNK } from "./layout.ts";
import { addressOffset, fileSize, inodeChanged, setFileSize } from "./inode.ts";
import { balloc, bfree } from "./bitmap.ts";
import { transact, type Volume } from "./volume.ts";

/** A block number is a file's only when it is a data block; anything else is damage. */
function dataBlock(v: Volume, bno: number): number {
  return bno === 0 || (bno >= v.dataStart && bno < v.sb.size) ? bno : EIO;
}

/**
 * The data block whose number stands at byte `at` of the cache, in an inode or an indirect block: 0
 * for none, EIO for a bad number. `alloc`: where there is none, one is allocated; ENOSPC.
 */
function blockAt(v: Volume, at: number, alloc: boolean): number {
  const have = dataBlock(v, v.view.getUint32(at, true));
  if (have !== 0 || !alloc) return have;
  const bno = balloc(v);
  if (bno === 0) return ENOSPC;
  v.view.setUint32(at, bno, true);
  v.log.dirty(Math.floor(at / BSIZE));
  return bno;
}

/** The same for entry `i` of indirect block `table`, which may be 0 or an error: then that. */
function entry(v: Volume, table: number, i: number, alloc: boolean): number {
  return table <= 0 ? table : blockAt(v, table * BSIZE + 4 * i, alloc);
}

/** The disk block of block `bn` of the file, see {@linkcode blockAt} (xv6's bmap). */
export function bmap(v: Volume, inum: number, bn: number, alloc = false): number {
  const { direct, maxfile } = v.state.addressing;
  if (bn >= maxfile) return EIO;
  if (bn < direct) return blockAt(v, addressOffset(v, inum, bn), alloc);
  bn -= direct;
  const table = blockAt(v, addressOffset(v, inum, direct + (bn < NINDIRECT ? 0 : 1)), alloc);
  if (bn < NINDIRECT) return entry(v, table, bn, alloc);
  bn -= NINDIRECT;
  return entry(v, entry(v, table, Math.floor(bn / NINDIRECT), alloc), bn % NINDIRECT, alloc);
}

/**
 * Reads up to `n` bytes from `off`. Returns how many, 0 at the end of the file, EFAULT when `copy`
 * refused, EIO when the image is damaged before the first byte. A block that was never allocated
 * reads as zeros.
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
    const bno = bmap(v, inum, Math.floor(at / BSIZE));
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
 * Writes `n` bytes at `off`, at most to the end of file plus `n`, inside one transaction. Returns
 * how many were written: fewer when the disk filled up or `copy` refused; a negative number when
 * none could be.
 */
export function write(v: Volume, inum: number, off: number, n: number, copy: Copy): number {
  if (n < 0 || off < 0 || off > fileSize(v, inum)) return EINVAL;
  if (off + n > v.state.addressing.maxfile * BSIZE) return EFBIG;
  let done = 0, failure = 0;
  while (done < n) {
    const at = off + done;
    const within = at % BSIZE;
    const m = Math.min(n - done, BSIZE - within);
    const bno = bmap(v, inum, Math.floor(at / BSIZE), true);
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

/**
 * A write of any length, split into transactions as xv6's filewrite splits it. Returns the bytes
 * written, by which the descriptor's offset moves; xv6's `write` then answers `n` when that is all,
 * else -1. Negative: nothing was written, and why.
 */
export function writeAll(v: Volume, inum: number, off: number, n: number, copy: Copy): number {
  if (n < 0) return EINVAL;
  for (let done = 0; done < n;) {
    const part = Math.min(n - done, WRITE_CHUNK);
    const before = done;
    const copyPart: Copy = (chunk, at) => copy(chunk, before + at);
    const wrote = transact(v, () => write(v, inum, off + before, part, copyPart));
    if (wrote < 0) return done > 0 ? done : wrote;
    done += wrote;
    if (wrote !== part) return done;
  }
  return n;
}

/**
 * Gives all blocks back; the file is empty (xv6's itrunc). The last block goes first: where the
 * free map of a large disk takes more blocks than the log has room for, what is gone so far is
 * committed, and a stop then leaves the file shorter and whole. Room for the rest of the call is
 * left in the log.
 */
export function truncate(v: Volume, inum: number): void {
  for (let i = NADDRS - 1; i >= 0; i--) {
    const at = addressOffset(v, inum, i);
    const bno = v.view.getUint32(at, true);
    if (bno === 0) continue;
    const { depth, first } = span(v.state.addressing, i);
    release(v, bno, depth, first, (blocks) => {
      setFileSize(v, inum, Math.min(fileSize(v, inum), blocks * BSIZE));
      inodeChanged(v, inum);
      v.log.commit();
    });
    v.view.setUint32(at, 0, true);
  }
  setFileSize(v, inum, 0);
  inodeChanged(v, inum);
  if (v.log.room < OPBLOCKS) v.log.commit();
}

/** Blocks of the log that giving one block back may need: free map, two tables, the inode. */
const RELEASE_BLOCKS = 4;

/**
 * Frees block `bno` of a file and, when it is a table of `depth` levels, all below it. `first` is
 * the number in the file of the first block that it is or stands for. `cut` commits a file of so
 * many blocks.
 */
function release(
  v: Volume,
  bno: number,
  depth: number,
  first: number,
  cut: (blocks: number) => void,
): void {
  if (dataBlock(v, bno) <= 0) return;
  if (depth === 0) {
    if (v.log.room < RELEASE_BLOCKS) cut(first + 1);
    bfree(v, bno);
    return;
  }
  const table = bno * BSIZE, covers = NINDIRECT ** (depth - 1);
  const cutFrom = (i: number, blocks: number) => {
    v.bytes.fill(0, table + 4 * i, table + BSIZE);
    v.log.dirty(bno);
    cut(blocks);
  };
  for (let i = NINDIRECT - 1; i >= 0; i--) {
    const below = v.view.getUint32(table + 4 * i, true);
    if (below === 0) continue;
    release(v, below, depth - 1, first + i * covers, (blocks) => cutFrom(i + 1, blocks));
  }
  if (v.log.room < RELEASE_BLOCKS) cutFrom(0, first);
  bfree(v, bno);
}
