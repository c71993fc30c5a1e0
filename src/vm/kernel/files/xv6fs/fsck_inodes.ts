/** The inode pass of fsck: types, sizes, and which block belongs to whom. */
import {
  BSIZE,
  DI,
  DINODE_SIZE,
  DIRENT_SIZE,
  NADDRS,
  NDEV,
  NINDIRECT,
  ROOTINO,
  span,
  T_DEVICE,
  T_DIR,
  T_SYMLINK,
} from "./layout.ts";
import { type Check, report } from "./fsck_report.ts";

/** One allocated inode, as far as it can be believed. */
export interface FoundInode {
  /** T_DIR, T_FILE, T_DEVICE, T_SYMLINK. */
  readonly type: number;
  /** Links, as stored. */
  readonly nlink: number;
  /** Bytes, at most what a file can hold. */
  readonly size: number;
  /** Disk blocks by block of the file: those in range and claimed by nobody before. Sparse. */
  readonly blocks: readonly number[];
}

/** What the inode pass found. */
export interface FoundInodes {
  /** Allocated inodes of a known type. */
  readonly inodes: ReadonlyMap<number, FoundInode>;
  /** The inode that uses each block, 0 for none. */
  readonly owner: Uint32Array;
}

/** Goes through all inodes. */
export function checkInodes(check: Check): FoundInodes {
  const inodes = new Map<number, FoundInode>();
  const owner = new Uint32Array(check.sb.size);
  for (let inum = 1; inum < check.sb.ninodes; inum++) {
    const found = checkInode(check, owner, inum);
    if (found !== undefined) inodes.set(inum, found);
  }
  if (inodes.get(ROOTINO)?.type !== T_DIR) {
    const message = `inode ${ROOTINO}, the root, is not a directory`;
    report(check, "error", "inode type", message, { inum: ROOTINO });
  }
  return { inodes, owner };
}

function checkInode(check: Check, owner: Uint32Array, inum: number): FoundInode | undefined {
  const at = check.sb.inodestart * BSIZE + inum * DINODE_SIZE;
  const { view } = check;
  const type = view.getInt16(at + DI.type, true);
  if (type === 0) return undefined;
  if (type < T_DIR || type > T_SYMLINK) {
    const message = `inode ${inum} has type ${type}, which is none`;
    report(check, "error", "inode type", message, { inum });
    return undefined;
  }
  const stored = view.getUint32(at + DI.size, true);
  const size = Math.min(stored, check.addressing.maxfile * BSIZE);
  if (stored > size) {
    const message = `inode ${inum} claims ${stored} bytes, a file holds at most ${size}`;
    report(check, "error", "inode size", message, { inum });
  } else if (type === T_DIR && size % DIRENT_SIZE !== 0) {
    const message = `directory inode ${inum} has ${size} bytes, not a multiple of ${DIRENT_SIZE}`;
    report(check, "error", "inode size", message, { inum });
  }
  const major = view.getInt16(at + DI.major, true);
  if (type === T_DEVICE && (major < 0 || major >= NDEV)) {
    const message = `device inode ${inum} names no device: major ${major}`;
    report(check, "note", "inode type", message, { inum });
  }
  const blocks = claimBlocks(check, owner, inum, at);
  if (type !== T_DEVICE) checkHoles(check, inum, type, size, at);
  return { type, nlink: view.getInt16(at + DI.nlink, true), size, blocks };
}

/** Takes the inode's blocks, direct and indirect, and complains about those it cannot have. */
function claimBlocks(check: Check, owner: Uint32Array, inum: number, at: number): number[] {
  const blocks: number[] = [];
  const claim = (block: number, what: string): boolean => {
    if (block === 0) return false;
    if (block < check.start || block >= check.sb.size) {
      const where = block < check.sb.size ? "which is metadata" : "outside the file system";
      const message = `inode ${inum}: ${what} is at ${block}, ${where}`;
      report(check, "error", "address", message, { inum, block });
      return false;
    }
    if (owner[block] !== 0) {
      const whose = owner[block] === inum ? "twice by it" : `by inode ${owner[block]} too`;
      const message = `block ${block} of inode ${inum} is used ${whose}`;
      report(check, "error", "shared block", message, { inum, block });
      return false;
    }
    owner[block] = inum;
    return true;
  };
  /** Takes block `first` of the file, or a table of `depth` levels that begins with that. */
  const take = (block: number, depth: number, first: number, what: string): void => {
    if (!claim(block, what)) return;
    if (depth === 0) {
      blocks[first] = block;
      return;
    }
    const covers = NINDIRECT ** (depth - 1);
    for (let i = 0; i < NINDIRECT; i++) {
      const bn = first + i * covers;
      const below = depth === 1 ? `block ${bn}` : `the indirect block for blocks from ${bn} on`;
      take(check.view.getUint32(block * BSIZE + 4 * i, true), depth - 1, bn, below);
    }
  };
  for (let i = 0; i < NADDRS; i++) {
    const { depth, first } = span(check.addressing, i);
    const what = ["block " + i, "the indirect block", "the doubly indirect block"][depth];
    take(check.view.getUint32(at + DI.addrs + 4 * i, true), depth, first, what);
  }
  return blocks;
}

/** Blocks below the size that do not exist: xv6 makes none, mkfs one at the end of its root. */
function checkHoles(check: Check, inum: number, type: number, size: number, at: number): void {
  const { view, addressing: { direct } } = check;
  const count = Math.ceil(size / BSIZE);
  /** Whether block `i` of those that a table of `depth` levels stands for is missing. */
  const missing = (table: number, depth: number, i: number): boolean => {
    if (table === 0) return true;
    if (depth === 0 || table < check.start || table >= check.sb.size) return false; // said already
    const covers = NINDIRECT ** (depth - 1);
    const below = view.getUint32(table * BSIZE + 4 * Math.floor(i / covers), true);
    return missing(below, depth - 1, i % covers);
  };
  const address = (i: number) => view.getUint32(at + DI.addrs + 4 * i, true);
  let holes = 0;
  for (let bn = 0; bn < count; bn++) {
    const i = bn < direct ? bn : bn < direct + NINDIRECT ? direct : direct + 1;
    const { depth, first } = span(check.addressing, i);
    if (missing(address(i), depth, bn - first) && !(type === T_DIR && bn === count - 1)) holes++;
  }
  if (holes === 0) return;
  const message =
    `inode ${inum} claims ${size} bytes, but ${holes} of its ${count} blocks do not exist`;
  report(check, "error", "hole", message, { inum });
}
