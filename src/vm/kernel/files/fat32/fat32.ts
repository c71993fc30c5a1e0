/**
 * A mounted FAT32 file system, with the same face as Xv6fs: handles are plain numbers with references, failures are
 * negative numbers, paths are byte strings (names in them are UTF-8).
 *
 * There is no log: each call writes the image in place, in an order that at worst leaves clusters lost. FAT has one
 * name a file and no devices, so `link`, `mknod` and `symlink` answer EPERM. An open file that is unlinked
 * keeps its clusters until its last iput. Dates are always 1 January 1980.
 */
import { DiskBytes, type DiskImage } from "../../../machine/disk_bytes.ts";
import type { Saved } from "../../../machine/saver.ts";
import {
  EEXIST,
  EINVAL,
  EIO,
  EISDIR,
  ENAMETOOLONG,
  ENOENT,
  ENOTDIR,
  ENOTEMPTY,
  EPERM,
} from "../errno.ts";
import type { Copy } from "../xv6fs/content.ts";
import type { Stat } from "../xv6fs/xv6fs.ts";
import { MAXPATH, T_DIR, T_FILE } from "../xv6fs/layout.ts";
import { O_CREATE, O_RDONLY, O_TRUNC } from "../xv6fs/namespace.ts";
import { textOf } from "../xv6fs/path.ts";
import { ATTR_ARCHIVE, ATTR_DIR, ENTRY_SIZE, MAX_NAME } from "./layout.ts";
import {
  addEntry,
  type FatEntry,
  findInDirectory,
  initDirectory,
  readDirectory,
  removeEntry,
} from "./directory.ts";
import { xv6Entries } from "./listing.ts";
import { isLegalName } from "./names.ts";
import { type FatNode, readNode, truncateNode, writeNode } from "./node.ts";
import { FAT_ROOT, FatNodes } from "./nodes.ts";
import { allocCluster, type FatVolume, freeChain, mountFat } from "./table.ts";

/** The device number that files here report. */
export const FATDEV = 2;

/** Everything a mounted FAT32 file system is, as plain data. */
export interface Fat32State {
  /** The disk's contents. */
  readonly image: DiskImage;
  /** Nodes in use, by handle. */
  readonly nodes: Saved<Map<number, FatNode>>;
}

/** A FAT32 file system over an image in memory, changed in place. */
export class Fat32 {
  readonly #v: FatVolume;
  readonly #nodes: FatNodes;
  readonly #disk: DiskBytes;
  /** The image's version when it was saved last. */
  #saved = 0;

  private constructor(disk: DiskBytes, nodes?: Fat32State["nodes"]) {
    const volume = mountFat(disk.bytes);
    this.#disk = disk;
    this.#v = volume;
    this.#nodes = new FatNodes(volume, nodes);
  }

  /** Opens an image. @throws {FsError} one clear line. */
  static open(image: Uint8Array): Fat32 {
    return new Fat32(new DiskBytes(image));
  }

