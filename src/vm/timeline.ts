/**
 * The recorded past of one computer. A deterministic computer is what came to it from outside: so
 * what is kept are states, some way apart, and between two of them the calls that were made and how
 * far a run went. Any moment is the state before it, and the same done again.
 */

import {
  ANYBODY,
  type Call,
  type Checkpoint,
  comeToRest,
  putBack,
  putLoaded,
  redo,
  type Runner,
  type Way,
} from "./checkpoints.ts";
import { saveParts } from "./computer.ts";
import { copyBreakpoints, putBreakpoints } from "./kernel/breakpoints.ts";
import { type KernelStop, run, type RunOptions } from "./kernel/run.ts";
import type { Parts } from "./parts.ts";
import type { BuiltinState, VmState } from "./state.ts";
import { KeptStates, MOST_BYTES } from "./state_size.ts";
import type { Find, Landing } from "./travel.ts";

/** Instructions between two states of one run at first; doubled whenever there are too many. */
const EVERY = 4_000_000;
/** And for each frame that a state would copy: so keeping states costs a run a few per cent. */
const EVERY_FRAME = 2000;
/** States in the middle of one run. */
const MOST_BETWEEN = 64;
/** Calls between two states. */
const CALLS = 256;

/** What is recorded of one computer. Positions in it are revisions of the computer. */
export class Timeline {
  readonly #parts: Parts;
  readonly #kept: Checkpoint[] = [];
  /** The checkpoint that was reached last, and what has been done since. */
  #at = 0;
  #calls: Call[] = [];
  #ran: Way["ran"];
  /** The revision of what was recorded last, or gone back to. */
  here: number;
  /** The next change begins with a state of its own. */
  #due = false;
  #between = 0;
  #every = EVERY;
  readonly #room = new KeptStates();
  #pinned: readonly VmState[] = [];
  readonly #ways = new WeakMap<BuiltinState, Way | undefined>();
  readonly #makeRoom: () => void;

  /** An empty past, at a revision. `makeRoom` forgets what is oldest, if it can. */
  constructor(parts: Parts, revision: number, makeRoom: () => void) {
    this.#parts = parts;
    this.here = revision;
    this.#makeRoom = makeRoom;
  }

