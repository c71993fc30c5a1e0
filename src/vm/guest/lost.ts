/**
 * Frames that a guest's kernel has lost: neither free nor mapped, and nothing leads to them any
 * more. Nobody knows which words of a kernel are pointers, so every word is taken for one that may
 * be: in its variables, on the live part of each kernel stack and in the context saved beside it,
 * and in each frame that these lead to, as an address and as an entry of a page table. So what is
 * called lost is lost; a frame that a stale word names by chance is not found.
 */

import { PAGE_SIZE, vaNum } from "../machine/address.ts";
import { PTE_V, walk } from "../machine/sv39.ts";
import type { Facts } from "./facts.ts";

/** The numbers of the frames that are lost, lowest first; undefined: nobody can tell. */
export function lostFrames(facts: Facts): number[] | undefined {
  const { place: { words, base, total }, known: { symbols }, free, kernelRoot, kinds } = facts;
  if (free === undefined || kernelRoot === undefined || facts.slots.length === 0) return undefined;
  const zero = base / PAGE_SIZE;
  // Below and above all frames that are known for something there is nothing to be lost: an array
  // may stand at the end of the image, and RAM may be larger than the kernel knows.
  let first = Math.ceil((symbols.end - base) / PAGE_SIZE), last = total - 1;
  while (first < last && kinds[first] === 0) first++;
  while (last > first && kinds[last] === 0) last--;
  const reached = new Uint8Array(total);
  const todo: number[] = [];
  const reach = (frame: number) => {
    const i = frame - zero;
    if (i < first || i > last || kinds[i] !== 0 || reached[i] === 1) return;
    reached[i] = 1;
    todo.push(frame);
  };
  const scan = (from: number, to: number, entries: boolean) => {
    for (let at = from; at < to; at += 8) {
      const low = words.word(at);
      if (low === undefined) return;
      if (low === 0 || words.word(at + 4) !== 0) continue;
      reach(low >>> 12);
      if (entries && (low & PTE_V) !== 0) reach(low >>> 10);
    }
  };
  scan(symbols.start, symbols.end - symbols.end % 8, false);
  for (const { stack, root } of facts.slots) {
    if (stack === undefined) continue;
    const page = stack[0] - stack[0] % PAGE_SIZE;
    const there = walk(words.tables, kernelRoot, vaNum(page)).leaf ??
      (root === undefined ? undefined : walk(words.tables, root, vaNum(page)).leaf);
    if (there === undefined) continue;
    const from = there.pa + (stack[0] - page);
    scan(from - from % 8, there.pa + (stack[1] - page), true);
  }
  for (let frame = todo.pop(); frame !== undefined; frame = todo.pop()) {
    scan(frame * PAGE_SIZE, (frame + 1) * PAGE_SIZE, true);
  }
  const lost: number[] = [];
  for (let i = first; i <= last; i++) {
    if (kinds[i] === 0 && reached[i] === 0 && !facts.known.reserved?.has(i)) lost.push(i);
  }
  return lost;
}

/** So many frames behind each other that nothing leads to, at the prompt, are kept in reserve. */
const RESERVE = 64;

/** Those of some frames, lowest first, that stand in long runs. */
export function reservedFrames(lost: readonly number[]): Set<number> {
  const reserved = new Set<number>();
  for (let from = 0; from < lost.length;) {
    let to = from + 1;
    while (to < lost.length && lost[to] === lost[to - 1] + 1) to++;
    if (to - from >= RESERVE) { for (const i of lost.slice(from, to)) reserved.add(i); }
    from = to;
  }
  return reserved;
}
