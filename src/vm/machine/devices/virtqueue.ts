/**
 * A split virtqueue in guest RAM: descriptors, the ring of those made available by the driver, and the ring of
 * those used by the device. (Virtio 1.1, section 2.6.)
 *
 * @module
 */

import type { PaNum } from "../address.ts";
import type { Ram } from "../memory.ts";

/** Where the three parts stand, and how many descriptors there are. */
export interface QueuePlaces {
  readonly size: number;
  readonly descriptors: number;
  readonly available: number;
  readonly used: number;
}

/** One buffer of a request. */
export interface Buffer {
  readonly pa: PaNum;
  readonly length: number;
  /** The device writes to it; else it reads. */
  readonly writable: boolean;
}

const NEXT = 1;
const WRITE = 2;
const INDIRECT = 4;
const NO_INTERRUPT = 1;

/** The driver's rings break the rules; the device needs a reset. */
export class QueueError extends Error {
  override readonly name = "QueueError";
}

/** Reads requests from a queue and answers them. */
export class Virtqueue {
  readonly #ram: Ram;
  readonly #places: QueuePlaces;

  /** A queue at its places; throws a {@link QueueError} when they are not in RAM. */
  constructor(ram: Ram, places: QueuePlaces) {
    this.#ram = ram;
    this.#places = places;
    const { size, descriptors, available, used } = places;
    this.#check(descriptors, 16 * size, "descriptors");
    this.#check(available, 6 + 2 * size, "available ring");
    this.#check(used, 6 + 8 * size, "used ring");
  }

  #check(at: number, length: number, what: string): void {
    if (!this.#ram.contains(at as PaNum, length)) throw new QueueError(`${what} outside RAM`);
  }

  /** How many requests the driver has made available in all, modulo 2^16. */
  get availableIndex(): number {
    return this.#ram.read16((this.#places.available + 2) as PaNum);
  }

  /** The first descriptor of request number `index`. */
  head(index: number): number {
    const { available, size } = this.#places;
    return this.#ram.read16((available + 4 + 2 * (index % size)) as PaNum);
  }

  /** The buffers of a request, in order. Throws a {@link QueueError} for a chain that breaks the rules. */
  chain(head: number): Buffer[] {
    const { descriptors, size } = this.#places;
    const buffers: Buffer[] = [];
    for (let index = head;;) {
      if (index >= size) throw new QueueError(`descriptor ${index} of ${size}`);
      if (buffers.length >= size) throw new QueueError("descriptors in a loop");
      const at = descriptors + 16 * index;
      const address = this.#ram.read64(at as PaNum);
      const length = this.#ram.read32((at + 8) as PaNum);
      const flags = this.#ram.read16((at + 12) as PaNum);
      if ((flags & INDIRECT) !== 0) throw new QueueError("indirect descriptor not offered");
      const pa = Number(address) as PaNum;
      if (!this.#ram.contains(pa, length)) throw new QueueError("buffer outside RAM");
      buffers.push({ pa, length, writable: (flags & WRITE) !== 0 });
      if ((flags & NEXT) === 0) return buffers;
      index = this.#ram.read16((at + 14) as PaNum);
    }
  }

  /** Answers the request with that head, saying how many bytes were written to it. */
  finish(head: number, written: number): void {
    const { used, size } = this.#places;
    const index = this.#ram.read16((used + 2) as PaNum);
    const at = used + 4 + 8 * (index % size);
    this.#ram.write32(at as PaNum, head);
    this.#ram.write32((at + 4) as PaNum, written);
    this.#ram.write16((used + 2) as PaNum, index + 1);
  }

  /** Whether the driver wants to be interrupted. */
  get wantsInterrupt(): boolean {
    return (this.#ram.read16(this.#places.available as PaNum) & NO_INTERRUPT) === 0;
  }
}
