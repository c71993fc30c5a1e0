/** The files and directories in use, by handle: what xv6's inode table is for its own format. */
import type { Held } from "../file_system.ts";
import { ATTR_DIR, ATTR_READ_ONLY } from "./layout.ts";
import type { FatEntry } from "./directory.ts";
import { type FatNode, type FatVolume, freeChain } from "./table.ts";

/** Handles begin here, so that none is an i-number, which are at most 65535. */
export const FAT_HANDLES = 0x10000;

/** Handle of the root directory. */
export const FAT_ROOT = FAT_HANDLES + 1;

/** Handles with the references held from outside, without those of nodes to their directories. */
export function inUse({ state }: FatVolume): Held[] {
  const inside = new Map<number, number>();
  for (const { parent } of state.nodes.values()) inside.set(parent, (inside.get(parent) ?? 0) + 1);
  return [...state.nodes]
    .map(([inum, { refs }]) => ({ inum, refs: refs - (inside.get(inum) ?? 0) }))
    .filter(({ refs }) => refs > 0);
}

/** The node of a handle that is in use. */
export function nodeOf(v: FatVolume, handle: number): FatNode {
  const node = v.state.nodes.get(handle);
  if (node === undefined) throw new Error(`FAT handle ${handle} is not in use`);
  return node;
}

/** The root directory, with a reference more. */
export function root(v: FatVolume): number {
  const { rootCluster: cluster } = v.geometry;
  const node = v.state.nodes.get(FAT_ROOT);
  if (node !== undefined) node.refs++;
  else addNode(v, FAT_ROOT, 0, { at: 0, attributes: ATTR_DIR, cluster, size: 0 });
  return FAT_ROOT;
}

/** What a node is made from. */
type Found = Pick<FatEntry, "at" | "attributes" | "cluster" | "size">;

/**
 * The node of an entry of directory `parent`, with a reference more: the one in use already, or a
 * new one under the lowest free handle.
 */
export function takeNode(v: FatVolume, parent: number, entry: Found): number {
  for (const [handle, node] of v.state.nodes) {
    if (node.entry !== entry.at) continue;
    node.refs++;
    return handle;
  }
  let handle = FAT_ROOT + 1;
  while (v.state.nodes.has(handle)) handle++;
  addNode(v, handle, idup(v, parent), entry);
  return handle;
}

function addNode(v: FatVolume, handle: number, parent: number, entry: Found): void {
  const dir = (entry.attributes & ATTR_DIR) !== 0;
  v.state.nodes.set(handle, {
    refs: 1,
    entry: entry.at,
    cluster: entry.cluster,
    size: dir ? 0 : entry.size,
    dir,
    readOnly: (entry.attributes & ATTR_READ_ONLY) !== 0,
    parent,
    cursor: { index: 0, cluster: 0 },
  });
}

/** One reference more. */
export function idup(v: FatVolume, handle: number): number {
  nodeOf(v, handle).refs++;
  return handle;
}

/** One reference less; the last one of a removed file frees its clusters. */
export function iput(v: FatVolume, handle: number): void {
  const node = nodeOf(v, handle);
  node.refs--;
  if (node.refs > 0) return;
  v.state.nodes.delete(handle);
  if (node.entry < 0 && node.cluster !== 0) freeChain(v, node.cluster);
  if (node.parent !== 0) iput(v, node.parent);
}
