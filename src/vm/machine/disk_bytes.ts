/**
 * The bytes of a disk, with a note of which have changed: a saved state shares the others with the
 * one before.
 *
 * @module
 */

import { PAGE_SIZE } from "./address.ts";
import { cut, joined, type Pieces, zeros } from "./pieces.ts";

/** A disk's contents at one moment, never changed after it was made. */
export type DiskImage = Pieces<Uint8Array>;

/** A disk's contents. Who writes to {@link DiskBytes.bytes} calls {@link DiskBytes.touch}. */
export class DiskBytes {
  /** The contents, changed in place. */
  readonly bytes: Uint8Array;
  #saved: DiskImage;
  /** Pieces that may differ from those saved last. */
  readonly #touched = new Set<number>();

  /** A disk whose contents are these very bytes, or a copy of what was saved. */
  constructor(contents: Uint8Array | DiskImage) {
    if (contents instanceof Uint8Array) {
      this.bytes = contents;
      this.#saved = zeros("Uint8Array", contents.length, PAGE_SIZE);
      this.touch(0, contents.length);
    } else {
      this.bytes = joined(contents);
      this.#saved = contents;
    }
  }

  /** Some bytes have changed, or are about to. */
  touch(at: number, length: number): void {
    const last = Math.floor((at + length - 1) / PAGE_SIZE);
    for (let n = Math.floor(at / PAGE_SIZE); n <= last; n++) this.#touched.add(n);
  }

  /** The contents as they are now. */
  save(): DiskImage {
    this.#saved = cut(this.bytes, this.#saved, this.#touched);
    this.#touched.clear();
    return this.#saved;
  }
}
