/** Makes file-system images that xv6 boots from (mkfs/mkfs.c). */
import { describeErrno, FsError } from "../errno.ts";
import { writeBytes } from "../file_system.ts";
import {
  bitmapBlocks,
  BPB,
  BSIZE,
  DI,
  DINODE_SIZE,
  dirent,
  DIRSIZ,
  DOUBLE,
  FSMAGIC,
  IPB,
  LOGSIZE,
  ROOTINO,
  SINGLE,
  type Superblock,
  superblockProblems,
  T_DIR,
  writeSuperblock,
} from "./layout.ts";
import { openXv6fs, type Xv6fs } from "./xv6fs.ts";
import { O_CREATE, O_WRONLY } from "./namespace.ts";
import { byteString } from "./path.ts";

/** What goes into a new image. Paths are from the root, with or without a leading `/`. */
export interface MkfsOptions {
  /** Blocks of 1024 bytes: 2000 by default (1000 before 2022). */
  readonly size?: number;
  /** Inodes, 200 by default. */
  readonly ninodes?: number;
  /**
   * Log blocks with the header, 31 by default: a kernel logs up to 30 blocks whatever this says,
   * and the images made before 2025 (30) are one block short of that.
   */
  readonly nlog?: number;
  /** Inodes have a doubly indirect block (file-system lab): files of up to 65803 blocks. */
  readonly double?: boolean;
  /** Files; directories on their way are made. */
  readonly files?: ReadonlyArray<{ readonly name: string; readonly bytes: Uint8Array }>;
  /** Directories. */
  readonly dirs?: readonly string[];
  /** Device files. */
  readonly devices?: ReadonlyArray<
    { readonly name: string; readonly major: number; readonly minor: number }
  >;
}

/**
 * A new image holding what `options` lists, in that order: the same options give the same bytes.
 *
 * @throws {FsError} a name is too long or used twice, a file is too big, or it does not all fit.
 */
export function mkfs(options: MkfsOptions = {}): Uint8Array {
  const { size = 2000, ninodes = 200, nlog = LOGSIZE + 1 } = options;
  const sb = geometry(size, ninodes, nlog);
  const image = new Uint8Array(size * BSIZE);
  writeSuperblock(image, sb);
  markMetadata(image, sb);

  const root = sb.inodestart * BSIZE + ROOTINO * DINODE_SIZE;
  const view = new DataView(image.buffer);
  view.setInt16(root + DI.type, T_DIR, true);
  view.setInt16(root + DI.nlink, 1, true);

  const fs = openXv6fs(image, options.double ? DOUBLE : SINGLE);
  writeBytes(fs, ROOTINO, 0, dirent(ROOTINO, "."));
  writeBytes(fs, ROOTINO, 16, dirent(ROOTINO, ".."));
  populate(fs, options);
  // The log holds copies of the last blocks written: a new image starts with an empty one.
  image.fill(0, sb.logstart * BSIZE, (sb.logstart + sb.nlog) * BSIZE);
  return image;
}

/** Where mkfs.c puts the areas: one inode block and one map block more than may be needed. */
function geometry(size: number, ninodes: number, nlog: number): Superblock {
  for (const [name, value] of Object.entries({ size, ninodes, nlog })) {
    if (!Number.isSafeInteger(value) || value < 1 || value > 0xffff_ffff) {
      throw new FsError(`${name} ${value} is no usable number`);
    }
  }
  if (size > 1 << 20) throw new FsError(`${size} blocks: at most ${1 << 20} (1 GiB)`);
  const logstart = 2;
  const inodestart = logstart + nlog;
  const bmapstart = inodestart + Math.floor(ninodes / IPB) + 1;
  const nblocks = size - (bmapstart + Math.floor(size / BPB) + 1);
  if (nblocks < 1) {
    throw new FsError(`${size} blocks are too few for ${ninodes} inodes and ${nlog} log blocks`);
  }
  const sb = { size, nblocks, ninodes, nlog, logstart, inodestart, bmapstart };
  const [problem] = superblockProblems({ magic: FSMAGIC, ...sb }, size * BSIZE);
  if (problem !== undefined) throw new FsError(problem);
  return sb;
}

/** Marks boot block to free map as used. */
function markMetadata(image: Uint8Array, sb: Superblock): void {
  const used = sb.bmapstart + Math.max(bitmapBlocks(sb.size), sb.size - sb.nblocks - sb.bmapstart);
  for (let bno = 0; bno < used; bno++) image[sb.bmapstart * BSIZE + (bno >> 3)] |= 1 << (bno & 7);
}

/** What a call gave. @throws {FsError} when that is an error. */
function done(result: number, path: string): number {
  if (result < 0) throw new FsError(`${path}: ${describeErrno(result)}`);
  return result;
}

function writeFile(fs: Xv6fs, path: string, bytes: Uint8Array): void {
  const inum = done(fs.open(ROOTINO, byteString(path), O_WRONLY | O_CREATE), path);
  const wrote = done(writeBytes(fs, inum, 0, bytes), path);
  if (wrote < bytes.length) {
    throw new FsError(`${path}: no space left after ${wrote} of ${bytes.length} bytes`);
  }
  fs.iput(inum);
}

function populate(fs: Xv6fs, options: MkfsOptions): void {
  const made = new Set<string>();
  const directory = (path: string) => {
    if (path === "" || made.has(path)) return;
    directory(path.slice(0, path.lastIndexOf("/")));
    done(fs.mkdir(ROOTINO, byteString(path)), path);
    made.add(path);
  };
  const place = (name: string): string => {
    const path = "/" + name.split("/").filter((s) => s !== "").join("/");
    for (const element of path.slice(1).split("/")) {
      const bytes = byteString(element).length;
      if (bytes === 0) throw new FsError(`"${name}" is no file name`);
      if (bytes > DIRSIZ) {
        throw new FsError(`${name}: a name of ${bytes} bytes, at most ${DIRSIZ} fit`);
      }
    }
    directory(path.slice(0, path.lastIndexOf("/")));
    if (made.has(path)) throw new FsError(`${name}: named twice`);
    return path;
  };
  for (const name of options.dirs ?? []) directory(place(name));
  for (const { name, major, minor } of options.devices ?? []) {
    const path = place(name);
    done(fs.mknod(ROOTINO, byteString(path), major, minor), path);
    made.add(path);
  }
  for (const { name, bytes } of options.files ?? []) {
    if (bytes.length > fs.largest) {
      throw new FsError(`${name}: ${bytes.length} bytes, the largest file there has ${fs.largest}`);
    }
    const path = place(name);
    writeFile(fs, path, bytes);
    made.add(path);
  }
}
