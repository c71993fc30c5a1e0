/**
 * Whether a guest's kernel is in order at a moment of rest, decided as fast as can be, so that it
 * can be asked at every system call: all user entries are counted, and held against the student's
 * counts and the free list; pages that nobody may write must hold what they held; what is neither
 * free nor mapped must be reachable. What exactly is wrong, the audit says.
 */

import { PAGE_SIZE, vaNum } from "../machine/address.ts";
import type { Machine } from "../machine/machine.ts";
import { walk } from "../machine/sv39.ts";
import { originIn } from "./count_array.ts";
import { Facts, type Known } from "./facts.ts";
import { FreeWalk } from "./free_walk.ts";
import type { CountPlace, Stands } from "./learner.ts";
import { lostFrames } from "./lost.ts";
import { Mapped } from "./mapped.ts";
import { unrestOf } from "./rest.ts";
import { Words } from "./words.ts";
import { TRAPFRAME } from "./xv6.ts";

/** The free list is walked from its head to its end at every so many looks. */
const WHOLE = 256;

/** The first of the registers with a call's arguments, and how many pages behind one are looked at. */
const A0 = 10, PAGES = 4;

/** Of more processes than these it is asked which of them are gone. */
const PIDS = 256;

/** What came of a look. */
export type Verdict =
  | { readonly kind: "fine" }
  | { readonly kind: "unrest"; readonly why: string }
  /** Something is wrong; `written`: a frame that was changed though nobody may write it. */
  | { readonly kind: "broken"; readonly written: number | undefined };

const FINE: Verdict = { kind: "fine" };

/** Judges one kernel, from moment to moment of one run. */
export class Judge {
  readonly #machine: Machine;
  readonly #known: Known;
  readonly #counts: CountPlace | undefined;
  readonly #mapped: Mapped;
  readonly #marks: Uint8Array;
  readonly #walks: FreeWalk[];
  readonly #first: number;
  readonly #last: number;
  /** What shared pages held when they were looked at first: a sum, by frame. */
  readonly #sums = new Map<number, number>();
  /** Frames that something was seen to lead to. */
  readonly #held: Uint8Array;
  readonly #use: Uint8Array;
  #looks = 0;
  readonly #seesCalls: boolean;
  /** By process: how many pages without U it has had, when nothing was found to be wrong with them. */
  readonly #closed = new Map<number, number>();

  /**
   * A judge of a kernel; `facts` as they are now, `stands` what was found at its prompt, `mark` its
   * COW bit or 0. `calls`: it looks at each call.
   */
  constructor(
    machine: Machine,
    facts: Facts,
    counts: CountPlace | undefined,
    stands: Stands | undefined,
    mark: number,
    calls: boolean,
  ) {
    // With several harts, more happens between two looks than one call.
    this.#seesCalls = calls && machine.harts.length === 1;
    const { ram } = machine;
    const total = ram.size / PAGE_SIZE;
    this.#machine = machine;
    this.#known = { ...facts.known, layout: stands?.layout, reserved: stands?.reserved };
    this.#counts = counts;
    this.#mapped = new Mapped(ram, ram.base, total, mark);
    this.#marks = new Uint8Array(total);
    const words = new Words(ram);
    const heads = new Set([
      ...(facts.freeLists ?? []).map(({ head }) => head),
      ...(stands?.lists ?? []),
    ]);
    this.#walks = [...heads].map((head) => new FreeWalk(words, ram.base, head, this.#marks));
    this.#held = new Uint8Array(total);
    this.#use = new Uint8Array(total);
    this.#first = Math.ceil((facts.known.symbols.end - ram.base) / PAGE_SIZE);
    const { kinds } = facts;
    this.#last = kinds.findLastIndex((kind) => kind !== 0);
    for (let i = 0; i < total; i++) this.#held[i] = kinds[i] === 0 ? 1 : 0;
  }

