/**
 * One tree of names over two file systems: xv6's at `/`, a FAT32 image at `/fat`.
 *
 * It has the face of Xv6fs, so the system calls need not know which one a handle belongs to: a handle below
 * {@linkcode FAT_HANDLES} is an i-number, one from there on is a FAT32 handle. The mount point needs no directory
 * on the disk: the name `fat` in the root leads over, `..` leads back.
 */
import { EXDEV } from "./errno.ts";
import { Fat32, type Fat32State } from "./fat32/fat32.ts";
import { byteString } from "./xv6fs/path.ts";
import { MAXPATH, ROOTINO } from "./xv6fs/layout.ts";
import { type Stat, Xv6fs, type Xv6fsState } from "./xv6fs/xv6fs.ts";
import type { Copy } from "./xv6fs/content.ts";

/** Handles from here on are FAT32's. I-numbers are at most 65535. */
export const FAT_HANDLES = 0x10000;

/** The name in the root directory under which the FAT32 file system is found. */
export const FAT_MOUNT = "fat";

/** The FAT32 root directory as a handle of the tree. */
const FAT_ROOT = FAT_HANDLES + 1;

/** Both file systems as plain data. */
export interface FileTreeState {
  /** The root file system. */
  readonly xv6: Xv6fsState;
  /** The one under `/fat`. */
  readonly fat: Fat32State | undefined;
}

/** What a directory holds, whichever file system it is in. */
export interface Name {
  /** The name, one character a byte. */
  readonly name: string;
  /** What it is called where names have at most 14 bytes. */
  readonly short: string;
}

type Either = Xv6fs | Fat32;

/** Two file systems as one. */
export class FileTree {
  /** The file system at `/`. */
  readonly xv6: Xv6fs;
  #fat: Fat32 | undefined;

  /** A tree over a root and, perhaps, a FAT32 file system under `/fat`. */
  constructor(xv6: Xv6fs, fat?: Fat32) {
    this.xv6 = xv6;
    this.#fat = fat;
  }

  /** The file system under `/fat`, if one is mounted. */
  get fat(): Fat32 | undefined {
    return this.#fat;
  }

  /** Mounts an image under `/fat`; it is changed in place. @throws {FsError} when it cannot be opened. */
  mountFat(image: Uint8Array): void {
    this.#fat = Fat32.open(image);
  }

  /** The state to {@linkcode FileTree.restore} later. */
  save(): FileTreeState {
    return { xv6: this.xv6.save(), fat: this.#fat?.save() };
  }

  /** A tree exactly as saved. */
  static restore(state: FileTreeState): FileTree {
    return new FileTree(Xv6fs.restore(state.xv6), state.fat && Fat32.restore(state.fat));
  }

  /** The file system that `handle` belongs to, and what it is called there. */
  #of(handle: number): { fs: Either; h: number } {
    if (handle < FAT_HANDLES) return { fs: this.xv6, h: handle };
    return { fs: this.#fat!, h: handle - FAT_HANDLES };
  }

  /** A result of `fs` as a handle of the tree. */
  #out(fs: Either, result: number): number {
    return fs === this.xv6 || result < 0 ? result : result + FAT_HANDLES;
  }

  /** The root directory, with a reference held. */
  root(): number {
    return this.xv6.root();
  }

  /** One more reference. */
  idup(handle: number): number {
    const { fs, h } = this.#of(handle);
    return this.#out(fs, fs.idup(h));
  }

  /** One reference less. */
  iput(handle: number): void {
    const { fs, h } = this.#of(handle);
    fs.iput(h);
  }

  /** T_DIR, T_FILE, T_DEVICE, T_SYMLINK. */
  type(handle: number): number {
    const { fs, h } = this.#of(handle);
    return fs.type(h);
  }

  /** Bytes. */
  size(handle: number): number {
    const { fs, h } = this.#of(handle);
    return fs.size(h);
  }

  /** A device file's major number. */
  major(handle: number): number {
    const { fs, h } = this.#of(handle);
    return fs.major(h);
  }

  /** What fstat tells, or a negative error. */
  stat(handle: number): Stat | number {
    const { fs, h } = this.#of(handle);
    return fs.stat(h);
  }

  /** Up to `n` bytes from `off` through `copy`. */
  readi(handle: number, off: number, n: number, copy: Copy): number {
    const { fs, h } = this.#of(handle);
    return fs.readi(h, off, n, copy);
  }

  /** The same into a buffer of this side. */
  readBytes(handle: number, off: number, n: number): Uint8Array | number {
    const { fs, h } = this.#of(handle);
    return fs.readBytes(h, off, n);
  }

  /** Bytes written through `copy`, or a negative error. */
  write(handle: number, off: number, n: number, copy: Copy): number {
    const { fs, h } = this.#of(handle);
    return fs.write(h, off, n, copy);
  }

