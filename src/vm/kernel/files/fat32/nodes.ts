/** The files and directories in use, by handle: what xv6's inode table is for its own format. */
import { type Saved, Saver } from "../../../machine/saver.ts";
import { ATTR_DIR, ATTR_READ_ONLY } from "./layout.ts";
import type { FatEntry } from "./directory.ts";
import type { FatNode } from "./node.ts";
import { type FatVolume, freeChain } from "./table.ts";

/** Handle of the root directory. */
export const FAT_ROOT = 1;

/** Nodes with their references. Handles are small numbers, the lowest free one is given. */
export class FatNodes {
  readonly #v: FatVolume;
  readonly #nodes: Map<number, FatNode>;

  readonly #saver = new Saver();

  /** The nodes of a volume: none, or those of a saved table. */
  constructor(v: FatVolume, saved: Saved<Map<number, FatNode>> = new Map()) {
    this.#v = v;
    this.#nodes = this.#saver.revive(saved);
  }

  /** The table as plain data. */
  save(): Saved<Map<number, FatNode>> {
    return this.#saver.save(this.#nodes);
  }

  /** Handles with the references held from outside; a node's hold on the directory it is in is none of them. */
  inUse(): Array<{ inum: number; refs: number }> {
    const inside = new Map<number, number>();
    for (const { parent } of this.#nodes.values()) {
      inside.set(parent, (inside.get(parent) ?? 0) + 1);
    }
    return [...this.#nodes]
      .map(([inum, { refs }]) => ({ inum, refs: refs - (inside.get(inum) ?? 0) }))
      .filter(({ refs }) => refs > 0);
  }

  /** The node of a handle that is in use. */
  get(handle: number): FatNode {
    const node = this.#nodes.get(handle);
    if (node === undefined) throw new Error(`FAT handle ${handle} is not in use`);
    return node;
  }

  /** The root directory, with a reference more. */
  root(): number {
    const node = this.#nodes.get(FAT_ROOT);
    if (node !== undefined) node.refs++;
    else {
      this.#nodes.set(FAT_ROOT, {
        refs: 1,
        entry: 0,
        cluster: this.#v.geometry.rootCluster,
        size: 0,
        dir: true,
        readOnly: false,
        parent: 0,
        cursor: { index: 0, cluster: 0 },
      });
    }
    return FAT_ROOT;
  }

  /** The node of an entry of directory `parent`, with a reference more: the one in use already, or a new one. */
  take(parent: number, entry: Pick<FatEntry, "at" | "attributes" | "cluster" | "size">): number {
    for (const [handle, node] of this.#nodes) {
      if (node.entry !== entry.at) continue;
      node.refs++;
      return handle;
    }
    let handle = FAT_ROOT + 1;
    while (this.#nodes.has(handle)) handle++;
    const dir = (entry.attributes & ATTR_DIR) !== 0;
    this.#nodes.set(handle, {
      refs: 1,
      entry: entry.at,
      cluster: entry.cluster,
      size: dir ? 0 : entry.size,
      dir,
      readOnly: (entry.attributes & ATTR_READ_ONLY) !== 0,
      parent: this.idup(parent),
      cursor: { index: 0, cluster: 0 },
    });
    return handle;
  }

  /** One reference more. */
  idup(handle: number): number {
    this.get(handle).refs++;
    return handle;
  }

  /** One reference less; the last one of a removed file frees its clusters. */
  iput(handle: number): void {
    const node = this.get(handle);
    node.refs--;
    if (node.refs > 0) return;
    this.#nodes.delete(handle);
    if (node.entry < 0 && node.cluster !== 0) freeChain(this.#v, node.cluster);
    if (node.parent !== 0) this.iput(node.parent);
  }
}
