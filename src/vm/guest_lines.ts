/**
 * What was done to a guest, to be undone and done again: lines of the shell, calls of a script, and
 * what happened at its console between them. Each begins and ends at a moment that is kept.
 */

import { whole } from "./checks.ts";
import { type HistoryEntry, tooFar } from "./history.ts";
import type { GuestMoment } from "./guest/history.ts";
import { copyBreakpoints } from "./kernel/breakpoints.ts";
import type { Breakpoints } from "./kernel/kernel.ts";
import { KeptStates, MOST_BYTES } from "./state_size.ts";

/** Actions that can be undone. */
const MOST_ENTRIES = 10_000;

/** A moment, with what stands beside the guest's state. */
export interface Place {
  readonly moment: GuestMoment;
  readonly breakpoints: Breakpoints;
  /** The revision of the computer, when it was reached. */
  readonly revision: number;
}

interface Entry {
  readonly label: string;
  readonly from: Place;
  readonly to: Place;
  readonly current: HistoryEntry["current"];
}

/** What is under way. */
interface Group {
  readonly label: () => string;
  /** The process that the shell acted on when it began. */
  readonly pid: number | undefined;
}

/** The guest that lines are about. */
export interface Subject {
  /** Another number after each change. */
  readonly revision: number;
  readonly breakpoints: Breakpoints;
  /** The present moment, to come back to. */
  moment(): GuestMoment;
  /** Comes back to one, with the breakpoints of then. */
  comeBack(place: Place): void;
}

/** The lines of one guest, from when somebody asked for them. */
export class GuestLines {
  readonly #subject: Subject;
  #entries: Entry[] = [];
  /** How many of them are done; those behind were undone. */
  #done = 0;
  /** Where the last one led, and the revision since when nothing has been done. */
  #here: Place;
  #revision: number;
  #group: Group | undefined;
  readonly #kept = new KeptStates();
  #pinned: readonly object[] = [];

  /** None yet. */
  constructor(subject: Subject) {
    this.#subject = subject;
    this.#here = this.#place();
    this.#revision = subject.revision;
    this.#kept.add(this.#here.moment.state);
  }

  #place(): Place {
    const { breakpoints, revision } = this.#subject;
    const moment = this.#subject.moment();
    return { moment, breakpoints: copyBreakpoints(breakpoints), revision };
  }

  /** The actions that are kept, oldest first. */
  entries(): HistoryEntry[] {
    return this.#entries.map((entry, i) => shown(entry, i >= this.#done));
  }

  /** A line of the shell begins; what it returns ends it. */
  begin(line: string, pid: number): (pid: number) => void {
    const outer = this.#group;
    if (outer === undefined) this.#outside();
    else this.#add(outer.label(), outer.pid, pid);
    this.#group = { label: () => line, pid };
    return (after) => {
      this.#add(line, pid, after);
      this.#group = outer && { ...outer, pid: after };
    };
  }

  /** Something that a script does, in one piece. */
  group<T>(label: () => string, body: () => T): T {
    if (this.#group !== undefined) return body();
    this.#outside();
    this.#group = { label, pid: undefined };
    try {
      return body();
    } finally {
      this.#add(label(), undefined, undefined);
      this.#group = undefined;
    }
  }

  /** What was done since the last line, by whomever. */
  #outside(): void {
    this.#add("at the guest's console", undefined, undefined);
  }

  /** An action is over, if it was one. */
  #add(label: string, before: number | undefined, after: number | undefined): void {
    if (this.#subject.revision === this.#revision) return;
    const from = this.#here, to = this.#here = this.#place();
    this.#revision = this.#subject.revision;
    const current = before === undefined || after === undefined ? undefined : { before, after };
    const overwrites = this.#done < this.#entries.length;
    this.#entries.length = this.#done;
    this.#done = this.#entries.push({ label, from, to, current });
    if (overwrites) this.#weigh();
    else this.#kept.add(to.moment.state);
    this.#makeRoom();
  }

  /** Undoes `n` actions, the last one first, or does again what was undone; returns them. */
  step(what: "undo" | "redo", n: number): HistoryEntry[] {
    whole(what, n, 1);
    const undo = what === "undo";
    if (this.#group === undefined) this.#outside();
    const [done, ahead] = [this.#entries.slice(0, this.#done), this.#entries.slice(this.#done)];
    const list = undo ? done.reverse() : ahead;
    if (n > list.length) throw new RangeError(tooFar(what, n, list.length));
    const there = undo ? list[n - 1].from : list[n - 1].to;
    this.#subject.comeBack(there);
    this.#here = there;
    this.#revision = this.#subject.revision;
    this.#done += undo ? -n : n;
    return list.slice(0, n).map((entry) => shown(entry, undo));
  }

  /** These states are kept by somebody else, in the same room. */
  pin(states: readonly object[]): void {
    this.#pinned = states;
    this.#weigh();
    this.#makeRoom();
  }

  #weigh(): void {
    const own = this.#entries.flatMap(({ from, to }) => [from.moment.state, to.moment.state]);
    this.#kept.reset([...this.#pinned, this.#here.moment.state, ...own]);
  }

  /** Forgets the oldest quarter of the actions while they, or their states, are too many. */
  #makeRoom(): void {
    const full = () => this.#entries.length > MOST_ENTRIES || this.#kept.bytes > MOST_BYTES;
    while (this.#done === this.#entries.length && this.#entries.length > 1 && full()) {
      this.#entries.splice(0, Math.ceil(this.#entries.length / 4));
      this.#done = this.#entries.length;
      this.#weigh();
    }
  }
}

function shown({ label, to, current }: Entry, undone: boolean): HistoryEntry {
  const { revision, moment: { instret } } = to;
  return { label, revision, instret, event: 0, undone, current };
}
