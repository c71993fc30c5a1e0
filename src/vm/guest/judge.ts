/**
 * Whether a guest's kernel is in order at a moment, decided as fast as can be, so that it can be
 * asked at every system call: all user entries are counted, and held against the student's counts
 * and the free list; what is neither free nor mapped must be reachable. While somebody is inside the
 * kernel a frame that does not fit waits until it is in the middle of nothing ({@link Pending}).
 * What exactly is wrong, the audit says.
 */

import { pa, PAGE_SIZE, type PaNum } from "../machine/address.ts";
import type { Hart } from "../machine/hart/hart.ts";
import type { Machine } from "../machine/machine.ts";
import { frameOf, PTE_A, PTE_D } from "../machine/sv39.ts";
import { Counts, originIn } from "./count_array.ts";
import { Facts } from "./facts.ts";
import { FreeWalk } from "./free_walk.ts";
import type { Known } from "./known.ts";
import type { CountPlace, Stands } from "./learner.ts";
import { lostFrames } from "./lost.ts";
import { Mapped } from "./mapped.ts";
import { Pending, type WatchedPlaces } from "./pending.ts";
import { busyIn, recordOn } from "./rest.ts";
import { type SharedWrite, SharedWrites } from "./shared_writes.ts";
import { Words } from "./words.ts";

/** The free list is walked from its head to its end at every so many looks. */
const WHOLE = 256;

const AD = PTE_A | PTE_D;
/** An odd number, to tell places of entries from each other in a sum. */
const HASH = 0x9e3779b1;

/** Of more processes than these it is asked which of them are gone. */
const PIDS = 256;

/** What came of a look. */
export type Verdict =
  | { readonly kind: "fine" }
  | { readonly kind: "unrest" }
  /** Something is wrong; `settled`: what can be judged of it while somebody is inside the kernel. */
  | { readonly kind: "broken"; readonly settled: Settled | undefined };

/** What is not in the middle of anything, although the kernel is not at rest. */
export interface Settled {
  /** Frames. */
  readonly frames: ReadonlySet<PaNum>;
  /** Processes that are. */
  readonly inside: ReadonlySet<number>;
}

