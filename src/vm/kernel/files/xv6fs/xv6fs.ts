/**
 * A mounted xv6 file system: what the kernel's system calls, the shell and the loader hold.
 *
 * Inodes are named by their i-number, a plain number. `open`, `create`, `namei`, `chdir` and `iget` hand one out
 * with a reference held; `iput` gives it back. Every method is one call of xv6: one transaction, complete on
 * the disk image when it returns. Failures are negative numbers (errno.ts), never exceptions.
 */
import type { DiskImage } from "../../../machine/disk_bytes.ts";
import { joined } from "../../../machine/pieces.ts";
import { type Saved, Saver } from "../../../machine/saver.ts";
import { EINVAL, FsError } from "../errno.ts";
import {
  type Addressing,
  BSIZE,
  checkedSuperblock,
  ROOTDEV,
  ROOTINO,
  type Superblock,
  T_DIR,
  WRITE_CHUNK,
} from "./layout.ts";
import { inferAddressing } from "./addressing.ts";
import { Disk } from "./disk.ts";
import { recover } from "./log.ts";
import { makeVolume, notice, type Volume } from "./volume.ts";
import * as inodes from "./inode.ts";
import * as content from "./content.ts";
import * as names from "./namespace.ts";
import { namei } from "./path.ts";
import { entries, type Entry } from "./directory.ts";
import { freeBlocks } from "./bitmap.ts";
import type { Copy } from "./content.ts";

/** What fstat tells, plus the device numbers. */
export interface Stat {
  /** Disk device number. */
  readonly dev: number;
  /** I-number. */
  readonly ino: number;
  /** T_DIR, T_FILE, T_DEVICE, T_SYMLINK. */
  readonly type: number;
  /** Directory entries that name it. */
  readonly nlink: number;
  /** Bytes. */
  readonly size: number;
  /** Device number of a device file. */
  readonly major: number;
  /** Minor device number. */
  readonly minor: number;
}

/** Everything a mounted file system is, as plain data: for a snapshot of the whole machine. */
export interface Xv6fsState {
  /** The disk's contents. */
  readonly image: DiskImage;
  /** What the addresses in its inodes are. */
  readonly addressing: Addressing;
  /** References held, by i-number. */
  readonly refs: Saved<Uint32Array>;
  /** Console lines not yet taken. */
  readonly notices: readonly string[];
  /** Block writes so far. */
  readonly writes: number;
}

/** An xv6 file system over an image in memory, changed in place. */
export class Xv6fs {
  readonly #v: Volume;
  readonly #saver = new Saver();

  private constructor(volume: Volume) {
    this.#v = volume;
  }

  /**
   * Opens an image, as xv6 does at boot: installs a committed transaction left in the log, then frees inodes
   * that were open and unlinked at the stop. The image is changed in place from now on.
   *
   * @param disk The image, or a disk around it.
   * @param addressing What the addresses in its inodes are; the image tells unless it is a new one.
   * @throws {FsError} one clear line: truncated, wrong magic, areas that overlap, a log or root that cannot be.
   */
  static open(disk: Uint8Array | Disk, addressing?: Addressing): Xv6fs {
    const d = disk instanceof Disk ? disk : new Disk(disk);
    const sb = checkedSuperblock(d.image);
    const recovered = recover(d, sb);
    const v = makeVolume(d, sb, addressing ?? inferAddressing(d.image, sb));
    recovered.forEach((bno, tail) => notice(v, `recovering tail ${tail} dst ${bno}`));
    if (inodes.inodeType(v, ROOTINO) !== T_DIR) {
      throw new FsError(`inode ${ROOTINO}, the root, is not a directory`);
    }
    inodes.reclaimOrphans(v);
    return new Xv6fs(v);
  }

  /** The state to {@linkcode Xv6fs.restore} later. Between calls only, which is always: each call is complete. */
  save(): Xv6fsState {
    const { disk, refs, notices, addressing } = this.#v;
    return {
      image: disk.save(),
      addressing,
      refs: this.#saver.save(refs),
      notices: this.#saver.save(notices),
      writes: disk.writes,
    };
  }

