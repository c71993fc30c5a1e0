/**
 * The free frames of a guest xv6. Its allocator chains them through their first words, from a
 * pointer in `kmem`; the lock lab has one list a CPU, others keep more lists or counts in there, or
 * superpages in `supermem`. So every pointer that is declared as one to a `struct run` is tried, and
 * every word of a variable named like `kmem`: a list is a chain of frames above the kernel that
 * comes to an end.
 */

import { PAGE_SIZE, type PaNum, SUPERPAGE_SIZE } from "../machine/address.ts";
import { listHeads } from "./list_heads.ts";
import type { ImageSymbols } from "./symbols.ts";
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
  readonly kind: "twice" | "no frame";
  /** The frame that comes twice, or whose link leads nowhere. */
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

/** The free frames of RAM from `base` on, one byte a frame; undefined: no list is known. */
export function freeFrames(
  words: Words,
  symbols: ImageSymbols,
  base: PaNum,
  total: number,
): FreeFrames | undefined {
  const free = new Uint8Array(total);
  const lists: FreeList[] = [];
  for (const { at: head, name } of listHeads(symbols)) {
    const first = words.long(head);
    const found = first === undefined ? undefined : chain(words, symbols.end, first, total);
    if (found === undefined) continue;
    const { list, wrong } = found;
    if (list.some((frame) => free[(frame - base) / PAGE_SIZE] === 1)) continue;
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

/** The frames of a list from its first one on; undefined for what is none, or an empty one. */
function chain(
  words: Words,
  end: number,
  first: number,
  most: number,
): { readonly list: PaNum[]; readonly wrong: Wrong | undefined } | undefined {
  const list: PaNum[] = [];
  let wrong: Wrong | undefined;
  let seen: Set<number> | undefined;
  for (let at = first; at !== 0; at = words.long(at)!) {
    const frame = words.frame(at);
    if (frame === undefined || frame < end - end % PAGE_SIZE) {
      if (list.length < LONG) return undefined;
      wrong = { kind: "no frame", frame: list.at(-1)!, link: at };
      break;
    }
    if (seen === undefined && list.length >= most) {
      // It goes round: once more, with a note of who was there.
      seen = new Set();
      list.length = 0;
      at = first;
    }
    const here = words.frame(at)!;
    if (seen?.has(at)) {
      wrong = { kind: "twice", frame: here, link: words.long(at)! };
      break;
    }
    seen?.add(at);
    list.push(here);
  }
  // A pointer to something else whose first word is 0 looks like a list of one.
  const sure = list.length > 1 || (list.length === 1 && words.word(list[0] + 8) === JUNK);
  return sure ? { list, wrong } : undefined;
}
