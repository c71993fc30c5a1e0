/**
 * What happens in a guest, as events: what hardware shows, and what functions show that every xv6
 * has. Nothing in the guest is patched. Nobody listens until somebody asks; what was before that is
 * listened to by running it again.
 *
 * Listening goes along with a guest through its time ({@link Follower}): it is put back with each
 * state, so that a stretch of time tells the same events with the same numbers, as often as it is
 * run, and one that was gone back from is forgotten.
 */

import {
  type EventCursor,
  type EventFilter,
  EventLog,
  eventMeant,
  type VmEvent,
} from "../events.ts";
import type { ForkStatistics } from "../fork_statistics.ts";
import type { Hart } from "../machine/hart/hart.ts";
import type { Machine } from "../machine/machine.ts";
import type { Asked } from "../machine/probes.ts";
import type { CountRange } from "./count_stores.ts";
import { type CallTexts, EventSources, type SourcesState } from "./event_sources.ts";
import type { Follower } from "./follower.ts";
import type { GuestHistory } from "./history.ts";
import { Interrupted } from "./interrupted.ts";
import type { Known } from "./known.ts";

/** Events that are kept: the newest ones. */
export const GUEST_EVENTS = 2 ** 18;
/** Instructions that are run again for who asks what has happened, where nobody listened. */
export const LOOK_BACK = 20_000_000;

/** Where listening stands at a moment, as plain data. */
interface ListeningState {
  /** Which record it is of. */
  readonly log: EventLog;
  readonly cursor: EventCursor;
  readonly sources: SourcesState;
  readonly asked: Asked;
}

/** Which event was the next one in a saved state of {@link GuestEvents}, and in which log. */
export function toldIn(followed: object): { next: number; log: object } {
  const { cursor, log } = followed as ListeningState;
  return { next: cursor.next, log };
}

/** The events of a guest. */
export class GuestEvents implements Follower {
  readonly #machine: Machine;
  readonly #history: GuestHistory;
  readonly #sources: EventSources;
  readonly #counts: () => CountRange | undefined;
  #log: EventLog;
  /** Since which moment somebody listens; undefined: nobody does. */
  #since: number | undefined;
  #waits: EventFilter | undefined;
  #found: VmEvent | undefined;
  /** The events before this one are none of those that are waited for. */
  #looked = 0;

  /** Nobody listens yet to a kernel. `counts`: where it keeps its counts, if that is known now. */
  constructor(
    history: GuestHistory,
    known: () => Known,
    counts: () => CountRange | undefined,
    texts: CallTexts,
  ) {
    const { machine } = history;
    this.#machine = machine;
    this.#history = history;
    this.#counts = counts;
    this.#log = new EventLog(machine, GUEST_EVENTS, true);
    this.#sources = new EventSources(machine, known, this.#log, () => this.#told(), texts);
    history.follower = this;
  }

  /** The moment since which events are recorded; undefined: they are not. */
  get since(): number | undefined {
    return this.#since;
  }

  /** What was told since then. Empty while nobody listens. */
  get log(): EventLog {
    return this.#log;
  }

  /** What forks did since then. */
  get forks(): ForkStatistics {
    return this.#sources.trips.forks;
  }

  /** Frames that are page tables, as far as somebody listens. */
  get tables(): number {
    return this.#sources.tables;
  }

  /** The kinds of events that this kernel does not show, and why; a phrase each. */
  unseen(): string[] {
    return this.#sources.unseen();
  }

  /** Where the guest keeps its counts: from now on each change is an event. */
  setCounts(range: CountRange | undefined): void {
    this.#sources.countsIn(range);
  }

