/** A mounted xv6 file system: the functions of this folder as calls. A handle is an i-number. */
import { EINVAL, FsError } from "../errno.ts";
import type { FileSystem, SavedVolume, Stat } from "../file_system.ts";
import { freeBlocks } from "./bitmap.ts";
import { read, truncate, writeAll } from "./content.ts";
import { entries, type Entry } from "./directory.ts";
import { Disk } from "./disk.ts";
import { fileSize, inodeExists, inodeType, linkCount, major, minor } from "./inode.ts";
import { freeInodes, idup, iget, iput, reclaimOrphans } from "./itable.ts";
import {
  type Addressing,
  BSIZE,
  checkedSuperblock,
  ROOTDEV,
  ROOTINO,
  type Superblock,
  T_DIR,
} from "./layout.ts";
import { recover } from "./log.ts";
import { chdir, link, mkdir, mknod, open, symlink, unlink } from "./namespace.ts";
import { namei } from "./path.ts";
import { makeVolume, notice, transact, type Volume, type Xv6State } from "./volume.ts";

/** An xv6 file system over an image in memory, changed in place. */
export interface Xv6fs extends FileSystem {
  /** The disk image itself: always what a power cut now would leave. */
  readonly image: Uint8Array;
  /** Geometry. */
  readonly superblock: Superblock;
  /** What the addresses in an inode are. */
  readonly addressing: Addressing;
  /** Free data blocks. */
  freeBlocks(): number;
  /** Free inodes. */
  freeInodes(): number;
  /** The entries of a directory, or a negative error. */
  entries(inum: number): Entry[] | number;
  /** Lines xv6 would have printed since last asked (`balloc: out of blocks`). */
  takeNotices(): string[];
  /** The state for {@linkcode restoreXv6fs}. */
  save(): SavedVolume<Xv6State>;
}

/**
 * Opens an image, as xv6 does at boot: installs a committed transaction left in the log, then frees
 * inodes that were open and unlinked at the stop. The image is changed in place from now on.
 *
 * @param disk The image, or a disk around it.
 * @param addressing What the addresses in its inodes are; the image tells unless it is a new one.
 * @throws {FsError} one clear line: truncated, wrong magic, areas that overlap, a log or root that
 * cannot be.
 */
export function openXv6fs(disk: Uint8Array | Disk, addressing?: Addressing): Xv6fs {
  const d = disk instanceof Disk ? disk : new Disk(disk);
  const sb = checkedSuperblock(d.image);
  const recovered = recover(d, sb);
  const v = makeVolume(d, sb, addressing);
  recovered.forEach((bno, tail) => notice(v, `recovering tail ${tail} dst ${bno}`));
  if (inodeType(v, ROOTINO) !== T_DIR) {
    throw new FsError(`inode ${ROOTINO}, the root, is not a directory`);
  }
  reclaimOrphans(v);
  return mounted(v);
}

/** A file system exactly as saved, on a copy of the image: what was open is open. */
export function restoreXv6fs({ image, state }: SavedVolume<Xv6State>): Xv6fs {
  const disk = new Disk(image);
  return mounted(makeVolume(disk, checkedSuperblock(disk.image), undefined, state));
}

/** The functions of this folder as calls on one volume. */
function mounted(v: Volume): Xv6fs {
  const { disk, sb, state: { addressing, refs, notices } } = v;
  /** One that may write is a transaction. */
  const call = <A extends unknown[], R>(run: (v: Volume, ...args: A) => R) => (...args: A): R =>
    transact(v, () => run(v, ...args));
  return {
    image: disk.image,
    superblock: sb,
    addressing,
    largest: addressing.maxfile * BSIZE,
    root: () => iget(v, ROOTINO),
    idup: (inum) => idup(v, inum),
    iput: call(iput),
    inUse: () =>
      [...refs.keys()].filter((i) => refs[i] > 0).map((inum) => ({ inum, refs: refs[inum] })),
    type: (inum) => inodeType(v, inum),
    size: (inum) => fileSize(v, inum),
    stat: (inum) => inodeExists(v, inum) ? statOf(v, inum) : EINVAL,
    readi: (inum, off, n, copy) => read(v, inum, off, n, copy),
    write: (inum, off, n, copy) => writeAll(v, inum, off, n, copy),
    itrunc: call(truncate),
    entries: (inum) => entries(v, inum),
    names: (inum) => namesIn(v, inum),
    namei: call(namei),
    chdir: call(chdir),
    open: call(open),
    link: call(link),
    unlink: call(unlink),
    mkdir: call(mkdir),
    mknod: call(mknod),
    symlink: call(symlink),
    freeBlocks: () => freeBlocks(v),
    freeInodes: () => freeInodes(v),
    takeNotices: () => notices.splice(0),
    save: () => ({ image: disk.save(), state: v.saver.save(v.state) }),
  };
}

function statOf(v: Volume, inum: number): Stat {
  return {
    dev: ROOTDEV,
    ino: inum,
    type: inodeType(v, inum),
    nlink: linkCount(v, inum),
    size: fileSize(v, inum),
    major: major(v, inum),
    minor: minor(v, inum),
  };
}

function namesIn(v: Volume, inum: number): string[] | number {
  const all = entries(v, inum);
  if (typeof all === "number") return all;
  return all.map(({ name }) => name).filter((name) => name !== "." && name !== "..");
}
