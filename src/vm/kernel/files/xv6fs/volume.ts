/** What the layers of the file system share: one mounted image and its few words of memory. */
import { type Addressing, BSIZE, dataStart, DINODE_SIZE, type Superblock } from "./layout.ts";
import type { Disk } from "./disk.ts";
import { Log } from "./log.ts";

/**
 * A mounted image. Beside the disk it remembers only how often each inode is in use; inode contents are
 * always read from the cache, where xv6 keeps a second copy that it must write back.
 */
export interface Volume {
  /** Geometry. */
  readonly sb: Superblock;
  /** What the addresses in an inode are. */
  readonly addressing: Addressing;
  /** First block that may hold file data. */
  readonly dataStart: number;
  /** The image. */
  readonly disk: Disk;
  /** The transaction. */
  readonly log: Log;
  /** The cached blocks, as bytes. */
  readonly bytes: Uint8Array;
  /** The cached blocks, as numbers. */
  readonly view: DataView;
  /** References by i-number: open files, current directories, calls under way (xv6's ip->ref). */
  readonly refs: Uint32Array;
  /** How many inodes have references; at most NINODE. */
  inUse: number;
  /** No block below this one is free. */
  blockHint: number;
  /** No inode below this one is free. */
  inodeHint: number;
  /** What xv6 would have printed on its console, not yet taken. */
  notices: string[];
}

/** A volume over a recovered image, nothing in use. */
export function makeVolume(disk: Disk, sb: Superblock, addressing: Addressing): Volume {
  const log = new Log(disk, sb);
  return {
    sb,
    addressing,
    dataStart: dataStart(sb),
    disk,
    log,
    bytes: log.cache,
    view: log.view,
    refs: new Uint32Array(sb.ninodes),
    inUse: 0,
    blockHint: 0,
    inodeHint: 1,
    notices: [],
  };
}

/** Byte offset in the cache of on-disk inode `inum`. */
export function inodeOffset(v: Volume, inum: number): number {
  return v.sb.inodestart * BSIZE + inum * DINODE_SIZE;
}

/** Keeps a line that xv6 would print. Few are kept: a program may cause any number of them. */
export function notice(v: Volume, line: string): void {
  if (v.notices.length < 100) v.notices.push(line);
}
