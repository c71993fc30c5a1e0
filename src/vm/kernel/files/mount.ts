/**
 * The file systems a kernel has, and what memory and exec ask of them: xv6's at the root, FAT32
 * under `/fat`.
 */

import type { PaNum } from "../../machine/address.ts";
import type { FileKey, FilePages } from "../memory/areas/backing.ts";
import type { Memory } from "../memory/memory.ts";
import { overlayCached } from "../memory/reclaim/page_cache.ts";
import { FsError } from "./errno.ts";
import { openFat32 } from "./fat32/fat32.ts";
import type { Inode } from "./file.ts";
import { type FileSystem, readBytes, writeBytes } from "./file_system.ts";
import { FileTree, type SavedTree } from "./tree.ts";
import { ROOTINO, T_FILE } from "./xv6fs/layout.ts";
import { O_RDONLY } from "./xv6fs/namespace.ts";
import { openXv6fs } from "./xv6fs/xv6fs.ts";

/** {@link FileKey.fs} of every file that has a name. */
export const ROOT_FS = 0;

/** The mounted file systems of one kernel. */
export class FileSystems implements FilePages {
  readonly #m: Memory;
  /** The tree of names, or what makes the image of its root once somebody looks. */
  #tree: FileTree | (() => Uint8Array) | undefined;

  /** None mounted yet. */
  constructor(m: Memory) {
    this.#m = m;
  }

  /** Mounts an xv6 image at the root, changed in place from then on; FsError for a bad one. */
  mountRoot(image: Uint8Array): void {
    this.#tree = new FileTree(openXv6fs(image));
  }

  /** Mounts an image that is made when somebody first looks, always the same: few sessions do. */
  mountRootLater(image: () => Uint8Array): void {
    this.#tree = image;
  }

  /** Mounts a FAT32 image under `/fat`, changed in place from then on; FsError for a bad one. */
  mountFat(image: Uint8Array): void {
    const { root } = this;
    if (root === undefined) {
      throw new FsError("FAT32 is mounted under the root, which is not there");
    }
    root.fat = openFat32(image);
  }

  /** The tree of names, if a root is mounted. */
  get root(): FileTree | undefined {
    if (typeof this.#tree === "function") this.mountRoot(this.#tree());
    return this.mounted;
  }

  /** The same, unless nobody has looked at it yet: then it is not made for this. */
  get mounted(): FileTree | undefined {
    return typeof this.#tree === "function" ? undefined : this.#tree;
  }

  /** The file system of a file that is in use. */
  at(inode: Inode): FileSystem {
    return this.root!.at(inode);
  }

  /** The state of all of them as data. */
  save(): SavedTree | undefined {
    return this.root?.save();
  }

  /** Puts back what {@link save} returned. */
  restore(state: SavedTree | undefined): void {
    this.#tree = state && FileTree.restore(state);
  }

  /** The regular file at `path`, seen from `cwd`, with a reference; undefined: there is none. */
  findFile(cwd: Inode | undefined, path: string): Inode | undefined {
    const { root } = this;
    if (root === undefined) return undefined;
    const from = cwd ?? root.xv6.root();
    const inode = root.resolve(from, path, (fs, dir, rest) => fs.open(dir, rest, O_RDONLY));
    if (cwd === undefined) root.xv6.iput(from);
    if (inode < 0) return undefined;
    if (this.at(inode).type(inode) === T_FILE) return inode;
    this.at(inode).iput(inode);
    return undefined;
  }

  /** Whether there is a regular file at `path`. */
  isFile(path: string): boolean {
    const inode = this.findFile(undefined, path);
    if (inode !== undefined) this.at(inode).iput(inode);
    return inode !== undefined;
  }

  /** Names of the regular files in the root directory that start as ELF files do. */
  programNames(): string[] {
    const xv6 = this.root?.xv6;
    const entries = xv6?.entries(ROOTINO);
    if (xv6 === undefined || !Array.isArray(entries)) return [];
    return entries.filter(({ inum }) => {
      if (xv6.type(inum) !== T_FILE) return false;
      const magic = readBytes(xv6, inum, 0, 4);
      return typeof magic !== "number" && magic[0] === 0x7f && magic[1] === 0x45;
    }).map((entry) => entry.name).sort();
  }

  /** The contents of the regular file at `path`; undefined: there is none, or it is damaged. */
  readProgram(cwd: Inode | undefined, path: string): Uint8Array | undefined {
    const inode = this.findFile(cwd, path);
    if (inode === undefined) return undefined;
    const bytes = this.readBytes(inode, 0, Infinity);
    this.at(inode).iput(inode);
    return typeof bytes === "number" ? undefined : bytes;
  }

  /**
   * Bytes of a file as a process would read them: with what its mappers have stored. A negative
   * error otherwise.
   */
  readBytes(inode: Inode, offset: number, length: number): Uint8Array | number {
    const bytes = readBytes(this.at(inode), inode, offset, length);
    if (typeof bytes === "number") return bytes;
    overlayCached(this.#m, { fs: ROOT_FS, inode }, offset, bytes);
    return bytes;
  }

  /** @inheritdoc */
  size({ inode }: FileKey): number {
    return this.at(inode).size(inode);
  }

  /** @inheritdoc */
  read({ inode }: FileKey, offset: number, into: PaNum, length: number): number {
    const bytes = this.readBytes(inode, offset, length);
    if (typeof bytes === "number") return -1;
    this.#m.ram.write(into, bytes);
    return bytes.length;
  }

  /** @inheritdoc */
  write({ inode }: FileKey, offset: number, from: PaNum, length: number): boolean {
    const bytes = this.#m.ram.bytes(from, length);
    return writeBytes(this.at(inode), inode, offset, bytes) === length;
  }

  /** @inheritdoc */
  dup({ inode }: FileKey): void {
    this.at(inode).idup(inode);
  }

  /** @inheritdoc */
  drop({ inode }: FileKey): void {
    this.at(inode).iput(inode);
  }
}