  /** Whether its states take more room than they may. */
  get full(): boolean {
    if (this.#room.bytes <= MOST_BYTES) return false;
    // What was overwritten is not counted off at once.
    this.#room.reset([...this.#pinned, ...this.#kept.map((one) => one.state)]);
    return this.#room.bytes > MOST_BYTES;
  }

  /** These states are kept by somebody else, in the same room. */
  pin(states: readonly VmState[]): void {
    this.#pinned = states;
    this.#room.reset([...states, ...this.#kept.map((one) => one.state)]);
  }

  /** What follows begins with a state of its own, so that undoing it is exact whatever it does. */
  mark(): void {
    this.#due = true;
  }

  /** A call is about to be made. */
  call(revision: number, again: () => unknown): Call {
    this.#overwrite();
    if (this.#ran !== undefined || this.#calls.length >= CALLS || this.#due) this.#settle();
    const call = { revision, again, threw: false };
    this.#calls.push(call);
    this.here = revision;
    return call;
  }

  /** A call is about to be made that belongs to the run before it: takes its output, holds it. */
  aside(revision: number, again: () => unknown): void {
    if (this.#ran === undefined || this.#due || this.#hasFuture()) this.call(revision, again);
    else this.here = revision;
  }

  /** Runs processes as {@link run} does, and keeps states on the way. */
  run(revision: number, budget: number, options: RunOptions, runner: Runner): KernelStop {
    const { kernel } = this.#parts;
    this.#overwrite();
    const ran = this.#ran;
    const goesOn = ran !== undefined && ran.run === runner.run && ran.only === runner.only;
    if (this.#due || (ran !== undefined && !goesOn)) this.#settle();
    if (this.#ran === undefined) {
      this.#ran = { ...runner, since: kernel.machine.instret };
      this.#between = 0;
      this.#every = EVERY;
    }
    this.here = revision;
    for (let left = budget;;) {
      const before = kernel.machine.instret;
      const part = Math.min(left, this.#every);
      const stop = run(kernel, part, options);
      const done = kernel.machine.instret - before;
      left -= done;
      const since = kernel.machine.instret - this.#kept[this.#at].instret;
      if (since >= this.#every && since >= EVERY_FRAME * written(kernel.ram.dirty)) {
        this.#keepBetween();
      }
      if (stop.kind !== "budget" || left <= 0 || done < part) return stop;
      // Whoever stood at a breakpoint has passed it.
      options = { ...options, pass: [] };
    }
  }

  /** The state now, shared with those that are kept. */
  state(): BuiltinState {
    this.#begin();
    if (this.#hasFuture()) return this.#head().state;
    this.#settle();
    const { state, way } = this.#kept[this.#at];
    this.#ways.set(state, way);
    return state;
  }

  /** Becomes another state by other means: `put` does it, and may throw. */
  jump(revision: number, state: BuiltinState, put: () => void): void {
    this.#begin();
    const head = this.#head();
    put();
    this.#land(revision, head, this.#checkpoint(revision, state, this.#ways.get(state)));
  }

  /** Makes the computer what it was at a revision, breakpoints too. What came after stays kept. */
  seek(revision: number): void {
    if (!this.#hasFuture()) this.#settle();
    const at = this.#kept.findLastIndex((one) => one.revision <= revision);
    const calls = this.#kept[at + 1]?.way?.from === this.#kept[at]
      ? this.#kept[at + 1].way!.calls.filter((call) => call.revision <= revision)
      : [];
    putBack(this.#parts, this.#kept[at]);
    for (const call of calls) redo(call);
    this.#at = at;
    this.#calls = calls;
    this.#ran = undefined;
    this.here = revision;
  }

  /** Goes where `find` leads: who ran there, what was found. If it throws, all is as it was. */
  travel(revision: number, find: Find): Runner & Pick<Landing, "event"> {
    const parts = this.#parts;
    const { kernel } = parts;
    this.#begin();
    const head = this.#head();
    const breakpoints = { ...kernel.breakpoints };
    const loaded = new Map(parts.loaded);
    let landing: Landing;
    try {
      landing = find({ parts, head, others: this.#kept });
    } catch (error) {
      putBack(parts, head);
      putBreakpoints(kernel, breakpoints);
      throw error;
    }
    // They are a person's: they stay as they are.
    putBreakpoints(kernel, breakpoints);
    putLoaded(parts, loaded);
    const { way, event } = landing;
    comeToRest(parts, way.ran);
    this.#land(revision, head, this.#checkpoint(revision, saveParts(parts), way));
    return { ...way.ran ?? ANYBODY, ...(event === undefined ? {} : { event }) };
  }

  /** Forgets what lies before a revision. */
  forget(revision: number): void {
    const first = this.#kept.findLastIndex((one) => one.revision <= revision);
    if (first <= 0) return;
    const gone = new Set(this.#kept.splice(0, first));
    this.#at -= first;
    for (const one of gone) one.way = undefined;
    for (const one of this.#kept) if (one.way && gone.has(one.way.from)) one.way = undefined;
    this.pin(this.#pinned);
  }

  #hasFuture(): boolean {
    return this.#at < this.#kept.length - 1;
  }

  /** The past begins with the state at the first question or change. */
  #begin(): void {
    if (this.#kept.length === 0) this.#push(this.#checkpoint(this.here, saveParts(this.#parts)));
  }

  /** Something is about to change: what was undone cannot be done again any more. */
  #overwrite(): void {
    this.#begin();
    this.#kept.length = this.#at + 1;
  }

  #checkpoint(revision: number, state: BuiltinState, way?: Way, between = false): Checkpoint {
    const { kernel, loaded } = this.#parts;
    return {
      state,
      revision,
      instret: kernel.machine.instret,
      event: kernel.events.next,
      breakpoints: copyBreakpoints(kernel.breakpoints),
      loaded: new Map(loaded),
      between,
      way,
    };
  }

  /** The computer as it is now, and how it came about. */
  #head(between = false): Checkpoint {
    const last = this.#kept[this.#at];
    if (this.#calls.length === 0 && this.#ran === undefined) return last;
    const way = { from: last, calls: this.#calls, ran: this.#ran };
    return this.#checkpoint(this.here, saveParts(this.#parts), way, between);
  }

  #settle(): void {
    this.#due = false;
    this.#push(this.#head());
  }

  #push(one: Checkpoint): void {
    if (one === this.#kept[this.#at]) return;
    this.#at = this.#kept.push(one) - 1;
    this.#calls = [];
    this.#ran = undefined;
    this.#room.add(one.state);
  }

  /** A state in the middle of a run, which then goes on. */
  #keepBetween(): void {
    const ran = this.#ran!;
    this.#push(this.#head(true));
    this.#ran = { ...ran, since: this.#parts.kernel.machine.instret };
    this.#between++;
    this.#makeRoom();
    if (this.#between > MOST_BETWEEN || (this.#between > 1 && this.full)) this.#thin();
  }

  /** Leaves out every other state in the middle of the run under way, but not the newest. */
  #thin(): void {
    this.#every *= 2;
    const last = this.#kept.length - 1;
    for (let i = last - 1; i > last - this.#between; i -= 2) {
      const [gone, next] = [this.#kept[i], this.#kept[i + 1]];
      if (gone.between) next.way = gone.way;
    }
    const linked = new Set(this.#kept.map((one) => one.way?.from));
    const left = this.#kept.filter((one, i) => !one.between || i === last || linked.has(one));
    this.#between -= this.#kept.length - left.length;
    this.#kept.splice(0, this.#kept.length, ...left);
    this.#at = left.length - 1;
    this.pin(this.#pinned);
  }

  #land(revision: number, head: Checkpoint, landing: Checkpoint): void {
    this.#overwrite();
    this.#push(head);
    this.#push(landing);
    this.here = revision;
    this.#due = false;
  }
}

/** How many frames may have changed since the last state. */
function written(dirty: Uint8Array): number {
  let frames = 0;
  for (const one of dirty) frames += one;
  return frames;
}
