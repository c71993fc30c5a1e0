/**
 * What can only be learned of a guest's kernel by watching it at work: where it counts who uses a
 * frame, and by which bit it knows a page that is to be copied. The machine runs ahead for that,
 * and is made what it was. What was learned is true of the kernel's file, so it is learned once.
 */

import type { Sure } from "../inspect/view.ts";
import { hex, PAGE_SIZE, type PaNum } from "../machine/address.ts";
import { counted } from "../machine/counted.ts";
import { CountSearch, type FoundCounts } from "./count_search.ts";
import { type CowSeen, CowWatch } from "./cow_bit.ts";
import type { GuestHistory } from "./history.ts";
import type { Known } from "./known.ts";
import type { Layout } from "./proc_table.ts";
import { reservedFrames } from "./lost.ts";
import { lookAhead } from "./look_ahead.ts";
import { whoNames } from "./references.ts";

/** Something about a kernel, and why it is believed. `null`: there is none. */
export interface Learned<T> {
  readonly value: T | null | undefined;
  readonly evidence: string;
  readonly sure: Sure;
}

/** Counts: the array, and the bytes that it may stand in, from its pointer if it has one. */
export type CountPlace = Pick<FoundCounts, "array" | "bytes">;

/** Where things were found to stand at the prompt; they do not move. */
export interface Stands {
  readonly layout: Layout | undefined;
  /** The variables that name free lists. */
  readonly lists: readonly PaNum[];
  /** Frames that nothing led to then, in runs too long to be lost. */
  readonly reserved: ReadonlySet<number>;
}

/** All that is learned by watching. */
export interface Watched {
  readonly counts: Learned<CountPlace>;
  /** Bits of a PTE. */
  readonly cow: Learned<number>;
}

const NOT_YET: Learned<never> = {
  value: undefined,
  evidence: "it is learned when the kernel waits at its prompt, or forks",
  sure: "unknown",
};

/** Most looks, and instructions: a fork is some 100,000 of them. */
const LOOKS = 200;
const BUDGET = 50_000_000;
/** Where nothing is typed, one looks less far, and not again before so many instructions. */
const PASSIVE = 10_000_000;
/** So many frames with two mappings or more, in two numbers of them at least, are enough. */
const ENOUGH = 150;
/** And with fewer nothing is concluded. */
const FEW = 20;
/** So many new processes without one are enough to say that a fork copies. */
const FORKS = 4;

/** What the learner asks of whoever knows the guest. */
export interface Teacher {
  /** Where traps into the kernel begin. */
  entries(): readonly bigint[];
  /** A line that makes the kernel fork, where somebody waits for one; undefined: nobody does. */
  line(): string | undefined;
}

/** Learns, once, as long as nobody says anything about what that rests on. */
export class Learner {
  readonly #history: GuestHistory;
  readonly #known: () => Known;
  readonly #teacher: Teacher;
  #watched: Watched = { counts: NOT_YET, cow: NOT_YET };
  /** When it was tried last without a prompt, in instructions. */
  #tried = -Infinity;
  #done = false;
  #stands: Stands | undefined;
  /** The moment at which it was asked last. */
  #asked: number | undefined;

  /** A learner of the kernel of a machine. */
  constructor(history: GuestHistory, known: () => Known, teacher: Teacher) {
    this.#history = history;
    this.#known = known;
    this.#teacher = teacher;
  }

  /** Forgets what was learned: what it was concluded from is another thing now. */
  anew(): void {
    this.#watched = { counts: NOT_YET, cow: NOT_YET };
    this.#stands = this.#asked = undefined;
    this.#tried = -Infinity;
    this.#done = false;
  }

  /** Frames in reserve, as far as that is known without looking. */
  get reserved(): ReadonlySet<number> | undefined {
    return this.#stands?.reserved;
  }

  /** Where things stand, as the first look at a prompt found; undefined: there was none. */
  get stands(): Stands | undefined {
    this.#learn();
    return this.#stands;
  }

