/** Who stored to some bytes of a guest last: found by running what is recorded again, backwards. */

import type { GuestHistory } from "./guest/history.ts";
import type { PaNum } from "./machine/address.ts";
import type { StoredBy } from "./machine/memory.ts";

/** A store to some bytes that somebody asked about. */
export interface Store {
  /** Instructions retired before it. */
  readonly instret: number;
  /** The hart; it was that hart's turn, when a device stored. */
  readonly hart: number;
  /** The process that the hart worked for; 0: none, or unknown. */
  readonly pid: number;
  /** The instruction; undefined: none stored, but {@link Store.by}. */
  readonly pc: bigint | undefined;
  /** Whether it was an instruction of user mode. */
  readonly user: boolean;
  /** `walk`: a page table walk that set A or D; `outside`: a device. */
  readonly by: StoredBy;
  /** First byte stored, a physical address. */
  readonly pa: number;
  /** Bytes. */
  readonly size: number;
  /** The bytes as an unsigned number before. */
  readonly before: bigint;
  /** And after it. */
  readonly after: bigint;
}

/** Most of them that are kept of one stretch of the record, however many there are. */
const MOST = 1000;

/**
 * The last stores that touched some bytes, latest last, at most `most`; and the moment up to which
 * the past was looked through. `pid`: for whom the present hart works.
 */
export function lastStores(
  history: GuestHistory,
  start: PaNum,
  length: number,
  most: number,
  pid: () => number,
): { readonly stores: Store[]; readonly since: number } {
  const { machine } = history;
  const wanted = Math.min(most, MOST);
  return history.inThePast(() => {
    const here = history.now;
    const [first] = history.span!;
    let found: Store[] = [];
    let since = here;
    for (let to = here; to > first && found.length < wanted; to = since) {
      since = history.gotoStateBefore(to);
      const stretch: Store[] = [];
      const remove = machine.probes.stores(start, length, ({ pa, size, before, after, by }) => {
        const { hart, instret } = machine;
        const pc = by === "instruction" ? hart.pc : undefined;
        const user = hart.mode === 0 && pc !== undefined;
        const store = { instret, hart: hart.hartid, pid: pid(), pc, user, by, pa, size };
        stretch.push({ ...store, before, after });
        if (stretch.length > 2 * wanted) stretch.splice(0, wanted);
      });
      try {
        while (history.now < to) {
          const before = history.now;
          history.scan(to, true);
          if (history.now === before) break;
        }
      } finally {
        remove();
      }
      found = [...stretch, ...found].slice(-wanted);
    }
    return { stores: found, since };
  });
}
