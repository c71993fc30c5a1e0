/**
 * What is known of a hart that may only spin, as plain data; see spin.ts.
 *
 * @module
 */

import type { Hart } from "./hart/hart.ts";
import { MSTATUS, PC, RAM_OFFSET, TLB_READ, X_SINK } from "./layout.ts";
import type { Ram } from "./memory.ts";
import type { Search } from "./spin_search.ts";

/** States of a hart that are remembered. */
export const SEEN = 128;
/** Searches begun for another hart's mark that may fail, till one finds a loop. */
export const HINTS = 8;

/** A hart at an instruction. */
export interface Moment {
  /** pc, x1…x31 as they stand in linear memory. */
  readonly registers: Uint32Array;
  /** mstatus and the CSRs that follow it there. */
  readonly csrs: Uint32Array;
  /** The hart's signs of life; see {@link Hart.life}. */
  readonly life: number;
  /** Instructions that it had retired. */
  readonly retired: number;
}

/** A loop that changes nothing. */
export interface Loop {
  /** Its mark, as its two halves: an instruction that is executed once a round; none: 0, 0. */
  readonly mark: readonly [low: number, high: number];
  /** Instructions of a round. */
  readonly period: number;
  /** What it touches: 8-byte words of RAM, by number. */
  readonly words: Int32Array;
  /** Interrupts that can be taken somewhere in it: bits of mip. */
  readonly interrupts: number;
  /** How often its mark was passed, and how often the hart was parked at it. */
  passes: number;
  parks: number;
}

/** A loop that was closed. */
export interface Closed {
  readonly loop: Loop;
  /** By a search, not by a mark. */
  readonly proven: boolean;
  /** The hart's signs of life in it. */
  readonly life: number;
  /** Instructions that the hart had retired. */
  readonly at: number;
  /** Proven once more since another hart did anything: it will never go on by itself. */
  sure: boolean;
}

/** A hart that is parked. */
export interface Parked extends Closed {
  /** What the loop's words held. */
  readonly values: Uint32Array;
  /** Turns of other harts since. */
  turns: number;
}

/** What is known of one hart's spinning: plain data. */
export class SpinState {
  /** Its turn is under way. */
  turn = false;
  /** Low half of pc where its last turn ended, and how many calm ones ended near there. */
  ended = 0;
  near = 0;
  /** Signs of life when the turn began; of an only hart, when it was looked at. */
  life = 0;
  /** Turns without one, since the last search; of an only hart, looks. */
  calm = 0;
  /** How many there have to be before the next for a long loop, and near ones for a short one. */
  patience: number;
  shortPatience = 1;
  /** Where that holds, as the low half of pc: the last short search in vain; elsewhere it is 1. */
  vain = 0;
  /** Where short loops were found: low halves of pc. A hart that is there waits, most likely. */
  spots: number[] = [];
  /**
   * Instructions left of its turn when it is looked next whether it is there; of an only hart,
   * those that it will have retired.
   */
  lookAt = 0;
  /** States in which it was, as hashes; which is the oldest. */
  readonly seen: Uint32Array = new Uint32Array(SEEN);
  oldest = 0;
  /** It has met one of them again since the last search. */
  recurs = false;
  /** Of an only hart (spin_lone.ts): instructions between pairs of looks, and whether the next one is the second of its pair. */
  every = 0;
  pair = false;
  search: Search | undefined = undefined;
  /** It is to be parked behind the next instruction; and it is. */
  closed: Closed | undefined = undefined;
  parked: Parked | undefined = undefined;
  /** The loop that it was parked in, when that is being proven once more; see {@link Spin.doubt}. */
  doubted: Loop | undefined = undefined;
  loops: Loop[] = [];
  /** When it was at the mark of a loop. */
  visit: Moment | undefined = undefined;
  /** The same of another hart's loop, and how many searches may yet be begun for it. */
  passed: Moment | undefined = undefined;
  hints = HINTS;

  /** `patience`: at first. */
  constructor(patience: number) {
    this.patience = patience;
  }
}

/** pc and x1…x31, as words of a hart's registers; and mstatus and S-mode's CSRs. */
const FILE = [PC / 4, X_SINK / 4] as const;
const CSRS = [MSTATUS / 4, TLB_READ / 4] as const;

/** A hart where it is now. */
export function momentOf(hart: Hart): Moment {
  const { registers: { header }, life, retired } = hart;
  return { registers: header.slice(...FILE), csrs: header.slice(...CSRS), life, retired };
}

/** Whether a hart is where it was, and nothing happened in between. */
export function isAt({ registers: { header }, life }: Hart, then: Moment): boolean {
  return life === then.life && standsAt(header, FILE[0], then.registers) &&
    standsAt(header, CSRS[0], then.csrs);
}

/** Whether a hart is where it was before, with the same registers, as far as is remembered. */
export function meetsAgain(state: SpinState, hart: Hart): boolean {
  const hash = registersHash(hart);
  if (state.seen.includes(hash)) return true;
  state.seen[state.oldest] = hash;
  state.oldest = (state.oldest + 1) % SEEN;
  return false;
}

/** A number for pc and x1…x31 as they are now: others as a rule have another one. */
function registersHash({ registers: { header } }: Hart): number {
  let hash = 0;
  for (let i: number = FILE[0]; i < FILE[1]; i++) {
    hash = Math.imul(hash ^ header[i], 0x9e37_79b1);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}

/** Whether some words stand in others from an index on. */
function standsAt(words: Uint32Array, index: number, expected: Uint32Array): boolean {
  for (let i = 0; i < expected.length; i++) {
    if (expected[i] !== words[index + i]) return false;
  }
  return true;
}

/** Whether words of RAM, by number, hold these values: the low and the high half of each. */
export function hold(ram: Ram, words: Int32Array, values: Uint32Array): boolean {
  const { words: now } = ram;
  for (let i = 0; i < words.length; i++) {
    const at = (words[i] << 1) + RAM_OFFSET / 4;
    if (now[at] !== values[2 * i] || now[at + 1] !== values[2 * i + 1]) return false;
  }
  return true;
}

/** Whether two loops that were found are one: where it was entered may differ. */
export function alike(one: Loop, other: Loop): boolean {
  const words = new Set(one.words);
  return one.period === other.period && one.words.length === other.words.length &&
    other.words.every((word) => words.has(word));
}
