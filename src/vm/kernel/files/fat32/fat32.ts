/**
 * A mounted FAT32 file system: the functions of this folder as calls. Names are UTF-8 in paths.
 *
 * There is no log: each call writes the image in place, in an order that at worst leaves clusters
 * lost. An open file that is unlinked keeps its clusters until its last iput. Dates are always
 * 1 January 1980.
 */
import { ENOTDIR, EPERM } from "../errno.ts";
import type { FileSystem, SavedVolume, Stat } from "../file_system.ts";
import { T_DIR, T_FILE } from "../xv6fs/layout.ts";
import { byteString } from "../xv6fs/path.ts";
import { type FatEntry, readDirectory } from "./directory.ts";
import { ENTRY_SIZE } from "./layout.ts";
import { xv6Entries } from "./listing.ts";
import { chdir, mkdir, namei, open, unlink } from "./namespace.ts";
import { readNode, truncateNode, writeNode } from "./node.ts";
import { FAT_HANDLES, idup, inUse, iput, nodeOf, root } from "./nodes.ts";
import { type FatNode, type FatState, type FatVolume, mountFat } from "./table.ts";

/** The device number that files here report. */
const FATDEV = 2;

/** A FAT32 file system over an image in memory, changed in place. */
export interface Fat32 extends FileSystem {
  /** The image. */
  readonly image: Uint8Array;
  /** Free bytes. */
  freeBytes(): number;
  /** What fstat tells: a handle in use always has it. */
  stat(handle: number): Stat;
  /** The entries of a directory with their long names, or a negative error. */
  entries(handle: number): FatEntry[] | number;
  /** The state for {@linkcode restoreFat32}. */
  save(): SavedVolume<FatState>;
}

/** Opens an image. @throws {FsError} one clear line. */
export function openFat32(image: Uint8Array): Fat32 {
  return mounted(mountFat(image));
}

/** A file system exactly as saved, on a copy of the image. */
export function restoreFat32({ image, state }: SavedVolume<FatState>): Fat32 {
  return mounted(mountFat(image, state));
}

/** The functions of this folder as calls on one volume. */
function mounted(v: FatVolume): Fat32 {
  const node = (handle: number) => nodeOf(v, handle);
  return {
    image: v.image,
    largest: v.image.length,
    root: () => root(v),
    idup: (handle) => idup(v, handle),
    iput: (handle) => iput(v, handle),
    inUse: () => inUse(v),
    type: (handle) => typeOf(node(handle)),
    size: (handle) => sizeOf(v, node(handle)),
    stat: (handle) => statOf(v, handle),
    readi: (handle, off, n, copy) => readNode(v, node(handle), off, n, copy),
    write: (handle, off, n, copy) => writeNode(v, node(handle), off, n, copy),
    itrunc: (handle) => truncateNode(v, node(handle)),
    entries: (handle) => entriesOf(v, node(handle)),
    names: (handle) => namesIn(v, node(handle)),
    namei: (cwd, path) => namei(v, cwd, path),
    chdir: (cwd, path) => chdir(v, cwd, path),
    open: (cwd, path, omode) => open(v, cwd, path, omode),
    unlink: (cwd, path) => unlink(v, cwd, path),
    mkdir: (cwd, path) => mkdir(v, cwd, path),
    // A file here has one name, and there are no devices.
    link: () => EPERM,
    mknod: () => EPERM,
    symlink: () => EPERM,
    freeBytes: () => v.state.free * v.geometry.clusterSize,
    save: () => ({ image: v.disk.save(), state: v.saver.save(v.state) }),
  };
}

function typeOf({ dir }: FatNode): number {
  return dir ? T_DIR : T_FILE;
}

/** Bytes; for a directory, of the xv6 entries that reading it gives. */
function sizeOf(v: FatVolume, { dir, cluster, size }: FatNode): number {
  return dir ? xv6Entries(v, cluster).length : size;
}

/** What fstat tells. `ino` is the number of its directory entry, and 1 for the root. */
function statOf(v: FatVolume, handle: number): Stat {
  const node = nodeOf(v, handle);
  return {
    dev: FATDEV,
    ino: node.entry > 0 ? node.entry / ENTRY_SIZE : handle - FAT_HANDLES,
    type: typeOf(node),
    nlink: node.entry < 0 ? 0 : 1,
    size: sizeOf(v, node),
    major: 0,
    minor: 0,
  };
}

function entriesOf(v: FatVolume, { dir, cluster }: FatNode): FatEntry[] | number {
  return dir ? readDirectory(v, cluster) : ENOTDIR;
}

function namesIn(v: FatVolume, node: FatNode): string[] | number {
  const all = entriesOf(v, node);
  return typeof all === "number" ? all : all.map(({ name }) => byteString(name));
}
