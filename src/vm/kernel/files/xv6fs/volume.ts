/** What the layers of the file system share: a mounted image and what is remembered beside it. */
import { type Saved, Saver } from "../../../machine/saver.ts";
import { inferAddressing } from "./addressing.ts";
import type { Disk } from "./disk.ts";
import { type Addressing, BSIZE, dataStart, DINODE_SIZE, type Superblock } from "./layout.ts";
import { Log } from "./log.ts";

/**
 * All that a mounted image has beside its disk: plain data. Inode contents are always read from the
 * block cache, where xv6 keeps a second copy that it must write back.
 */
export interface Xv6State {
  /** What the addresses in an inode are. */
  readonly addressing: Addressing;
  /** References by i-number: open files, current directories, calls under way (xv6's ip->ref). */
  readonly refs: Uint32Array;
  /** How many inodes have references; at most NINODE. */
  inUse: number;
  /** No block below this one is free. */
  blockHint: number;
  /** No inode below this one is free. */
  inodeHint: number;
  /** What xv6 would have printed on its console, not yet taken. */
  readonly notices: string[];
}

/** A mounted image. */
export interface Volume {
  /** Geometry. */
  readonly sb: Superblock;
  /** First block that may hold file data. */
  readonly dataStart: number;
  /** The image. */
  readonly disk: Disk;
  /** The block cache and the transaction. */
  readonly log: Log;
  /** The cached blocks, as bytes. */
  readonly bytes: Uint8Array;
  /** The cached blocks, as numbers. */
  readonly view: DataView;
  /** What is kept beside the disk. */
  readonly state: Xv6State;
  /** Makes saved states, which share what did not change between them. */
  readonly saver: Saver;
}

/** A volume over a recovered image: with a saved state, or with nothing in use. */
export function makeVolume(
  disk: Disk,
  sb: Superblock,
  addressing?: Addressing,
  saved?: Saved<Xv6State>,
): Volume {
  const log = new Log(disk, sb);
  const saver = new Saver();
  const state = saved !== undefined ? saver.revive<Xv6State>(saved) : {
    addressing: addressing ?? inferAddressing(disk.image, sb),
    refs: new Uint32Array(sb.ninodes),
    inUse: 0,
    blockHint: 0,
    inodeHint: 1,
    notices: [],
  };
  const { cache: bytes, view } = log;
  return { sb, dataStart: dataStart(sb), disk, log, bytes, view, state, saver };
}

/** Runs a call as one transaction. If it throws, which is a bug here, the disk stays as it was. */
export function transact<T>(v: Volume, call: () => T): T {
  v.log.begin();
  let complete = false;
  try {
    const result = call();
    complete = true;
    return result;
  } finally {
    if (complete) v.log.end();
    else {
      v.log.abort();
      v.state.blockHint = 0;
      v.state.inodeHint = 1;
    }
  }
}

/** Byte offset in the cache of on-disk inode `inum`. */
export function inodeOffset(v: Volume, inum: number): number {
  return v.sb.inodestart * BSIZE + inum * DINODE_SIZE;
}

/** Keeps a line that xv6 would print. Few are kept: a program may cause any number of them. */
export function notice({ state }: Volume, line: string): void {
  if (state.notices.length < 100) state.notices.push(line);
}
