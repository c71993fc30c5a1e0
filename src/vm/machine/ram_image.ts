/**
 * Images of RAM that share the frames which did not change between them: saving and restoring cost
 * what has been written since, not what there is.
 *
 * @module
 */

import { offset, PAGE_SIZE, type PaNum, RAM_BASE } from "./address.ts";
import type { Ram } from "./memory.ts";
import { cut, keptAt, type Pieces, piecesSince, zeros } from "./pieces.ts";

/** RAM at one moment, a piece a frame. Never changed after it was made. */
export type RamImage = Pieces<Uint8Array>;

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
   * @param forgetWriters Drops the fast write-TLB entries: the next store to each frame marks it.
   */
  constructor(ram: Ram, forgetWriters: () => void) {
    this.#ram = ram;
    this.#forgetWriters = forgetWriters;
    this.#clean = zeros("Uint8Array", ram.size, PAGE_SIZE);
  }

  /** RAM as it is now. */
  save(): RamImage {
    const { base, size } = this.#ram;
    const image = cut(this.#ram.bytes(base, size), this.#clean, this.#dirty());
    this.#settle(image);
    return image;
  }

  /** The frames that may have changed. */
  #dirty(): number[] {
    const { dirty } = this.#ram;
    const frames: number[] = [];
    for (let i = dirty.indexOf(1); i >= 0; i = dirty.indexOf(1, i + 1)) frames.push(i);
    return frames;
  }

  /** Makes RAM what it was. */
  restore(image: RamImage): void {
    const dirty = this.#dirty();
    for (const [i, want] of piecesSince(image, this.#clean)) this.#put(i, want);
    for (const i of dirty) this.#put(i, keptAt(image, i));
    this.#settle(image);
  }

  #put(i: number, want: Uint8Array | undefined): void {
    const frame = frameAt(i);
    const length = want?.length ?? 0;
    if (want !== undefined) this.#ram.write(frame, want);
    if (length === PAGE_SIZE) return;
    this.#ram.fill(offset(frame, length), PAGE_SIZE - length, want?.[length - 1] ?? 0);
  }

  #settle(image: RamImage): void {
    this.#clean = image;
    this.#ram.dirty.fill(0);
    this.#forgetWriters();
  }
}

function frameAt(index: number): PaNum {
  return offset(RAM_BASE, index * PAGE_SIZE);
}