const FINE: Verdict = { kind: "fine" };
const UNREST: Verdict = { kind: "unrest" };
const BROKEN: Verdict = { kind: "broken", settled: undefined };

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
  /** Frames that something was seen to lead to. */
  readonly #held: Uint8Array;
  readonly #use: Uint8Array;
  #looks = 0;
  readonly #pending: Pending;
  readonly #writes: SharedWrites;
  /** By process: how many pages without U it has had, when nothing was found to be wrong with them. */
  readonly #closed = new Map<number, number>();

  /**
   * A judge of a kernel; `facts` as they are now, `stands` what was found at its prompt, `mark` its
   * COW bit or 0. `written` is told when the kernel stores to a page that others share.
   */
  constructor(
    machine: Machine,
    facts: Facts,
    counts: CountPlace | undefined,
    stands: Stands | undefined,
    mark: number,
    written: (one: SharedWrite) => void,
  ) {
    this.#pending = new Pending(machine, (i) => this.#places(i));
    this.#writes = new SharedWrites(machine, (i) => this.#isShared(i), written);
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

  #now(): Facts {
    const { ram } = this.#machine;
    const place = { words: new Words(ram), base: ram.base, total: this.#marks.length };
    return new Facts(place, this.#known);
  }

  /** Looks at the machine now. `caller`: who has just made a call, if somebody has. */
  look(caller: Hart | undefined): Verdict {
    const facts = this.#now();
    const mapped = this.#mapped;
    mapped.sweep(facts.userRoots);
    if (caller !== undefined) this.#writes.call(caller, mapped);
    const inside = new Set([...busyIn(this.#machine, facts)].map(({ at }) => at));
    if (inside.size > 0) return this.#unsettled(facts, inside);
    this.#pending.clear();
    if (this.#opened(facts, inside)) return BROKEN;
    const whole = this.#looks++ % WHOLE === 0;
    if (this.#wrong(facts, whole)) {
      // Not every kernel's list is as xv6's: before it is called wrong, all of it is walked.
      if (whole || this.#wrong(facts, true)) return BROKEN;
    }
    return FINE;
  }

  /** A hart has come back to user mode. */
  returned(hart: Hart): void {
    if (this.#pending.any) {
      const at = recordOn(hart, this.#now());
      if (at !== undefined) this.#pending.left(at);
    }
    this.#writes.left(hart.mmu.root);
  }

  /** Nothing is watched any more. */
  close(): void {
    this.#pending.clear();
    this.#writes.clear();
  }

  /** A look while some are inside the kernel, by their records. */
  #unsettled(facts: Facts, inside: ReadonlySet<number>): Verdict {
    const settled = (frames: readonly number[]): Verdict => {
      const { base } = this.#machine.ram;
      const pids = facts.slots.flatMap(({ at, pid }) => inside.has(at) ? [pid] : []);
      const all = new Set(frames.map((i) => (base + i * PAGE_SIZE) as PaNum));
      return { kind: "broken", settled: { frames: all, inside: new Set(pids) } };
    };
    if (this.#opened(facts, inside)) return settled([]);
    // A list that somebody is changing.
    if (!this.#listed(false) && !this.#listed(true)) return UNREST;
    const odd = this.#seen(facts);
    const sure = this.#pending.look(odd, inside);
    if (sure.length === 0) return odd.size === 0 ? FINE : UNREST;
    // As at rest: before anything is called wrong, all of the lists is walked.
    const again = this.#listed(true) ? this.#seen(facts) : new Map();
    const wrong = sure.filter((i) => again.get(i) === odd.get(i));
    return wrong.length > 0 ? settled(wrong) : UNREST;
  }

  /** The frames that do not fit, with all that is to be seen of each: what the entries are, too. */
  #seen(facts: Facts): Map<number, string> {
    const odd = this.#odd(facts, Infinity);
    const sums = new Map(odd.map((i) => [i, 0]));
    const { base } = this.#machine.ram;
    if (odd.length > 0) {
      this.#mapped.sweep(facts.userRoots, (_va, pte, _root, at) => {
        const i = (frameOf(pte) - base) / PAGE_SIZE;
        const sum = sums.get(i);
        if (sum !== undefined) sums.set(i, (sum + Math.imul(at, HASH) ^ (pte & ~AD)) | 0);
      });
    }
    const { counts, writers, marked, bare } = this.#mapped;
    const stored = this.#stored(facts.place.words);
    return new Map(odd.map((i) => {
      const all = [counts, writers, marked, bare, this.#marks].map((one) => one[i]);
      return [i, `${all} ${sums.get(i)} ${stored?.(i)}`];
    }));
  }

  /** What of a frame is watched while it waits to be judged. */
  #places(i: number): WatchedPlaces {
    const { ram } = this.#machine;
    const frame = (ram.base + i * PAGE_SIZE) as PaNum;
    const ptes: PaNum[] = [];
    const facts = this.#now();
    this.#mapped.sweep(facts.userRoots, (_va, pte, _root, at) => {
      if (frameOf(pte) === frame) ptes.push(at);
    });
    const at = this.#counts && new Counts(facts.place.words, this.#counts).at(i);
    const { width = 0 } = this.#counts?.array ?? {};
    const count = at === undefined ? undefined : { pa: pa(at), size: width };
    return { frame, count, ptes };
  }

  /** Whether a frame is one that several map now, and none may write, nor gives back. */
  #isShared(i: number): boolean {
    const facts = this.#now();
    const mapped = this.#mapped;
    mapped.sweep(facts.userRoots);
    if (mapped.counts[i] < 2 || mapped.writers[i] > 0) return false;
    const stored = this.#stored(facts.place.words);
    if (stored !== undefined) return stored(i) >= 2 + this.#counts!.array.more;
    // Without counts: two who give it back at once, the later of whom fills it with junk.
    const here = recordOn(this.#machine.hart, facts);
    for (const { at } of busyIn(this.#machine, facts)) if (at !== here) return false;
    return true;
  }

  #wrong(facts: Facts, whole: boolean): boolean {
    if (!this.#listed(whole) || this.#odd(facts, 1).length > 0) return true;
    return this.#leaks(facts, whole && this.#looks > 1);
  }

  /** Marks what is on the free lists; false: one is not sound. `whole`: they are walked to their ends. */
  #listed(whole: boolean): boolean {
    if (whole) {
      this.#marks.fill(0);
      for (const walk of this.#walks) walk.anew();
    }
    return this.#walks.every((walk) => walk.walk());
  }

  /** Frames that do not fit, at most so many. */
  #odd({ slots, place: { words } }: Facts, most: number): number[] {
    const marks = this.#marks, odd: number[] = [];
    const { counts, writers, marked, bare, frames, length, tables } = this.#mapped;
    const stored = this.#stored(words);
    const more = this.#counts?.array.more ?? 0;
    for (let n = 0; n < length && odd.length < most; n++) {
      const i = frames[n];
      const wrong = marks[i] === 1 || i < this.#first ||
        (counts[i] > 1 && (writers[i] > 0 || (marked[i] > 0 && bare[i] > 0))) ||
        (stored !== undefined && stored(i) !== counts[i] + more);
      if (wrong) odd.push(i);
    }
    for (const i of tables) if (marks[i] === 1 || counts[i] > 0) odd.push(i);
    const { base } = this.#machine.ram;
    for (const { trapframe } of slots) {
      const i = trapframe === undefined ? 0 : (trapframe - base) / PAGE_SIZE;
      if (counts[i] > 0 && i >= this.#first) odd.push(i);
    }
    return odd;
  }

  /**
   * Whether a page may have U that should not: one of the kernel's has, or a process has fewer pages
   * without U than before, or none. Each such number is called into question once, when its process
   * is not inside the kernel, nor waited for: then others may be giving its pages back.
   */
  #opened({ slots }: Facts, inside: ReadonlySet<number>): boolean {
    const { closed, opened } = this.#mapped;
    let doubtful = opened;
    for (const { at, pid, root, state } of slots) {
      const now = root === undefined ? undefined : closed.get(root);
      if (now === undefined || state === "zombie" || inside.has(at)) continue;
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

  /** What is stored as the count of a mapped frame; undefined: nobody knows where that is. */
  #stored(words: Words): ((i: number) => number) | undefined {
    const place = this.#counts;
    const origin = place && originIn(place.array, words);
    if (place === undefined || origin === undefined) return undefined;
    const { array: { stride, width } } = place;
    const { ram } = this.#machine;
    const first = ram.wordsOf(ram.base / PAGE_SIZE), all = ram.words;
    // As numbers of 32 bits, from the start of RAM: the same as Counts reads, many times as fast.
    const from = origin - ram.base;
    return (i) => {
      const at = (from + i * stride) | 0;
      const word = all[first + (at >> 2)];
      if (width >= 4) return word | 0;
      return width === 1 ? (word >>> (8 * (at & 3))) & 0xff : (word >>> (8 * (at & 2))) & 0xffff;
    };
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
}
