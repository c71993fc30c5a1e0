/** The calls on names (open, link, unlink … of kernel/sysfile.c), each inside a transaction. */
import { EEXIST, EIO, EISDIR, ELOOP, EMLINK, ENOENT, ENOTDIR, ENOTEMPTY, EPERM } from "../errno.ts";
import { MAXPATH, NDEV, T_DEVICE, T_DIR, T_FILE, T_SYMLINK } from "./layout.ts";
import { inodeType, linkCount, major, setLinkCount } from "./inode.ts";
import { type Device, ialloc, iget, iput } from "./itable.ts";
import { clearEntry, dirlink, dirlookup, findEntry, isEmptyDir } from "./directory.ts";
import { read, truncate, write } from "./content.ts";
import { inParent, namei } from "./path.ts";
import type { Volume } from "./volume.ts";

/** Open flags of kernel/fcntl.h. */
export const O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_CREATE = 0x200, O_TRUNC = 0x400;
/** Do not follow a symbolic link in the last element (file-system lab, most trees' value). */
export const O_NOFOLLOW = 0x800;

/**
 * Whether open flags ask for the link itself. Each tree of the lab chooses the flag (0x800, 0x4,
 * 0x10, even 0x3 is seen), and xv6 has no other beside its five: so whatever is none of those
 * stands for it.
 */
function nofollow(omode: number): boolean {
  const access = O_WRONLY | O_RDWR;
  return (omode & ~(access | O_CREATE | O_TRUNC)) !== 0 || (omode & access) === access;
}

/** Symbolic links followed in one open before it is called a loop. */
const MAX_SYMLINKS = 10;
const MAX_LINKS = 0x7fff;

/**
 * Finds or makes `path`. An existing file or device is fine when a file is asked for, nothing else
 * is. Returns the inode with a reference held, or a negative error with nothing changed.
 */
function create(v: Volume, cwd: number, path: string, type: number, major = 0, minor = 0): number {
  return inParent(v, cwd, path, (dp, name) => createIn(v, dp, name, type, [major, minor]));
}

function createIn(v: Volume, dp: number, name: string, type: number, device: Device): number {
  const there = dirlookup(v, dp, name);
  if (there > 0) {
    const ip = iget(v, there);
    if (ip < 0) return ip;
    const has = inodeType(v, ip);
    if (type === T_FILE && (has === T_FILE || has === T_DEVICE)) return ip;
    iput(v, ip);
    return has === T_DIR && type === T_FILE ? EISDIR : EEXIST;
  }
  if (there !== ENOENT) return there;
  // A removed directory that a process is still in: a file there could not be reached or freed.
  if (linkCount(v, dp) < 1) return ENOENT;
  if (type === T_DIR && linkCount(v, dp) >= MAX_LINKS) return EMLINK;

  const ip = ialloc(v, type, device);
  if (ip < 0) return ip;
  let failed = 0;
  if (type === T_DIR) {
    // "." is not counted as a link: a count that includes itself would never reach 0.
    failed = dirlink(v, ip, ".", ip) || dirlink(v, ip, "..", dp);
  }
  failed ||= dirlink(v, dp, name, ip);
  if (failed !== 0) {
    setLinkCount(v, ip, 0);
    iput(v, ip); // frees it
    return failed;
  }
  if (type === T_DIR) setLinkCount(v, dp, linkCount(v, dp) + 1); // its ".."
  return ip;
}

/**
 * open(path, omode) without the descriptor: the inode with a reference held, or a negative error.
 * With O_TRUNC a file is emptied.
 *
 * xv6 creates the file before it looks for a free descriptor, and truncates after. A caller without
 * a free one passes `omode` without O_TRUNC, then iputs the result and fails.
 */
export function open(v: Volume, cwd: number, path: string, omode: number): number {
  let ip: number;
  if (omode & O_CREATE) {
    ip = create(v, cwd, path, T_FILE);
    if (ip < 0) return ip;
  } else {
    ip = namei(v, cwd, path);
    for (let n = 0; ip >= 0 && inodeType(v, ip) === T_SYMLINK && !nofollow(omode); n++) {
      ip = n < MAX_SYMLINKS ? follow(v, cwd, ip) : (iput(v, ip), ELOOP);
    }
    if (ip < 0) return ip;
    if (inodeType(v, ip) === T_DIR && omode !== O_RDONLY) {
      iput(v, ip);
      return EISDIR;
    }
  }
  if (inodeType(v, ip) === T_DEVICE && (major(v, ip) < 0 || major(v, ip) >= NDEV)) {
    iput(v, ip);
    return EIO;
  }
  if ((omode & O_TRUNC) && inodeType(v, ip) === T_FILE) truncate(v, ip);
  return ip;
}

