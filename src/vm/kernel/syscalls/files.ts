/**
 * The calls on descriptors and paths, as xv6's sysfile.c and file.c have them. Reading and writing
 * are in transfer.ts.
 */

import { spaceOf } from "../process/table.ts";
import { cutMappings, isRunning } from "../memory/areas/truncate.ts";
import { copyout } from "../memory/faults/copyin.ts";
import type { File, Inode } from "../files/file.ts";
import { O_RDWR, O_TRUNC, O_WRONLY } from "../files/xv6fs/namespace.ts";
import { ROOT_FS } from "../files/mount.ts";
import { newPipe } from "../files/pipe.ts";
import {
  closeDescriptor,
  dupDescriptor,
  freeDescriptor,
  hasDescriptors,
  hasRoom,
  install,
} from "../files/table.ts";
import { T_DEVICE, T_FILE } from "../files/xv6fs/layout.ts";
import type { FileSystem, Stat } from "../files/file_system.ts";
import type { Kernel } from "../kernel.ts";
import type { Proc } from "../process/proc.ts";
import { placeOf } from "../process/threads.ts";
import { argAddress, argFile, argInt, call } from "./call.ts";
import { fetchPath } from "./strings.ts";
import { readFile, writeFile } from "./transfer.ts";

/** read(fd, buffer, n) → bytes read, 0 at the end, -1. */
export const readCall = call("read", "fd fd, out buf, size n", (k, p) => {
  const file = argFile(k, p, 0);
  const buffer = argAddress(k, p, 1);
  if (file === undefined || !file.readable) return -1;
  return readFile(k, p, file, buffer, argInt(k, p, 2));
});

/** write(fd, buffer, n) → bytes written, or -1. */
export const writeCall = call("write", "fd fd, in buf, size n", (k, p) => {
  const file = argFile(k, p, 0);
  const buffer = argAddress(k, p, 1);
  if (file === undefined || !file.writable) return -1;
  return writeFile(k, p, file, buffer, argInt(k, p, 2));
});

/** close(fd) */
export const closeCall = call("close", "fd fd", (k, p) => {
  if (argFile(k, p, 0) === undefined) return -1;
  closeDescriptor(k, p, argInt(k, p, 0));
  return 0;
});

/** dup(fd) → the lowest free descriptor, for the same record. */
export const dupCall = call("dup", "fd fd", (k, p) => {
  return argFile(k, p, 0) === undefined ? -1 : dupDescriptor(k, p, argInt(k, p, 0));
});

/** pipe(fds): two descriptors as C ints, the reading end first. */
export const pipeCall = call("pipe", "address fds", (k, p) => {
  const address = argAddress(k, p, 0);
  if (address === undefined || !hasRoom(k, 2)) return -1;
  if (!hasDescriptors(k, p, 2)) return -1;
  const pipe = newPipe(k.state.nextPipe++);
  const ends = [true, false].map((readable): File => ({
    type: "pipe",
    pipe: pipe.id,
    references: 1,
    readable,
    writable: !readable,
  }));
  k.state.pipes.set(pipe.id, pipe);
  const fds = ends.map((file) => install(k, p, file));
  const bytes = new Uint8Array(Int32Array.from(fds).buffer);
  if (copyout(k, spaceOf(k, p), address, bytes)) return 0;
  for (const fd of fds) closeDescriptor(k, p, fd);
  return -1;
});

/** fstat(fd, st): fills xv6's struct stat; -1 for a pipe. */
export const fstatCall = call("fstat", "fd fd, address st", (k, p) => {
  const file = argFile(k, p, 0);
  const address = argAddress(k, p, 1);
  const stat = file && statOf(k, file);
  if (stat === undefined || address === undefined) return -1;
  return copyout(k, spaceOf(k, p), address, packStat(stat)) ? 0 : -1;
});

type ShortStat = Pick<Stat, "dev" | "ino" | "type" | "nlink" | "size">;

function statOf(k: Kernel, file: File): ShortStat | undefined {
  if (file.type === "pipe") return undefined;
  // The console that a new process has open has no file in the file system.
  if (file.inode === undefined) return { dev: 1, ino: 0, type: T_DEVICE, nlink: 1, size: 0 };
  const stat = k.files.at(file.inode).stat(file.inode);
  return typeof stat === "number" ? undefined : stat;
}

