/**
 * The free frames of a guest xv6. Its allocator chains them through their first words, from a
 * pointer in `kmem`; the lock lab has one list a CPU, others keep more lists or counts in there, or
 * superpages in `supermem`. So every pointer that is declared as one to a `struct run` is tried, and
 * every word of a variable named like `kmem`: a list is a chain of frames above the kernel that
 * comes to an end. Where a person says where lists begin, those are lists, whatever stands there.
 */

import { PAGE_SIZE, type PaNum, SUPERPAGE_SIZE } from "../machine/address.ts";
import type { Head } from "./known.ts";
import type { Words } from "./words.ts";

/** What kfree() fills a page with, beyond the link (memset(pa, 1, PGSIZE)). */
const JUNK = 0x0101_0101;

/** A list of free frames. */
export interface FreeList {
  /** Where its first frame is named: `kmem.freelist`, without a declaration `kmem+24`. */
  readonly at: string;
  /** Where the variable stands that names it. */
  readonly head: PaNum;
  /** How many frames are on it. */
  readonly frames: number;
  /** Where the chain is wrong: this frame stands on it already, or its link leads to no frame. */
  readonly wrong: Wrong | undefined;
}

/** A link that a free list cannot have. */
export interface Wrong {
  /** `head`: where a person says that a list begins, no frame is named. */
  readonly kind: "twice" | "no frame" | "head";
  /** The frame that comes twice, or whose link leads nowhere; that of the kernel's data with the head. */
  readonly frame: PaNum;
  /** That link. */
  readonly link: number;
}

/** The free frames of a memory. */
export interface FreeFrames {
  /** One byte a frame, how often it is on a list. */
  readonly marks: Uint8Array;
  readonly lists: readonly FreeList[];
}

/** RAM that lists are in. */
interface Of {
  readonly words: Words;
  readonly base: PaNum;
  /** Frames. */
  readonly total: number;
  /** The first byte behind the kernel's image. */
  readonly end: number;
}

/**
 * The free frames of RAM, one byte a frame; undefined: no list is known.
 *
 * @param believed A person says that these are lists.
 */
export function freeFrames(
  { words, base, total, end }: Of,
  heads: readonly Head[],
  believed: boolean,
): FreeFrames | undefined {
  const free = new Uint8Array(total);
  const lists: FreeList[] = [];
  for (const { at: head, name } of heads) {
    const first = words.long(head);
    if (first === undefined) continue;
    const found = chain(words, end, first, total);
    if (found === undefined && believed) {
      const frame = (head - head % PAGE_SIZE) as PaNum;
      lists.push({ at: name, head, frames: 0, wrong: { kind: "head", frame, link: first } });
    }
    if (found === undefined || (!believed && !isSure(words, found))) continue;
    const { list, wrong } = found;
    const again = list.find((frame) => free[(frame - base) / PAGE_SIZE] === 1);
    if (again !== undefined) {
      // Two words that name one chain; where both are lists, it will be given away by both.
      if (!believed || lists.some((one) => one.head === head)) continue;
      const link = words.long(again)!;
      lists.push({ at: name, head, frames: 0, wrong: { kind: "twice", frame: again, link } });
      continue;
    }
    // Superpages of 2 MiB have a list of their own.
    const pages = list.length > 1 && list.every((frame) => frame % SUPERPAGE_SIZE === 0)
      ? SUPERPAGE_SIZE / PAGE_SIZE
      : 1;
    lists.push({ at: name, head, frames: list.length * pages, wrong });
    for (const frame of list) {
      const first = (frame - base) / PAGE_SIZE;
      free.fill(1, first, Math.min(first + pages, total));
    }
  }
  return lists.length > 0 ? { marks: free, lists } : undefined;
}

/** A chain that is longer is one, though a link of it be wrong. */
const LONG = 8;

/** A chain of frames, and where it is wrong. */
interface Chain {
  readonly list: readonly PaNum[];
  readonly wrong: Wrong | undefined;
}

/** Whether nothing else looks like this: not a pointer to something whose first word is 0. */
function isSure(words: Words, { list, wrong }: Chain): boolean {
  if (wrong?.kind === "no frame" && list.length < LONG) return false;
  return list.length > 1 || (list.length === 1 && words.word(list[0] + 8) === JUNK);
}

/** The frames of a list from its first one on; undefined where that is none, and not 0. */
function chain(words: Words, end: number, first: number, most: number): Chain | undefined {
  const list: PaNum[] = [];
  let seen: Set<number> | undefined;
  for (let at = first; at !== 0; at = words.long(at)!) {
    const frame = words.frame(at);
    if (frame === undefined || frame < end - end % PAGE_SIZE) {
      const last = list.at(-1);
      if (last === undefined) return undefined;
      return { list, wrong: { kind: "no frame", frame: last, link: at } };
    }
    if (seen === undefined && list.length >= most) {
      // It goes round: once more, with a note of who was there.
      seen = new Set();
      list.length = 0;
      at = first;
    }
    const here = words.frame(at)!;
    if (seen?.has(at)) {
      return { list, wrong: { kind: "twice", frame: here, link: words.long(at)! } };
    }
    seen?.add(at);
    list.push(here);
  }
  return { list, wrong: undefined };
}