  /** What is known, after having looked if that may tell more. */
  get watched(): Watched {
    this.#learn();
    const { counts = this.#watched.counts, cow = this.#watched.cow } = this.#known().given;
    return { counts, cow };
  }

  #learn(): void {
    const known = this.#known();
    const { counts, cow } = known.given;
    if (this.#done || (counts !== undefined && cow !== undefined)) return;
    const { revision } = this.#history;
    if (revision === this.#asked) return;
    this.#asked = revision;
    const line = this.#teacher.line();
    const { now } = this.#history;
    if (line === undefined && Math.abs(now - this.#tried) < PASSIVE) return;
    this.#tried = now;
    const { machine } = this.#history;
    const { ram } = machine;
    const search = new CountSearch(known, ram.base, ram.size / PAGE_SIZE);
    const cows = new CowWatch();
    const pids = new Set<number>();
    let first = 0, looks = 0;
    const ahead = {
      entries: this.#teacher.entries().slice(0, 1),
      line,
      looks: LOOKS,
      budget: line === undefined ? PASSIVE : BUDGET,
    };
    if (ahead.entries.length === 0) return;
    lookAhead(this.#history, known, ahead, (look) => {
      for (const { pid } of look.facts.slots) pids.add(pid);
      if (looks++ === 0) {
        first = pids.size;
        const { layout, freeLists = [] } = look.facts;
        if (line !== undefined) {
          const reserved = reservedFrames(look.facts.lost ?? []);
          this.#stands = { layout, lists: freeLists.map(({ head }) => head), reserved };
        }
      }
      look.each((va, pte) => cows.see(va, pte));
      cows.next();
      search.look(look);
      const { best } = search;
      if (search.total > ENOUGH) return best !== undefined && best.kinds > 1;
      return search.total === 0 && pids.size - first >= FORKS && looks > 60;
    });
    const forks = pids.size - first;
    const seen = { looks, forks, typed: line?.trim() };
    const found = countsSeen(search, seen, known);
    this.#done = found.sure === "sure" || line !== undefined;
    if (found.value !== undefined || line !== undefined) {
      this.#watched = { counts: found, cow: cowSeen(cows, forks) };
    }
  }
}

interface Seen {
  readonly looks: number;
  readonly forks: number;
}

function countsSeen(
  search: CountSearch,
  { looks, forks }: Seen,
  known: Known,
): Learned<CountPlace> {
  const { total, best } = search;
  const moments = `at ${counted(looks, "return")} to user mode`;
  if (total === 0) {
    if (forks === 0) return NOT_YET;
    const evidence = `${counted(forks, "fork")} seen, and no page was mapped twice ${moments}: ` +
      "a fork copies";
    return { value: null, evidence, sure: forks >= FORKS ? "sure" : "likely" };
  }
  const pages = counted(total, "page");
  if (total < FEW || best === undefined || best.hits * 2 < total) {
    const { used } = search;
    if (used !== undefined) {
      const who = usedIn(known, used);
      const { array, bytes, ones, once, hits } = used;
      const only = total < FEW ? "it agrees with" : "but it agrees with only";
      const ofPages = `${ones} of ${counted(once, "page")} mapped once`;
      const evidence =
        `used in ${who}; one for each frame, and 1 for ${ofPages}; ${only} ${hits} ` +
        `of ${pages} mapped more than once, ${moments}`;
      return { value: { array, bytes }, evidence, sure: "likely" };
    }
    const why = total < FEW ? ": too few" : ", and no array says how often";
    const evidence = `${pages} mapped more than once, ${moments}${why}`;
    return { value: undefined, evidence, sure: "unknown" };
  }
  const { array, bytes, hits, kinds, freeAlike } = best;
  const who = usedIn(known, best);
  const evidence = `agrees with ${hits} of ${pages} mapped more than once, ${moments}` +
    (who === "" ? "" : `; used in ${who}`);
  const all = hits === total && (kinds > 1 || freeAlike < 0.05);
  return { value: { array, bytes }, evidence, sure: all ? "sure" : "likely" };
}

/** The functions that use an array, or the pointer to it. */
function usedIn({ symbols }: Known, { array: { pointer }, bytes }: CountPlace): string {
  const [from, to] = pointer === undefined ? bytes : [pointer, pointer + 8];
  return whoNames(symbols, from, to).join(", ");
}

function cowSeen({ cleared, masks }: CowSeen, forks: number): Learned<number> {
  if (cleared === 0) {
    if (forks === 0) return NOT_YET;
    const evidence = `${counted(forks, "fork")} seen, and no entry lost its right to be written`;
    return { value: null, evidence, sure: "sure" };
  }
  const [[mask, most]] = [...masks].sort(([, a], [, b]) => b - a);
  const what = `set ${most} times in ${counted(cleared, "entry", "entries")} that lost W`;
  if (mask === 0) {
    return {
      value: null,
      evidence: `no bit was set in ${cleared} entries that lost W`,
      sure: "sure",
    };
  }
  return {
    value: mask,
    evidence: `bit ${hex(mask)}: ${what}`,
    sure: most === cleared ? "sure" : "likely",
  };
}

/** How C indexes an array of counts. */
interface Indexed {
  /** Bytes of its variable that stand in front of it. */
  readonly head: number;
  /** In words. */
  readonly index: string;
  /** The address whose count element 0 is, or would be. */
  readonly first: number;
}

/** An array that is indexed in one of the usual ways; undefined: it is not. */
export function headOf(
  { array, bytes }: CountPlace,
  base: number,
  end: number,
): Indexed | undefined {
  const { origin, stride, pointer } = array;
  const from = pointer === undefined ? bytes[0] : 0;
  const ends = Math.ceil((end - base) / PAGE_SIZE);
  const first: readonly [number, string][] = [
    [0, `(pa - ${hex(base)}) / 4096`],
    [-base / PAGE_SIZE, "pa / 4096"],
    [ends, "(pa - end) / 4096"],
  ];
  for (const [i, index] of first) {
    const head = origin + i * stride - from;
    if (head >= 0 && head < 128) return { head, index, first: base + i * PAGE_SIZE };
  }
  return undefined;
}

/** The address whose count element 0 of an array is, as C indexes it. */
export function firstIndexed(place: CountPlace, base: number, end: number): number {
  const { array: { origin, stride, pointer }, bytes } = place;
  const from = pointer === undefined ? bytes[0] : 0;
  return headOf(place, base, end)?.first ??
    base + Math.ceil((from - origin) / stride) * PAGE_SIZE;
}

/** How an array is indexed, in words, for RAM from `base` on and a kernel that ends at `end`. */
export function indexText(place: CountPlace, base: number, end: number): string {
  return headOf(place, base, end)?.index ??
    `(pa - ${hex(firstIndexed(place, base, end))}) / 4096`;
}
