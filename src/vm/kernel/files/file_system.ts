/**
 * What the kernel asks of a mounted file system, whatever its format.
 *
 * A file is named by a handle, a plain number. `root`, `namei`, `open` and `chdir` hand one out
 * with a reference held, `idup` takes another, `iput` gives one back. Paths are byte strings
 * (xv6fs/path.ts). Every call is complete on the disk when it returns. A failure is a negative
 * number (errno.ts), never an exception.
 */

import type { DiskImage } from "../../machine/disk_bytes.ts";
import type { Saved } from "../../machine/saver.ts";

/**
 * Moves bytes between a block and the caller's memory: `chunk` is a piece of one block, `done` the
 * number of bytes moved before it. For a read the callee copies `chunk` out and must not change it,
 * for a write it fills it, and is asked only when there is room for it. False: the user address is
 * bad.
 */
export type Copy = (chunk: Uint8Array, done: number) => boolean;

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

/** A handle in use, and the references that are held from outside the file system. */
export interface Held {
  /** The handle. */
  readonly inum: number;
  /** Open files, current directories, calls under way. */
  readonly refs: number;
}

/** A file system as saved. */
export interface SavedVolume<State> {
  /** The disk's contents. */
  readonly image: DiskImage;
  /** What is kept beside the disk. */
  readonly state: Saved<State>;
}

/** A mounted file system. */
export interface FileSystem {
  /** Bytes of the largest file there can be; a damaged image may claim more. */
  readonly largest: number;
  /** The root directory. */
  root(): number;
  /** One more reference. */
  idup(handle: number): number;
  /** One reference less; the last one of a file without names frees it. */
  iput(handle: number): void;
  /** Handles in use. */
  inUse(): Held[];
  /** T_DIR, T_FILE, T_DEVICE, T_SYMLINK; 0 for a free inode. */
  type(handle: number): number;
  /** Bytes. */
  size(handle: number): number;
  /** What fstat tells. */
  stat(handle: number): Stat | number;
  /** Reads up to `n` bytes from `off`; a negative `n` asks for all. Returns how many. */
  readi(handle: number, off: number, n: number, copy: Copy): number;
  /**
   * Writes `n` bytes at `off`, which is at most the end of the file. Returns how many: fewer when
   * the disk filled up or `copy` refused; a negative error when none could be written.
   */
  write(handle: number, off: number, n: number, copy: Copy): number;
  /** Empties a file. */
  itrunc(handle: number): void;
  /** The names in a directory, without `.` and `..`. */
  names(handle: number): string[] | number;
  /** The file or directory of `path`, seen from directory `cwd`. */
  namei(cwd: number, path: string): number;
  /** The same for a directory to stand in. The caller iputs the old one. */
  chdir(cwd: number, path: string): number;
  /** open(path, omode) without the descriptor. */
  open(cwd: number, path: string, omode: number): number;
  /** link(old, path): 0 or an error. `old` is seen from directory `from`, `cwd` by default. */
  link(cwd: number, old: string, path: string, from?: number): number;
  /** unlink(path): 0 or an error. A directory must be empty. */
  unlink(cwd: number, path: string): number;
  /** mkdir(path): 0 or an error. */
  mkdir(cwd: number, path: string): number;
  /** mknod(path, major, minor): 0 or an error. */
  mknod(cwd: number, path: string, major: number, minor: number): number;
  /** symlink(target, path) of the file-system lab: 0 or an error. */
  symlink(cwd: number, target: string, path: string): number;
}

/** Up to `n` bytes of a file from `off`: for exec, page faults on mapped files, the shell. */
export function readBytes(
  fs: FileSystem,
  handle: number,
  off: number,
  n: number,
): Uint8Array | number {
  const size = Math.min(fs.size(handle), fs.largest);
  const out = new Uint8Array(Math.max(0, Math.min(n, size - off)));
  const got = fs.readi(handle, off, out.length, (chunk, done) => {
    out.set(chunk, done);
    return true;
  });
  return got < 0 ? got : out.subarray(0, got);
}

/** Writes `bytes` at `off`: bytes written, or a negative error. */
export function writeBytes(fs: FileSystem, handle: number, off: number, bytes: Uint8Array): number {
  return fs.write(handle, off, bytes.length, (chunk, done) => {
    chunk.set(bytes.subarray(done, done + chunk.length));
    return true;
  });
}