  /** A file system exactly as saved, on a copy of the saved image: nothing is reclaimed, what was open is open. */
  static restore(state: Xv6fsState): Xv6fs {
    const disk = new Disk(state.image);
    disk.writes = state.writes;
    const sb = checkedSuperblock(disk.image);
    const v = makeVolume(disk, sb, state.addressing);
    v.refs.set(joined(state.refs));
    v.inUse = v.refs.reduce((n, refs) => refs > 0 ? n + 1 : n, 0);
    v.notices = [...state.notices];
    return new Xv6fs(v);
  }

  /** The disk image itself: always what a power cut now would leave. */
  get image(): Uint8Array {
    return this.#v.disk.image;
  }

  /** Geometry. */
  get superblock(): Superblock {
    return this.#v.sb;
  }

  /** What the addresses in an inode are. */
  get addressing(): Addressing {
    return this.#v.addressing;
  }

  /** The disk, with its count of writes. */
  get disk(): Disk {
    return this.#v.disk;
  }

  /** Free data blocks. */
  get freeBlocks(): number {
    return freeBlocks(this.#v);
  }

  /** Free inodes. */
  get freeInodes(): number {
    let free = 0;
    for (let i = 1; i < this.#v.sb.ninodes; i++) if (inodes.inodeType(this.#v, i) === 0) free++;
    return free;
  }

  /** I-numbers in use with their reference counts: xv6's inode table. */
  inUse(): Array<{ inum: number; refs: number }> {
    const list: Array<{ inum: number; refs: number }> = [];
    this.#v.refs.forEach((refs, inum) => {
      if (refs > 0) list.push({ inum, refs });
    });
    return list;
  }

  /** Lines xv6 would have printed since last asked (`balloc: out of blocks`). */
  takeNotices(): string[] {
    return this.#v.notices.splice(0);
  }

