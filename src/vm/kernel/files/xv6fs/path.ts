/**
 * Path names (skipelem, namex of kernel/fs.c).
 *
 * Paths are byte strings: one character a byte, 0 to 255, so that whatever bytes a guest uses as a
 * name go through unchanged. {@linkcode byteString} makes one from ordinary text.
 */
import { ENAMETOOLONG, ENOENT, ENOTDIR } from "../errno.ts";
import { DIRSIZ, MAXPATH, ROOTINO, T_DIR } from "./layout.ts";
import { inodeType } from "./inode.ts";
import { idup, iget, iput } from "./itable.ts";
import { dirlookup } from "./directory.ts";
import type { Volume } from "./volume.ts";

/** The UTF-8 bytes of `text`, one character each. */
export function byteString(text: string): string {
  let out = "";
  for (const byte of new TextEncoder().encode(text)) out += String.fromCharCode(byte);
  return out;
}

/** The text that a byte string spells in UTF-8, with bad bytes shown as U+FFFD. */
export function textOf(bytes: string): string {
  if (!/[^ -~]/.test(bytes)) return bytes; // ASCII spells itself
  return new TextDecoder().decode(Uint8Array.from(bytes, (c) => c.charCodeAt(0)));
}

/** The elements of a path, each cut to 14 bytes as xv6 cuts them. */
export function pathElements(path: string): string[] {
  return path.split("/").filter((s) => s !== "").map((s) => s.slice(0, DIRSIZ));
}

/**
 * Follows `elements` from `/` or from directory `cwd`, and returns the inode with a reference held,
 * or ENOENT, ENOTDIR, EIO, ENFILE. Inside a transaction: the directories on the way are let go.
 */
function walk(v: Volume, cwd: number, absolute: boolean, elements: string[]): number {
  let ip = absolute ? iget(v, ROOTINO) : idup(v, cwd);
  for (const name of elements) {
    if (ip < 0) return ip;
    const inum = inodeType(v, ip) === T_DIR ? dirlookup(v, ip, name) : ENOTDIR;
    const next = inum < 0 ? inum : iget(v, inum);
    iput(v, ip);
    ip = next;
  }
  return ip;
}

/** The inode of `path`, with a reference held, or a negative error. */
export function namei(v: Volume, cwd: number, path: string): number {
  if (path.length >= MAXPATH) return ENAMETOOLONG;
  return walk(v, cwd, path.startsWith("/"), pathElements(path));
}

/**
 * Runs `body` on the directory that the last element of `path` is in (xv6's nameiparent), and on
 * that element. Its result, or a negative error.
 */
export function inParent(
  v: Volume,
  cwd: number,
  path: string,
  body: (dp: number, name: string) => number,
): number {
  if (path.length >= MAXPATH) return ENAMETOOLONG;
  const elements = pathElements(path);
  const name = elements.pop();
  if (name === undefined) return ENOENT;
  const dp = walk(v, cwd, path.startsWith("/"), elements);
  if (dp < 0) return dp;
  const result = inodeType(v, dp) === T_DIR ? body(dp, name) : ENOTDIR;
  iput(v, dp);
  return result;
}
