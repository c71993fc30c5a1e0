/**
 * The calls that work on names. FAT has one name a file and no devices: `link`, `mknod` and
 * `symlink` are not among them.
 */
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
import { MAXPATH } from "../xv6fs/layout.ts";
import { O_CREATE, O_RDONLY, O_TRUNC } from "../xv6fs/namespace.ts";
import { textOf } from "../xv6fs/path.ts";
import {
  addEntry,
  findInDirectory,
  initDirectory,
  readDirectory,
  removeEntry,
} from "./directory.ts";
import { ATTR_ARCHIVE, ATTR_DIR, MAX_NAME } from "./layout.ts";
import { isLegalName } from "./names.ts";
import { truncateNode } from "./node.ts";
import { FAT_ROOT, idup, iput, nodeOf, root, takeNode } from "./nodes.ts";
import { allocCluster, type FatNode, type FatVolume, freeChain } from "./table.ts";

/** Follows `elements` from the root or `cwd`; the result has a reference held. */
function walk(v: FatVolume, cwd: number, absolute: boolean, elements: readonly string[]): number {
  let at = absolute ? root(v) : idup(v, cwd);
  for (const name of elements) {
    const next = step(v, at, name);
    iput(v, at);
    if (next < 0) return next;
    at = next;
  }
  return at;
}

function step(v: FatVolume, at: number, name: string): number {
  const node = nodeOf(v, at);
  if (!node.dir) return ENOTDIR;
  if (name === ".") return idup(v, at);
  if (name === "..") return idup(v, node.parent === 0 ? at : node.parent);
  if (node.entry < 0) return ENOENT; // removed while somebody stands in it
  const entry = findInDirectory(v, node.cluster, name);
  return typeof entry === "number" ? entry : takeNode(v, at, entry);
}

/** The elements of a path, as text. */
function elementsOf(path: string): string[] | number {
  if (path.length >= MAXPATH) return ENAMETOOLONG;
  const elements = textOf(path).split("/").filter((s) => s !== "");
  return elements.some((s) => s.length > MAX_NAME) ? ENAMETOOLONG : elements;
}

/** The file or directory of `path`, seen from `cwd`, with a reference held; or a negative error. */
export function namei(v: FatVolume, cwd: number, path: string): number {
  const elements = elementsOf(path);
  return typeof elements === "number" ? elements : walk(v, cwd, path.startsWith("/"), elements);
}

/** Runs `body` on the directory that the last element of `path` is in. */
function inParent(
  v: FatVolume,
  cwd: number,
  path: string,
  body: (dir: number, name: string) => number,
): number {
  const elements = elementsOf(path);
  if (typeof elements === "number") return elements;
  const name = elements.pop();
  if (name === undefined) return ENOENT;
  const dir = walk(v, cwd, path.startsWith("/"), elements);
  if (dir < 0) return dir;
  const result = nodeOf(v, dir).dir ? body(dir, name) : ENOTDIR;
  iput(v, dir);
  return result;
}

/** open(path, omode) without the descriptor: a handle with a reference held, or an error. */
export function open(v: FatVolume, cwd: number, path: string, omode: number): number {
  const found = namei(v, cwd, path);
  if (found === ENOENT && (omode & O_CREATE) !== 0) {
    return inParent(v, cwd, path, (dir, name) => create(v, dir, name, ATTR_ARCHIVE));
  }
  if (found < 0) return found;
  const node = nodeOf(v, found);
  const refused = node.dir && omode !== O_RDONLY
    ? EISDIR
    : node.readOnly && (omode & ~O_CREATE) !== O_RDONLY
    ? EPERM
    : 0;
  if (refused !== 0) {
    iput(v, found);
    return refused;
  }
  if ((omode & O_TRUNC) !== 0) truncateNode(v, node);
  return found;
}

function create(v: FatVolume, dir: number, name: string, attributes: number, cluster = 0): number {
  const parent = nodeOf(v, dir);
  if (parent.entry < 0) return ENOENT;
  if (!isLegalName(name)) return EINVAL;
  const at = addEntry(v, parent.cluster, name, attributes, cluster);
  return at < 0 ? at : takeNode(v, dir, { at, attributes, cluster, size: 0 });
}

/** mkdir(path): 0 or a negative error. */
export function mkdir(v: FatVolume, cwd: number, path: string): number {
  return inParent(v, cwd, path, (dir, name) => {
    const there = step(v, dir, name);
    if (there >= 0) iput(v, there);
    if (there !== ENOENT) return there < 0 ? there : EEXIST;
    if (!isLegalName(name)) return EINVAL;
    const cluster = allocCluster(v);
    if (cluster < 0) return cluster;
    initDirectory(v, cluster, dir === FAT_ROOT ? 0 : nodeOf(v, dir).cluster);
    const made = create(v, dir, name, ATTR_DIR, cluster);
    if (made < 0) {
      freeChain(v, cluster);
      return made;
    }
    iput(v, made);
    return 0;
  });
}

/** unlink(path): 0 or a negative error. A directory must be empty. */
export function unlink(v: FatVolume, cwd: number, path: string): number {
  return inParent(v, cwd, path, (dir, name) => {
    if (name === "." || name === "..") return EPERM;
    if (nodeOf(v, dir).entry < 0) return ENOENT;
    const entry = findInDirectory(v, nodeOf(v, dir).cluster, name);
    if (typeof entry === "number") return entry;
    const handle = takeNode(v, dir, entry);
    const node = nodeOf(v, handle);
    const refused = irremovable(v, node);
    if (refused === 0) {
      removeEntry(v, entry);
      node.entry = -1;
    }
    iput(v, handle);
    return refused;
  });
}

function irremovable(v: FatVolume, node: FatNode): number {
  if (node.readOnly) return EPERM;
  if (!node.dir) return 0;
  if (node.cluster === v.geometry.rootCluster) return EIO;
  const inside = readDirectory(v, node.cluster);
  if (typeof inside === "number") return inside;
  return inside.length > 0 ? ENOTEMPTY : 0;
}

/** The directory to stand in, with a reference held, or a negative error. */
export function chdir(v: FatVolume, cwd: number, path: string): number {
  const handle = namei(v, cwd, path);
  if (handle < 0 || nodeOf(v, handle).dir) return handle;
  iput(v, handle);
  return ENOTDIR;
}
