/**
 * Inodes in use (ialloc, iget, idup, iput of kernel/fs.c, over its `itable`).
 *
 * A handle is the i-number itself, so whoever keeps one (an open file, a process's current
 * directory) keeps plain data. iget and iput count; the last iput of an inode without links frees
 * it.
 */
import { EIO, ENFILE, ENOSPC } from "../errno.ts";
import { truncate } from "./content.ts";
import { inodeChanged, inodeExists, inodeType, linkCount } from "./inode.ts";
import { DI, DINODE_SIZE, NINODE, ROOTINO } from "./layout.ts";
import { inodeOffset, notice, type Volume } from "./volume.ts";

/** Takes a reference. `inum`; ENFILE: NINODE inodes are in use; EIO: there is no such inode. */
export function iget(v: Volume, inum: number): number {
  if (!inodeExists(v, inum)) return EIO;
  if (v.state.refs[inum] === 0) {
    if (v.state.inUse >= NINODE) return ENFILE;
    v.state.inUse++;
  }
  v.state.refs[inum]++;
  return inum;
}

/** One more reference to an inode that has some. */
export function idup(v: Volume, inum: number): number {
  if (v.state.refs[inum] === 0) throw new Error(`idup: inode ${inum} is not in use`);
  v.state.refs[inum]++;
  return inum;
}

/** Drops a reference, in a transaction: the last one of an inode without links frees all of it. */
export function iput(v: Volume, inum: number): void {
  if (v.state.refs[inum] === 0) throw new Error(`iput: inode ${inum} is not in use`);
  v.state.refs[inum]--;
  if (v.state.refs[inum] > 0) return;
  v.state.inUse--;
  if (linkCount(v, inum) === 0 && inum !== ROOTINO) ifree(v, inum);
}

function ifree(v: Volume, inum: number): void {
  truncate(v, inum);
  v.view.setInt16(inodeOffset(v, inum) + DI.type, 0, true);
  inodeChanged(v, inum);
  if (inum < v.state.inodeHint) v.state.inodeHint = inum;
}

/** Major and minor number of a device file. */
export type Device = readonly [major: number, minor: number];

/** Takes the first free inode, with one link and a reference. ENOSPC, ENFILE: there is none. */
export function ialloc(v: Volume, type: number, [major, minor]: Device): number {
  if (v.state.inUse >= NINODE) return ENFILE;
  for (let inum = v.state.inodeHint; inum < v.sb.ninodes; inum++) {
    const at = inodeOffset(v, inum);
    if (v.view.getInt16(at + DI.type, true) !== 0 || v.state.refs[inum] !== 0) continue;
    v.bytes.fill(0, at, at + DINODE_SIZE);
    v.view.setInt16(at + DI.type, type, true);
    v.view.setInt16(at + DI.major, major, true);
    v.view.setInt16(at + DI.minor, minor, true);
    v.view.setInt16(at + DI.nlink, 1, true);
    inodeChanged(v, inum);
    v.state.inodeHint = inum + 1;
    v.state.refs[inum] = 1;
    v.state.inUse++;
    return inum;
  }
  v.state.inodeHint = v.sb.ninodes;
  notice(v, "ialloc: no inodes");
  return ENOSPC;
}

/** Frees inodes that a stop left without any link, a transaction each (ireclaim of xv6 2023). */
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

/** How many inodes are free. */
export function freeInodes(v: Volume): number {
  let free = 0;
  for (let inum = 1; inum < v.sb.ninodes; inum++) if (inodeType(v, inum) === 0) free++;
  return free;
}
