/**
 * Which of the two addressings the inodes of an image have. Nothing in it says so: xv6 compiles
 * NDIRECT in, and the file-system lab changes it. So both are tried, and the one that the image
 * contradicts less often is taken: on an image that is whole, the right one is contradicted
 * nowhere, and the wrong one by every file of twelve blocks and more (each real disk holds some:
 * `sh` has over thirty).
 */
import {
  type Addressing,
  BSIZE,
  dataStart,
  DI,
  DINODE_SIZE,
  DOUBLE,
  NADDRS,
  NINDIRECT,
  SINGLE,
  span,
  type Superblock,
  T_DIR,
} from "./layout.ts";

/**
 * The addressing of `image`, whose super block has been checked and whose log is installed.
 *
 * Where no file has twelve blocks, both read the same; what could tell is only what the disk is
 * for. One with room for a doubly indirect file is then taken for the lab's (200000 blocks), and
 * smaller ones for xv6's.
 */
export function inferAddressing(image: Uint8Array, sb: Superblock): Addressing {
  const single = contradictions(image, sb, SINGLE, Infinity);
  const double = contradictions(image, sb, DOUBLE, single);
  if (single !== double) return single < double ? SINGLE : DOUBLE;
  return sb.size > DOUBLE.maxfile ? DOUBLE : SINGLE;
}

/**
 * How often the image contradicts `addressing`: addresses that cannot be, are given twice or are
 * free in the map; blocks missing from a file; blocks in use by nobody. Counted to a little above
 * `most`. No block is entered twice.
 */
function contradictions(
  image: Uint8Array,
  sb: Superblock,
  addressing: Addressing,
  most: number,
): number {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const start = dataStart(sb), map = sb.bmapstart * BSIZE;
  const used = (bno: number) => (image[map + (bno >> 3)] & (1 << (bno & 7))) !== 0;
  const claimed = new Uint8Array(sb.size);
  let wrong = 0;
  /** Takes a block, with all below it when it is a table: how many blocks of the file that is. */
  const claim = (bno: number, depth: number): number => {
    if (bno === 0 || wrong > most) return 0;
    if (bno < start || bno >= sb.size || claimed[bno] === 1 || !used(bno)) {
      wrong++;
      return 0;
    }
    claimed[bno] = 1;
    if (depth === 0) return 1;
    let blocks = 0;
    for (let i = 0; i < NINDIRECT; i++) {
      blocks += claim(view.getUint32(bno * BSIZE + 4 * i, true), depth - 1);
    }
    return blocks;
  };
  for (let inum = 1; inum < sb.ninodes && wrong <= most; inum++) {
    const at = sb.inodestart * BSIZE + inum * DINODE_SIZE;
    const type = view.getInt16(at + DI.type, true);
    if (type === 0) continue;
    let blocks = 0;
    for (let i = 0; i < NADDRS; i++) {
      blocks += claim(view.getUint32(at + DI.addrs + 4 * i, true), span(addressing, i).depth);
    }
    // mkfs rounds the root's size up to a block that may not be there.
    const least = Math.ceil(view.getUint32(at + DI.size, true) / BSIZE) - (type === T_DIR ? 1 : 0);
    wrong += Math.max(0, least - blocks);
  }
  for (let bno = start; bno < sb.size; bno++) if (used(bno) && claimed[bno] === 0) wrong++;
  return wrong;
}