/** int dev; uint ino; short type; short nlink; (4 bytes) uint64 size. */
function packStat(stat: ShortStat): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, stat.dev, true);
  view.setUint32(4, stat.ino, true);
  view.setInt16(8, stat.type, true);
  view.setInt16(10, stat.nlink, true);
  view.setBigUint64(16, BigInt(stat.size), true);
  return bytes;
}

/** open(path, mode) → descriptor, or -1. */
export const openCall = call("open", "path path, open-flags mode", (k, p) => {
  const path = fetchPath(k, p, 0);
  const mode = argInt(k, p, 1);
  const room = freeDescriptor(k, p) >= 0 && hasRoom(k, 1);
  const inode = onPath(k, p, path, (fs, dir, rest) => fs.open(dir, rest, mode & ~O_TRUNC));
  if (inode < 0) return -1;
  const fs = k.files.at(inode);
  const file = { fs: ROOT_FS, inode };
  const changes = (mode & (O_WRONLY | O_RDWR | O_TRUNC)) !== 0;
  // xv6 makes the file before it finds no descriptor free, but does not truncate it. A file from
  // which a running program's pages still come is not written to (Linux: ETXTBSY).
  if (!room || changes && isRunning(k, file)) {
    fs.iput(inode);
    return -1;
  }
  const type = fs.type(inode);
  if ((mode & O_TRUNC) !== 0 && type === T_FILE) {
    fs.itrunc(inode);
    cutMappings(k, file);
  }
  const access = {
    references: 1,
    readable: (mode & O_WRONLY) === 0,
    writable: (mode & (O_WRONLY | O_RDWR)) !== 0,
  };
  if (type !== T_DEVICE) return install(k, p, { type: "inode", inode, offset: 0, ...access });
  const { major } = fs.stat(inode) as Stat;
  return install(k, p, { type: "device", major, inode, ...access });
});

/** mkdir(path) */
export const mkdirCall = call("mkdir", "path path", (k, p) => {
  return onPath(k, p, fetchPath(k, p, 0), (fs, dir, path) => fs.mkdir(dir, path));
});

/** mknod(path, major, minor): a device file. */
export const mknodCall = call("mknod", "path path, int major, int minor", (k, p) => {
  const [major, minor] = [argShort(k, p, 1), argShort(k, p, 2)];
  return onPath(k, p, fetchPath(k, p, 0), (fs, dir, path) => fs.mknod(dir, path, major, minor));
});

/** unlink(path) */
export const unlinkCall = call("unlink", "path path", (k, p) => {
  return onPath(k, p, fetchPath(k, p, 0), (fs, dir, path) => fs.unlink(dir, path));
});

/** link(old, new) */
export const linkCall = call("link", "path old, path new", (k, p) => {
  const old = fetchPath(k, p, 0);
  if (old === undefined) return -1;
  const cwd = directory(k, p);
  const path = fetchPath(k, p, 1);
  if (path === undefined || cwd === undefined) return -1;
  return Math.max(-1, k.files.root!.link(cwd, old, path));
});

/** symlink(target, path): a name that open() follows (the file-system lab). */
export const symlinkCall = call("symlink", "path target, path path", (k, p) => {
  const target = fetchPath(k, p, 0);
  if (target === undefined) return -1;
  return onPath(k, p, fetchPath(k, p, 1), (fs, dir, path) => fs.symlink(dir, target, path));
});

/** chdir(path) */
export const chdirCall = call("chdir", "path path", (k, p) => {
  const inode = onPath(k, p, fetchPath(k, p, 0), (fs, dir, path) => fs.chdir(dir, path));
  if (inode < 0) return -1;
  const place = placeOf(k, p);
  k.files.at(place.cwd!).iput(place.cwd!);
  place.cwd = inode;
  return 0;
});

/** Runs a call in the file system where the last element of `path` is. Its result, or -1. */
function onPath(
  k: Kernel,
  p: Proc,
  path: string | undefined,
  run: (fs: FileSystem, dir: Inode, path: string) => number,
): number {
  const cwd = path === undefined ? undefined : directory(k, p);
  if (path === undefined || cwd === undefined) return -1;
  return Math.max(-1, k.files.root!.resolve(cwd, path, run));
}

/** Where relative paths start: the current directory; the root for a process that has none yet. */
function directory(k: Kernel, p: Proc): Inode | undefined {
  return placeOf(k, p).cwd ??= k.files.root?.xv6.root();
}

function argShort(k: Kernel, p: Proc, n: number): number {
  return argInt(k, p, n) << 16 >> 16;
}
