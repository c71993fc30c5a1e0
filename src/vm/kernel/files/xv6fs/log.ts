/**
 * The buffer cache and the write-ahead log (kernel/bio.c and kernel/log.c).
 *
 * All blocks live in `cache`, a copy of the image; a call changes the cache and names each changed
 * block with {@linkcode Log.dirty}. The disk sees nothing until the call ends. Then, exactly as
 * xv6:
 *
 * 1. each changed block is written to the log area,
 * 2. the header, with their number and home addresses, is written: from here on the call *has*
 * happened,
 * 3. each block is written to its home,
 * 4. the header is written with 0.
 *
 * A stop before 2 leaves the old state, after it the new one: {@linkcode recover} repeats 3 and 4.
 *
 * Calls nest only when a copy from user memory faults and reclaim writes a mapped page back through
 * this file system. Where that could fill the log, what is there is committed first: at that point
 * the outer write has allocated blocks past its end of file at most, which is consistent. A call
 * that gives back a large file commits in between for the same reason (`truncate` in content.ts).
 */
import { BSIZE, LOGSIZE, OPBLOCKS, type Superblock } from "./layout.ts";
import { holds } from "../../../machine/pieces.ts";
import { FsError } from "../errno.ts";
import type { Disk } from "./disk.ts";

/** The cache of one disk and its pending transaction. */
export class Log {
  /** Every block as the kernel sees it now. Never moves. */
  readonly cache: Uint8Array;
  /** The same bytes as numbers. */
  readonly view: DataView;

  /** Transactions committed so far. */
  commits = 0;

  readonly #disk: Disk;
  readonly #header: number;
  readonly #capacity: number;
  /** Home block numbers of the pending transaction, in the order of their first change. */
  readonly #blocks: number[] = [];
  /** 1 for each block in `#blocks` (log absorption). */
  readonly #pending: Uint8Array;
  #depth = 0;

  /** A log over `disk`, whose image must already be recovered. */
  constructor(disk: Disk, sb: Superblock) {
    this.#disk = disk;
    this.cache = copyOf(disk.image, sb.size);
    this.view = new DataView(this.cache.buffer);
    this.#header = sb.logstart;
    this.#capacity = Math.min(LOGSIZE, sb.nlog - 1);
    this.#pending = new Uint8Array(sb.size);
  }

  /** Starts a call that may write (xv6's begin_op). */
  begin(): void {
    if (this.#depth > 0) this.#makeRoom();
    this.#depth++;
  }

  /** Ends it (end_op): the outermost end commits. */
  end(): void {
    this.#depth--;
    if (this.#depth === 0) this.commit();
    else this.#makeRoom();
  }

  /** Forgets what the running call changed, for an error that is not the guest's. */
  abort(): void {
    this.#depth = 0;
    for (const bno of this.#blocks) {
      const at = bno * BSIZE;
      this.cache.set(this.#disk.image.subarray(at, at + BSIZE), at);
      this.#pending[bno] = 0;
    }
    this.#blocks.length = 0;
  }

  /** Block `bno` of the cache was changed (xv6's log_write). */
  dirty(bno: number): void {
    if (this.#pending[bno] === 1) return;
    if (this.#depth === 0) throw new Error(`block ${bno} changed outside a transaction`);
    if (this.room === 0) throw new Error("too big a transaction");
    this.#pending[bno] = 1;
    this.#blocks.push(bno);
  }

  /** How many more blocks the running call may change. */
  get room(): number {
    return this.#capacity - this.#blocks.length;
  }

  #makeRoom(): void {
    if (this.room < OPBLOCKS) this.commit();
  }

  /** Makes what the running call has changed so far a transaction of its own. */
  commit(): void {
    const blocks = this.#blocks;
    if (blocks.length === 0) return;
    const disk = this.#disk, cache = this.cache;
    for (let i = 0; i < blocks.length; i++) {
      disk.write(this.#header + 1 + i, cache, blocks[i] * BSIZE);
    }
    this.#writeHeader(blocks.length);
    for (const bno of blocks) {
      disk.write(bno, cache, bno * BSIZE);
      this.#pending[bno] = 0;
    }
    this.#writeHeader(0);
    blocks.length = 0;
    this.commits++;
  }

  #writeHeader(n: number): void {
    const at = this.#header * BSIZE;
    this.view.setUint32(at, n, true);
    for (let i = 0; i < n; i++) this.view.setUint32(at + 4 + 4 * i, this.#blocks[i], true);
    this.#disk.write(this.#header, this.cache, at);
  }
}

/** A copy of the first `blocks` blocks. Zeros are not written: such blocks cost no memory then. */
function copyOf(image: Uint8Array, blocks: number): Uint8Array {
  const copy = new Uint8Array(blocks * BSIZE);
  for (let at = 0; at < copy.length; at += BSIZE) {
    if (!holds(undefined, image, at, at + BSIZE)) copy.set(image.subarray(at, at + BSIZE), at);
  }
  return copy;
}

/** The home addresses in the log header of `image`, and what is wrong with them. */
export function readLogHeader(
  image: Uint8Array,
  sb: Superblock,
): { blocks: number[]; problems: string[] } {
  const at = image.byteOffset + sb.logstart * BSIZE;
  const view = new DataView(image.buffer, at, BSIZE);
  const n = view.getUint32(0, true);
  const most = Math.min(sb.nlog - 1, BSIZE / 4 - 1);
  if (n > most) {
    return { blocks: [], problems: [`the log header claims ${n} blocks, the log holds ${most}`] };
  }
  const blocks: number[] = [], problems: string[] = [];
  for (let i = 0; i < n; i++) {
    const bno = view.getUint32(4 + 4 * i, true);
    // Only inodes, free map and data are ever logged; they come after the log.
    if (bno < sb.inodestart || bno >= sb.size) {
      problems.push(`the log header's entry ${i} names block ${bno}, outside the file system`);
    }
    blocks.push(bno);
  }
  return { blocks, problems };
}

/**
 * Installs a committed transaction that a stop left in the log, and clears the header.
 *
 * @returns the home addresses of the blocks installed.
 * @throws {FsError} when the header cannot be true.
 */
export function recover(disk: Disk, sb: Superblock): readonly number[] {
  const { blocks, problems } = readLogHeader(disk.image, sb);
  if (problems.length > 0) throw new FsError(problems[0]);
  if (blocks.length === 0) return blocks;
  blocks.forEach((bno, i) => disk.write(bno, disk.image, (sb.logstart + 1 + i) * BSIZE));
  const header = new Uint8Array(BSIZE);
  header.set(disk.image.subarray(sb.logstart * BSIZE, (sb.logstart + 1) * BSIZE));
  header.fill(0, 0, 4);
  disk.write(sb.logstart, header, 0);
  return blocks;
}
