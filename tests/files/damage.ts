/** Disk images with things wrong in them, and all that is done with each: for the suite, and for the campaign `files`. */
import { assert, assertEquals } from "@std/assert";
import { readBytes, writeBytes } from "../../src/vm/kernel/files/file_system.ts";
import { FsError } from "../../src/vm/kernel/files/errno.ts";
import { type Fat32, openFat32 } from "../../src/vm/kernel/files/fat32/fat32.ts";
import { formatFat32 } from "./format.ts";
import { readGeometry } from "../../src/vm/kernel/files/fat32/layout.ts";
import { FileTree } from "../../src/vm/kernel/files/tree.ts";
import { fsck } from "../../src/vm/kernel/files/xv6fs/fsck.ts";
import { mkfs } from "../../src/vm/kernel/files/xv6fs/mkfs.ts";
import { openXv6fs, type Xv6fs } from "../../src/vm/kernel/files/xv6fs/xv6fs.ts";
import { O_CREATE, O_RDWR } from "../../src/vm/kernel/files/xv6fs/namespace.ts";
import {
  BSIZE,
  DOUBLE,
  readSuperblock,
  type Superblock,
  T_DIR,
} from "../../src/vm/kernel/files/xv6fs/layout.ts";
import { pattern, random, randomOp, Runner } from "./workload.ts";

/** A number below `n`. */
export type Below = (n: number) => number;

/** Bytes around an image that must stay as they are. */
const GUARD = 4096;

/** An image inside a larger buffer, so that a write past its ends would show. */
export class Guarded {
  readonly image: Uint8Array;
  readonly #room: Uint8Array;

  constructor(good: Uint8Array) {
    this.#room = new Uint8Array(good.length + 2 * GUARD).fill(0xa5);
    this.image = this.#room.subarray(GUARD, GUARD + good.length);
    this.image.set(good);
  }

  /** Nothing was written beside the image. */
  check(): void {
    const end = GUARD + this.image.length;
    for (let i = 0; i < GUARD; i++) {
      if (this.#room[i] !== 0xa5 || this.#room[end + i] !== 0xa5) {
        throw new Error("written outside the image");
      }
    }
  }
}

/** A used xv6 image: directories, small and large files, a link, inodes without a name, a stale log. */
export function usedXv6(double: boolean): Uint8Array {
  const image = mkfs({
    size: double ? 900 : 400,
    ninodes: 60,
    double,
    dirs: ["a/b/c", "d"],
    files: [
      { name: "a/b/e", bytes: pattern(20_000, 1) },
      { name: "a/e", bytes: pattern(900, 2) },
      { name: "e", bytes: pattern(14_000, 3) },
      ...double ? [{ name: "big", bytes: pattern(400_000, 4) }] : [],
    ],
    devices: [{ name: "c", major: 1, minor: 0 }],
  });
  const runner = new Runner(openXv6fs(image));
  runner.fs.symlink(runner.root, "/a/e", "l");
  const below = random(99);
  for (let i = 0; i < 40; i++) runner.run(randomOp(below));
  return image; // some slots are still open
}

/** A number likely to hurt: edges, block numbers of every area, inode numbers, anything. */
function hurtful(below: Below, sb: Superblock): number {
  const picks = [0, 1, 2, 0xffff, 0x7fff, 0x8000, 0xffffffff, 0x7fffffff, 0x80000000, sb.size]
    .concat(
      [sb.size - 1, sb.logstart, sb.inodestart, sb.bmapstart, sb.bmapstart + 1, below(sb.size)],
      [sb.bmapstart + below(sb.size - sb.bmapstart), below(sb.ninodes), below(300_000)],
      [below(0xffffffff)],
    );
  return picks[below(picks.length)];
}

/** Changes a few places of an xv6 image, mostly those that something is read from. */
export function damageXv6(image: Uint8Array, below: Below): void {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const sb = readSuperblock(image);
  const data = sb.bmapstart + 1;
  for (let n = 1 + below(12); n > 0; n--) {
    const value = hurtful(below, sb);
    switch (below(10)) {
      case 0: // super block
        if (below(8) === 0) view.setUint32(BSIZE + 4 * below(8), value, true);
        break;
      case 1: // log header
        if (below(4) === 0) view.setUint32(sb.logstart * BSIZE + 4 * below(8), value, true);
        break;
      case 2:
      case 3:
      case 4: { // an inode's field
        const at = sb.inodestart * BSIZE + below(30) * 64;
        if (below(2)) view.setInt16(at + 2 * below(4), value, true);
        else view.setUint32(at + 8 + 4 * below(14), value, true);
        break;
      }
      case 5:
      case 6: // a directory entry, if the block is a directory's
        view.setUint16((data + below(30)) * BSIZE + 16 * below(12), value, true);
        break;
      case 7: // an entry of an indirect block, if it is one
        view.setUint32((data + below(60)) * BSIZE + 4 * below(30), value, true);
        break;
      case 8: // the free map
        image[sb.bmapstart * BSIZE + below(60)] = value;
        break;
      default:
        image[below(image.length)] = value;
    }
  }
}

