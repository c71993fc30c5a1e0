/**
 * What happened to a frame of a guest lately: its history is gone through again, with probes on its
 * count, on the entries that map it now, and on its first word, by which free lists are linked.
 * Each store is told with the instruction that made it and those that called it.
 */

import { PAGE_SIZE, type PaNum } from "../machine/address.ts";
import type { Hart } from "../machine/hart/hart.ts";
import type { StoreSeen } from "../machine/probes.ts";
import type { GuestHistory } from "./history.ts";
import { placeOf } from "./translate.ts";

/** A store that matters to a frame. */
export interface TrailStep {
  /** Instructions retired before it. */
  readonly instret: number;
  readonly hart: number;
  /** On whose behalf; 0: nobody's. */
  readonly pid: number;
  /**
   * To its count, to an entry of a page table that maps it now, to its first word, or, the last
   * one, to any byte of it.
   */
  readonly what: "count" | "pte" | "link" | "content";
  /** Where it was stored: the address of the count, of the entry, of the frame. */
  readonly at: PaNum;
  readonly before: bigint;
  readonly after: bigint;
  /** The instruction, and the return addresses above it, the innermost first. */
  readonly pc: bigint;
  readonly callers: readonly bigint[];
}

/** What is looked at. */
export interface TrailPlaces {
  readonly frame: PaNum;
  /** Where its count stands, and how many bytes; undefined: unknown. */
  readonly count: { readonly at: PaNum; readonly width: number } | undefined;
  /** The entries that map it. */
  readonly ptes: readonly PaNum[];
  /** Whether the kernel's last store into the frame is wanted. */
  readonly content: boolean;
}

/** What the trail asks about the kernel. */
export interface TrailReader {
  /** Whom a hart works for. */
  pid(hart: Hart): number;
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
): TrailStep[] {
  const { now: to, span } = history;
  if (span === undefined) throw new RangeError("nothing is recorded: there is no trail");
  let steps: TrailStep[] = [];
  for (const window of WINDOWS) {
    const from = Math.max(span[0], to - window);
    steps = between(history, reader, places, from, to);
    const wanted = [places.count?.at, ...places.ptes].filter((at) => at !== undefined);
    if (from === span[0] || wanted.every((at) => steps.some((step) => step.at === at))) break;
  }
  return steps.slice(-MOST);
}

function between(
  history: GuestHistory,
  reader: TrailReader,
  { frame, count, ptes, content }: TrailPlaces,
  from: number,
  to: number,
): TrailStep[] {
  const { machine } = history;
  const steps: TrailStep[] = [];
  let last: TrailStep[] = [];
  const seen = (what: TrailStep["what"], at: PaNum, width: number) => (store: StoreSeen) => {
    const { by, before, after, size } = store;
    // Byte by byte a page is filled: that says nothing of what stands there.
    if (by !== "instruction" || before === after || size < width) return;
    const { hart } = machine;
    if (hart.mode === 0) return;
    const step: TrailStep = {
      instret: machine.instret,
      hart: hart.hartid,
      pid: reader.pid(hart),
      what,
      at,
      before,
      after,
      pc: hart.pc,
      callers: callersOf(hart, machine.ram, reader),
    };
    if (what === "content") last = [step];
    else steps.push(step);
  };
  const look = () => {
    const { probes } = machine;
    const removes = ptes.map((at) => probes.stores(at, 8, seen("pte", at, 8)));
    if (count !== undefined) {
      removes.push(probes.stores(count.at, count.width, seen("count", count.at, count.width)));
    }
    if (content) removes.push(probes.stores(frame, PAGE_SIZE, seen("content", frame, 1)));
    else removes.push(probes.stores(frame, 8, seen("link", frame, 8)));
    return () => removes.forEach((remove) => remove());
  };
  history.inThePast(() => {
    history.goto(from);
    const end = look();
    try {
      while (history.now < to) {
        const before = history.now;
        history.scan(to, true);
        if (history.now === before) break;
      }
    } finally {
      end();
    }
  });
  return [...steps, ...last].toSorted((a, b) => a.instret - b.instret);
}

/** The return addresses of a hart in the kernel, by its frame pointers. */
function callersOf(hart: Hart, ram: Parameters<typeof placeOf>[1], reader: TrailReader): bigint[] {
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
