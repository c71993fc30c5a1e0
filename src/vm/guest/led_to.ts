/** The words of a guest's kernel that lead to a frame at one moment: those that may lose it. */

import { PAGE_SIZE, type PaNum } from "../machine/address.ts";
import { PTE_V } from "../machine/sv39.ts";
import { type Facts, KINDS } from "./facts.ts";

/** Most words, and how many tables or records of the kernel stand above a frame. */
const MOST = 64, LEVELS = 4;
/** Frames in which pointers of the kernel are looked for: page tables, and what nobody knows. */
const HOLDING = [undefined, "table"];

/** Words that lead to a frame, or to a frame of the kernel's that leads to it, and those frames. */
export interface LedTo {
  readonly words: readonly PaNum[];
  readonly frames: ReadonlySet<number>;
}

/** Those to a frame at the moment of the facts: of the kernel's variables, tables and records. */
export function ledTo({ place, known: { symbols }, kinds }: Facts, frame: PaNum): LedTo {
  const { words, base, total } = place;
  const frames = new Set([frame / PAGE_SIZE]);
  const found = new Set<PaNum>();
  for (let level = 0; level < LEVELS && found.size < MOST; level++) {
    const above: number[] = [];
    const scan = (from: number, to: number, holder: number | undefined) => {
      for (let at = from; at < to && found.size < MOST; at += 8) {
        const low = words.word(at)!;
        if (low === 0 || words.word(at + 4) !== 0 || !leadsTo(frames, low)) continue;
        found.add(at as PaNum);
        if (holder !== undefined) above.push(holder);
      }
    };
    scan(symbols.start, symbols.end - symbols.end % 8, undefined);
    for (let i = 0; i < total; i++) {
      const at = base + i * PAGE_SIZE;
      if (at < symbols.end || !HOLDING.includes(KINDS[kinds[i]])) continue;
      if (frames.has(at / PAGE_SIZE)) continue;
      scan(at, at + PAGE_SIZE, at / PAGE_SIZE);
    }
    if (above.length === 0) break;
    for (const one of above) frames.add(one);
  }
  return { words: [...found], frames };
}

/** Whether a word of which the upper half is 0 is an address in a frame, or an entry that maps it. */
export function leadsTo(frames: ReadonlySet<number>, low: number): boolean {
  return frames.has(low >>> 12) || ((low & PTE_V) !== 0 && frames.has(low >>> 10));
}
