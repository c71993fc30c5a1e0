/**
 * The file systems a kernel has, and what memory asks of them: xv6's at the root, FAT32 under `/fat`.
 *
 * @module
 */

import { overlayCached } from "../memory/reclaim/page_cache.ts";
import type { PaNum } from "../../machine/address.ts";
import type { Memory } from "../memory/memory.ts";
import type { FileKey, FilePages } from "../memory/areas/backing.ts";
import { FsError } from "./errno.ts";
import type { Inode } from "./file.ts";
import { O_RDONLY } from "./xv6fs/namespace.ts";
import { T_FILE } from "./xv6fs/layout.ts";
import { FileTree, type FileTreeState } from "./tree.ts";
import { Xv6fs } from "./xv6fs/xv6fs.ts";

/** {@link FileKey.fs} of the root file system. */
export const ROOT_FS = 0;

/** The state of {@link FileSystems}. */
export interface FileSystemsState {
  readonly root: FileTreeState | undefined;
}

/** The mounted file systems of one kernel. */
export class FileSystems implements FilePages {
  readonly #m: Memory;
  #mounted: FileTree | undefined;
  /** Makes the image of a root that nobody has looked at yet. */
  #image: (() => Uint8Array) | undefined;

  /** None mounted yet. */
  constructor(m: Memory) {
    this.#m = m;
  }

  /** Mounts an xv6 image at the root; it is changed in place from now on. Throws FsError for a bad one. */
  mountRoot(image: Uint8Array): void {
    this.#root = new FileTree(Xv6fs.open(image));
  }

  /** Mounts an image that is made when somebody first looks: many sessions never do. It must always be the same. */
  mountRootLater(image: () => Uint8Array): void {
    this.#root = undefined;
    this.#image = image;
  }

  get #root(): FileTree | undefined {
    if (this.#image !== undefined) this.mountRoot(this.#image());
    return this.#mounted;
  }

  set #root(tree: FileTree | undefined) {
    this.#image = undefined;
    this.#mounted = tree;
  }

  /** Mounts a FAT32 image under `/fat`, changed in place from now on. Throws FsError for a bad one. */
  mountFat(image: Uint8Array): void {
    if (this.#root === undefined) {
      throw new FsError("FAT32 is mounted under the root, which is not there");
    }
    this.#root.mountFat(image);
  }

  /** The tree of names, if a root is mounted. */
  get root(): FileTree | undefined {
    return this.#root;
  }

  /** The same, unless nobody has looked at it yet: then it is not made for this. */
  get mounted(): FileTree | undefined {
    return this.#mounted;
  }

  /** What the file systems would print on the console since this was last called: "balloc: out of blocks" … */
  takeNotices(): string[] {
    return this.#mounted?.takeNotices() ?? [];
  }

  /** The state of all of them as data. */
  save(): FileSystemsState {
    return { root: this.#root?.save() };
  }

  /** Puts back what {@link save} returned. */
  restore(state: FileSystemsState): void {
    this.#root = state.root && FileTree.restore(state.root);
  }

  /** One more holder of an inode. */
  dupInode(inode: Inode): Inode {
    return this.#root!.idup(inode);
  }

  /** A holder lets an inode go; an unlinked file is freed with its last one. */
  putInode(inode: Inode): void {
    this.#root!.iput(inode);
  }

  /** The regular file at `path`, seen from `cwd`, with a reference; undefined when there is none. */
  findFile(cwd: Inode | undefined, path: string): Inode | undefined {
    const fs = this.#root;
    if (fs === undefined) return undefined;
    const from = cwd ?? fs.root();
    const inode = fs.open(from, path, O_RDONLY);
    if (cwd === undefined) fs.iput(from);
    if (inode < 0) return undefined;
    if (fs.type(inode) === T_FILE) return inode;
    fs.iput(inode);
    return undefined;
  }

  /** Whether there is a regular file at `path`. */
  isFile(path: string): boolean {
    const inode = this.findFile(undefined, path);
    if (inode !== undefined) this.putInode(inode);
    return inode !== undefined;
  }

  /** Names of the regular files in the root directory that start as ELF files do. */
  programNames(): string[] {
    const fs = this.#root;
    if (fs === undefined) return [];
    const root = fs.root();
    const entries = fs.xv6.entries(root);
    fs.iput(root);
    if (typeof entries === "number") return [];
    return entries.filter(({ inum }) => {
      if (fs.xv6.type(inum) !== T_FILE) return false;
      const magic = fs.xv6.readBytes(inum, 0, 4);
      return typeof magic !== "number" && magic[0] === 0x7f && magic[1] === 0x45;
    }).map((entry) => entry.name).sort();
  }

  /** The whole contents of a regular file, or undefined when there is none at `path`. */
  readProgram(cwd: Inode | undefined, path: string): Uint8Array | undefined {
    const inode = this.findFile(cwd, path);
    if (inode === undefined) return undefined;
    const bytes = this.readBytes(inode, 0, this.#root!.size(inode));
    this.#root!.iput(inode);
    return typeof bytes === "number" ? undefined : bytes;
  }

  /** Bytes of a file as a process would read them: with what its mappers have stored. A negative error otherwise. */
  readBytes(inode: Inode, offset: number, length: number): Uint8Array | number {
    const bytes = this.#root!.readBytes(inode, offset, length);
    if (typeof bytes === "number") return bytes;
    overlayCached(this.#m, { fs: ROOT_FS, inode }, offset, bytes);
    return bytes;
  }

  /** @inheritdoc */
  size(file: FileKey): number {
    return this.#root!.size(file.inode);
  }

  /** @inheritdoc */
  read(file: FileKey, offset: number, into: PaNum, length: number): number {
    const bytes = this.readBytes(file.inode, offset, length);
    if (typeof bytes === "number") return -1;
    this.#m.ram.write(into, bytes);
    return bytes.length;
  }

  /** @inheritdoc */
  write(file: FileKey, offset: number, from: PaNum, length: number): boolean {
    const bytes = this.#m.ram.bytes(from, length);
    return this.#root!.writeBytes(file.inode, offset, bytes) === length;
  }

  /** @inheritdoc */
  dup(file: FileKey): void {
    this.dupInode(file.inode);
  }

  /** @inheritdoc */
  drop(file: FileKey): void {
    this.putInode(file.inode);
  }
}
