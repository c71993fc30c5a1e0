/**
 * Frames that do not fit while somebody is inside the kernel, and may be in the middle of changing
 * just them. Such a frame is watched: its count, the entries that map it, its first word. When all
 * who were inside at that time have come out, and nothing of it was touched meanwhile, it is not in
 * the middle of anything: who came in later has not touched it either.
 */

import type { PaNum } from "../machine/address.ts";
import type { Machine } from "../machine/machine.ts";
import { PTE_A, PTE_D } from "../machine/sv39.ts";
import type { Remove, StoreSeen } from "../machine/probes.ts";
import type { TrailPlaces } from "./trail.ts";

/** What of a frame is watched. */
export type WatchedPlaces = Omit<TrailPlaces, "content">;

interface Watched {
  /** What was seen of it. */
  readonly seen: string;
  /** Those who were inside then, and have not come out yet. */
  readonly inside: Set<number>;
  readonly removes: readonly Remove[];
}

/** So many frames are watched at a time: one that is wrong is enough. */
const MOST = 16;
const MARKS = BigInt(PTE_A | PTE_D);
/** U-mode. */
const USER = 0;

/** The frames of one kernel that wait to be judged. */
export class Pending {
  readonly #machine: Machine;
  readonly #places: (i: number) => WatchedPlaces;
  readonly #watched = new Map<number, Watched>();
  /** What was seen at the look before: most of it is gone by then. */
  #before: ReadonlyMap<number, string> = new Map();

  /** None yet; `places`: what of a frame, by its number, is to be watched. */
  constructor(machine: Machine, places: (i: number) => WatchedPlaces) {
    this.#machine = machine;
    this.#places = places;
  }

  /**
   * A look while some are inside, by their records. `odd`: the frames that do not fit, by number,
   * with all that is seen of each. Returns those that are so, and in the middle of nothing.
   */
  look(odd: ReadonlyMap<number, string>, busy: ReadonlySet<number>): number[] {
    for (const [i, { seen, inside }] of this.#watched) {
      if (odd.get(i) !== seen) this.#drop(i);
      else for (const at of inside) if (!busy.has(at)) inside.delete(at);
    }
    const sure = [...this.#watched].flatMap(([i, { inside }]) => inside.size === 0 ? [i] : []);
    for (const [i, seen] of odd) {
      if (this.#watched.size >= MOST) break;
      if (this.#watched.has(i) || this.#before.get(i) !== seen) continue;
      this.#watched.set(i, { seen, inside: new Set(busy), removes: this.#watch(i) });
    }
    this.#before = odd;
    return sure;
  }

  /** Whether any frame is watched. */
  get any(): boolean {
    return this.#watched.size > 0;
  }

  /** The process of a record has come out. */
  left(at: number): void {
    for (const { inside } of this.#watched.values()) inside.delete(at);
  }

  /** Nothing is watched any more. */
  clear(): void {
    for (const i of this.#watched.keys()) this.#drop(i);
    this.#before = new Map();
  }

  #drop(i: number): void {
    for (const remove of this.#watched.get(i)?.removes ?? []) remove();
    this.#watched.delete(i);
  }

  #watch(i: number): Remove[] {
    const { probes } = this.#machine;
    const { frame, count, ptes } = this.#places(i);
    const touched = ({ before, after }: StoreSeen) => {
      if (before !== after) this.#drop(i);
    };
    const entry = ({ before, after }: StoreSeen) => {
      if ((before & ~MARKS) !== (after & ~MARKS)) this.#drop(i);
    };
    // The program's own stores to its page say nothing.
    const link = (store: StoreSeen) => {
      if (store.by !== "instruction" || this.#machine.hart.mode !== USER) touched(store);
    };
    const removes = ptes.map((at) => probes.stores(at, 8, entry));
    if (count !== undefined) {
      removes.push(probes.stores(Number(count.pa) as PaNum, count.size, touched));
    }
    removes.push(probes.stores(frame, 8, link));
    return removes;
  }
}
