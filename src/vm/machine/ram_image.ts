/**
 * Images of RAM that share the frames which did not change between them: saving and restoring cost what has
 * been written since, not what there is.
 *
 * @module
 */

import { PAGE_SIZE, type PaNum, RAM_BASE } from "./address.ts";
import type { Ram } from "./memory.ts";

/** RAM at one moment: one entry a frame, undefined for a frame of zeros. Never changed after it was made. */
export type RamImage = readonly (Uint8Array | undefined)[];

/** Makes and takes back images of one machine's RAM. */
export class RamImages {
  readonly #ram: Ram;
  readonly #forgetWriters: () => void;
  /** What RAM held when all its dirty bytes were cleared last. */
  #clean: RamImage;

  /**
   * Images of a machine's RAM.
   *
   * @param ram Fresh RAM, all zero.
   * @param forgetWriters Drops the fast write-TLB entries, so that the next store to each frame marks it dirty.
   */
  constructor(ram: Ram, forgetWriters: () => void) {
    this.#ram = ram;
    this.#forgetWriters = forgetWriters;
    this.#clean = new Array(ram.size / PAGE_SIZE).fill(undefined);
  }

  /** RAM as it is now. */
  save(): RamImage {
    const { dirty } = this.#ram;
    const image = this.#clean.slice();
    for (let i = dirty.indexOf(1); i >= 0; i = dirty.indexOf(1, i + 1)) {
      const bytes = this.#ram.bytes(frameAt(i), PAGE_SIZE);
      image[i] = isZero(bytes) ? undefined : bytes.slice();
    }
    this.#settle(image);
    return image;
  }

  /** Makes RAM what it was. Throws a RangeError for an image of a machine with other RAM. */
  restore(image: RamImage): void {
    const { dirty, size } = this.#ram;
    if (image.length !== size / PAGE_SIZE) {
      throw new RangeError(
        `an image of ${image.length * PAGE_SIZE} bytes of RAM, and the machine has ${size}`,
      );
    }
    for (let i = 0; i < image.length; i++) {
      const want = image[i];
      if (dirty[i] === 0 && want === this.#clean[i]) continue;
      if (want === undefined) this.#ram.fillFrame(frameAt(i), 0);
      else this.#ram.write(frameAt(i), want);
    }
    this.#settle(image);
  }

  #settle(image: RamImage): void {
    this.#clean = image;
    this.#ram.dirty.fill(0);
    this.#forgetWriters();
  }
}

function frameAt(index: number): PaNum {
  return (RAM_BASE + index * PAGE_SIZE) as PaNum;
}

function isZero(bytes: Uint8Array): boolean {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  return words.every((word) => word === 0);
}