  /** One transaction. Anything thrown inside is a fault of this program, and leaves the state before it. */
  #op<T>(body: (v: Volume) => T): T {
    const v = this.#v;
    v.log.begin();
    let complete = false;
    try {
      const result = body(v);
      complete = true;
      return result;
    } finally {
      if (complete) v.log.end();
      else this.#undo();
    }
  }

  #undo(): void {
    this.#v.log.abort();
    this.#v.blockHint = 0;
    this.#v.inodeHint = 1;
  }

  /** Takes a reference to inode `inum`; returns it, or a negative error. */
  iget(inum: number): number {
    return inodes.iget(this.#v, inum);
  }

  /** One more reference to an inode that is held. */
  idup(inum: number): number {
    return inodes.idup(this.#v, inum);
  }

  /** Drops a reference; the last one of an inode without links frees it. */
  iput(inum: number): void {
    this.#op((v) => inodes.iput(v, inum));
  }

  /** The root directory, with a reference held. */
  root(): number {
    return inodes.iget(this.#v, ROOTINO);
  }

  /** What is known of inode `inum`, or a negative error when there is none. */
  stat(inum: number): Stat | number {
    const v = this.#v;
    if (!inodes.inodeExists(v, inum)) return EINVAL;
    return {
      dev: ROOTDEV,
      ino: inum,
      type: inodes.inodeType(v, inum),
      nlink: inodes.linkCount(v, inum),
      size: inodes.fileSize(v, inum),
      major: inodes.major(v, inum),
      minor: inodes.minor(v, inum),
    };
  }

  /** The inode's type, 0 when free. */
  type(inum: number): number {
    return inodes.inodeType(this.#v, inum);
  }

  /** The file's size in bytes. */
  size(inum: number): number {
    return inodes.fileSize(this.#v, inum);
  }

  /** A device file's major number. */
  major(inum: number): number {
    return inodes.major(this.#v, inum);
  }

  /** readi: up to `n` bytes from `off` through `copy`. Bytes read, or a negative error. */
  readi(inum: number, off: number, n: number, copy: Copy): number {
    return content.read(this.#v, inum, off, n, copy);
  }

  /** The same into a buffer of this side: for exec, page faults on mapped files, the shell. */
  readBytes(inum: number, off: number, n: number): Uint8Array | number {
    // A damaged image may claim a size that no file can have.
    const size = Math.min(this.size(inum), this.addressing.maxfile * BSIZE);
    const room = Math.max(0, Math.min(n, size - off));
    const out = new Uint8Array(room);
    const got = this.readi(inum, off, room, (chunk, done) => {
      out.set(chunk, done);
      return true;
    });
    return got < 0 ? got : out.subarray(0, got);
  }

  /** writei: one transaction of at most {@linkcode WRITE_CHUNK} bytes. Bytes written, or a negative error. */
  writei(inum: number, off: number, n: number, copy: Copy): number {
    if (n > WRITE_CHUNK) return EINVAL;
    return this.#op((v) => content.write(v, inum, off, n, copy));
  }

  /**
   * filewrite: a write of any length, split into transactions as xv6 splits it. Returns the bytes written,
   * by which the descriptor's offset moves; xv6's `write` then answers `n` when that is all, else -1.
   * Negative: nothing was written, and why.
   */
  write(inum: number, off: number, n: number, copy: Copy): number {
    if (n < 0) return EINVAL;
    for (let done = 0; done < n;) {
      const part = Math.min(n - done, WRITE_CHUNK);
      const before = done;
      const wrote = this.#op((v) =>
        content.write(v, inum, off + before, part, (chunk, at) => copy(chunk, before + at))
      );
      if (wrote < 0) return done > 0 ? done : wrote;
      done += wrote;
      if (wrote !== part) return done;
    }
    return n;
  }

  /** Writes `bytes` at `off`: bytes written, or a negative error. */
  writeBytes(inum: number, off: number, bytes: Uint8Array): number {
    return this.write(inum, off, bytes.length, (chunk, done) => {
      chunk.set(bytes.subarray(done, done + chunk.length));
      return true;
    });
  }

  /** Empties a file. */
  itrunc(inum: number): void {
    this.#op((v) => content.truncate(v, inum));
  }

  /** The entries of a directory, or a negative error. */
  entries(inum: number): Entry[] | number {
    return entries(this.#v, inum);
  }

  /** The inode of `path`, seen from directory `cwd`, with a reference held; or a negative error. */
  namei(cwd: number, path: string): number {
    return this.#op((v) => namei(v, cwd, path));
  }

  /** open(path, omode) without the descriptor, see {@linkcode names.open}. */
  open(cwd: number, path: string, omode: number): number {
    return this.#op((v) => names.open(v, cwd, path, omode));
  }

  /** link(old, path): 0 or a negative error. */
  link(cwd: number, old: string, path: string): number {
    return this.linkAt(cwd, old, cwd, path);
  }

  /** The same with a directory of its own for each path. */
  linkAt(from: number, old: string, cwd: number, path: string): number {
    return this.#op((v) => names.link(v, from, old, cwd, path));
  }

  /** unlink(path): 0 or a negative error. */
  unlink(cwd: number, path: string): number {
    return this.#op((v) => names.unlink(v, cwd, path));
  }

  /** mkdir(path): 0 or a negative error. */
  mkdir(cwd: number, path: string): number {
    return this.#op((v) => names.mkdir(v, cwd, path));
  }

  /** mknod(path, major, minor): 0 or a negative error. */
  mknod(cwd: number, path: string, major: number, minor: number): number {
    return this.#op((v) => names.mknod(v, cwd, path, major, minor));
  }

  /** symlink(target, path) of the file-system lab: 0 or a negative error. */
  symlink(cwd: number, target: string, path: string): number {
    return this.#op((v) => names.symlink(v, cwd, target, path));
  }

  /** chdir(path): the new directory with a reference held, or a negative error. The caller iputs the old one. */
  chdir(cwd: number, path: string): number {
    return this.#op((v) => names.chdir(v, cwd, path));
  }
}
