/** The file allocation table: chains of clusters, free clusters, and the FSInfo sector that sums them up. */
import { EIO, ENOSPC } from "../errno.ts";
import { FAT_EOC, FAT_FREE, FAT_LAST, FSINFO, type Geometry, readGeometry } from "./layout.ts";

/** A mounted image: its bytes and what is worth not recounting. */
export interface FatVolume {
  /** Where everything is. */
  readonly geometry: Geometry;
  /** The image, changed in place. */
  readonly image: Uint8Array;
  /** The same bytes as numbers. */
  readonly view: DataView;
  /** Free clusters. */
  free: number;
  /** No cluster below this one is free. */
  hint: number;
  /** Goes up with every change of the image. */
  version: number;
}

/** Mounts `image`. The free clusters are counted: FSInfo is a hint that is often wrong. @throws {FsError} */
export function mountFat(image: Uint8Array): FatVolume {
  const geometry = readGeometry(image);
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const v: FatVolume = { geometry, image, view, free: 0, hint: 2, version: 0 };
  for (let c = geometry.clusters + 1; c >= 2; c--) {
    if (fatEntry(v, c) !== FAT_FREE) continue;
    v.free++;
    v.hint = c;
  }
  return v;
}

/** The FAT's 28 bits for cluster `c`. */
export function fatEntry(v: FatVolume, c: number): number {
  return v.view.getUint32(v.geometry.fat + 4 * c, true) & 0x0fffffff;
}

/** Sets them in every copy; the upper four bits are reserved and stay. */
function setFatEntry(v: FatVolume, c: number, value: number): void {
  for (const fat of v.geometry.fatCopies) {
    const at = fat + 4 * c;
    v.view.setUint32(at, ((v.view.getUint32(at, true) & 0xf0000000) | value) >>> 0, true);
  }
  v.version++;
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
  for (let c = v.hint; c < v.geometry.clusters + 2; c++) {
    if (fatEntry(v, c) !== FAT_FREE) continue;
    setFatEntry(v, c, FAT_LAST);
    v.hint = c + 1;
    v.free--;
    writeFsInfo(v);
    return c;
  }
  v.hint = v.geometry.clusters + 2;
  return ENOSPC;
}

/** Appends cluster `c` to the chain that ends at `last`. */
export function linkCluster(v: FatVolume, last: number, c: number): void {
  setFatEntry(v, last, c);
}

/** Frees the chain that starts at `c`. Ends on damaged chains too: what was freed is not followed again. */
export function freeChain(v: FatVolume, c: number): void {
  while (isCluster(v, c) && c !== v.geometry.rootCluster) {
    const next = fatEntry(v, c);
    if (next === FAT_FREE) break;
    setFatEntry(v, c, FAT_FREE);
    v.free++;
    if (c < v.hint) v.hint = c;
    c = next;
  }
  writeFsInfo(v);
}

function writeFsInfo(v: FatVolume): void {
  const at = v.geometry.fsInfo;
  if (at === 0) return;
  v.view.setUint32(at + FSINFO.free, v.free, true);
  v.view.setUint32(at + FSINFO.next, Math.min(v.hint, v.geometry.clusters + 1), true);
  v.version++;
}
