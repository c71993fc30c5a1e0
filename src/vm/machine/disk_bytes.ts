/**
 * The bytes of a disk, with a note of which have changed: a saved state shares the others with the
 * one before.
 *
 * @module
 */

import { PAGE_SIZE } from "./address.ts";
import { cut, joined, keptAt, type Pieces, piecesSince, putPiece, zeros } from "./pieces.ts";

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

  /** Makes the contents what they were, in place. The image must be of a disk of this length. */
  restore(image: DiskImage): void {
    for (const [n, piece] of piecesSince(image, this.#saved)) this.#put(n, piece);
    for (const n of this.#touched) this.#put(n, keptAt(image, n));
    this.#saved = image;
    this.#touched.clear();
  }

  #put(n: number, piece: Uint8Array | undefined): void {
    const at = n * PAGE_SIZE;
    putPiece(this.bytes, at, Math.min(at + PAGE_SIZE, this.bytes.length), piece);
  }

  /** The contents as they are now. */
  save(): DiskImage {
    this.#saved = cut(this.bytes, this.#saved, this.#touched);
    this.#touched.clear();
    return this.#saved;
  }
}