  /** Listens from now on, if nobody does. */
  listen(): void {
    if (this.#since !== undefined) return;
    this.#sources.countsIn(this.#counts());
    this.#beginHere();
  }

  /**
   * Has all been told from `from` on: what nobody listened to is run again, from the last state that
   * is kept before it. Where nothing is recorded, listening begins now.
   */
  listenSince(from: number): void {
    const { now, span } = this.#history;
    if (this.#since !== undefined && this.#since <= Math.max(from, span?.[0] ?? now)) return;
    if (span === undefined || span[0] >= now) return this.listen();
    this.#sources.countsIn(this.#counts());
    this.wholly(() => this.#history.again(Math.max(from, span[0]), () => this.#beginHere()));
  }

  /** Does something; if it is interrupted, what was told till now is as it was before. */
  wholly<T>(body: () => T): T {
    const since = this.#since, log = this.#log, state = this.save();
    try {
      return body();
    } catch (error) {
      if (error instanceof Interrupted) {
        this.#sources.disconnect();
        this.#since = since;
        this.#log = log;
        if (state !== undefined) this.restore(state, true);
      }
      throw error;
    }
  }

  /** As {@link GuestEvents.listenSince} for who asks what has happened lately. */
  lookBack(): void {
    // Going far back and coming again has overwritten what was told last.
    if (this.#log.next > 0 && this.#log.oldest >= this.#log.next) this.stop();
    if (this.#since === undefined || this.#since > this.#history.now) {
      this.listenSince(this.#history.now - LOOK_BACK);
    }
  }

  /** Tells all again that was told, by what is known of the kernel now. */
  anew(): void {
    const since = this.#since;
    if (since === undefined) return;
    this.stop();
    if (since <= this.#history.now) this.listenSince(since);
  }

  /** Nobody listens any more; what was told is forgotten. */
  stop(): void {
    this.#sources.disconnect();
    this.#since = undefined;
    this.#log = new EventLog(this.#machine, GUEST_EVENTS, true);
  }

  #beginHere(): void {
    this.#sources.disconnect();
    this.#since = this.#machine.instret;
    this.#log = new EventLog(this.#machine, GUEST_EVENTS, true);
    this.#sources.connect(this.#log);
  }

  /**
   * Does something during which the first event that a filter means ends each run, right behind it.
   * The event, if one was met.
   */
  waitingFor(filter: EventFilter, body: () => void): VmEvent | undefined {
    this.#waits = filter;
    this.#found = undefined;
    this.#looked = this.#log.next;
    try {
      body();
      return this.#found;
    } finally {
      this.#waits = undefined;
      // The next run is not ended by it, too.
      this.#found = undefined;
    }
  }

  /** The event that has ended a run, during {@link GuestEvents.waitingFor}. */
  get found(): VmEvent | undefined {
    return this.#found;
  }

  #told(): void {
    const filter = this.#waits;
    if (filter === undefined) return;
    while (this.#looked < this.#log.next && this.#found === undefined) {
      this.#found = eventMeant(this.#log, this.#looked++, filter);
      if (this.#found !== undefined) this.#machine.probes.halt();
    }
  }

  /** @inheritdoc */
  get due(): number {
    return this.#since !== undefined && !this.#sources.connected ? this.#since : Infinity;
  }

  /** @inheritdoc */
  begin(): void {
    if (this.#since !== undefined) this.#beginHere();
  }

  /** @inheritdoc */
  forked(): void {
    this.#log.fork();
  }

  /** @inheritdoc */
  failed(hart: Hart): void {
    if (this.#sources.connected) this.#sources.failed(hart);
  }

  /** @inheritdoc */
  rest(): void {
    this.#sources.disconnect();
  }

  /** @inheritdoc */
  save(): ListeningState | undefined {
    if (!this.#sources.connected) return undefined;
    const { cursor } = this.#log;
    const { asked } = this.#machine.probes;
    return { log: this.#log, cursor, sources: this.#sources.save(), asked };
  }

  /** @inheritdoc */
  restore(state: object | undefined, sameTime: boolean): void {
    if (this.#since === undefined) return;
    const known = state as ListeningState | undefined;
    if (known?.log === this.#log) {
      if (!this.#sources.connected) this.#sources.connect(this.#log);
      this.#log.rewind(known.cursor);
      this.#sources.restore(known.sources);
      this.#machine.probes.asked = known.asked;
      if (!sameTime) this.#log.fork();
      return;
    }
    const { instret } = this.#machine;
    if (!sameTime) return this.#beginHere();
    // Before listening began: it begins again there.
    if (instret < this.#since) return this.#sources.disconnect();
    const { next, oldest } = this.#log;
    const later = next > oldest && this.#log.at(next - 1).instret >= instret;
    if (later) this.#beginHere();
    else this.#sources.findTables();
  }
}
