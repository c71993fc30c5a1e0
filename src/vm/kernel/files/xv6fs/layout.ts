/**
 * xv6's on-disk format (kernel/fs.h of 2019–2025), as numbers.
 *
 * ```text
 * block 0      1            logstart     inodestart    bmapstart   data start
 * [ boot | super block | log header+blocks | inodes | free bit map | data … ]
 * ```
 *
 * Everything is little-endian, blocks are 1024 bytes. A directory is a file of 16-byte entries.
 */
import { FsError } from "../errno.ts";

/** Bytes in a block. */
export const BSIZE = 1024;
/** First word of the super block. */
export const FSMAGIC = 0x10203040;
/** The root directory's i-number. */
export const ROOTINO = 1;
/** Block addresses an inode has room for. */
export const NADDRS = 13;
/** Block addresses in an indirect block. */
export const NINDIRECT = BSIZE / 4;
/** Bytes of an on-disk inode: type, major, minor, nlink (16 bits each), size, 13 addresses. */
export const DINODE_SIZE = 64;
/** Inodes in a block. */
export const IPB = BSIZE / DINODE_SIZE;
/** Bits of the free map in a block. */
export const BPB = BSIZE * 8;
/** Bytes of a directory entry: u16 i-number, 14 bytes of name padded with zeros. */
export const DIRENT_SIZE = 16;
/** Longest file name; longer ones are cut silently, as xv6 does. */
export const DIRSIZ = 14;
/** Longest path a system call takes, with its closing zero byte. */
export const MAXPATH = 128;
/** Inodes in use at once (open files, current directories): kernel/param.h. */
export const NINODE = 50;
/** Major device numbers run from 0 to NDEV - 1. */
export const NDEV = 10;
/** The device number every inode of the root file system reports. */
export const ROOTDEV = 1;
/** Blocks one file-system call may write. */
export const MAXOPBLOCKS = 10;
/** Data blocks the kernel's log header has room for, whatever the image's log area holds. */
export const LOGSIZE = MAXOPBLOCKS * 3;
/**
 * Log blocks that one call here may need before it can commit: a write of {@linkcode WRITE_CHUNK}
 * bytes into four blocks, with three tables above them, seven blocks of the free map and the inode,
 * and one to spare. Giving blocks back may need more, and commits in between.
 */
export const OPBLOCKS = 16;
/**
 * Bytes one transaction of a larger write may carry, as filewrite of kernel/file.c has it: room is
 * left for inode, indirect block, free map and two part blocks.
 */
export const WRITE_CHUNK: number = Math.floor((MAXOPBLOCKS - 1 - 1 - 2) / 2) * BSIZE;

/** Inode types. `T_SYMLINK` is the file-system lab's. */
export const T_DIR = 1, T_FILE = 2, T_DEVICE = 3, T_SYMLINK = 4;

/** Byte offsets inside a 64-byte on-disk inode. */
export const DI = { type: 0, major: 2, minor: 4, nlink: 6, size: 8, addrs: 12 } as const;

/** The super block, as mkfs wrote it, and what follows from it. Block numbers and counts. */
export interface Superblock {
  /** Blocks in the whole image. */
  readonly size: number;
  /** Data blocks, as stored. */
  readonly nblocks: number;
  /** Inodes, counting the unused number 0. */
  readonly ninodes: number;
  /** Blocks of the log, its header included. */
  readonly nlog: number;
  /** The log's header block. */
  readonly logstart: number;
  /** First block of inodes. */
  readonly inodestart: number;
  /** First block of the free bit map. */
  readonly bmapstart: number;
}

/** The words of block 1, in their order. */
const WORDS = [
  "magic",
  "size",
  "nblocks",
  "ninodes",
  "nlog",
  "logstart",
  "inodestart",
  "bmapstart",
] as const;

/**
 * What the 13 addresses of an inode are. The first `direct` of them name blocks of the file; then
 * comes one indirect block; where one address is left, it is the doubly indirect block of the
 * file-system lab.
 */
export interface Addressing {
  /** Blocks named in the inode itself (NDIRECT). */
  readonly direct: 12 | 11;
  /** Blocks in the largest file (MAXFILE). */
  readonly maxfile: number;
}

/** xv6 as it ships: files of at most 268 blocks. */
export const SINGLE: Addressing = { direct: 12, maxfile: 12 + NINDIRECT };
/** The file-system lab: files of at most 65803 blocks. */
export const DOUBLE: Addressing = { direct: 11, maxfile: 11 + NINDIRECT + NINDIRECT ** 2 };

/**
 * What address `i` of an inode stands for: a block of the file, or a table of `depth` levels (1 or
 * 2) over blocks of it, of which `first` is the first.
 */
export function span({ direct }: Addressing, i: number): { depth: number; first: number } {
  const depth = Math.max(0, i - direct + 1);
  return { depth, first: depth === 2 ? direct + NINDIRECT : i };
}

