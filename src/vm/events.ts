/**
 * The one stream of what happened: faults, PTE changes, frames allocated, copied and freed, system
 * calls, context switches. Each event is numbered and stamped with retired instructions, pid and
 * pc. Counters, `timeline`, assertions, recordings and comparisons all read it.
 *
 * Recording must cost next to nothing, so an event is a row of numbers in a ring of typed arrays
 * and becomes an object only when somebody reads it. Counters are kept apart and count every event,
 * also those that the ring has forgotten.
 */

import type { FaultCause } from "./machine/cause.ts";
import { PAGE_SIZE, type PaNum, type VaNum } from "./machine/address.ts";
import {
  type Change,
  pieceOf,
  type Pieces,
  piecesSince,
  putPiece,
  withPieces,
  zeros,
} from "./machine/pieces.ts";
import { type Saved, Saver } from "./machine/saver.ts";

/** The kinds that tell of a page that moved: to or from a file or the swap disk, or in size. */
export const MOVE_KINDS = [
  "evict",
  "swap-in",
  "swap-out",
  "write-back",
  "read-in",
  "promote",
  "demote",
] as const;

/**
 * What can happen. The position in this list is the number stored in the ring.
 *
 * From a boot on, these events alone give every word of every process's page tables and every
 * stored count. `pte` tells each write of the kernel to a PTE, `mark` each change of nothing but A
 * and D: by the walker, by copyin and copyout in its place, by the search for pages to evict, by
 * pgaccess(). A table is all zeros when its frame is allocated and when it is freed. `alloc` says
 * that a frame's count is 1 now, `free` that it is 0; `count` tells every other change. The
 * kernel's own map, made once at boot, is not told.
 */
export const EVENT_KINDS = [
  "fault",
  "pte",
  "mark",
  "alloc",
  "free",
  "count",
  "copy",
  "syscall",
  "return",
  "switch",
  "fork",
  "exec",
  "exit",
  "kill",
  "sfence",
  ...MOVE_KINDS,
  "oom",
  "alarm",
  "trap",
] as const;

/** The name of an event's kind. */
export type EventKind = typeof EVENT_KINDS[number];

/** What is about no page: system calls (a result's low 53 bits) and what processes become. */
type NoteKind = Exclude<EventKind, PageKind | "alloc" | "free" | "count">;

/** One event as readers get it. Fields that a kind does not use are 0. */
export interface VmEvent {
  /** Serial number in this VM, from 0, never reused. */
  readonly n: number;
  /** Instructions retired when it happened. */
  readonly instret: number;
  /** The process on whose behalf it happened; 0 for the kernel itself. */
  readonly pid: number;
  /** The hart it happened on. */
  readonly hart: number;
  /** User pc at that time; 0 when no user code runs, or unknown. */
  readonly pc: bigint;
  /** What happened. */
  readonly kind: EventKind;
  /** Virtual address concerned (for `syscall` and `return`: unused). */
  readonly va: bigint;
  /** Frame concerned, or the address of the PTE for `pte` and `mark`. */
  readonly pa: number;
  /** Before: PTE or count; cause for `fault`; source frame for `copy`; number for `syscall`. */
  readonly old: number;
  /**
   * Value after: the new PTE or count; the child's pid for `fork`; the new pid for `switch`; the
   * result for `return`; for a page that moved, the pid whose page it is at `va` (0: no process has
   * that memory yet).
   */
  readonly new: number;
  /** Bytes moved, for `copy`, `read-in`, `write-back` and the swap kinds. */
  readonly bytes: number;
  /**
   * How many in a row one event tells, else 1: `count`, so many frames from `pa` on had and have
   * the same count; `pte`, so many entries of one table from `pa` and `va` on, of which each maps
   * the frame behind the one that the entry before it maps.
   */
  readonly run: number;
  /**
   * Why: the verdict of a fault, the reason of a PTE change, the kind of a frame. Of a guest: the
   * function that did it, where it is known.
   */
  readonly why: string;
  /**
   * The arguments of a guest's `syscall`, as text, and in its `return` with what it has filled;
   * undefined where they are not known.
   */
  readonly args: readonly string[] | undefined;
  /** The instruction of a guest's kernel that did it; 0 when none did, and of the built-in kernel. */
  readonly by: bigint;
  /** Of a guest's `pte` and `mark`: the process whose table it is in, 0: the kernel's own. */
  readonly owner: number | undefined;
  /** And the root of that table. */
  readonly root: number | undefined;
}