  /** Looks at the machine now. */
  look(): Verdict {
    const { ram } = this.#machine;
    const words = new Words(ram);
    const place = { words, base: ram.base, total: this.#marks.length };
    const facts = new Facts(place, this.#known);
    const why = unrestOf(this.#machine, facts);
    if (why !== undefined) {
      // What happens till the next look is not seen.
      this.#sums.clear();
      return { kind: "unrest", why };
    }
    const mapped = this.#mapped;
    mapped.sweep(facts.userRoots);
    const whole = this.#looks++ % WHOLE === 0;
    const written = this.#seesCalls ? this.#written(mapped) : undefined;
    if (written !== undefined) return { kind: "broken", written };
    if (this.#opened(facts)) return { kind: "broken", written: undefined };
    if (this.#wrong(facts, words, whole)) {
      // Not every kernel's list is as xv6's: before it is called wrong, all of it is walked.
      if (whole || this.#wrong(facts, words, true)) return { kind: "broken", written: undefined };
    }
    return FINE;
  }

  #wrong(facts: Facts, words: Words, whole: boolean): boolean {
    const marks = this.#marks;
    if (whole) {
      marks.fill(0);
      for (const walk of this.#walks) walk.anew();
    }
    for (const walk of this.#walks) if (!walk.walk()) return true;
    const { counts, writers, marked, bare, frames, length, tables } = this.#mapped;
    for (let n = 0; n < length; n++) {
      const i = frames[n];
      if (marks[i] === 1 || i < this.#first) return true;
      if (counts[i] > 1 && (writers[i] > 0 || (marked[i] > 0 && bare[i] > 0))) return true;
    }
    if (this.#miscounted(words)) return true;
    for (const i of tables) if (marks[i] === 1 || counts[i] > 0) return true;
    return this.#leaks(facts, whole && this.#looks > 1);
  }

  /**
   * Whether a page may have U that should not: one of the kernel's has, or a process has fewer pages
   * without U than before, or none. Each such number is called into question once.
   */
  #opened({ slots }: Facts): boolean {
    const { closed, opened, counts } = this.#mapped;
    const { base } = this.#machine.ram;
    let doubtful = opened;
    for (const { pid, root, trapframe } of slots) {
      const now = root === undefined ? undefined : closed.get(root);
      if (now === undefined) continue;
      if (trapframe !== undefined && counts[(trapframe - base) / PAGE_SIZE] > 0) doubtful = true;
      const before = this.#closed.get(pid);
      if (now < (before ?? 1)) doubtful = true;
      if (now !== before) this.#closed.set(pid, now);
    }
    if (this.#closed.size > PIDS) {
      for (const pid of this.#closed.keys()) {
        if (!slots.some((one) => one.pid === pid)) this.#closed.delete(pid);
      }
    }
    return doubtful;
  }

  /** Whether a mapped frame's count is another than its mappings. */
  #miscounted(words: Words): boolean {
    const place = this.#counts;
    const origin = place && originIn(place.array, words);
    if (place === undefined || origin === undefined) return false;
    const { array: { stride, width, more } } = place;
    const { counts, frames, length } = this.#mapped;
    const { ram } = this.#machine;
    const first = ram.wordsOf(ram.base / PAGE_SIZE), all = ram.words;
    // As numbers of 32 bits, from the start of RAM: the same as Counts reads, many times as fast.
    const from = origin - ram.base;
    for (let n = 0; n < length; n++) {
      const i = frames[n];
      const at = (from + i * stride) | 0;
      const word = all[first + (at >> 2)];
      const count = width >= 4
        ? word | 0
        : width === 1
        ? (word >>> (8 * (at & 3))) & 0xff
        : (word >>> (8 * (at & 2))) & 0xffff;
      if (count !== counts[i] + more) return true;
    }
    return false;
  }

  /** Whether a frame that is neither free nor mapped is one that nothing leads to. */
  #leaks(facts: Facts, anew: boolean): boolean {
    if (this.#walks.length === 0) return false;
    const use = this.#use, held = this.#held, marks = this.#marks;
    const { counts, tables } = this.#mapped;
    const { base } = this.#machine.ram;
    use.fill(0);
    for (const i of tables) use[i] = 1;
    for (const { trapframe } of facts.slots) {
      if (trapframe !== undefined) use[(trapframe - base) / PAGE_SIZE] = 1;
    }
    let doubtful = anew;
    for (let i = this.#first; i <= this.#last; i++) {
      if (marks[i] === 1 || counts[i] > 0 || use[i] === 1) held[i] = 0;
      else if (held[i] === 0) doubtful = true;
    }
    if (!doubtful) return false;
    const lost = lostFrames(facts);
    if (lost === undefined) return false;
    if (lost.length > 0) return true;
    for (let i = this.#first; i <= this.#last; i++) {
      if (marks[i] === 0 && counts[i] === 0 && use[i] === 0) held[i] = 1;
    }
    return false;
  }

  /**
   * A frame with several owners of whom none may write, and that was changed all the same. Looked
   * at are those that a kernel may write to on behalf of a call: the pages that the registers of
   * whoever has just trapped point to, as long as they stay shared.
   */
  #written({ counts, writers }: Mapped): number | undefined {
    const { ram, hart } = this.#machine;
    let found: number | undefined;
    for (const [i, before] of this.#sums) {
      if (counts[i] < 2 || writers[i] > 0) this.#sums.delete(i);
      else if (this.#sum(i) !== before) found = i;
    }
    for (let x = A0; x < A0 + 6; x++) {
      const at = hart.x(x);
      for (let page = 0; page < PAGES; page++) {
        const va = at + BigInt(page * PAGE_SIZE);
        if (va < BigInt(PAGE_SIZE) || va >= BigInt(TRAPFRAME)) break;
        const { leaf } = walk(ram, hart.mmu.root, vaNum(Number(va)));
        if (leaf === undefined) break;
        const i = (leaf.pa - leaf.pa % PAGE_SIZE - ram.base) / PAGE_SIZE;
        if (counts[i] > 1 && writers[i] === 0) this.#sums.set(i, this.#sum(i));
      }
    }
    return found;
  }

  /** A sum over what a frame holds. */
  #sum(i: number): number {
    const { ram } = this.#machine;
    const first = ram.wordsOf(ram.base / PAGE_SIZE + i);
    let sum = 0;
    for (let n = first; n < first + PAGE_SIZE / 4; n++) {
      sum = (Math.imul(sum, 31) + ram.words[n]) | 0;
    }
    return sum;
  }
}
