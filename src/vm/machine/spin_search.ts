/**
 * A search under way: each load, store and CSR access of a hart is seen, till one comes again with
 * the same registers, and every word touched since is what it was; or, where there is no access, till
 * single steps come to where they began. See spin.ts.
 *
 * @module
 */

import type { PaNum } from "./address.ts";
import { RAM_BASE } from "./address.ts";
import type { Hart } from "./hart/hart.ts";
import { enabledInterrupts } from "./hart/trap.ts";
import { RAM_OFFSET } from "./layout.ts";
import type { Ram } from "./memory.ts";
import { hold, isAt, type Moment, momentOf } from "./spin_state.ts";

/** Kinds of search. */
export const SHORT = 0, LONG = 1;
/** Loads, stores and CSR accesses that each looks at. */
const ACCESSES = [48, 8000];
/** Single steps that are not done yet, or any more. */
const UNTRIED = -1, TRIED = -2;
/** An instruction that came so often, each time with other registers, goes along memory. */
const STREAM = 4;
/** Words of a loop at most. */
const MOST_WORDS = 2048;
/** Single steps in which a loop without any access comes round, and what is waited for one before. */
const MOST_STEPS = 64, STILL = 1000;

/** A search under way. */
export class Search {
  /** Accesses that are still looked at. */
  left: number;
  /** Where the loop is to be closed: the first access seen. */
  from: Moment | undefined = undefined;
  /** Words touched since, in order, and what they held: low and high half. */
  words: Map<number, number> = new Map();
  values: number[] = [];
  /** How often instructions with accesses were executed, by their address as text. */
  counts: Map<number, number> = new Map();
  interrupts = 0;
  /** Single steps done, for a loop without any access; or {@link UNTRIED}, or {@link TRIED}. */
  steps = UNTRIED;
  /** Signs of life of the hart when it begins; another one is the end of it. */
  readonly life: number;
  /** Instructions that the hart had retired. */
  readonly begun: number;

  /** Begins now. */
  constructor(readonly kind: typeof SHORT | typeof LONG, { life, retired }: Hart) {
    this.left = ACCESSES[kind];
    this.life = life;
    this.begun = retired;
  }
}

/**
 * The hart comes to an instruction that accesses memory or a CSR. `closed`: it has come round;
 * `vain`: the search has taken too long, or it is no spinning.
 */
export function cameTo(search: Search, hart: Hart, ram: Ram): "on" | "closed" | "vain" {
  if (--search.left < 0 || hart.life !== search.life) return "vain";
  const { pcLow } = hart.registers;
  search.interrupts |= enabledInterrupts(hart);
  if (search.steps >= 0) {
    // There is an access after all.
    search.steps = TRIED;
    search.from = undefined;
  }
  const { from, words, values, counts } = search;
  const count = counts.get(pcLow) ?? 0;
  if (from === undefined) {
    search.from = momentOf(hart);
  } else if (search.kind === SHORT && count >= STREAM) {
    // It comes round again and again with other registers.
    return "vain";
  } else if (
    from.registers[0] === pcLow && isAt(hart, from) &&
    hold(ram, Int32Array.from(words.keys()), Uint32Array.from(values))
  ) {
    return "closed";
  }
  counts.set(pcLow, count + 1);
  return "on";
}

/** The instruction just seen touches bytes of RAM, not more than eight that lie together. */
export function touch(search: Search, ram: Ram, pa: PaNum): void {
  const word = (pa - RAM_BASE) >>> 3;
  if (search.words.has(word)) return;
  if (search.words.size >= MOST_WORDS) {
    search.left = 0;
    return;
  }
  const at = (word << 1) + RAM_OFFSET / 4;
  search.words.set(word, search.values.length);
  search.values.push(ram.words[at], ram.words[at + 1]);
}

/**
 * Instructions for which the search goes on before this is asked again, of so many at most. One that
 * has seen no access for a while tries single steps.
 */
export function roomOf(search: Search, hart: Hart, most: number): number {
  if (search.steps >= 0) return 1;
  if (search.steps === TRIED || search.from !== undefined) return most;
  const still = Math.min(most, search.begun + STILL - hart.retired);
  if (still > 0) return still;
  search.steps = 0;
  search.from = momentOf(hart);
  search.interrupts |= enabledInterrupts(hart);
  return 1;
}

/** A single step was done. True: the loop is closed. */
export function stepped(search: Search, hart: Hart): boolean {
  if (search.from === undefined || search.steps < 0) return false;
  search.steps++;
  if (isAt(hart, search.from)) return true;
  if (search.steps < MOST_STEPS) return false;
  search.steps = TRIED;
  search.from = undefined;
  return false;
}