/** The kinds whose `va` is an address. */
const PAGE_KINDS = ["fault", "pte", "mark", "copy", "sfence", ...MOVE_KINDS] as const;
type PageKind = typeof PAGE_KINDS[number];
const OF_PAGE: ReadonlySet<EventKind> = new Set(PAGE_KINDS);

/** Whether an event is about the page that holds `va`, alone or among others in a row. */
export function isOfPage(e: VmEvent, va: bigint): boolean {
  const after = (va >> 12n) - (e.va >> 12n);
  return OF_PAGE.has(e.kind) && after >= 0n && after < BigInt(e.run);
}

/** An event to wait for: all that is given must fit. */
export interface EventFilter {
  /** Of one of these kinds. */
  readonly kinds?: readonly EventKind[];
  /** On behalf of this process. */
  readonly pid?: number;
  /** About the page that holds this address. */
  readonly va?: bigint;
  /** With this number, or a later one. */
  readonly from?: number;
}

/** Event number `n`, if a filter lets it through and the log holds it. */
export function eventMeant(log: EventLog, n: number, filter: EventFilter): VmEvent | undefined {
  const { kinds, pid, va, from = 0 } = filter;
  if (n < from || (kinds !== undefined && !kinds.includes(log.kindAt(n)))) return undefined;
  const event = log.at(n);
  if (pid !== undefined && event.pid !== pid) return undefined;
  return va === undefined || isOfPage(event, va) ? event : undefined;
}

/** How often each thing happened since boot, and how many bytes were moved. */
export type Counters = Record<EventKind, number> & {
  /** Bytes copied between frames (COW and eager copies). */
  copiedBytes: number;
  /** Faults by cause: 12 instruction, 13 load, 15 store page fault. */
  faults: Record<FaultCause, number>;
};

/** The moment's stamp, supplied by whoever runs the hart. */
export interface Clock {
  /** Instructions retired since boot. */
  readonly instret: number;
}

const KIND_NUMBER = Object.fromEntries(
  EVENT_KINDS.map((kind, i) => [kind, i]),
) as Record<EventKind, number>;

const PTE = KIND_NUMBER.pte, MARK = KIND_NUMBER.mark, COUNT = KIND_NUMBER.count;

/** Columns of a row, and of one that tells hart, instruction, owner and root as well. */
const STRIDE = 9, WIDE = 13;
/** Owners and roots that are unknown. */
const UNKNOWN = -1;
/** Texts that every log has at these places: none, and that of a mark by the hardware. */
const FIRST_WORDS: readonly string[] = ["", "walk"];
const WALK = 1;
/** Rows in a piece of a saved ring. */
const ROWS = 32;
/** Events the ring keeps unless asked otherwise. */
export const DEFAULT_CAPACITY = 65_536;

/** Where a log stood, see {@link EventLog.rewind}. */
export interface EventCursor {
  readonly next: number;
  /** How often another future had begun by then. */
  readonly epoch: number;
  readonly counters: Counters;
}

/** The state of an {@link EventLog} as plain data. */
export interface EventLogState {
  pid: number;
  pc: number;
  next: number;
  rows: Pieces<Float64Array>;
  words: Saved<string[]>;
  exact: Saved<Map<number, bigint>>;
  counters: Counters;
}

/** The stream of one VM: a ring of the newest events and counters of all. */
export class EventLog {
  /** The process on whose behalf things happen now; set by the kernel. */
  pid = 0;
  /** User pc to stamp events with; set by the kernel at each trap. */
  pc = 0;
  /** Of a wide log: the hart, and the kernel's instruction, to stamp events with. */
  hart = 0;
  by = 0;
  /** Of a wide log: whose table the next `pte` or `mark` is in; undefined: unknown. */
  owner: number | undefined;
  root: number | undefined;
  #counts = new Float64Array(EVENT_KINDS.length);
  #copiedBytes = 0;
  /** Page faults by cause. */
  #faults = new Float64Array(16);
  #next = 0;
  #rows: Float64Array;
  #words: string[] = [...FIRST_WORDS];
  #wordIndex = new Map(FIRST_WORDS.map((word, i) => [word, i]));
  #lastText = "";
  #lastWord = 0;
  #otherText = "";
  #otherWord = 0;
  #exact = new Map<number, bigint>();
  #clock: Clock;
  readonly #capacity: number;
  /** One less than the capacity, where that is a power of two: as it nearly always is; else -1. */
  readonly #mask: number;
  readonly #saver = new Saver();
  #restores = 0;
  /** The ring as it was saved last, and the oldest event that was added or settled since. */
  #saved: Pieces<Float64Array>;
  #changed = 0;
  /** Older events are not in the ring, though it had room for them: it was rewound. */
  #low = 0;
  /** The ring holds events up to this one, where the log was rewound to before it. */
  #top = 0;
  /** The numbers from which on there have been other futures. */
  readonly #epochs: number[] = [];
  readonly #stride: number;
  /** Of a guest's calls: their arguments, by the numbers of the events. */
  readonly #args = new Map<number, readonly string[]>();

