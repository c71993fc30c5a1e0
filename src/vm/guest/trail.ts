/**
 * What happened to a frame of a guest lately: its history is gone through again, with probes on its
 * count, on the entries that map it now, and on its first word, by which free lists are linked; for
 * one that is lost, on what led to it before.
 * Each store is told with the instruction that made it and those that called it.
 */

import type { PlacedCount } from "../inspect/view.ts";
import type { FrameStep, Store } from "../store.ts";
import { pa, PAGE_SIZE, type PaNum } from "../machine/address.ts";
import type { Hart } from "../machine/hart/hart.ts";
import type { Ram } from "../machine/memory.ts";
import type { GuestHistory } from "./history.ts";
import { leadsTo, type LedTo } from "./led_to.ts";
import { storesUntil, type Watched, type Worker } from "./stores.ts";
import { placeOf } from "./translate.ts";

/** What is looked at. */
export interface TrailPlaces {
  readonly frame: PaNum;
  /** Where its count stands, and how many bytes; undefined: unknown. */
  readonly count: Pick<PlacedCount, "pa" | "size"> | undefined;
  /** The entries that map it. */
  readonly ptes: readonly PaNum[];
  /** Whether the kernel's last store into the frame is wanted. */
  readonly content: boolean;
  /** What led to it at an earlier moment, when it is lost since, and where free lists begin. */
  readonly lost?: LedTo & { readonly since: number; readonly heads: readonly PaNum[] };
}

/** What the trail asks about the kernel. */
export interface TrailReader {
  /** Whom a hart works for. */
  readonly pid: Worker;
  /** Whether an address is of the kernel's code. */
  isCode(address: bigint): boolean;
}

/** How far one goes back, in instructions: further only while something has not been found. */
const WINDOWS = [300_000, 3_000_000, 30_000_000];
/** The last steps are kept. */
const MOST = 16;
/** Callers that are told of. */
const CALLERS = 4;

/**
 * The last stores that matter to a frame, the earliest first. The machine is where it was then.
 * Throws a RangeError where nothing is recorded.
 */
export function frameTrail(
  history: GuestHistory,
  reader: TrailReader,
  places: TrailPlaces,
): FrameStep[] {
  const { now: to, span } = history;
  if (span === undefined) throw new RangeError("nothing is recorded: there is no trail");
  let steps: FrameStep[] = [];
  for (const window of WINDOWS) {
    const from = Math.max(span[0], Math.min(to - window, places.lost?.since ?? to));
    steps = between(history, reader, places, from, to);
    const wanted = [...places.count === undefined ? [] : [Number(places.count.pa)], ...places.ptes];
    if (from === span[0] || wanted.every((at) => steps.some((step) => Number(step.at) === at))) {
      break;
    }
  }
  return steps.slice(-MOST);
}

function between(
  history: GuestHistory,
  reader: TrailReader,
  { frame, count, ptes, content, lost }: TrailPlaces,
  from: number,
  to: number,
): FrameStep[] {
  const { ram } = history.machine;
  const steps: FrameStep[] = [];
  let last: FrameStep[] = [];
  const watch = (
    what: FrameStep["what"],
    at: PaNum,
    length: number,
    least = length,
    counts: (before: bigint, after: bigint) => boolean = (before, after) => before !== after,
  ): Watched => ({
    start: at,
    length,
    seen({ instret, hart, pid, pc, user, size, before, after }: Store, by: Hart) {
      // Byte by byte a page is filled: that says nothing of what stands there.
      if (pc === undefined || user || !counts(before, after) || size < least) return;
      const callers = callersOf(by, ram, reader);
      const step = { instret, hart, pid, what, at: pa(at), before, after, pc, callers };
      if (what === "content") last = [step];
      else steps.push(step);
    },
  });
  const watched = ptes.map((at) => watch("pte", at, 8));
  if (count !== undefined) {
    watched.push(watch("count", Number(count.pa) as PaNum, count.size));
  }
  watched.push(content ? watch("content", frame, PAGE_SIZE, 1) : watch("link", frame, 8));
  if (lost !== undefined) {
    const leads = (word: bigint) => word < 2n ** 32n && leadsTo(lost.frames, Number(word));
    const goes = (before: bigint, after: bigint) => leads(before) && !leads(after);
    const taken = (before: bigint) => before === BigInt(frame);
    watched.push(...lost.words.map((at) => watch("pointer", at, 8, 8, goes)));
    watched.push(...lost.heads.map((at) => watch("taken", at, 8, 8, taken)));
  }
  history.inThePast(() => {
    history.goto(from);
    storesUntil(history, to, reader.pid, watched);
  });
  return [...steps, ...last].toSorted((a, b) => a.instret - b.instret);
}

/** The return addresses of a hart in the kernel, by its frame pointers. */
function callersOf(hart: Hart, ram: Ram, reader: TrailReader): bigint[] {
  const list: bigint[] = [];
  const long = (at: bigint) => {
    const pa = placeOf(hart, ram, "va", at);
    return pa === undefined || pa % 8 !== 0 ? undefined : ram.read64(pa);
  };
  let fp = hart.x(8);
  for (let depth = 0; list.length < CALLERS; depth++) {
    const first = long(fp - 8n), second = long(fp - 16n);
    if (first === undefined || second === undefined) break;
    // A function that calls nobody saves no return address: it is in its register still.
    const leaf = !reader.isCode(first);
    const ra = leaf ? hart.x(1) : first;
    if ((leaf && depth > 0) || !reader.isCode(ra)) break;
    list.push(ra);
    const next = leaf ? first : second;
    if (next <= fp) break;
    fp = next;
  }
  return list;
}
