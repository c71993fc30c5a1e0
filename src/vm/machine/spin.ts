/**
 * Harts that only spin. A loop that reads the same words again and again, and leaves registers and
 * memory as they were, does nothing until one of the words changes or an interrupt comes: xv6's
 * scheduler without wfi, a hart that waits for `started`, one that waits for a lock. Such a hart is
 * **parked**: it gets no turns. That is no guess about kernels, but a choice of whose turn it is,
 * which the schedule may make as it likes; no instruction is left out or invented.
 *
 * A loop is found by a *search*: for a part of a turn every load, store and CSR access is seen, till
 * one comes again with the same registers, and every word touched since is what it was. A long loop
 * is then known by an instruction that it executes once a round, and found again by that: a hart
 * that comes there twice with the same registers, a round's instructions apart, without a trap or a
 * device between, is parked again (spin_marks.ts). A short one is known by where it is: a hart that
 * is there at certain moments of its turn is searched at once. A machine's only hart has nobody to
 * give turns to, and is searched where it is found in a state of before (spin_lone.ts). All of it is
 * state, saved and restored with the harts, so that the schedule does not depend on how runs are cut.
 *
 * @module
 */

import type { PaNum } from "./address.ts";
import type { Hart } from "./hart/hart.ts";
import { RAM_OFFSET } from "./layout.ts";
import type { Ram } from "./memory.ts";
import { type Saved, Saver } from "./saver.ts";
import { lookSoon, mayOnlySpin, putOff } from "./spin_lone.ts";
import { comesRound, giveUp, keep, MARKED, markedHere, markOf, passesOther } from "./spin_marks.ts";
import { cameTo, LONG, roomOf, Search, SHORT, stepped, touch } from "./spin_search.ts";
import { alike, type Closed, hold, type Loop, meetsAgain, SpinState } from "./spin_state.ts";

/** Turns, or looks at an only hart, to wait for at first before a search for a long loop. */
const FIRST = 2, FIRST_OF_ONE = 1;
/**
 * The turns before a search for a long loop are doubled up to so many when none is found; and those
 * for a short one, which is searched where turns end near each other.
 */
const LAST = 16_384, SHORT_LAST = 16;
/** From so many on, a hart is only searched when it has been in one of its states before. */
const DOUBTFUL = 64, SHORT_DOUBTFUL = 4;
/** Bytes of code that are near each other: ends of turns, and a hart and the place where it waits. */
const NEAR = 64, AT = 16;
/** A hart that was parked is looked at after the 2^SOON-th part of its turn. */
const SOON = 3;
/**
 * A parked hart gets a turn after so many, should it have been parked too early by a mark; or, when
 * its loop was proven, because of what is not looked at: its code, tables that a walk would read anew.
 */
const HEARTBEAT = 256, SLOW_HEARTBEAT = 4096;
/**
 * For so many turns of others a parked hart is left alone, so that one round sees several changes:
 * what it waits for may come in a hurry, a byte at a time.
 */
const REST = 64;
/** Places where a hart waits. */
const MOST_SPOTS = 4;

/** A hart's spinning. */
export class Spin {
  #state: SpinState;
  readonly #hart: Hart;
  readonly #ram: Ram;
  readonly #saver = new Saver();
  readonly #only: boolean;
  readonly #first: number;
  /** The marks that the machine has to stop at have changed. */
  marksChanged = false;

  /** A hart's spinning. `only`: it is the machine's only one. */
  constructor(hart: Hart, ram: Ram, only: boolean) {
    this.#only = only;
    this.#first = only ? FIRST_OF_ONE : FIRST;
    this.#state = new SpinState(this.#first);
    this.#hart = hart;
    this.#ram = ram;
  }

  /** Whether a search is under way: then each access takes the slow path. */
  get searching(): boolean {
    return this.#state.search !== undefined;
  }