/** The block that holds inode `inum`. */
export function inodeBlock(sb: Superblock, inum: number): number {
  return sb.inodestart + Math.floor(inum / IPB);
}

/** The block of the free map that holds the bit of block `bno`. */
export function bitmapBlock(sb: Superblock, bno: number): number {
  return sb.bmapstart + Math.floor(bno / BPB);
}

/** Blocks of free map for `size` blocks. mkfs gives one more when `size` is a multiple of 8192. */
export function bitmapBlocks(size: number): number {
  return Math.ceil(size / BPB);
}

/** The first block that may hold file data. Everything below is metadata. */
export function dataStart(sb: Superblock): number {
  return sb.bmapstart + bitmapBlocks(sb.size);
}

/** The 16 bytes of a directory entry: the name is cut to {@linkcode DIRSIZ} bytes. */
export function dirent(inum: number, name: string): Uint8Array {
  const bytes = new Uint8Array(DIRENT_SIZE);
  bytes[0] = inum & 0xff;
  bytes[1] = inum >> 8;
  for (let i = 0; i < DIRSIZ && i < name.length; i++) bytes[2 + i] = name.charCodeAt(i);
  return bytes;
}

/** Reads the super block's words without judging them. `image` must hold two blocks. */
export function readSuperblock(image: Uint8Array): Superblock & { readonly magic: number } {
  const view = new DataView(image.buffer, image.byteOffset + BSIZE, 4 * WORDS.length);
  const words = WORDS.map((name, i) => [name, view.getUint32(4 * i, true)]);
  return Object.fromEntries(words) as Superblock & { magic: number };
}

/** Writes the super block into block 1 of `image`. */
export function writeSuperblock(image: Uint8Array, sb: Superblock): void {
  const view = new DataView(image.buffer, image.byteOffset + BSIZE, 4 * WORDS.length);
  const words = { magic: FSMAGIC, ...sb };
  WORDS.forEach((name, i) => view.setUint32(4 * i, words[name], true));
}

/** How many bytes an image lacks of what its super block promises, as a sentence, or undefined. */
export function truncation({ size }: Pick<Superblock, "size">, bytes: number): string | undefined {
  if (size * BSIZE <= bytes) return undefined;
  return `the image is truncated: its super block says ${size} blocks (${size * BSIZE} bytes), ` +
    `the image has ${bytes} bytes`;
}

/** What makes a super block useless for an image of `bytes` bytes, as sentences; empty: nothing. */
export function superblockProblems(
  sb: Superblock & { readonly magic: number },
  bytes: number,
): string[] {
  const hex = (n: number) => "0x" + n.toString(16).padStart(8, "0");
  if (sb.magic !== FSMAGIC) {
    return [`no xv6 file system: magic is ${hex(sb.magic)}, expected ${hex(FSMAGIC)}`];
  }
  const problems: string[] = [];
  const cut = truncation(sb, bytes);
  if (cut !== undefined) problems.push(cut);
  const inodeEnd = sb.inodestart + Math.ceil(sb.ninodes / IPB);
  const mapEnd = sb.bmapstart + bitmapBlocks(sb.size);
  if (sb.logstart < 2) problems.push(`the log starts at block ${sb.logstart}, before block 2`);
  if (sb.nlog - 1 < OPBLOCKS) {
    problems.push(`a log of ${sb.nlog} blocks is too small, ${OPBLOCKS + 1} are needed`);
  }
  if (sb.logstart + sb.nlog > sb.inodestart) {
    problems.push(
      `the log (blocks ${sb.logstart} to ${sb.logstart + sb.nlog - 1}) runs into the inodes ` +
        `(from block ${sb.inodestart})`,
    );
  }
  if (sb.ninodes < 2 || sb.ninodes > 0x10000) {
    problems.push(`${sb.ninodes} inodes: a directory entry can name 1 to 65535`);
  }
  if (inodeEnd > sb.bmapstart) {
    problems.push(
      `${sb.ninodes} inodes from block ${sb.inodestart} run into the free map ` +
        `(block ${sb.bmapstart})`,
    );
  }
  if (mapEnd >= sb.size) {
    problems.push(`the free map ends at block ${mapEnd}, no data block is left of ${sb.size}`);
  }
  return problems;
}

/**
 * Reads and checks the super block of an image.
 *
 * @throws {FsError} naming the first thing that makes the image unusable.
 */
export function checkedSuperblock(image: Uint8Array): Superblock {
  if (image.length < 2 * BSIZE) {
    throw new FsError(`no xv6 file system: ${image.length} bytes do not hold a super block`);
  }
  const { magic, ...sb } = readSuperblock(image);
  const [problem] = superblockProblems({ magic, ...sb }, image.length);
  if (problem !== undefined) throw new FsError(problem);
  return sb;
}