  /** The state to {@linkcode Fat32.restore} later. */
  save(): Fat32State {
    const { version, image } = this.#v;
    // What was written is found by comparing: a FAT is written in many places.
    if (this.#saved !== version) this.#disk.touch(0, image.length);
    this.#saved = version;
    return { image: this.#disk.save(), nodes: this.#nodes.save() };
  }

  /** A file system exactly as saved, on a copy of the saved image. */
  static restore(state: Fat32State): Fat32 {
    return new Fat32(new DiskBytes(state.image), state.nodes);
  }

  /** The image. */
  get image(): Uint8Array {
    return this.#v.image;
  }

  /** Goes up with every change of the image, so that unchanged images need not be copied. */
  get version(): number {
    return this.#v.version;
  }

  /** Free bytes. */
  get freeBytes(): number {
    return this.#v.free * this.#v.geometry.clusterSize;
  }

  /** Handles in use with their reference counts. */
  inUse(): Array<{ inum: number; refs: number }> {
    return this.#nodes.inUse();
  }

  /** The root directory, with a reference held. */
  root(): number {
    return this.#nodes.root();
  }

  /** One more reference. */
  idup(handle: number): number {
    return this.#nodes.idup(handle);
  }

  /** Drops a reference; the last one of a removed file frees its clusters. */
  iput(handle: number): void {
    this.#nodes.iput(handle);
  }

  /** T_DIR or T_FILE. */
  type(handle: number): number {
    return this.#nodes.get(handle).dir ? T_DIR : T_FILE;
  }

  /** Bytes; for a directory, of the xv6 entries that reading it gives. */
  size(handle: number): number {
    const node = this.#nodes.get(handle);
    return node.dir ? xv6Entries(this.#v, node.cluster).length : node.size;
  }

  /** There are no devices here. */
  major(_handle: number): number {
    return 0;
  }

  /** What fstat tells. `ino` is the handle's entry number, and 1 for the root. */
  stat(handle: number): Stat {
    const node = this.#nodes.get(handle);
    return {
      dev: FATDEV,
      ino: node.entry > 0 ? node.entry / ENTRY_SIZE : handle,
      type: node.dir ? T_DIR : T_FILE,
      nlink: node.entry < 0 ? 0 : 1,
      size: this.size(handle),
      major: 0,
      minor: 0,
    };
  }

  /** Up to `n` bytes from `off` through `copy`; a directory reads as xv6 directory entries. */
  readi(handle: number, off: number, n: number, copy: Copy): number {
    const node = this.#nodes.get(handle);
    if (!node.dir) return readNode(this.#v, node, off, n, copy);
    const bytes = xv6Entries(this.#v, node.cluster);
    if (off < 0 || off >= bytes.length) return 0;
    const part = bytes.subarray(off, Math.min(bytes.length, off + (n >>> 0)));
    return copy(part, 0) ? part.length : -1;
  }

  /** The same into a buffer of this side. */
  readBytes(handle: number, off: number, n: number): Uint8Array | number {
    // A damaged image may claim a size that is larger than it.
    const size = Math.min(this.size(handle), this.#v.image.length);
    const room = Math.max(0, Math.min(n, size - off));
    const out = new Uint8Array(room);
    const got = this.readi(handle, off, room, (chunk, done) => {
      out.set(chunk, done);
      return true;
    });
    return got < 0 ? got : out.subarray(0, got);
  }

  /** Bytes written, fewer when the disk filled up or `copy` refused; negative when none could be. */
  write(handle: number, off: number, n: number, copy: Copy): number {
    const node = this.#nodes.get(handle);
    if (node.dir) return EISDIR;
    if (node.readOnly) return EPERM;
    return writeNode(this.#v, node, off, n, copy);
  }

  /** Writes `bytes` at `off`. */
  writeBytes(handle: number, off: number, bytes: Uint8Array): number {
    return this.write(handle, off, bytes.length, (chunk, done) => {
      chunk.set(bytes.subarray(done, done + chunk.length));
      return true;
    });
  }

  /** Empties a file. */
  itrunc(handle: number): void {
    truncateNode(this.#v, this.#nodes.get(handle));
  }

  /** The entries of a directory with their long names, or a negative error. */
  entries(handle: number): FatEntry[] | number {
    const node = this.#nodes.get(handle);
    return node.dir ? readDirectory(this.#v, node.cluster) : ENOTDIR;
  }

  /** Follows `elements` from the root or `cwd`; the result has a reference held. */
  #walk(cwd: number, absolute: boolean, elements: readonly string[]): number {
    let at = absolute ? this.root() : this.idup(cwd);
    for (const name of elements) {
      const next = this.#step(at, name);
      this.iput(at);
      if (next < 0) return next;
      at = next;
    }
    return at;
  }

  #step(at: number, name: string): number {
    const node = this.#nodes.get(at);
    if (!node.dir) return ENOTDIR;
    if (name === ".") return this.idup(at);
    if (name === "..") return this.idup(node.parent === 0 ? at : node.parent);
    if (node.entry < 0) return ENOENT; // removed while somebody stands in it
    const entry = findInDirectory(this.#v, node.cluster, name);
    if (typeof entry === "number") return entry;
    return entry === undefined ? ENOENT : this.#nodes.take(at, entry);
  }

  #elements(path: string): string[] | number {
    if (path.length >= MAXPATH) return ENAMETOOLONG;
    const elements = textOf(path).split("/").filter((s) => s !== "");
    return elements.some((s) => s.length > MAX_NAME) ? ENAMETOOLONG : elements;
  }

  /** The file or directory of `path`, seen from `cwd`, with a reference held; or a negative error. */
  namei(cwd: number, path: string): number {
    const elements = this.#elements(path);
    return typeof elements === "number"
      ? elements
      : this.#walk(cwd, path.startsWith("/"), elements);
  }

  /** Runs `body` on the directory that the last element of `path` is in. */
  #inParent(cwd: number, path: string, body: (dir: number, name: string) => number): number {
    const elements = this.#elements(path);
    if (typeof elements === "number") return elements;
    const name = elements.pop();
    if (name === undefined) return ENOENT;
    const dir = this.#walk(cwd, path.startsWith("/"), elements);
    if (dir < 0) return dir;
    const result = this.#nodes.get(dir).dir ? body(dir, name) : ENOTDIR;
    this.iput(dir);
    return result;
  }

  /** open(path, omode) without the descriptor: the handle with a reference held, or a negative error. */
  open(cwd: number, path: string, omode: number): number {
    const found = this.namei(cwd, path);
    if (found === ENOENT && (omode & O_CREATE) !== 0) {
      return this.#inParent(cwd, path, (dir, name) => this.#create(dir, name, ATTR_ARCHIVE, 0));
    }
    if (found < 0) return found;
    const node = this.#nodes.get(found);
    const refused = node.dir && omode !== O_RDONLY
      ? EISDIR
      : node.readOnly && (omode & ~O_CREATE) !== O_RDONLY
      ? EPERM
      : 0;
    if (refused !== 0) {
      this.iput(found);
      return refused;
    }
    if ((omode & O_TRUNC) !== 0) truncateNode(this.#v, node);
    return found;
  }

  #create(dir: number, name: string, attributes: number, cluster: number): number {
    const parent = this.#nodes.get(dir);
    if (parent.entry < 0) return ENOENT;
    if (!isLegalName(name)) return EINVAL;
    const at = addEntry(this.#v, parent.cluster, name, attributes, cluster);
    return at < 0 ? at : this.#nodes.take(dir, { at, attributes, cluster, size: 0 });
  }

  /** mkdir(path): 0 or a negative error. */
  mkdir(cwd: number, path: string): number {
    return this.#inParent(cwd, path, (dir, name) => {
      const there = this.#step(dir, name);
      if (there >= 0) this.iput(there);
      if (there !== ENOENT) return there < 0 ? there : EEXIST;
      if (!isLegalName(name)) return EINVAL;
      const cluster = allocCluster(this.#v);
      if (cluster < 0) return cluster;
      initDirectory(this.#v, cluster, dir === FAT_ROOT ? 0 : this.#nodes.get(dir).cluster);
      const made = this.#create(dir, name, ATTR_DIR, cluster);
      if (made < 0) {
        freeChain(this.#v, cluster);
        return made;
      }
      this.iput(made);
      return 0;
    });
  }

  /** unlink(path): 0 or a negative error. A directory must be empty. */
  unlink(cwd: number, path: string): number {
    return this.#inParent(cwd, path, (dir, name) => {
      if (name === "." || name === "..") return EPERM;
      if (this.#nodes.get(dir).entry < 0) return ENOENT;
      const entry = findInDirectory(this.#v, this.#nodes.get(dir).cluster, name);
      if (entry === undefined) return ENOENT;
      if (typeof entry === "number") return entry;
      const handle = this.#nodes.take(dir, entry);
      const node = this.#nodes.get(handle);
      const refused = this.#irremovable(node);
      if (refused === 0) {
        removeEntry(this.#v, entry);
        node.entry = -1;
      }
      this.iput(handle);
      return refused;
    });
  }

  #irremovable(node: FatNode): number {
    if (node.readOnly) return EPERM;
    if (!node.dir) return 0;
    if (node.cluster === this.#v.geometry.rootCluster) return EIO;
    const inside = readDirectory(this.#v, node.cluster);
    if (typeof inside === "number") return inside;
    return inside.length > 0 ? ENOTEMPTY : 0;
  }

  /** The directory to stand in, with a reference held, or a negative error. */
  chdir(cwd: number, path: string): number {
    const handle = this.namei(cwd, path);
    if (handle < 0 || this.#nodes.get(handle).dir) return handle;
    this.iput(handle);
    return ENOTDIR;
  }

  /** A file here has one name. */
  link(_cwd: number, _old: string, _path: string): number {
    return EPERM;
  }

  /** A file here has one name. */
  linkAt(_from: number, _old: string, _cwd: number, _path: string): number {
    return EPERM;
  }

  /** There are no devices here. */
  mknod(_cwd: number, _path: string, _major: number, _minor: number): number {
    return EPERM;
  }

  /** There are no symbolic links here. */
  symlink(_cwd: number, _target: string, _path: string): number {
    return EPERM;
  }
}
