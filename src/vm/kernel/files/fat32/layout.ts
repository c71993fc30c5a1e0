/**
 * FAT32's on-disk format (Microsoft's "FAT: General Overview of On-Disk Format" 1.03), as byte
 * offsets.
 *
 * ```text
 * [ boot sector, FSInfo, backup … reserved ][ FAT ][ FAT copy ][ cluster 2 | cluster 3 | … ]
 * ```
 *
 * Everything is little-endian. A file is a chain of clusters through the FAT, a directory is a file
 * of 32-byte entries, long names (VFAT) sit in entries of their own before the short one.
 */
import { FsError } from "../errno.ts";

/** Bytes in a directory entry. */
export const ENTRY_SIZE = 32;
/** Directory entries in the largest directory. */
export const MAX_ENTRIES = 65536;
/** Longest name, in UTF-16 units. */
export const MAX_NAME = 255;
/** Characters a long-name entry holds. */
export const LFN_CHARS = 13;

/** Attributes of a directory entry. `ATTR_LFN` marks a piece of a long name. */
export const ATTR_READ_ONLY = 0x01, ATTR_VOLUME = 0x08, ATTR_DIR = 0x10, ATTR_ARCHIVE = 0x20;
/** All four low bits: no attribute of a file, but the mark of a long-name entry. */
export const ATTR_LFN = 0x0f;

/** First byte of an entry: never used from here on, and removed. */
export const ENTRY_END = 0x00, ENTRY_FREE = 0xe5;

/** FAT values: a free cluster, a bad one, and the least that means "last of its chain". */
export const FAT_FREE = 0, FAT_BAD = 0x0ffffff7, FAT_EOC = 0x0ffffff8;
/** What is written as the end of a chain. */
export const FAT_LAST = 0x0fffffff;

/** Byte offsets inside the boot sector. */
export const BPB = {
  sectorSize: 11,
  sectorsPerCluster: 13,
  reservedSectors: 14,
  fats: 16,
  rootEntries: 17,
  sectors16: 19,
  fatSectors16: 22,
  sectors32: 32,
  fatSectors32: 36,
  flags: 40,
  rootCluster: 44,
  fsInfoSector: 48,
  signature: 510,
} as const;

/** Byte offsets inside the FSInfo sector. */
export const FSINFO = { lead: 0, middle: 484, free: 488, next: 492 } as const;
/** The marks that make a sector an FSInfo sector. */
export const FSINFO_LEAD = 0x41615252, FSINFO_MIDDLE = 0x61417272;

/** Byte offsets inside a (short) directory entry. */
export const ENTRY = {
  attributes: 11,
  nameCase: 12,
  createdDate: 16,
  accessedDate: 18,
  clusterHigh: 20,
  writtenDate: 24,
  clusterLow: 26,
  size: 28,
} as const;

/** Where everything is, in bytes from the start of the image. */
export interface Geometry {
  /** Bytes in a sector. */
  readonly sectorSize: number;
  /** Bytes in a cluster. */
  readonly clusterSize: number;
  /** Clusters, numbered from 2. */
  readonly clusters: number;
  /** Start of the FAT that is read. */
  readonly fat: number;
  /** Starts of all FATs that are written. */
  readonly fatCopies: readonly number[];
  /** Start of cluster 2. */
  readonly data: number;
  /** First cluster of the root directory. */
  readonly rootCluster: number;
  /** The FSInfo sector, 0 when there is none. */
  readonly fsInfo: number;
}

/**
 * Reads the boot sector and checks that every area lies inside the image.
 *
 * @throws {FsError} one clear line.
 */
export function readGeometry(image: Uint8Array): Geometry {
  const no = (why: string): never => {
    throw new FsError(`no FAT32 file system: ${why}`);
  };
  if (image.length < 512) no(`${image.length} bytes do not hold a boot sector`);
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const u16 = (at: number) => view.getUint16(at, true),
    u32 = (at: number) => view.getUint32(at, true);
  if (u16(BPB.signature) !== 0xaa55) no("the boot sector lacks its signature 0x55 0xaa");
  const sectorSize = u16(BPB.sectorSize);
  if (![512, 1024, 2048, 4096].includes(sectorSize)) no(`sectors of ${sectorSize} bytes`);
  const perCluster = image[BPB.sectorsPerCluster];
  if (perCluster === 0 || (perCluster & (perCluster - 1)) !== 0) {
    no(`${perCluster} sectors a cluster, not a power of two`);
  }
  const fatSectors = u32(BPB.fatSectors32);
  if (u16(BPB.fatSectors16) !== 0 || u16(BPB.rootEntries) !== 0) no("it is FAT12 or FAT16");
  const fats = image[BPB.fats], reserved = u16(BPB.reservedSectors);
  if (fats === 0 || fatSectors === 0 || reserved === 0) no("it has no file allocation table");
  const sectors = u16(BPB.sectors16) || u32(BPB.sectors32);
  if (sectors * sectorSize > image.length) {
    throw new FsError(
      `the FAT32 image is truncated: ${sectors} sectors of ${sectorSize} bytes are promised, ` +
        `${image.length} bytes are there`,
    );
  }
  const dataSector = reserved + fats * fatSectors;
  if (dataSector >= sectors) no(`its tables take ${dataSector} of ${sectors} sectors`);
  const clusters = Math.min(
    Math.floor((sectors - dataSector) / perCluster),
    fatSectors * sectorSize / 4 - 2,
    FAT_BAD - 2,
  );
  const rootCluster = u32(BPB.rootCluster);
  if (rootCluster < 2 || rootCluster >= clusters + 2) no(`its root is at cluster ${rootCluster}`);
  // Bit 7: only one FAT, named in bits 0 to 3, is kept up to date.
  const flags = u16(BPB.flags);
  const starts = Array.from({ length: fats }, (_, i) => (reserved + i * fatSectors) * sectorSize);
  const single = (flags & 0x80) !== 0;
  const active = single ? starts[flags & 0xf] : starts[0];
  if (active === undefined) no(`its active table ${flags & 0xf} does not exist`);
  const info = u16(BPB.fsInfoSector) * sectorSize;
  const hasInfo = info > 0 && info + 512 <= reserved * sectorSize &&
    u32(info + FSINFO.lead) === FSINFO_LEAD && u32(info + FSINFO.middle) === FSINFO_MIDDLE;
  return {
    sectorSize,
    clusterSize: perCluster * sectorSize,
    clusters,
    fat: active,
    fatCopies: single ? [active] : starts,
    data: dataSector * sectorSize,
    rootCluster,
    fsInfo: hasInfo ? info : 0,
  };
}