/** An error of a file system is one line for a person; anything else is passed on. */
function refusal(error: unknown): void {
  if (!(error instanceof FsError)) throw error;
  assert(!error.message.includes("\n") && error.message.length < 300, error.message);
}

/**
 * Does everything with an xv6 image, whatever is in it: fsck, mount, look at and read all, calls at random, fsck.
 * Each is an answer or one line. Returns whether it could be mounted.
 */
export function endureXv6(image: Uint8Array, below: Below): boolean {
  const before = below(8) === 0 ? image.slice() : undefined;
  for (const { message } of fsck(image)) {
    assert(!message.includes("\n") && message.length < 300, message);
  }
  if (before !== undefined) assertEquals(image, before, "fsck writes");
  const boot = image.slice(0, 2 * BSIZE);
  let fs: Xv6fs;
  try {
    fs = openXv6fs(image);
  } catch (error) {
    refusal(error);
    return false;
  }
  const runner = new Runner(fs);
  visit(new FileTree(fs), fs.root());
  for (let i = 0; i < 30; i++) runner.run(randomOp(below));
  runner.closeAll();
  fs.iput(runner.root);
  assertEquals(fs.inUse(), []);
  fsck(image);
  assertEquals(openXv6fs(image.slice()).superblock, fs.superblock);
  assertEquals(image.slice(0, 2 * BSIZE), boot, "boot or super block written");
  return true;
}

/** Looks at everything below a directory, to some depth, and reads it; gives the handle back. */
function visit(tree: FileTree, dir: number, depth = 0): void {
  const names = tree.at(dir).names(dir);
  for (const name of typeof names === "number" ? [] : names.slice(0, 40)) {
    const handle = tree.namei(dir, name);
    if (handle < 0) continue;
    const fs = tree.at(handle);
    if (fs.type(handle) === T_DIR && depth < 4) visit(tree, fs.idup(handle), depth + 1);
    fs.stat(handle);
    const bytes = readBytes(fs, handle, 0, fs.size(handle));
    // No size on the disk makes the host set more aside than a file can hold.
    const most = fs === tree.xv6 ? DOUBLE.maxfile * BSIZE : tree.fat!.image.length;
    assert(typeof bytes === "number" || bytes.buffer.byteLength <= most);
    fs.iput(handle);
  }
  tree.at(dir).iput(dir);
}

/** A used FAT32 image that is damaged and put back, again and again: copying all of it each time would take long. */
export class FatTarget {
  readonly #good: Uint8Array;
  readonly #guarded: Guarded;
  readonly #used: number;
  readonly #root = openXv6fs(mkfs({ size: 100, ninodes: 16 }));

  constructor() {
    const fs = openFat32(formatFat32(34 << 20));
    const root = fs.root();
    for (const name of ["a", "b/x", "c/Long name in c", "d", "b/A longer name, in b.text"]) {
      if (name.includes("/")) fs.mkdir(root, name.slice(0, 1));
      const file = fs.open(root, name, O_CREATE | O_RDWR);
      writeBytes(fs, file, 0, pattern(4000, name.length));
      fs.iput(file);
    }
    fs.iput(root);
    this.#good = fs.image;
    this.#guarded = new Guarded(fs.image);
    // What is in use lies in the first part of the image.
    this.#used = readGeometry(fs.image).data + 600 * 512;
  }

  /** Damages the image and does everything with it, as {@linkcode endureXv6}. */
  endure(below: Below): boolean {
    const { image } = this.#guarded;
    image.set(this.#good.subarray(0, this.#used));
    this.#damage(image, below);
    let fs: Fat32;
    try {
      fs = openFat32(image);
    } catch (error) {
      refusal(error);
      return false;
    }
    const runner = new Runner(fs);
    const tree = new FileTree(this.#root, fs);
    visit(tree, tree.namei(1, "/fat"));
    for (let i = 0; i < 15; i++) {
      const op = randomOp(below);
      runner.run(op.op === "write" ? { ...op, n: op.n % 5000 } : op);
    }
    runner.closeAll();
    fs.iput(runner.root);
    assertEquals(fs.inUse(), []);
    this.#guarded.check();
    return true;
  }

  #damage(image: Uint8Array, below: Below): void {
    const { fat, data, clusters } = readGeometry(this.#good);
    const view = new DataView(image.buffer, image.byteOffset, image.length);
    const values = [0, 1, 2, 3, below(60), clusters + 1, clusters + 2, 0x0ffffff7, 0xffffffff];
    for (let n = 1 + below(10); n > 0; n--) {
      const value = below(3) ? values[below(values.length)] : below(0xffffffff);
      const entry = data + 32 * below(16 * 60);
      switch (below(7)) {
        case 0: // the boot sector
          if (below(5) === 0) image[below(90)] = value;
          break;
        case 1:
        case 2: // a link of a chain
          view.setUint32(fat + 4 * below(60), value, true);
          break;
        case 3: // where a file begins
          view.setUint16(entry + (below(2) ? 20 : 26), value, true);
          break;
        case 4: // its size
          view.setUint32(entry + 28, value, true);
          break;
        case 5: // its attributes
          image[entry + 11] = value;
          break;
        default:
          image[data + below(60 * 512)] = value;
      }
    }
  }
}
