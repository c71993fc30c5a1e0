/** Whole files at once, by path from the root: for tests. */
import { readBytes, writeBytes } from "../../src/vm/kernel/files/file_system.ts";
import { describeErrno, FsError } from "../../src/vm/kernel/files/errno.ts";
import { ROOTINO, T_DIR } from "../../src/vm/kernel/files/xv6fs/layout.ts";
import { byteString, textOf } from "../../src/vm/kernel/files/xv6fs/path.ts";
import {
  O_CREATE,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
} from "../../src/vm/kernel/files/xv6fs/namespace.ts";
import type { Stat } from "../../src/vm/kernel/files/file_system.ts";
import type { Xv6fs } from "../../src/vm/kernel/files/xv6fs/xv6fs.ts";

function done(result: number, what: string): number {
  if (result < 0) throw new FsError(`${what}: ${describeErrno(result)}`);
  return result;
}

/** Runs `body` on the inode of `path`, opened with `omode`. */
function withFile<T>(fs: Xv6fs, path: string, omode: number, body: (inum: number) => T): T {
  const root = done(fs.root(), "/");
  const inum = fs.open(root, byteString(path), omode);
  fs.iput(root);
  done(inum, path);
  try {
    return body(inum);
  } finally {
    fs.iput(inum);
  }
}

/** The contents of a file. @throws {FsError} when there is no such file. */
export function readFile(fs: Xv6fs, path: string): Uint8Array {
  return withFile(fs, path, O_RDONLY, (inum) => {
    const bytes = readBytes(fs, inum, 0, fs.size(inum));
    if (typeof bytes === "number") throw new FsError(`${path}: ${describeErrno(bytes)}`);
    return bytes;
  });
}

/** Makes or replaces a file. @throws {FsError} when it cannot be, or does not fit; what was written stays. */
export function writeFile(fs: Xv6fs, path: string, bytes: Uint8Array): void {
  withFile(fs, path, O_WRONLY | O_CREATE | O_TRUNC, (inum) => {
    const wrote = done(writeBytes(fs, inum, 0, bytes), path);
    if (wrote < bytes.length) {
      throw new FsError(`${path}: no space left after ${wrote} of ${bytes.length} bytes`);
    }
  });
}

/** Makes a directory. @throws {FsError} */
export function makeDirectory(fs: Xv6fs, path: string): void {
  const root = done(fs.root(), "/");
  const result = fs.mkdir(root, byteString(path));
  fs.iput(root);
  done(result, path);
}

/** Makes a device file. @throws {FsError} */
export function makeDevice(fs: Xv6fs, path: string, major: number, minor: number): void {
  const root = done(fs.root(), "/");
  const result = fs.mknod(root, byteString(path), major, minor);
  fs.iput(root);
  done(result, path);
}

/** One line of a listing. */
export interface Listed extends Stat {
  /** Path from the root, as text. */
  readonly path: string;
}

/**
 * Everything below the root, directories before their contents, names in the order of their entries. Each
 * directory is entered once, so an image with a loop ends too. Damaged places are left out: fsck names them.
 */
export function listTree(fs: Xv6fs): Listed[] {
  const out: Listed[] = [];
  const entered = new Set<number>();
  const visit = (dir: number, prefix: string) => {
    if (entered.has(dir)) return;
    entered.add(dir);
    const found = fs.entries(dir);
    if (typeof found === "number") return;
    for (const { name, inum } of found) {
      const stat = name === "." || name === ".." ? EMPTY : fs.stat(inum);
      if (typeof stat === "number") continue;
      const path = `${prefix}/${textOf(name)}`;
      out.push({ ...stat, path });
      if (stat.type === T_DIR) visit(inum, path);
    }
  };
  visit(ROOTINO, "");
  return out;
}

const EMPTY = -1;
