/**
 * Checks an image and says what is wrong with it, in sentences. Reads only; takes any bytes at all.
 *
 * The passes are the classic ones: geometry, log header, each inode and its blocks, each directory
 * and what it names, link counts, and the free map held against all of that both ways. A committed
 * transaction in the log is looked through, as a boot would install it. No pass reads a block for
 * two inodes, so the work is bounded by the image whatever it claims.
 */
import {
  type Addressing,
  BSIZE,
  dataStart,
  readSuperblock,
  type Superblock,
  superblockProblems,
} from "./layout.ts";
import { inferAddressing } from "./addressing.ts";
import { readLogHeader } from "./log.ts";
import { checkInodes, type FoundInodes } from "./fsck_inodes.ts";
import { checkNames } from "./fsck_names.ts";
import { type Check, type Findings, type Problem, report } from "./fsck_report.ts";

export type { Problem, ProblemKind } from "./fsck_report.ts";

/** Options of {@linkcode fsck}. */
export interface FsckOptions {
  /** Inodes in use by a running system: these may be without links. */
  readonly open?: ReadonlySet<number>;
  /** What the addresses in its inodes are, where that is known: a running system's. */
  readonly addressing?: Addressing;
}

/**
 * Checks `image`. An empty list means clean.
 *
 * Never throws and never changes a byte, whatever `image` holds.
 */
export function fsck(image: Uint8Array, options: FsckOptions = {}): Problem[] {
  const unusable = (message: string): Problem => ({
    kind: "superblock",
    severity: "error",
    message,
  });
  if (image.length < 2 * BSIZE) {
    return [unusable(`no xv6 file system: ${image.length} bytes do not hold a super block`)];
  }
  const { magic, ...sb } = readSuperblock(image);
  const geometry = superblockProblems({ magic, ...sb }, image.length);
  if (geometry.length > 0) return geometry.map(unusable);

  const found: Findings = { problems: [], counts: new Map() };
  const bytes = installed(image.subarray(0, sb.size * BSIZE), sb, found);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const addressing = options.addressing ?? inferAddressing(bytes, sb);
  const check: Check = { sb, addressing, start: dataStart(sb), bytes, view, ...found };
  checkCounts(check);
  const inodes = checkInodes(check);
  checkNames(check, inodes, options.open ?? new Set());
  checkFreeMap(check, inodes);
  return found.problems;
}

/** The image as a boot leaves it: itself, or a copy with the transaction that its log holds. */
function installed(image: Uint8Array, sb: Superblock, found: Findings): Uint8Array {
  const { blocks, problems } = readLogHeader(image, sb);
  for (const message of problems) report(found, "error", "log", message);
  if (problems.length > 0 || blocks.length === 0) return image;
  const what = `the log holds a committed transaction of ${blocks.length} blocks`;
  report(found, "note", "log", `${what}: the next boot installs it`);
  const bytes = image.slice();
  blocks.forEach((bno, i) => {
    const from = (sb.logstart + 1 + i) * BSIZE;
    bytes.copyWithin(bno * BSIZE, from, from + BSIZE);
  });
  return bytes;
}

function checkCounts(check: Check): void {
  const { nblocks } = check.sb;
  const most = check.sb.size - check.start;
  // mkfs gives the free map one block more than needed when the size is a multiple of 8192.
  if (nblocks === most || nblocks === most - 1) return;
  const message = `the super block counts ${nblocks} data blocks, there are ${most}`;
  report(check, "error", "superblock", message);
}

function checkFreeMap(check: Check, { owner }: FoundInodes): void {
  const { size, bmapstart, nblocks } = check.sb;
  // The super block says that data begins one later than `start` when the map has a spare block.
  const data = nblocks === size - check.start - 1 ? check.start + 1 : check.start;
  for (let block = 0; block < size; block++) {
    const used = (check.bytes[bmapstart * BSIZE + (block >> 3)] & (1 << (block & 7))) !== 0;
    const inum = owner[block];
    if (used && inum === 0 && block >= data) {
      const message = `the map calls block ${block} used, but no inode uses it`;
      report(check, "error", "free but used", message, { block });
    } else if (!used && inum !== 0) {
      const message = `the map calls block ${block} free, but inode ${inum} uses it`;
      report(check, "error", "used but free", message, { inum, block });
    } else if (!used && block < check.start) {
      const message = `the map calls block ${block} free, but it is metadata`;
      report(check, "error", "used but free", message, { block });
    }
  }
}
