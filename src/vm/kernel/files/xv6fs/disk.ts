/** The disk under the file system: an image in memory, written one whole block at a time. */
import { BSIZE } from "./layout.ts";

/** Thrown by {@linkcode Disk.write} when the allowed number of writes is used up: the power went. */
export class PowerCut extends Error {
  /** The class name, as shown before the message. */
  override name = "PowerCut";
}

/**
 * An image and how often it was written.
 *
 * A block write is the unit that either happens or does not, as xv6 assumes of its disk. With `limit`
 * set, the write after that many throws {@linkcode PowerCut} and changes nothing: so a test can stop
 * at every single write and look at what a reboot would find.
 */
export class Disk {
  /** The image's own bytes, changed in place. */
  readonly image: Uint8Array;
  /** Blocks written so far. */
  writes = 0;
  /** Writes allowed in all. */
  limit: number = Infinity;

  /** A disk over `image`, which it keeps and changes. */
  constructor(image: Uint8Array) {
    this.image = image;
  }

  /** Writes block `bno` with the block at byte offset `from` of `cache`. */
  write(bno: number, cache: Uint8Array, from: number): void {
    if (this.writes >= this.limit) throw new PowerCut(`power cut before write ${this.writes + 1}`);
    this.writes++;
    this.image.set(cache.subarray(from, from + BSIZE), bno * BSIZE);
  }
}
