/** Open files and directories: what inodes are for xv6's format, FAT keeps in directory entries. */
import { EFAULT, EFBIG, EINVAL, EIO, EISDIR, ENOSPC, EPERM } from "../errno.ts";
import type { Copy } from "../file_system.ts";
import { updateEntry } from "./directory.ts";
import { xv6Entries } from "./listing.ts";
import {
  allocCluster,
  clusterOffset,
  type FatNode,
  type FatVolume,
  freeChain,
  isCluster,
  linkCluster,
  nextCluster,
  put,
} from "./table.ts";

/** Cluster number `index` of the file's chain, or EIO. */
function clusterAt(v: FatVolume, node: FatNode, index: number): number {
  const from = node.cursor.cluster !== 0 && node.cursor.index <= index
    ? node.cursor
    : { index: 0, cluster: node.cluster };
  let c = from.cluster;
  if (!isCluster(v, c) || index > v.geometry.clusters) return EIO;
  for (let i = from.index; i < index; i++) {
    c = nextCluster(v, c);
    if (c <= 0) return EIO; // the chain is shorter than the size
  }
  node.cursor = { index, cluster: c };
  return c;
}

/** Reads as xv6's readi does; of a directory, its entries as xv6 has them. */
export function readNode(v: FatVolume, node: FatNode, off: number, n: number, copy: Copy): number {
  n = n >>> 0;
  if (node.dir) {
    const bytes = xv6Entries(v, node.cluster);
    if (off < 0 || off >= bytes.length) return 0;
    const part = bytes.subarray(off, Math.min(bytes.length, off + n));
    return copy(part, 0) ? part.length : EFAULT;
  }
  if (off < 0 || off > node.size || off + n > 0xffff_ffff) return 0;
  if (off + n > node.size) n = node.size - off;
  const size = v.geometry.clusterSize;
  let done = 0;
  while (done < n) {
    const at = off + done;
    const within = at % size;
    const m = Math.min(n - done, size - within);
    const c = clusterAt(v, node, Math.floor(at / size));
    if (c < 0) return done > 0 ? done : c;
    const from = clusterOffset(v, c) + within;
    if (!copy(v.image.subarray(from, from + m), done)) return EFAULT;
    done += m;
  }
  return done;
}

/** Writes `n` bytes at `off` as xv6's writei does: from the end at most, fewer on a full disk. */
export function writeNode(v: FatVolume, node: FatNode, off: number, n: number, copy: Copy): number {
  if (node.dir) return EISDIR;
  if (node.readOnly) return EPERM;
  if (n < 0 || off < 0 || off > node.size) return EINVAL;
  if (off + n > 0xffff_ffff) return EFBIG;
  const size = v.geometry.clusterSize;
  let done = 0, failure = 0;
  while (done < n) {
    const at = off + done;
    const within = at % size;
    const m = Math.min(n - done, size - within);
    // Whether there is a place is known before the copy, which others hear of; the place itself is
    // taken after it, so that a bad address leaves nothing behind.
    const grows = within === 0 && at === node.size;
    const there = grows
      ? (v.state.free > 0 ? 0 : ENOSPC)
      : clusterAt(v, node, Math.floor(at / size));
    if (there < 0) {
      failure = there;
      break;
    }
    const chunk = new Uint8Array(m);
    if (!copy(chunk, done)) {
      failure = EFAULT;
      break;
    }
    const c = grows ? append(v, node) : there;
    if (c < 0) {
      failure = c;
      break;
    }
    put(v, clusterOffset(v, c) + within, chunk);
    done += m;
    if (off + done > node.size) setSize(v, node, off + done);
  }
  return done > 0 || failure === 0 ? done : failure;
}

/** One more cluster at the end of a file whose size fills its chain. */
function append(v: FatVolume, node: FatNode): number {
  const index = node.size / v.geometry.clusterSize;
  const last = index === 0 ? 0 : clusterAt(v, node, index - 1);
  if (last < 0) return last;
  // A damaged image may already have more there than the size says; it is used.
  const spare = last === 0 ? node.cluster : nextCluster(v, last);
  if (spare < 0 || (spare !== 0 && !isCluster(v, spare))) return EIO;
  const c = spare !== 0 ? spare : allocCluster(v);
  if (c < 0) return c;
  if (spare === 0 && last !== 0) linkCluster(v, last, c);
  if (last === 0) node.cluster = c;
  node.cursor = { index, cluster: c };
  return c;
}

function setSize(v: FatVolume, node: FatNode, size: number): void {
  node.size = size;
  if (node.entry > 0) updateEntry(v, node.entry, node.cluster, size);
}

/** Empties a file. */
export function truncateNode(v: FatVolume, node: FatNode): void {
  const chain = node.cluster;
  node.cluster = 0;
  node.cursor = { index: 0, cluster: 0 };
  setSize(v, node, 0);
  if (chain !== 0) freeChain(v, chain);
}