  /** Writes `bytes` at `off`. */
  writeBytes(handle: number, off: number, bytes: Uint8Array): number {
    const { fs, h } = this.#of(handle);
    return fs.writeBytes(h, off, bytes);
  }

  /** Empties a file. */
  itrunc(handle: number): void {
    const { fs, h } = this.#of(handle);
    fs.itrunc(h);
  }

  /** The names in a directory without `.` and `..`, or a negative error. The mount point is not among the root's. */
  names(handle: number): Name[] | number {
    if (handle >= FAT_HANDLES) {
      const entries = this.#fat!.entries(handle - FAT_HANDLES);
      if (typeof entries === "number") return entries;
      return entries.map(({ name, short }) => ({
        name: byteString(name),
        short: byteString(short),
      }));
    }
    const entries = this.xv6.entries(handle);
    if (typeof entries === "number") return entries;
    return entries.filter(({ name }) => name !== "." && name !== "..")
      .map(({ name }) => ({ name, short: name }));
  }

  /** Handles in use with their reference counts. */
  inUse(): Array<{ inum: number; refs: number }> {
    const fat = this.#fat?.inUse() ?? [];
    return [
      ...this.xv6.inUse(),
      ...fat.map(({ inum, refs }) => ({ inum: inum + FAT_HANDLES, refs })),
    ];
  }

  /** Console lines of the kernel's own, see Xv6fs. */
  takeNotices(): string[] {
    return this.xv6.takeNotices();
  }

  /**
   * Runs `call` in the file system where the last element of `path` is looked up: with the directory to start
   * from and the path from there. Only what may cross the mount point is followed step by step.
   */
  #at(cwd: number, path: string, call: (fs: Either, cwd: number, path: string) => number): number {
    const absolute = path.startsWith("/");
    const inFat = cwd >= FAT_HANDLES;
    if (this.#fat === undefined || path.length >= MAXPATH) return call(this.xv6, cwd, path);
    if (!path.includes(FAT_MOUNT) && (absolute || !inFat)) {
      return call(this.xv6, inFat ? ROOTINO : cwd, path);
    }
    const elements = path.split("/").filter((s) => s !== "");
    let at = absolute ? this.root() : this.idup(cwd);
    let last = ".";
    for (const [i, element] of elements.entries()) {
      let next: number;
      if (at === ROOTINO && element === FAT_MOUNT) next = this.#out(this.#fat, this.#fat.root());
      else if (at === FAT_ROOT && element === "..") next = this.root();
      else if (i === elements.length - 1) {
        last = element;
        break;
      } else {
        const { fs, h } = this.#of(at);
        next = this.#out(fs, fs.namei(h, element));
      }
      this.iput(at);
      if (next < 0) return next;
      at = next;
    }
    const { fs, h } = this.#of(at);
    const result = call(fs, h, last);
    this.iput(at);
    return result;
  }

  /** The file or directory of `path`, with a reference held, or a negative error. */
  namei(cwd: number, path: string): number {
    return this.#at(cwd, path, (fs, dir, rest) => this.#out(fs, fs.namei(dir, rest)));
  }

  /** open(path, omode) without the descriptor, see Xv6fs. */
  open(cwd: number, path: string, omode: number): number {
    return this.#at(cwd, path, (fs, dir, rest) => this.#out(fs, fs.open(dir, rest, omode)));
  }

  /** chdir(path): the directory with a reference held, or a negative error. */
  chdir(cwd: number, path: string): number {
    return this.#at(cwd, path, (fs, dir, rest) => this.#out(fs, fs.chdir(dir, rest)));
  }

  /** mkdir(path): 0 or a negative error. */
  mkdir(cwd: number, path: string): number {
    return this.#at(cwd, path, (fs, dir, rest) => fs.mkdir(dir, rest));
  }

  /** mknod(path, major, minor): 0 or a negative error. */
  mknod(cwd: number, path: string, major: number, minor: number): number {
    return this.#at(cwd, path, (fs, dir, rest) => fs.mknod(dir, rest, major, minor));
  }

  /** unlink(path): 0 or a negative error. */
  unlink(cwd: number, path: string): number {
    return this.#at(cwd, path, (fs, dir, rest) => fs.unlink(dir, rest));
  }

  /** symlink(target, path): 0 or a negative error. A link is followed within the root file system. */
  symlink(cwd: number, target: string, path: string): number {
    return this.#at(cwd, path, (fs, dir, rest) => fs.symlink(dir, target, rest));
  }

  /** link(old, path): 0 or a negative error; EXDEV across file systems. */
  link(cwd: number, old: string, path: string): number {
    if (this.#fat === undefined) return this.xv6.link(cwd, old, path);
    return this.#at(cwd, old, (from, oldDir, oldRest) =>
      this.#at(cwd, path, (to, dir, rest) => {
        if (from !== to) return EXDEV;
        return to.linkAt(oldDir, oldRest, dir, rest);
      }));
  }
}
