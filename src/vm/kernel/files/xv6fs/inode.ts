/** The fields of an inode, in the block cache (iupdate of kernel/fs.c). */
import { DI, inodeBlock, T_DIR, T_SYMLINK } from "./layout.ts";
import { inodeOffset, type Volume } from "./volume.ts";

/** An inode's type as stored: 0 is free. */
export function inodeType(v: Volume, inum: number): number {
  return v.view.getInt16(inodeOffset(v, inum) + DI.type, true);
}

/** Directory entries that name the inode. */
export function linkCount(v: Volume, inum: number): number {
  return v.view.getInt16(inodeOffset(v, inum) + DI.nlink, true);
}

/** File size in bytes, as stored. */
export function fileSize(v: Volume, inum: number): number {
  return v.view.getUint32(inodeOffset(v, inum) + DI.size, true);
}

/** Device number. */
export function major(v: Volume, inum: number): number {
  return v.view.getInt16(inodeOffset(v, inum) + DI.major, true);
}

/** Minor device number. */
export function minor(v: Volume, inum: number): number {
  return v.view.getInt16(inodeOffset(v, inum) + DI.minor, true);
}

/** Byte offset in the cache of address `i` of 13: a block number, 0 for none. */
export function addressOffset(v: Volume, inum: number, i: number): number {
  return inodeOffset(v, inum) + DI.addrs + 4 * i;
}

/** Stores the size; the caller logs the inode. */
export function setFileSize(v: Volume, inum: number, size: number): void {
  v.view.setUint32(inodeOffset(v, inum) + DI.size, size, true);
}

/** Stores the link count and logs the inode. */
export function setLinkCount(v: Volume, inum: number, nlink: number): void {
  v.view.setInt16(inodeOffset(v, inum) + DI.nlink, nlink, true);
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