  /** Whether it is searched by single steps. */
  get stepping(): boolean {
    return (this.#state.search?.steps ?? -1) >= 0;
  }

  /** Whether the hart is parked. */
  get parked(): boolean {
    return this.#state.parked !== undefined;
  }

  /** Whether it is, and nothing but an interrupt or another hart can make it go on. */
  get sure(): boolean {
    return this.#state.parked?.sure ?? false;
  }

  /** The interrupts that end its parking. */
  get interrupts(): number {
    return this.#state.parked?.loop.interrupts ?? -1;
  }

  /** The addresses of its loops' marks, as the machine numbers them: negative in the upper half. */
  marks(): number[] {
    return this.#state.loops.map(({ mark: [low, high] }) => high * 2 ** 32 + low);
  }

  /** The hart's turn of so many instructions begins, perhaps with a search. */
  begin(left: number): void {
    const state = this.#state;
    if (this.#only) {
      if (state.parked !== undefined) lookSoon(state, this.#hart);
      state.parked = undefined;
      if (state.doubted !== undefined) this.#search(LONG);
      return;
    }
    // What it waited for has come; but a lock may be another's again.
    state.lookAt = state.parked === undefined ? 0 : left - (left >>> SOON);
    state.parked = undefined;
    state.turn = true;
    state.life = this.#hart.life;
    if (state.search !== undefined) return;
    if (this.#mayLoop()) this.#search(LONG);
    else if (this.#mayStand() || this.#atSpot()) this.#search(SHORT);
  }

  /** Whether it is to be searched for a long loop. */
  #mayLoop(): boolean {
    const { calm, patience, recurs, doubted } = this.#state;
    return calm >= patience && (patience < DOUBTFUL || recurs || doubted !== undefined);
  }

  /** Whether it is to be searched for a short one. */
  #mayStand(): boolean {
    const patience = this.#nearPatience;
    return this.#state.near >= patience && (patience < SHORT_DOUBTFUL || this.#state.recurs);
  }

  /** Turns that have to end near where the hart is before a short search. */
  get #nearPatience(): number {
    const { vain, shortPatience } = this.#state;
    return Math.abs(this.#hart.registers.pcLow - vain) < NEAR ? shortPatience : 1;
  }

  /** Instructions left of its turn when {@link Spin.look} is to be called. */
  get lookAt(): number {
    return this.#state.lookAt;
  }

  /** Begins a search if the hart is where it waited before. `next`: when it is looked again. */
  look(next: number): void {
    this.#state.lookAt = next;
    if (this.#atSpot()) this.#search(SHORT);
  }

  /**
   * Instructions until an only hart, which has no turns, is looked at; when there are none, it is
   * looked at, which may begin a search.
   */
  untilLook(): number {
    const state = this.#state, hart = this.#hart;
    if (hart.retired >= state.lookAt && mayOnlySpin(state, hart, this.#atSpot())) {
      this.#search(LONG);
    }
    return state.lookAt - hart.retired;
  }

  #search(kind: typeof SHORT | typeof LONG): void {
    this.#state.search = new Search(kind, this.#hart);
    this.#state.recurs = false;
    this.#hide(true);
  }

  /** Whether the hart is where it was found in a short loop before. */
  #atSpot(): boolean {
    const { pcLow } = this.#hart.registers;
    return this.#state.spots.some((spot) => Math.abs(pcLow - spot) <= AT);
  }

  /** Makes all accesses of the hart seen, or no longer. */
  #hide(hidden: boolean): void {
    this.#hart.mmu.hidden = hidden;
    this.#hart.selectBanks();
  }

  /** The hart's turn ends, if it has one; it was as long as so many. */
  end(turns: number): boolean {
    const state = this.#state;
    if (this.#only || !state.turn) return false;
    state.turn = false;
    const { life, registers: { pcLow } } = this.#hart;
    const calm = life === state.life;
    // Not in a row: a tick comes before a hart that found no loop for long has waited long enough.
    if (calm) {
      state.calm += turns;
      state.recurs ||= meetsAgain(state, this.#hart);
    }
    state.near = calm && Math.abs(pcLow - state.ended) < NEAR ? state.near + 1 : 0;
    state.ended = pcLow;
    return true;
  }

  /** Another hart has had a turn as long as so many, and did something in it or only spun. */
  passed(spun: boolean, turns: number): void {
    const { parked } = this.#state;
    if (parked === undefined) return;
    parked.turns += turns;
    if (!spun) parked.sure = false;
  }

  /** The hart is neither parked nor searched any longer. */
  quit(): void {
    const state = this.#state;
    state.parked =
      state.search =
      state.closed =
      state.doubted =
        undefined;
    this.#hide(false);
  }

  /** The hart is parked no longer. */
  stir(): void {
    this.#state.parked = this.#state.closed = undefined;
  }

  /**
   * Nothing will ever happen, unless the hart was parked by a mark too early, or what is not looked
   * at has changed, its code for instance: if so it goes on in its next turn, and if not it is
   * proven there that it spins. False: that has been done.
   */
  doubt(): boolean {
    const state = this.#state;
    if (state.parked === undefined || state.parked.sure) return false;
    state.doubted = state.parked.loop;
    state.parked = undefined;
    state.calm = LAST;
    return true;
  }

  /** Whether a parked hart has to go on: a word has changed, or it waits for very long. */
  stirs(alone: boolean): boolean {
    const { parked } = this.#state;
    if (parked === undefined) return true;
    if (!alone && parked.turns < REST) return false;
    const { loop: { words }, values, proven } = parked;
    if (!hold(this.#ram, words, values)) return true;
    return parked.turns >= (proven ? SLOW_HEARTBEAT : HEARTBEAT);
  }

  /**
   * Sees an instruction that accesses memory or a CSR, before it does. True: the search is over,
   * since it closes a loop, or since it has taken too long.
   */
  sees(): boolean {
    const { search } = this.#state;
    if (search === undefined) return false;
    const came = cameTo(search, this.#hart, this.#ram);
    if (came === "vain") this.#fail(search);
    if (came === "closed") this.#found(search);
    return came !== "on";
  }

  /** The instruction just seen touches bytes of RAM, not more than eight that lie together. */
  touches(pa: PaNum): void {
    const { search } = this.#state;
    if (search !== undefined) touch(search, this.#ram, pa);
  }

  /**
   * Instructions that a search goes on for before this is asked again, of so many at most; 0: it is
   * over.
   */
  goesOn(most: number): number {
    const { search } = this.#state;
    if (search === undefined) return 0;
    const room = roomOf(search, this.#hart, most);
    if (room <= 0) this.#fail(search);
    return Math.max(0, room);
  }

  /** Instructions that the hart has retired since its search began. */
  get searchedFor(): number {
    return this.#hart.retired - (this.#state.search?.begun ?? 0);
  }

  /** A single step was done, which may have closed the loop. */
  stepped(): void {
    const { search } = this.#state;
    if (search !== undefined && stepped(search, this.#hart)) this.#found(search);
  }

  #fail({ kind }: Search): void {
    const state = this.#state;
    state.search = state.doubted = undefined;
    this.#hide(false);
    if (this.#only) putOff(state);
    else if (kind === LONG) {
      state.calm = 0;
      state.patience = Math.min(LAST, state.patience * 2);
    } else {
      state.near = 0;
      state.shortPatience = Math.min(SHORT_LAST, this.#nearPatience * 2);
      state.vain = this.#hart.registers.pcLow;
    }
  }

  #found(search: Search): void {
    const state = this.#state;
    const from = search.from!;
    const period = this.#hart.retired - from.retired;
    const loop: Loop = {
      mark: markOf(search, period, this.#hart),
      period,
      words: Int32Array.from(search.words.keys()),
      interrupts: search.interrupts,
      passes: 0,
      parks: 0,
    };
    if (keep(state, loop)) this.marksChanged = true;
    state.search = undefined;
    this.#hide(false);
    // One that spins and works in turn is searched in vain as often: each kind learns for itself.
    if (search.kind === LONG) state.patience = Math.max(this.#first, state.patience >> 1);
    if ((search.kind === SHORT || this.#only && period < MARKED) && !this.#atSpot()) {
      state.spots = [...state.spots, from.registers[0]].slice(-MOST_SPOTS);
    }
    const sure = state.doubted !== undefined && alike(state.doubted, loop);
    state.doubted = undefined;
    const { life, retired: at } = this.#hart;
    state.closed = { loop, proven: true, sure, life, at };
  }

  /** Whether the hart is at the mark of a loop of its own. */
  get atMark(): boolean {
    return this.#state.loops.length > 0 && markedHere(this.#state, this.#hart) !== undefined;
  }

  /** The hart is at a mark. True: it has come round, and is parked. */
  marked(): boolean {
    const state = this.#state;
    if (state.search !== undefined || state.closed !== undefined) return false;
    const loop = markedHere(state, this.#hart);
    if (loop === undefined) {
      if (!this.#only) passesOther(state, this.#hart);
      return false;
    }
    if (comesRound(state, this.#hart, loop)) {
      const { life, retired: at } = this.#hart;
      this.#park({ loop, proven: false, sure: false, life, at });
      return true;
    }
    if (giveUp(state, loop)) this.marksChanged = true;
    return false;
  }

  /** Whether a loop was closed before an instruction: behind that the hart is parked. */
  get closes(): boolean {
    return this.#state.closed !== undefined;
  }

  /**
   * The hart has run on after a loop was closed, as a rule by one instruction of it: it is parked,
   * if that is so. Not before, since a run that ends right there must leave it as one that does not.
   */
  park(): void {
    const state = this.#state;
    const { closed } = state;
    if (closed === undefined) return;
    const { life, retired } = this.#hart;
    if (retired === closed.at) return;
    state.closed = undefined;
    if (life === closed.life) this.#park(closed);
  }

  #park(closed: Closed): void {
    const { loop } = closed;
    const { words: ram } = this.#ram;
    const values = new Uint32Array(2 * loop.words.length);
    for (let i = 0; i < loop.words.length; i++) {
      const at = (loop.words[i] << 1) + RAM_OFFSET / 4;
      values[2 * i] = ram[at];
      values[2 * i + 1] = ram[at + 1];
    }
    this.#state.parked = { ...closed, values, turns: 0 };
    this.#state.calm = this.#state.near = 0;
  }

  /** The state as plain data. */
  save(): Saved<SpinState> {
    return this.#saver.save(this.#state);
  }

  /** Takes over a saved state. */
  restore(state: Saved<SpinState>): void {
    this.#state = this.#saver.revive(state);
    this.marksChanged = true;
    this.#hart.mmu.hidden = this.searching;
  }
}
