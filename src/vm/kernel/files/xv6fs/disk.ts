/** The disk under the file system: an image in memory, written one whole block at a time. */
import { DiskBytes, type DiskImage } from "../../../machine/disk_bytes.ts";
import { BSIZE } from "./layout.ts";

/** Thrown by {@linkcode Disk.write} after the allowed number of writes: the power went. */
export class PowerCut extends Error {
  /** The class name, as shown before the message. */
  override name = "PowerCut";
}

/**
 * An image and how often it was written.
 *
 * A block write is the unit that either happens or does not, as xv6 assumes of its disk. With
 * `limit` set, the write after that many throws {@linkcode PowerCut} and changes nothing: so a test
 * can stop at every single write and look at what a reboot would find.
 */
export class Disk {
  /** The image's own bytes, changed in place by {@linkcode Disk.write}. */
  readonly image: Uint8Array;
  readonly #bytes: DiskBytes;
  /** Blocks written so far. */
  writes = 0;
  /** Writes allowed in all. */
  limit: number = Infinity;

  /** A disk over `image`, which it keeps and changes; or over a copy of one that was saved. */
  constructor(image: Uint8Array | DiskImage) {
    this.#bytes = new DiskBytes(image);
    this.image = this.#bytes.bytes;
  }

  /** The contents now, to make another disk of. */
  save(): DiskImage {
    return this.#bytes.save();
  }

  /** Writes block `bno` with the block at byte offset `from` of `cache`. */
  write(bno: number, cache: Uint8Array, from: number): void {
    if (this.writes >= this.limit) throw new PowerCut(`power cut before write ${this.writes + 1}`);
    this.writes++;
    this.#bytes.touch(bno * BSIZE, BSIZE);
    this.image.set(cache.subarray(from, from + BSIZE), bno * BSIZE);
  }
}