/** Gives `link` up for what it points to. */
function follow(v: Volume, cwd: number, link: number): number {
  let target = "";
  const n = read(v, link, 0, MAXPATH, (chunk) => {
    for (const byte of chunk) target += String.fromCharCode(byte);
    return true;
  });
  iput(v, link);
  return n < 0 ? n : namei(v, cwd, target.split("\0")[0]);
}

/** Makes `path` another name of `old`, seen from `from`. 0, or an error with nothing changed. */
export function link(v: Volume, cwd: number, old: string, path: string, from = cwd): number {
  const ip = namei(v, from, old);
  if (ip < 0) return ip;
  const result = linkInode(v, cwd, ip, path);
  iput(v, ip);
  return result;
}

function linkInode(v: Volume, cwd: number, ip: number, path: string): number {
  if (inodeType(v, ip) === T_DIR) return EPERM;
  const links = linkCount(v, ip);
  if (links >= MAX_LINKS) return EMLINK;
  setLinkCount(v, ip, links + 1);
  const failed = inParent(v, cwd, path, (dp, name) => {
    return linkCount(v, dp) < 1 ? ENOENT : dirlink(v, dp, name, ip);
  });
  if (failed !== 0) setLinkCount(v, ip, links);
  return failed;
}

/** Removes a name. A directory must be empty; `.` and `..` cannot be removed. 0, or an error. */
export function unlink(v: Volume, cwd: number, path: string): number {
  return inParent(v, cwd, path, (dp, name) => unlinkIn(v, dp, name));
}

function unlinkIn(v: Volume, dp: number, name: string): number {
  if (name === "." || name === "..") return EPERM;
  const at = findEntry(v, dp, name);
  if (at < 0) return at;
  const ip = iget(v, v.view.getUint16(at, true));
  if (ip < 0) return ip;
  const failed = removable(v, dp, ip);
  if (failed === 0) {
    clearEntry(v, dp, at);
    if (inodeType(v, ip) === T_DIR) setLinkCount(v, dp, linkCount(v, dp) - 1); // its ".."
    setLinkCount(v, ip, linkCount(v, ip) - 1);
  }
  iput(v, ip);
  return failed;
}

function removable(v: Volume, dp: number, ip: number): number {
  if (linkCount(v, ip) < 1) return EIO; // xv6 panics: "unlink: nlink < 1"
  if (inodeType(v, ip) !== T_DIR) return 0;
  const empty = isEmptyDir(v, ip);
  if (typeof empty === "number") return empty;
  if (!empty) return ENOTEMPTY;
  // A directory that names itself, or a parent whose count lies: removing would free one in use.
  return ip === dp || linkCount(v, dp) < 2 ? EIO : 0;
}

/** Makes a directory. 0, or a negative error. */
export function mkdir(v: Volume, cwd: number, path: string): number {
  return made(v, create(v, cwd, path, T_DIR));
}

/** Makes a device file. 0, or a negative error. */
export function mknod(v: Volume, cwd: number, path: string, major: number, minor: number): number {
  return made(v, create(v, cwd, path, T_DEVICE, major, minor));
}

function made(v: Volume, ip: number): number {
  if (ip < 0) return ip;
  iput(v, ip);
  return 0;
}

/** Makes `path` a symbolic link to `target`, which need not exist. 0, or a negative error. */
export function symlink(v: Volume, cwd: number, target: string, path: string): number {
  const ip = create(v, cwd, path, T_SYMLINK);
  if (ip < 0) return ip;
  const wrote = write(v, ip, 0, target.length, (chunk, done) => {
    for (let i = 0; i < chunk.length; i++) chunk[i] = target.charCodeAt(done + i);
    return true;
  });
  iput(v, ip);
  if (wrote === target.length) return 0;
  const undone = unlink(v, cwd, path);
  return undone < 0 ? undone : wrote < 0 ? wrote : EIO;
}

/** The new current directory, with a reference held, or a negative error. */
export function chdir(v: Volume, cwd: number, path: string): number {
  const ip = namei(v, cwd, path);
  if (ip < 0 || inodeType(v, ip) === T_DIR) return ip;
  iput(v, ip);
  return ENOTDIR;
}
