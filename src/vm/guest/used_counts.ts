/**
 * An array that has the place, the type and the use of counts, though it does not say how often
 * pages are mapped: in a kernel that counts wrongly. Functions around the free list use it, it has
 * an element for each frame that can be given away, and it says 1 of pages that are mapped once, as
 * far as their frames have not been freed too early.
 */

import { bare } from "../dwarf/types.ts";
import { PAGE_SIZE } from "../machine/address.ts";
import { elementOf, pathAt } from "./c_place.ts";
import { callees } from "./call_targets.ts";
import { headsIn, type Known } from "./known.ts";
import { allocatorVariables } from "./list_heads.ts";
import { whoNames } from "./references.ts";
import type { ImageSymbols } from "./symbols.ts";
import type { Words } from "./words.ts";

/** Where counts may stand. */
export interface Candidate {
  readonly region: {
    readonly name: string;
    readonly start: number;
    readonly end: number;
    readonly pointer: number | undefined;
  };
  /** Where the count of RAM's first frame stands, or would. */
  readonly origin: number;
  readonly stride: number;
  /** How often it said 1 of a frame that is mapped once. */
  readonly ones: number;
}

/** RAM whose frames are counted. */
interface Counted {
  readonly known: Known;
  readonly words: Words;
  readonly base: number;
  /** Behind its last byte. */
  readonly end: number;
}

/** Functions that nearly all others call, whatever they do. */
const EVERYBODYS =
  /^(?:acquire|release|holding|push_off|pop_off|mycpu|panic|printf|mem\w+|initlock)$/;
/** So many elements more than it needs an array may have: `[N + 8]`; and a number that was guessed. */
const SPARE = 8, GUESSED = 64;
/** Bytes that may stand before the first count in the same variable. */
const HEAD = 128;

/**
 * Of some places in variables the one that is counts, as far as use, type and size tell; undefined:
 * none is, or more than one may be.
 */
export function usedCounts<T extends Candidate>(
  of: Counted,
  candidates: readonly T[],
): T | undefined {
  const near = aroundFreeList(of);
  const isUsed = ({ start, end }: Candidate["region"]) =>
    whoNames(of.known.symbols, start, end).some((name) => near.has(name));
  const regions = new Set(candidates.map(({ region }) => region));
  const used = new Set([...regions].filter((one) => one.pointer === undefined && isUsed(one)));
  const fits = candidates.flatMap((one) => {
    const place = used.has(one.region) ? placeIn(of, one) : undefined;
    return place === undefined ? [] : [{ one, ...place }];
  });
  // What begins with its first count and has just one for each frame is nothing else.
  const whole = fits.filter(({ head, spare }) => head === 0 && spare === 0);
  const close = fits.filter(({ one: { stride }, spare }) => spare <= SPARE * stride);
  const best = [whole, close, fits].find((some) => some.length > 0) ?? [];
  const same = best.every(({ one: { origin, stride } }) =>
    origin === best[0].one.origin && stride === best[0].one.stride
  );
  return same ? best.at(0)?.one : undefined;
}

/** The functions that name a free list or its variables, and those that they call. */
function aroundFreeList({ known, words }: Counted): ReadonlySet<string> {
  const { symbols, given: { free } } = known;
  const heads = headsIn(known, (at) => words.long(at));
  const variables = free === undefined
    ? allocatorVariables(symbols)
    : symbols.objects().filter(({ start, size }) =>
      heads.some(({ at }) => at >= start && at < start + size)
    );
  const places = [
    ...variables.map(({ start, size }) => [start, start + size] as const),
    ...heads.map(({ at }) => [at, at + 8] as const),
  ];
  const own = new Set(places.flatMap(([from, to]) => whoNames(symbols, from, to)));
  const called = [...own].flatMap((name) => [...callees(symbols).get(name) ?? []]);
  return new Set([...own, ...called.filter((name) => !EVERYBODYS.test(name))]);
}

/**
 * How many bytes of a variable stand in front of an array that begins at a frame which means
 * something: RAM's first, 0 (pa / PGSIZE), the first behind the image; and how many behind one that
 * ends with RAM's last. Undefined: it is none such, or declared as something else.
 */
function placeIn(
  { known: { symbols }, base, end }: Counted,
  { region, origin, stride }: Candidate,
): { readonly head: number; readonly spare: number } | undefined {
  const ends = Math.ceil((symbols.end - base) / PAGE_SIZE);
  const spare = region.end - (origin + ((end - base) / PAGE_SIZE) * stride);
  if (spare < 0 || spare > GUESSED * stride) return undefined;
  for (const first of [0, -base / PAGE_SIZE, ends]) {
    const head = origin + first * stride - region.start;
    if (head < 0 || head >= HEAD) continue;
    if (isDeclared(symbols, region.name, head, stride)) return { head, spare };
  }
  return undefined;
}

/** Whether so far into a variable an array of integers begins; where nobody says, it may be one. */
function isDeclared(symbols: ImageSymbols, name: string, head: number, stride: number): boolean {
  if (symbols.debug?.global(name) === undefined) return true;
  const { name: path, type } = pathAt(symbols, name, head);
  const element = elementOf(type);
  if (element === undefined) return false;
  const before = head < stride ? undefined : pathAt(symbols, name, head - stride).name;
  if (before === path) return false;
  // In an array of structs a count is a member, and the next one is a struct further.
  return path.includes("[]") || (bare(type)?.kind === "array" && element.size === stride);
}
