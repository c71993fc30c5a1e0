/**
 * Inodes: allocation, references, their fields (ialloc, iget, idup, iput, iupdate of kernel/fs.c).
 *
 * A handle is the i-number itself, so whoever keeps one (an open file, a process's current directory)
 * keeps plain data. iget and iput count; the last iput of an inode without links frees it.
 */
import { EIO, ENFILE, ENOSPC } from "../errno.ts";
import {
  DI_ADDRS,
  DI_MAJOR,
  DI_MINOR,
  DI_NLINK,
  DI_SIZE,
  DI_TYPE,
  DINODE_SIZE,
  inodeBlock,
  NINODE,
  ROOTINO,
  T_DIR,
  T_SYMLINK,
} from "./layout.ts";
import { inodeOffset, notice, type Volume } from "./volume.ts";
import { truncate } from "./content.ts";

/** An inode in use, as the rest of the kernel holds it: its i-number. Whoever keeps one holds a reference. */
export type Inode = number;

/** An inode's type as stored: 0 is free. */
export function inodeType(v: Volume, inum: number): number {
  return v.view.getInt16(inodeOffset(v, inum) + DI_TYPE, true);
}

/** Directory entries that name the inode. */
export function linkCount(v: Volume, inum: number): number {
  return v.view.getInt16(inodeOffset(v, inum) + DI_NLINK, true);
}

/** File size in bytes, as stored. */
export function fileSize(v: Volume, inum: number): number {
  return v.view.getUint32(inodeOffset(v, inum) + DI_SIZE, true);
}

/** Device number. */
export function major(v: Volume, inum: number): number {
  return v.view.getInt16(inodeOffset(v, inum) + DI_MAJOR, true);
}

/** Minor device number. */
export function minor(v: Volume, inum: number): number {
  return v.view.getInt16(inodeOffset(v, inum) + DI_MINOR, true);
}

/** Address `i` of 13: a block number, 0 for none. */
export function address(v: Volume, inum: number, i: number): number {
  return v.view.getUint32(inodeOffset(v, inum) + DI_ADDRS + 4 * i, true);
}

/** Stores address `i`; the caller logs the inode with {@linkcode inodeChanged}. */
export function setAddress(v: Volume, inum: number, i: number, bno: number): void {
  v.view.setUint32(inodeOffset(v, inum) + DI_ADDRS + 4 * i, bno, true);
}

/** Stores the size; the caller logs the inode. */
export function setFileSize(v: Volume, inum: number, size: number): void {
  v.view.setUint32(inodeOffset(v, inum) + DI_SIZE, size, true);
}

/** Stores the link count and logs the inode. */
export function setLinkCount(v: Volume, inum: number, nlink: number): void {
  v.view.setInt16(inodeOffset(v, inum) + DI_NLINK, nlink, true);
  inodeChanged(v, inum);
}

/** The inode's block goes into the transaction (xv6's iupdate). */
export function inodeChanged(v: Volume, inum: number): void {
  v.log.dirty(inodeBlock(v.sb, inum));
}

/** Whether `inum` is the number of an inode that holds something. */
export function inodeExists(v: Volume, inum: number): boolean {
  if (!(inum >= 1 && inum < v.sb.ninodes)) return false;
  const type = inodeType(v, inum);
  return type >= T_DIR && type <= T_SYMLINK;
}

/** Takes a reference. Returns `inum`, ENFILE when NINODE inodes are in use, EIO when there is no such inode. */
export function iget(v: Volume, inum: number): number {
  if (!inodeExists(v, inum)) return EIO;
  if (v.refs[inum] === 0) {
    if (v.inUse >= NINODE) return ENFILE;
    v.inUse++;
  }
  v.refs[inum]++;
  return inum;
}

/** One more reference to an inode that has some. */
export function idup(v: Volume, inum: number): number {
  if (v.refs[inum] === 0) throw new Error(`idup: inode ${inum} is not in use`);
  v.refs[inum]++;
  return inum;
}

/** Drops a reference, inside a transaction: the last one of an inode without links frees it and its blocks. */
export function iput(v: Volume, inum: number): void {
  if (v.refs[inum] === 0) throw new Error(`iput: inode ${inum} is not in use`);
  v.refs[inum]--;
  if (v.refs[inum] > 0) return;
  v.inUse--;
  if (linkCount(v, inum) === 0 && inum !== ROOTINO) ifree(v, inum);
}

function ifree(v: Volume, inum: number): void {
  truncate(v, inum);
  v.view.setInt16(inodeOffset(v, inum) + DI_TYPE, 0, true);
  inodeChanged(v, inum);
  if (inum < v.inodeHint) v.inodeHint = inum;
}

/** Takes the first free inode for `type`, with one link and a reference. ENOSPC, ENFILE: none to be had. */
export function ialloc(v: Volume, type: number, majorNo: number, minorNo: number): number {
  if (v.inUse >= NINODE) return ENFILE;
  for (let inum = v.inodeHint; inum < v.sb.ninodes; inum++) {
    const at = inodeOffset(v, inum);
    if (v.view.getInt16(at + DI_TYPE, true) !== 0 || v.refs[inum] !== 0) continue;
    v.bytes.fill(0, at, at + DINODE_SIZE);
    v.view.setInt16(at + DI_TYPE, type, true);
    v.view.setInt16(at + DI_MAJOR, majorNo, true);
    v.view.setInt16(at + DI_MINOR, minorNo, true);
    v.view.setInt16(at + DI_NLINK, 1, true);
    inodeChanged(v, inum);
    v.inodeHint = inum + 1;
    v.refs[inum] = 1;
    v.inUse++;
    return inum;
  }
  v.inodeHint = v.sb.ninodes;
  notice(v, "ialloc: no inodes");
  return ENOSPC;
}

/** Frees inodes that a stop left allocated without any link (2023's ireclaim), one transaction each. */
export function reclaimOrphans(v: Volume): number[] {
  const orphans: number[] = [];
  for (let inum = 1; inum < v.sb.ninodes; inum++) {
    if (inodeType(v, inum) === 0 || linkCount(v, inum) !== 0 || inum === ROOTINO) continue;
    v.log.begin();
    ifree(v, inum);
    v.log.end();
    notice(v, `ireclaim: orphaned inode ${inum}`);
    orphans.push(inum);
  }
  return orphans;
}
