/** The file allocation table: chains of clusters, free ones, and the FSInfo sector. */
import { DiskBytes, type DiskImage } from "../../../machine/disk_bytes.ts";
import { type Saved, Saver } from "../../../machine/saver.ts";
import { EIO, ENOSPC } from "../errno.ts";
import { FAT_EOC, FAT_FREE, FAT_LAST, FSINFO, type Geometry, readGeometry } from "./layout.ts";

/** One file or directory in use. */
export interface FatNode {
  /** References held. */
  refs: number;
  /** Offset of its short directory entry in the image; 0 for the root, -1 once it is removed. */
  entry: number;
  /** First cluster, 0 for none. */
  cluster: number;
  /** Bytes; 0 for directories. */
  size: number;
  /** Whether it is a directory. */
  readonly dir: boolean;
  /** Whether it may not be written. */
  readonly readOnly: boolean;
  /** Handle of the directory it is in, which it holds a reference to; 0 for the root. */
  readonly parent: number;
  /** The cluster found last, by its index in the chain, so that reading on need not start over. */
  cursor: { index: number; cluster: number };
}

/** All that a mounted image has beside its disk: plain data. */
export interface FatState {
  /** Nodes in use, by handle. */
  readonly nodes: Map<number, FatNode>;
  /** Free clusters. */
  free: number;
  /** No cluster below this one is free. */
  hint: number;
}

/** A mounted image. */
export interface FatVolume {
  /** Where everything is. */
  readonly geometry: Geometry;
  /** The image. Who changes it calls `touch`, as {@linkcode put} does, or it is not saved. */
  readonly disk: DiskBytes;
  /** Its bytes. */
  readonly image: Uint8Array;
  /** The same as numbers. */
  readonly view: DataView;
  /** What is kept beside the disk. */
  readonly state: FatState;
  /** Makes saved states, which share what did not change between them. */
  readonly saver: Saver;
}

/**
 * Mounts an image, with a saved state or with nothing in use. Then the free clusters are counted:
 * FSInfo is a hint that is often wrong.
 *
 * @throws {FsError} one clear line.
 */
export function mountFat(contents: Uint8Array | DiskImage, saved?: Saved<FatState>): FatVolume {
  const disk = new DiskBytes(contents);
  const image = disk.bytes;
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const saver = new Saver();
  const state = saved === undefined
    ? { nodes: new Map(), free: 0, hint: 2 }
    : saver.revive<FatState>(saved);
  const v: FatVolume = { geometry: readGeometry(image), disk, image, view, state, saver };
  if (saved !== undefined) return v;
  for (let c = v.geometry.clusters + 1; c >= 2; c--) {
    if (fatEntry(v, c) !== FAT_FREE) continue;
    state.free++;
    state.hint = c;
  }
  return v;
}

/** Writes bytes into the image at `at`. */
export function put(v: FatVolume, at: number, bytes: Uint8Array): void {
  v.disk.touch(at, bytes.length);
  v.image.set(bytes, at);
}

/** Writes a 32-bit number into the image at `at`. */
function put32(v: FatVolume, at: number, value: number): void {
  v.disk.touch(at, 4);
  v.view.setUint32(at, value, true);
}

/** The FAT's 28 bits for cluster `c`. */
export function fatEntry(v: FatVolume, c: number): number {
  return v.view.getUint32(v.geometry.fat + 4 * c, true) & 0x0fffffff;
}

/** Sets them in every copy; the upper four bits are reserved and stay. */
function setFatEntry(v: FatVolume, c: number, value: number): void {
  for (const fat of v.geometry.fatCopies) {
    const at = fat + 4 * c;
    put32(v, at, ((v.view.getUint32(at, true) & 0xf0000000) | value) >>> 0);
  }
}

/** Whether `c` is the number of a cluster. */
export function isCluster(v: FatVolume, c: number): boolean {
  return c >= 2 && c < v.geometry.clusters + 2;
}

/** Byte offset of cluster `c` in the image. */
export function clusterOffset(v: FatVolume, c: number): number {
  return v.geometry.data + (c - 2) * v.geometry.clusterSize;
}

/** The cluster after `c`: 0 at the end of the chain, EIO when the table has nonsense there. */
export function nextCluster(v: FatVolume, c: number): number {
  const next = fatEntry(v, c);
  if (next >= FAT_EOC) return 0;
  return isCluster(v, next) ? next : EIO;
}

/** Takes a free cluster, as the end of a chain of its own. ENOSPC when there is none. */
export function allocCluster(v: FatVolume): number {
  for (let c = v.state.hint; c < v.geometry.clusters + 2; c++) {
    if (fatEntry(v, c) !== FAT_FREE) continue;
    setFatEntry(v, c, FAT_LAST);
    v.state.hint = c + 1;
    v.state.free--;
    writeFsInfo(v);
    return c;
  }
  v.state.hint = v.geometry.clusters + 2;
  return ENOSPC;
}

/** Appends cluster `c` to the chain that ends at `last`. */
export function linkCluster(v: FatVolume, last: number, c: number): void {
  setFatEntry(v, last, c);
}

/** Frees the chain that starts at `c`. It ends at a free cluster: even a damaged, circular one. */
export function freeChain(v: FatVolume, c: number): void {
  while (isCluster(v, c) && c !== v.geometry.rootCluster) {
    const next = fatEntry(v, c);
    if (next === FAT_FREE) break;
    setFatEntry(v, c, FAT_FREE);
    v.state.free++;
    if (c < v.state.hint) v.state.hint = c;
    c = next;
  }
  writeFsInfo(v);
}

function writeFsInfo(v: FatVolume): void {
  const at = v.geometry.fsInfo;
  if (at === 0) return;
  put32(v, at + FSINFO.free, v.state.free);
  put32(v, at + FSINFO.next, Math.min(v.state.hint, v.geometry.clusters + 1));
}
