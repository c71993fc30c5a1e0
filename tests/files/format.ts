/** Makes an empty FAT32 image; people bring theirs from mkfs.fat. */
import { FsError } from "../../src/vm/kernel/files/errno.ts";
import {
  BPB,
  FAT_LAST,
  FSINFO,
  FSINFO_LEAD,
  FSINFO_MIDDLE,
} from "../../src/vm/kernel/files/fat32/layout.ts";

/** Fewer clusters would be taken for FAT16 by careful readers. */
const LEAST_CLUSTERS = 65525;

/**
 * A new image of `bytes` bytes (33 MiB and more), with 512-byte sectors and the smallest clusters that mkfs.fat would
 * choose for it. The same size gives the same bytes.
 *
 * @throws {FsError} when it is too small.
 */
export function formatFat32(bytes: number): Uint8Array {
  const sectors = Math.floor(bytes / 512), reserved = 32, fats = 2;
  const perCluster = sectors <= 532_480 ? 1 : sectors <= 16_777_216 ? 8 : 16;
  // Each cluster costs its sectors and four bytes in each table.
  const clusters = Math.floor((sectors - reserved - fats) / (perCluster + fats * 4 / 512)) - 2;
  const fatSectors = Math.ceil((clusters + 2) * 4 / 512);
  if (!(clusters >= LEAST_CLUSTERS)) throw new FsError(`${bytes} bytes are too few for FAT32`);
  const image = new Uint8Array(sectors * 512);
  const view = new DataView(image.buffer);
  const text = (at: number, s: string) => {
    for (let i = 0; i < s.length; i++) image[at + i] = s.charCodeAt(i);
  };
  image.set([0xeb, 0x58, 0x90]); // a jump that no boot code here follows
  text(3, "cowsh   ");
  view.setUint16(BPB.sectorSize, 512, true);
  image[BPB.sectorsPerCluster] = perCluster;
  view.setUint16(BPB.reservedSectors, reserved, true);
  image[BPB.fats] = fats;
  image[21] = 0xf8;
  view.setUint16(24, 63, true); // sectors a track and heads: of no meaning, but expected
  view.setUint16(26, 255, true);
  view.setUint32(BPB.sectors32, sectors, true);
  view.setUint32(BPB.fatSectors32, fatSectors, true);
  view.setUint32(BPB.rootCluster, 2, true);
  view.setUint16(BPB.fsInfoSector, 1, true);
  view.setUint16(50, 6, true);
  image[64] = 0x80;
  image[66] = 0x29;
  view.setUint32(67, 0xc0ffee, true); // the volume's number
  text(71, "NO NAME    ");
  text(82, "FAT32   ");
  view.setUint16(BPB.signature, 0xaa55, true);
  view.setUint32(512 + FSINFO.lead, FSINFO_LEAD, true);
  view.setUint32(512 + FSINFO.middle, FSINFO_MIDDLE, true);
  const dataSectors = sectors - reserved - fats * fatSectors;
  view.setUint32(512 + FSINFO.free, Math.floor(dataSectors / perCluster) - 1, true);
  view.setUint32(512 + FSINFO.next, 3, true);
  view.setUint32(512 + 508, 0xaa550000, true);
  image.copyWithin(6 * 512, 0, 1024);
  for (let i = 0; i < fats; i++) {
    const fat = (reserved + i * fatSectors) * 512;
    view.setUint32(fat, 0x0ffffff8, true);
    view.setUint32(fat + 4, FAT_LAST, true);
    view.setUint32(fat + 8, FAT_LAST, true); // the root directory's cluster
  }
  return image;
}
