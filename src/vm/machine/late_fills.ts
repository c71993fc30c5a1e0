/**
 * Fills of whole frames that are done when somebody looks. xv6's kernel fills each frame with zeros
 * or junk when it comes and when it goes; most are filled again before anybody has seen them.
 *
 * While {@link LateFills.deferring}, such a fill is only noted. Whoever reads or changes the frame
 * has it done first: {@link Ram}'s methods, a walk that reads it as a table, the MMU before it lets
 * accesses at it. The first bytes, where a free list keeps its links, stand beside till then.
 *
 * @module
 */

import { PAGE_SIZE } from "./address.ts";
import { RAM_OFFSET } from "./layout.ts";

/** 32-bit words at a frame's start that can be read and written while its fill waits. */
export const HEAD_WORDS = 4;
const HEAD = HEAD_WORDS * 4;
/** A frame reached by an entry that no fence drops. */
const ALWAYS = 0x7fff_ffff;

/** The fills of one machine's RAM that are still to be done. */
export class LateFills {
  /**
   * By number of the frame in RAM. Negative: a fill waits, with the byte -1 - n. Else the era in
   * which the fast TLB tables got an entry that leads there; 0: never.
   */
  readonly frames: Int32Array;
  /** The first words of frames whose fills wait. */
  readonly heads: Uint32Array;
  /** Fills wait from now on; those that do, go on waiting when it is set back. */
  deferring = false;
  /** Goes up when the fast tables lead nowhere any more. */
  era = 1;
  /** How many fills wait. */
  #count = 0;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;

  /** None, for RAM of so many frames in a linear memory. */
  constructor(buffer: ArrayBufferLike, frames: number) {
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer);
    this.frames = new Int32Array(frames);
    this.heads = new Uint32Array(frames * HEAD_WORDS);
  }

  /** Whether a fill of a frame may wait: nobody gets there past the MMU. */
  mayWait(frame: number): boolean {
    const reached = this.frames[frame];
    return this.deferring && reached !== this.era && reached !== ALWAYS;
  }

  /** The fast tables lead to a frame, until everything is fenced, or for good. */
  reach(frame: number, always: boolean): void {
    if (this.frames[frame] < 0) this.settle(frame);
    this.frames[frame] = always ? ALWAYS : this.era;
  }

  /** A frame is to be filled with a byte. */
  defer(frame: number, byte: number): void {
    if (this.frames[frame] >= 0) this.#count++;
    this.frames[frame] = -1 - byte;
    const word = byte * 0x0101_0101;
    const { heads } = this, at = frame * HEAD_WORDS;
    heads[at] = word;
    heads[at + 1] = word;
    heads[at + 2] = word;
    heads[at + 3] = word;
  }

  /** A frame gets other bytes, all of them. */
  drop(frame: number): void {
    if (!(this.frames[frame] < 0)) return;
    this.frames[frame] = 0;
    this.#count--;
  }

  /** Does what is to be done for a frame. */
  settle(frame: number): void {
    const waits = this.frames[frame];
    if (!(waits < 0)) return;
    this.drop(frame);
    const at = RAM_OFFSET + frame * PAGE_SIZE;
    this.#bytes.fill(-1 - waits, at + HEAD, at + PAGE_SIZE);
    for (let i = 0; i < HEAD_WORDS; i++) {
      this.#words[at / 4 + i] = this.heads[frame * HEAD_WORDS + i];
    }
  }

  /** Does it for frames from one to another, both included. */
  settleAll(first: number, last: number): void {
    for (let frame = first; frame <= last && this.#count > 0; frame++) this.settle(frame);
  }
}
