/** What a file holds (bmap, readi, writei, itrunc of kernel/fs.c, filewrite of kernel/file.c). */
import { EFAULT, EFBIG, EINVAL, EIO, ENOSPC } from "../errno.ts";
import type { Copy } from "../file_system.ts";
import { BSIZE, levels, NADDRS, NINDIRECT, OPBLOCKS, WRITE_CHUNK } from "./layout.ts";
import { address, fileSize, inodeChanged, setAddress, setFileSize } from "./inode.ts";
import { balloc, bfree } from "./bitmap.ts";
import { transact, type Volume } from "./volume.ts";

/** A block number is a file's only when it is a data block; anything else is damage. */
function dataBlock(v: Volume, bno: number): number {
  return bno === 0 || (bno >= v.dataStart && bno < v.sb.size) ? bno : EIO;
}

/** Entry `i` of the indirect block `table`: a data block, 0 for none, or EIO. A table that is not there has none. */
function entry(v: Volume, table: number, i: number): number {
  return table <= 0 ? table : dataBlock(v, v.view.getUint32(table * BSIZE + 4 * i, true));
}

/** The disk block of block `bn` of the file: 0 when there is none, EIO when an address is bad. */
export function blockOf(v: Volume, inum: number, bn: number): number {
  const { direct, maxfile } = v.state.addressing;
  if (bn >= maxfile) return EIO;
  if (bn < direct) return dataBlock(v, address(v, inum, bn));
  bn -= direct;
  if (bn < NINDIRECT) return entry(v, dataBlock(v, address(v, inum, direct)), bn);
  bn -= NINDIRECT;
  const tables = dataBlock(v, address(v, inum, direct + 1));
  return entry(v, entry(v, tables, Math.floor(bn / NINDIRECT)), bn % NINDIRECT);
}

/** Address `i` of the inode, a block allocated when it has none: ENOSPC when the disk is full. */
function allocAddress(v: Volume, inum: number, i: number): number {
  const have = dataBlock(v, address(v, inum, i));
  if (have !== 0) return have;
  const bno = balloc(v);
  if (bno === 0) return ENOSPC;
  setAddress(v, inum, i, bno);
  inodeChanged(v, inum);
  return bno;
}

/** The same for entry `i` of the indirect block `table`, which may be an error instead. */
function allocEntry(v: Volume, table: number, i: number): number {
  const have = entry(v, table, i);
  if (have !== 0) return have;
  const bno = balloc(v);
  if (bno === 0) return ENOSPC;
  v.view.setUint32(table * BSIZE + 4 * i, bno, true);
  v.log.dirty(table);
  return bno;
}

/** What {@linkcode blockOf} gives, allocating what is missing: ENOSPC when the disk is full. (xv6's bmap.) */
export function allocBlockOf(v: Volume, inum: number, bn: number): number {
  const { direct, maxfile } = v.state.addressing;
  if (bn >= maxfile) return EIO;
  if (bn < direct) return allocAddress(v, inum, bn);
  bn -= direct;
  if (bn < NINDIRECT) return allocEntry(v, allocAddress(v, inum, direct), bn);
  bn -= NINDIRECT;
  const table = allocEntry(v, allocAddress(v, inum, direct + 1), Math.floor(bn / NINDIRECT));
  return allocEntry(v, table, bn % NINDIRECT);
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
  if (off + n > v.state.addressing.maxfile * BSIZE) return EFBIG;
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
 * Gives all blocks back; the file is empty (xv6's itrunc). The last block goes first: where the free map of a large
 * disk takes more blocks than the log has room for, what is gone so far is committed, and a stop then leaves the
 * file shorter and whole. Room for the rest of the call is left in the log.
 */
export function truncate(v: Volume, inum: number): void {
  const { direct } = v.state.addressing;
  for (let i = NADDRS - 1; i >= 0; i--) {
    const bno = address(v, inum, i);
    if (bno === 0) continue;
    const depth = levels(v.state.addressing, i);
    const first = depth === 0 ? i : depth === 1 ? direct : direct + NINDIRECT;
    release(v, bno, depth, first, (blocks) => {
      setFileSize(v, inum, Math.min(fileSize(v, inum), blocks * BSIZE));
      inodeChanged(v, inum);
      v.log.commit();
    });
    setAddress(v, inum, i, 0);
  }
  setFileSize(v, inum, 0);
  inodeChanged(v, inum);
  if (v.log.room < OPBLOCKS) v.log.commit();
}

/** Blocks of the log that giving one block back may need: free map, two tables, the inode. */
const RELEASE_BLOCKS = 4;

/**
 * Frees block `bno` of a file and, when it is a table of `depth` levels, all below it. `first` is the number in the
 * file of the first block that it is or stands for. `cut` commits a file of so many blocks.
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
