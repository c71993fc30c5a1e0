/**
 * What a guest writes to its disk, for whoever keeps a file up to date with it: in the order of the
 * requests, as a disk would have it when the power fails. A machine that is made what it was has
 * another disk from one moment to the next; then what is told are the sectors that differ.
 *
 * @module
 */

import { PAGE_SIZE } from "../address.ts";
import type { DiskBytes, DiskImage } from "../disk_bytes.ts";
import { pieceAt, piecesSince } from "../pieces.ts";

/** Bytes of a sector, the unit of addresses on the disk. */
export const SECTOR_SIZE = 512;

/** Bytes that were written to a disk. */
export interface DiskWrite {
  /** Where on the disk, in bytes. */
  readonly offset: number;
  /** What stands there now: a copy. */
  readonly bytes: Uint8Array;
}

/** Writes to one disk that nobody has taken yet. Applied in order they make a copy equal to it. */
export class DiskWrites {
  #writes: DiskWrite[] = [];
  /** What the disk held after these writes, where it has been made another one since. */
  #before: DiskImage | undefined;

  /** The guest has written a run of bytes. */
  add(disk: DiskBytes, offset: number, length: number): void {
    if (length === 0 || this.#before !== undefined) return;
    this.#writes.push({ offset, bytes: disk.bytes.slice(offset, offset + length) });
  }

  /** The disk, as it is still, is about to become another one. */
  jump(disk: DiskBytes, to: DiskImage): void {
    if (this.#before !== undefined) return;
    const now = disk.save();
    if (!piecesSince(to, now).next().done) this.#before = now;
  }

  /** What has been written since the last call. */
  take(disk: DiskBytes): DiskWrite[] {
    const writes = this.#writes;
    if (this.#before !== undefined) writes.push(...differences(this.#before, disk.save()));
    this.#writes = [];
    this.#before = undefined;
    return writes;
  }
}

const ZEROS = new Uint8Array(PAGE_SIZE);

/** The sectors of a disk that another one has not, lowest first. */
function* differences(before: DiskImage, now: DiskImage): Generator<DiskWrite> {
  for (const [n] of piecesSince(now, before)) {
    const piece = pieceAt(now, n) ?? ZEROS, old = pieceAt(before, n) ?? ZEROS;
    const length = Math.min(PAGE_SIZE, now.length - n * PAGE_SIZE);
    for (let at = 0; at < length; at += SECTOR_SIZE) {
      const bytes = piece.slice(at, Math.min(at + SECTOR_SIZE, length));
      const same = bytes.every((byte, i) => byte === old[at + i]);
      if (!same) yield { offset: n * PAGE_SIZE + at, bytes };
    }
  }
}