  /**
   * A log stamped by `clock`, keeping the newest `capacity` events; `wide`: with the harts, the
   * instructions and the tables of a guest's kernel.
   */
  constructor(clock: Clock, capacity: number = DEFAULT_CAPACITY, wide = false) {
    this.#clock = clock;
    this.#capacity = capacity;
    this.#mask = (capacity & (capacity - 1)) === 0 ? capacity - 1 : -1;
    this.#stride = wide ? WIDE : STRIDE;
    this.#rows = new Float64Array(0);
    this.#saved = zeros("Float64Array", capacity * this.#stride, ROWS * this.#stride);
  }

  /** Counters since boot, as they are now: a copy. */
  get counters(): Counters {
    const counts = Object.fromEntries(EVENT_KINDS.map((kind, i) => [kind, this.#counts[i]]));
    const { 12: fetches, 13: loads, 15: stores } = this.#faults;
    const faults = { 12: fetches, 13: loads, 15: stores };
    return { ...counts as Record<EventKind, number>, copiedBytes: this.#copiedBytes, faults };
  }

  /** Frames copied since boot: a copy of a 2 MiB page is one event and 512 frames. */
  get framesCopied(): number {
    return this.#copiedBytes / PAGE_SIZE;
  }

  /** Number of the next event; a mark for {@link since}. */
  get next(): number {
    return this.#next;
  }

  /** How often the log was put back: numbers of events from before then name others now. */
  get restores(): number {
    return this.#restores;
  }

  /** Number of the oldest event still in the ring. */
  get oldest(): number {
    return Math.max(this.#low, this.#next - this.#capacity);
  }

  /** Where the log stands, for {@link EventLog.rewind}. */
  get cursor(): EventCursor {
    return { next: this.#next, epoch: this.#epochs.length, counters: this.counters };
  }

  /**
   * Goes to where a cursor of this log says, back or forward: what comes after it is told again when
   * the machine does it again. What is not in the ring any more, or was told of another future
   * since, is forgotten.
   */
  rewind({ next, epoch, counters }: EventCursor): void {
    this.#restores++;
    const same = Math.min(this.#top, ...this.#epochs.slice(epoch));
    const held = Math.max(this.#low, this.#top - this.#capacity);
    this.#low = same < next ? next : Math.min(held, next);
    this.#top = Math.max(same, next);
    this.#next = next;
    this.#changed = Math.min(this.#changed, next);
    this.#count(counters);
  }

  /** What comes from now on is another future than that which may have been told. */
  fork(): void {
    if (this.#top > this.#next) this.#epochs.push(this.#next);
    this.#top = this.#next;
  }

  /** A page fault, told before what it causes; {@link settled} adds the verdict by its number. */
  fault(cause: FaultCause, va: VaNum | bigint): number {
    this.#faults[cause]++;
    this.#add(KIND_NUMBER.fault, va, 0, cause, 0, 0, 0);
    return this.#next - 1;
  }

  /** What the kernel decided about the fault with that number. */
  settled(n: number, why: string): void {
    if (n < this.oldest) return;
    this.#changed = Math.min(this.#changed, n);
    this.#rows[(n % this.#capacity) * this.#stride + 8] = this.#word(why);
  }

  /** `run` PTEs from `pteAddr` and `va` on changed, the first from `old` to `now` (32 bits). */
  pte(va: VaNum, pteAddr: PaNum, old: number, now: number, why: string, run = 1): void {
    this.#counts[PTE] += run - 1;
    this.#add(PTE, va, pteAddr, old, now, run, this.#word(why));
  }

  /** A PTE at `pteAddr` that maps `va` got or lost A or D, and nothing else. */
  mark(va: VaNum, pteAddr: PaNum, old: number, now: number, why: string): void {
    this.#add(MARK, va, pteAddr, old, now, 1, this.#word(why));
  }

  /** A mark that the walker set for an access; see `Mmu.marked`. */
  walked(va: VaNum, pteAddr: PaNum, old: number, now: number): void {
    this.#add(MARK, va, pteAddr, old, now, 1, WALK);
  }

  /** The stored count of a frame, or of `run` frames from it on, went from `old` to `now`. */
  count(frame: PaNum, old: number, now: number, why: string, run = 1): void {
    this.#counts[COUNT] += run - 1;
    this.#add(COUNT, 0, frame, old, now, run, this.#word(why));
  }

  /** A frame was allocated; `why` is its kind. */
  alloc(frame: PaNum, why: string): void {
    this.#add(KIND_NUMBER.alloc, 0, frame, 0, 1, 0, this.#word(why));
  }

  /** A frame whose stored count was `count` went back to the free list. */
  free(frame: PaNum, count: number, why: string): void {
    this.#add(KIND_NUMBER.free, 0, frame, count, 0, 0, this.#word(why));
  }

  /** The bytes of frame `from` were copied to frame `to`, for `va`. */
  copy(va: VaNum, from: PaNum, to: PaNum, bytes: number, why: string): void {
    this.#copiedBytes += bytes;
    this.#add(KIND_NUMBER.copy, va, to, from, 0, bytes, this.#word(why));
  }

  /** Something that is about no page: `old` and `now` as {@link VmEvent} tells of the kind. */
  note(kind: NoteKind, old: number, now: number, why: string, args?: readonly string[]): void {
    this.#add(KIND_NUMBER[kind], 0, 0, old, now, 0, this.#word(why));
    if (args !== undefined) this.#args.set(this.#next - 1, args);
  }

  /** A TLB entry (or, without `va`, all of them) was dropped by the kernel. */
  sfence(va: VaNum | undefined, why: string): void {
    this.#add(KIND_NUMBER.sfence, va ?? 0, 0, va === undefined ? 1 : 0, 0, 0, this.#word(why));
  }

  /** A page of process `owner` moved; `slot` is the byte of its file or the number of its slot. */
  move(
    kind: typeof MOVE_KINDS[number],
    owner: number,
    va: VaNum,
    frame: PaNum,
    slot: number,
    bytes: number,
    why: string,
  ): void {
    this.#add(KIND_NUMBER[kind], va, frame, slot, owner, bytes, this.#word(why));
  }

  /** The events from number `n` on and before `end` that the ring still holds, oldest first. */
  since(n: number, end: number = this.#next): VmEvent[] {
    const events: VmEvent[] = [];
    for (let i = Math.max(n, this.oldest); i < end; i++) events.push(this.at(i));
    return events;
  }

  /** The kind of event number `n`, which the ring holds: far cheaper than all of it. */
  kindAt(n: number): EventKind {
    return EVENT_KINDS[this.#rows[(n % this.#capacity) * this.#stride] & 0x1f];
  }

  /** Event number `n`. Throws a RangeError when the ring does not hold it. */
  at(n: number): VmEvent {
    if (n < this.oldest || n >= this.#next) {
      throw new RangeError(
        `event ${n} is not in the log: it holds ${this.oldest}..${this.#next - 1}`,
      );
    }
    const r = this.#rows;
    const i = (n % this.#capacity) * this.#stride;
    const kind = r[i] & 0x1f;
    const wide = this.#stride === WIDE;
    const known = (value: number) => !wide || value === UNKNOWN ? undefined : value;
    const runs = kind === PTE || kind === MARK || kind === COUNT;
    return {
      n,
      kind: EVENT_KINDS[kind],
      pid: Math.floor(r[i] / 32),
      hart: wide ? r[i + 9] : 0,
      instret: r[i + 1],
      pc: BigInt(r[i + 2]),
      va: this.#exact.get(n) ?? BigInt(r[i + 3]),
      pa: r[i + 4],
      old: r[i + 5],
      new: r[i + 6],
      bytes: runs ? 0 : r[i + 7],
      run: runs ? r[i + 7] : 1,
      why: this.#words[r[i + 8]],
      args: this.#args.get(n),
      by: wide ? BigInt(r[i + 10]) : 0n,
      owner: known(r[i + 11]),
      root: known(r[i + 12]),
    };
  }

  /** The log as data; it shares with the log saved before what was not written since. */
  save(): EventLogState {
    this.#saved = withPieces(this.#saved, this.#changes());
    this.#changed = this.#next;
    return {
      pid: this.pid,
      pc: this.pc,
      next: this.#next,
      rows: this.#saved,
      words: this.#saver.save(this.#words),
      exact: this.#saver.save(this.#exact),
      counters: this.counters,
    };
  }

  /** The pieces of the ring with rows that were written since the last save. */
  *#changes(): Generator<Change<Float64Array>> {
    const { length, each } = this.#saved;
    const first = Math.max(this.#changed, this.#next - this.#capacity);
    let last = -1;
    for (let n = first; n < this.#next; n++) {
      const piece = Math.floor(n % this.#capacity / ROWS);
      if (piece === last) continue;
      last = piece;
      const from = piece * each, to = Math.min(from + each, length);
      if (to > this.#rows.length) this.#growTo(to / this.#stride);
      yield [piece, pieceOf(this.#rows, from, to)];
    }
  }

  /** Puts back what {@link save} returned. */
  restore(state: EventLogState): void {
    this.#restores++;
    this.pid = state.pid;
    this.pc = state.pc;
    this.#next = state.next;
    this.#changed = state.next;
    this.#saved = state.rows;
    // The unused end of a ring that is not full is not made.
    this.#rows = new Float64Array(0);
    this.#growTo(Math.min(state.next, this.#capacity));
    const { each } = state.rows;
    for (const [n, piece] of piecesSince(state.rows)) {
      const from = n * each, to = Math.min(from + each, this.#rows.length);
      if (from < to) putPiece(this.#rows, from, to, piece);
    }
    this.#words = this.#saver.revive(state.words);
    this.#wordIndex = new Map(this.#words.map((word, i) => [word, i]));
    this.#lastText = this.#otherText = "";
    this.#lastWord = this.#otherWord = 0;
    this.#exact = this.#saver.revive(state.exact);
    this.#count(state.counters);
  }

  #count(counters: Counters): void {
    EVENT_KINDS.forEach((kind, i) => this.#counts[i] = counters[kind]);
    this.#copiedBytes = counters.copiedBytes;
    for (const cause of [12, 13, 15] as const) this.#faults[cause] = counters.faults[cause];
  }

  #add(
    kind: number,
    va: number | bigint,
    pa: number,
    old: number,
    now: number,
    amount: number,
    word: number,
  ): void {
    this.#counts[kind]++;
    const n = this.#next++;
    const slot = this.#mask < 0 ? n % this.#capacity : n & this.#mask;
    const stride = this.#stride;
    if ((slot + 1) * stride > this.#rows.length) this.#growTo(slot + 1, 8);
    if (this.#exact.size > 0) this.#exact.delete(n - this.#capacity);
    if (this.#args.size > 0) {
      this.#args.delete(n - this.#capacity);
      this.#args.delete(n);
    }
    if (typeof va === "bigint") {
      if (va >= 0x20_0000_0000_0000n) this.#exact.set(n, va);
      va = Number(va);
    }
    const r = this.#rows;
    const i = slot * stride;
    r[i] = kind + this.pid * 32;
    r[i + 1] = this.#clock.instret;
    r[i + 2] = this.pc;
    r[i + 3] = va;
    r[i + 4] = pa;
    r[i + 5] = old;
    r[i + 6] = now;
    r[i + 7] = amount;
    r[i + 8] = word;
    if (stride === STRIDE) return;
    // What the log was rewound from, a ring's length ahead, has stood here.
    if (n >= this.#top || n < this.#top - this.#capacity) this.#top = n + 1;
    r[i + 9] = this.hart;
    r[i + 10] = this.by;
    r[i + 11] = kind === PTE || kind === MARK ? this.owner ?? UNKNOWN : UNKNOWN;
    r[i + 12] = kind === PTE || kind === MARK ? this.root ?? UNKNOWN : UNKNOWN;
  }

  /** Each different text is kept once. */
  #word(text: string): number {
    // The same text often comes twice, or by turns with another: the pages of one area, fork's
    // parent and child.
    if (text === this.#lastText) return this.#lastWord;
    if (text === this.#otherText) return this.#otherWord;
    let word = this.#wordIndex.get(text);
    if (word === undefined) {
      word = this.#words.push(text) - 1;
      this.#wordIndex.set(text, word);
    }
    this.#otherText = this.#lastText;
    this.#otherWord = this.#lastWord;
    this.#lastText = text;
    this.#lastWord = word;
    return word;
  }

  /** The ring starts small, so that a short session stays small; one that grows will fill it. */
  #growTo(slots: number, more = 2): void {
    const size = Math.min(this.#capacity, Math.max(1024, more * slots));
    const rows = new Float64Array(size * this.#stride);
    rows.set(this.#rows);
    this.#rows = rows;
  }
}
