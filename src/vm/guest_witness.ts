/** What there was before something was done by hand on a guest, to tell afterwards what it caused. */

import type { EventLog, VmEvent } from "./events.ts";
import type { GuestEvents } from "./guest/events.ts";
import type { GuestHistory, GuestMoment } from "./guest/history.ts";
import type { GuestView } from "./guest/view.ts";
import { savedTables } from "./inspect/diff.ts";
import type { Resident } from "./inspect/page_owners.ts";
import type { Look } from "./inspect/translation.ts";
import { partOf, type SavedView } from "./inspect/view.ts";
import { KernelError } from "./kernel/manual.ts";
import type { Ram } from "./machine/memory.ts";
import type { MachineState } from "./machine/machine_state.ts";
import { type TableMemory, walk } from "./machine/sv39.ts";
import type { Va } from "./machine/address.ts";

/** A moment that has passed. */
export interface Seen {
  readonly moment: GuestMoment;
  /** The log of events, and the number of the next one. */
  readonly log: EventLog;
  readonly next: number;
  /** Who had page tables. */
  readonly residents: readonly Resident[];
  /** The page tables as they were. */
  readonly tables: TableMemory;
  /** What the kernel kept then. */
  readonly saved: SavedView;
}

type SavedViewOf = (state: { readonly machine: MachineState }) => SavedView;

/** Sees a guest. */
export class Witness {
  readonly view: () => GuestView;
  readonly ram: Ram;
  readonly #history: GuestHistory;
  readonly #listening: () => GuestEvents;
  readonly #savedView: SavedViewOf;

  /** @param savedView What is compared of a saved state. */
  constructor(
    history: GuestHistory,
    view: () => GuestView,
    listening: () => GuestEvents,
    ram: Ram,
    savedView: SavedViewOf,
  ) {
    this.#history = history;
    this.#listening = listening;
    this.view = view;
    this.ram = ram;
    this.#savedView = savedView;
  }

  /**
   * What happened between two moments, as far as the log goes back. Throws a KernelError once the
   * log was forgotten, or the guest put back to before it.
   */
  between(before: Seen, after: Seen): readonly VmEvent[] {
    const { log } = this.#listening();
    if (log !== before.log || log.next < after.next || before.next < log.oldest) {
      throw new KernelError("what happened then is not in the log any more");
    }
    return log.since(before.next, after.next);
  }

  /** Puts the guest back to a moment. */
  putBack({ moment }: Seen): void {
    this.#history.comeBack(moment);
  }

  /** Now; from now on somebody listens to what happens. */
  now(): Seen {
    const listening = this.#listening();
    listening.listen();
    const { log } = listening, { next } = log;
    const moment = this.#history.moment();
    const state = { machine: moment.state };
    const residents = this.view().roots().filter(({ pid }) => pid !== 0)
      .map(({ pid, name, root }) => ({ pid, name, root }));
    let saved: SavedView | undefined;
    const savedView = () => this.#savedView(state);
    return {
      moment,
      log,
      next,
      residents,
      tables: savedTables(moment.state.ram),
      get saved() {
        return saved ??= savedView();
      },
    };
  }
}

/** Looks at an address of a process as it is now. */
export function entriesNow(view: GuestView, ram: Ram, pid: number, address: Va): Look {
  const root = view.rootOf(pid);
  if (root === undefined) throw new KernelError(`pid ${pid} has no page table now`);
  const { name } = root;
  const kind = address < 1n << 38n ? partOf(root, Number(address - address % 4096n)) : "none";
  return { pid, name, va: address, kind, root: root.root, walk: walk(ram, root.root, address) };
}
