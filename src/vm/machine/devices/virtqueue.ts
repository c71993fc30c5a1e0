/**
 * A split virtqueue in guest RAM: descriptors, the ring of those made available by the driver, and
 * the ring of those used by the device. (Virtio 1.1, section 2.6.)
 *
 * @module
 */

import { offset, type PaNum, paNum } from "../address.ts";
import type { Ram } from "../memory.ts";

/** Where the three parts stand, and how many descriptors there are. */
export interface QueuePlaces {
  readonly size: number;
  readonly descriptors: PaNum;
  readonly available: PaNum;
  readonly used: PaNum;
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

  #check(at: PaNum, length: number, what: string): void {
    if (!this.#ram.contains(at, length)) throw new QueueError(`${what} outside RAM`);
  }

  /** How many requests the driver has made available in all, modulo 2^16. */
  get availableIndex(): number {
    return this.#ram.read16(offset(this.#places.available, 2));
  }

  /** The first descriptor of request number `index`. */
  head(index: number): number {
    const { available, size } = this.#places;
    return this.#ram.read16(offset(available, 4 + 2 * (index % size)));
  }

  /** A request's buffers, in order. Throws a {@link QueueError} for a chain against the rules. */
  chain(head: number): Buffer[] {
    const { descriptors, size } = this.#places;
    const buffers: Buffer[] = [];
    for (let index = head;;) {
      if (index >= size) throw new QueueError(`descriptor ${index} of ${size}`);
      if (buffers.length >= size) throw new QueueError("descriptors in a loop");
      const at = offset(descriptors, 16 * index);
      const address = this.#ram.read64(at);
      const length = this.#ram.read32(offset(at, 8));
      const flags = this.#ram.read16(offset(at, 12));
      if ((flags & INDIRECT) !== 0) throw new QueueError("indirect descriptor not offered");
      const pa = paNum(Number(address));
      if (!this.#ram.contains(pa, length)) throw new QueueError("buffer outside RAM");
      buffers.push({ pa, length, writable: (flags & WRITE) !== 0 });
      if ((flags & NEXT) === 0) return buffers;
      index = this.#ram.read16(offset(at, 14));
    }
  }

  /** Answers the request with that head, saying how many bytes were written to it. */
  finish(head: number, written: number): void {
    const { used, size } = this.#places;
    const index = this.#ram.read16(offset(used, 2));
    const at = offset(used, 4 + 8 * (index % size));
    this.#ram.write32(at, head);
    this.#ram.write32(offset(at, 4), written);
    this.#ram.write16(offset(used, 2), index + 1);
  }

  /** Whether the driver wants to be interrupted. */
  get wantsInterrupt(): boolean {
    return (this.#ram.read16(this.#places.available) & NO_INTERRUPT) === 0;
  }
}
