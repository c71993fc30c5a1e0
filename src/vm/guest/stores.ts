/** Who stored to bytes of a guest: found by running what is recorded again, with probes on them. */

import type { Store } from "../store.ts";
import type { PaNum } from "../machine/address.ts";
import type { Hart } from "../machine/hart/hart.ts";
import type { GuestHistory } from "./history.ts";

/** Most of them that are kept of one stretch of the record, however many there are. */
const MOST = 1000;

/** Some bytes, and who is told of each store that touches them. */
export interface Watched {
  readonly start: PaNum;
  /** Bytes. */
  readonly length: number;
  /** The hart is the one that stored, with the registers that it had then. */
  seen(store: Store, hart: Hart): void;
}

/** Whom a hart works for; 0: nobody, or unknown. */
export type Worker = (hart: Hart) => number;

/**
 * Runs what is recorded again, from the moment at which the machine stands to another one, and
 * tells of the stores to some bytes. For who looks into the past.
 */
export function storesUntil(
  history: GuestHistory,
  to: number,
  pid: Worker,
  watched: readonly Watched[],
): void {
  const { machine } = history;
  const removes = watched.map(({ start, length, seen }) =>
    machine.probes.stores(start, length, ({ pa, size, before, after, by }) => {
      const { hart, instret } = machine;
      const pc = by === "instruction" ? hart.pc : undefined;
      const user = hart.mode === 0 && pc !== undefined;
      const store = { instret, hart: hart.hartid, pid: pid(hart), pc, user, by, pa, size };
      seen({ ...store, before, after }, hart);
    })
  );
  try {
    while (history.now < to) {
      const before = history.now;
      history.scan(to, true);
      if (history.now === before) break;
    }
  } finally {
    for (const remove of removes) remove();
  }
}

/**
 * The last stores that touched some bytes, latest last, at most `most`; and the moment up to which
 * the past was looked through.
 */
export function lastStores(
  history: GuestHistory,
  start: PaNum,
  length: number,
  most: number,
  pid: Worker,
): { readonly stores: Store[]; readonly since: number } {
  const wanted = Math.min(most, MOST);
  return history.inThePast(() => {
    const here = history.now;
    const [first] = history.span!;
    let found: Store[] = [];
    let since = here;
    for (let to = here; to > first && found.length < wanted; to = since) {
      since = history.gotoStateBefore(to);
      const stretch: Store[] = [];
      const seen = (store: Store) => {
        stretch.push(store);
        if (stretch.length > 2 * wanted) stretch.splice(0, wanted);
      };
      storesUntil(history, to, pid, [{ start, length, seen }]);
      found = [...stretch, ...found].slice(-wanted);
    }
    return { stores: found, since };
  });
}
