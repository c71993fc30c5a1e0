/**
 * A guest's free list, followed from moment to moment: xv6 takes frames from its front and puts
 * them there, so only what is new in front is walked, up to the first frame that stood there before
 * with the same link. All of it is walked anew now and then.
 */

import { PAGE_SIZE, type PaNum } from "../machine/address.ts";
import type { Words } from "./words.ts";

/** One list, with marks on the frames of all lists. */
export class FreeWalk {
  readonly #words: Words;
  readonly #base: number;
  readonly #head: PaNum;
  readonly #marks: Uint8Array;
  /** By frame: the word that linked it to the next, when it was walked. */
  readonly #next: Float64Array;
  #first = 0;

  /** The list that a variable at `head` names, in RAM from `base` on, with a mark for each frame. */
  constructor(words: Words, base: PaNum, head: PaNum, marks: Uint8Array) {
    this.#words = words;
    this.#base = base;
    this.#head = head;
    this.#marks = marks;
    this.#next = new Float64Array(marks.length);
  }

  /** Walks what is new; false: the list is not sound, a frame comes twice or a link leads nowhere. */
  walk(): boolean {
    const words = this.#words, marks = this.#marks, next = this.#next;
    const fresh: number[] = [];
    const first = words.long(this.#head)!;
    let at = first;
    while (at !== 0) {
      const i = this.#index(at);
      if (i < 0) return false;
      const link = words.long(at)!;
      if (marks[i] === 1 && next[i] === link) break;
      if (fresh.length > marks.length) return false;
      fresh.push(i);
      at = link;
    }
    // What stood in front of that before stands there no more, or again.
    for (let old = this.#first; old !== 0 && old !== at;) {
      const i = this.#index(old);
      if (i < 0 || marks[i] === 0) break;
      marks[i] = 0;
      old = next[i];
    }
    let sound = true;
    for (const i of fresh) {
      if (marks[i] === 1) sound = false;
      marks[i] = 1;
      next[i] = words.long(this.#base + i * PAGE_SIZE)!;
    }
    this.#first = first;
    return sound;
  }

  /** Forgets what was walked; the marks are cleared by who has them. */
  anew(): void {
    this.#first = 0;
    this.#next.fill(0);
  }

  #index(at: number): number {
    const inside = at - this.#base;
    if (inside < 0 || inside >= this.#marks.length * PAGE_SIZE) return -1;
    return (inside & (PAGE_SIZE - 1)) === 0 ? inside / PAGE_SIZE : -1;
  }
}
