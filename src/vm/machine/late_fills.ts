/**
 * Fills of whole frames that are done when somebody looks. xv6's kernel fills each frame with zeros
 * or junk when it comes and when it goes; most are filled again before anybody has seen them.
 *
 * While {@link LateFills.deferring}, such a fill is only noted. Whoever reads or changes the frame
 * has it done first: {@link Ram}'s methods, a walk that reads it as a table, the MMU before it lets
 * accesses at it. The first bytes, where a free list keeps its links, are always filled at once.
 *
 * @module
 */

import { PAGE_SIZE } from "./address.ts";
import { RAM_OFFSET } from "./layout.ts";

/** Bytes at a frame's start that no fill leaves for later. */
export const HEAD = 16;
/** Of {@link LateFills.reached}: by an entry that no fence drops. */
const ALWAYS = 0xffff_ffff;

/** The fills of one machine's RAM that are still to be done. */
export class LateFills {
  /** By number of the frame in RAM: the byte that it is to be filled with, and 1; 0: none. */
  readonly bytes: Uint16Array;
  /** Fills are left for later from now on. */
  deferring = false;
  /** By frame: the era in which the fast TLB tables got an entry that leads there. */
  readonly #reached: Uint32Array;
  #era = 1;
  /** How many frames are to be filled. */
  #count = 0;
  readonly #memory: Uint8Array;

  /** None, for RAM of so many frames in a linear memory. */
  constructor(buffer: ArrayBufferLike, frames: number) {
    this.#memory = new Uint8Array(buffer);
    this.bytes = new Uint16Array(frames);
    this.#reached = new Uint32Array(frames);
  }

  /** Whether a fill of a frame may wait: nobody gets there past the MMU. */
  mayWait(frame: number): boolean {
    const reached = this.#reached[frame];
    return this.deferring && reached !== this.#era && reached !== ALWAYS;
  }

  /** The fast tables lead to a frame, until everything is fenced, or for good. */
  reach(frame: number, always: boolean): void {
    this.#reached[frame] = always ? ALWAYS : this.#era;
  }

  /** The fast tables lead nowhere any more. */
  fenced(): void {
    this.#era++;
  }

  /** A frame is to be filled with a byte; its first bytes are already. */
  defer(frame: number, byte: number): void {
    if (this.bytes[frame] === 0) this.#count++;
    this.bytes[frame] = byte + 1;
  }

  /** A frame gets other bytes, all of them. */
  drop(frame: number): void {
    if (!(this.bytes[frame] > 0)) return;
    this.bytes[frame] = 0;
    this.#count--;
  }

  /** Does what is to be done for a frame. */
  settle(frame: number): void {
    const byte = this.bytes[frame] - 1;
    if (!(byte >= 0)) return;
    this.bytes[frame] = 0;
    this.#count--;
    const at = RAM_OFFSET + frame * PAGE_SIZE;
    this.#memory.fill(byte, at + HEAD, at + PAGE_SIZE);
  }

  /** Does it for all frames, and no fill waits from now on. */
  end(): void {
    this.deferring = false;
    for (let frame = 0; this.#count > 0; frame++) this.settle(frame);
  }
}
