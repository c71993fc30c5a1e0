/**
 * Which hart runs, and for how long: turns by the schedule, harts that wait (WFI) or are parked
 * (spin.ts) left out, time that jumps when nobody can run.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import { counted } from "./counted.ts";
import type { Clint } from "./devices/clint.ts";
import { IRQ } from "./hart/csr_state.ts";
import type { Hart } from "./hart/hart.ts";
import { awaitedTimers, interruptible, wakes } from "./hart/trap.ts";
import type { Ram } from "./memory.ts";
import { Schedule } from "./schedule.ts";
import { Spin } from "./spin.ts";
import type { Next, TurnOptions, TurnsState } from "./turns_state.ts";

/** Instructions by which a search for a loop may exceed a turn. */
const SEARCH = 100_000;
/**
 * A short quantum is asked for to see what happens where turns end. Then all turns are as they are
 * drawn, and no hart that can run is left out, until none has shown a sign of life for so many
 * instructions: a boot for which the others wait, or nobody has anything to do.
 */
const LULL = 1_000_000;

/** The turns of a machine's harts. */
export class Turns {
  readonly #harts: readonly Hart[];
  readonly #spins: readonly Spin[];
  readonly #schedule: Schedule;
  readonly #clock: Clock;
  readonly #clint: Clint;
  readonly #setMarks: (marks: ReadonlySet<number>) => void;
  #hart: Hart;
  readonly #only: boolean;
  #parks: boolean;
  #life = 0;
  #since = 0;

  /** Hart 0 has the first turn. `setMarks`: at these addresses {@link Turns.marked} is asked. */
  constructor(
    { harts, clock, clint, ram }: {
      readonly harts: readonly Hart[];
      readonly clock: Clock;
      readonly clint: Clint;
      readonly ram: Ram;
    },
    { quantum, seed, parks }: TurnOptions,
    setMarks: (marks: ReadonlySet<number>) => void,
  ) {
    this.#harts = harts;
    this.#clock = clock;
    this.#clint = clint;
    this.#only = harts.length === 1;
    this.#parks = this.#only;
    this.#spins = parks ? harts.map((hart) => new Spin(hart, ram, this.#only)) : [];
    this.#schedule = new Schedule(quantum, seed);
    this.#setMarks = setMarks;
    this.#hart = harts[0];
    this.#hart.enter();
  }

  /** The hart that runs, or ran last. */
  get hart(): Hart {
    return this.#hart;
  }

  /** What is known of its spinning; undefined where harts are never parked. */
  get spin(): Spin | undefined {
    return this.#spins[this.#hart.hartid];
  }

  /** Whether a hart is left out until something changes. */
  parked(hartid: number): boolean {
    return this.#spins[hartid]?.parked ?? false;
  }

  /**
   * Instructions for which the hart may still run; 0: it is another one's turn. A search that has
   * taken them all is over.
   */
  room(): number {
    const { spin } = this;
    const hart = this.#hart;
    if (hart.waiting || spin?.parked) return 0;
    if (spin?.closes) return 1;
    // Also where a run ends there, and does not go by.
    if (spin?.atMark && this.marked()) return 0;
    if (this.#only) return spin === undefined ? Infinity : this.#roomOfOnly(spin);
    const { left, whole } = this.#schedule;
    hart.yields = false;
    const looks = this.#parks && spin !== undefined && !spin.searching;
    if (looks && left <= spin.lookAt) spin.look(this.#nextLook());
    if (spin?.searching) return spin.goesOn(whole + SEARCH);
    hart.yields = whole <= 0;
    const room = hart.yields ? this.#schedule.extension(interruptible(hart), hart.reserved) : whole;
    return looks ? Math.min(room, left - spin.lookAt) : room;
  }

  /** The same for the machine's only hart: until it is looked whether it only spins. */
  #roomOfOnly(spin: Spin): number {
    this.#mark();
    if (spin.searching) {
      const room = spin.goesOn(SEARCH - spin.searchedFor);
      if (room > 0) return room;
    }
    const until = spin.untilLook();
    return spin.searching ? spin.goesOn(SEARCH) : until;
  }

  /** Instructions left of the turn when it is looked again whether its hart waits for a lock. */
  #nextLook(): number {
    const { left, whole, quantum } = this.#schedule;
    if (left > 0) return 0;
    // Less and less often while it is alone; often where it would have to end.
    return whole > 0 ? Math.max(4 * left - quantum, left - whole) : left - (quantum >>> 2) - 1;
  }

  /** The hart has run so many instructions of its turn. */
  ran(instructions: number): void {
    this.#hart.ran(instructions);
    this.#schedule.ran(instructions);
    if (this.#hart.stored && !this.#only) this.#schedule.joined();
    this.#hart.stored = false;
    const { spin } = this;
    if (instructions === 0 || spin === undefined) return;
    if (spin.closes) spin.park();
    else if (spin.stepping) spin.stepped();
  }

  /** The hart can do nothing in the rest of its turn. */
  skip(): void {
    if (!this.#only) this.#schedule.ran(this.#schedule.whole);
  }

  /** The hart is at an address that was set as a mark. True: it is parked there. */
  marked(): boolean {
    return this.#parks && (this.spin?.marked() ?? false);
  }

  /** The hart's turn is over. */
  end(): void {
    const { spin: ran } = this;
    const { turns } = this.#schedule;
    if (!ran?.end(turns)) return;
    for (const spin of this.#spins) if (spin !== ran) spin.passed(ran.sure, turns);
  }

  /**
   * Begins the turn of the next hart that can run, in the order of their numbers, after
   * {@link Turns.end}.
   *
   * @param only Those that are to run, parked or not.
   */
  next(only?: readonly number[]): Next {
    const all = this.#harts;
    const alone = all.every((hart) => hart.waiting || this.parked(hart.hartid));
    const harts = only === undefined ? all : all.filter(({ hartid }) => only.includes(hartid));
    const first = harts.findIndex(({ hartid }) => hartid > this.#hart.hartid);
    for (let i = 0; i < harts.length; i++) {
      const hart = harts[(Math.max(first, 0) + i) % harts.length];
      const { hartid } = hart;
      if (hart.waiting ? wakes(hart) : only !== undefined || this.#stirs(hart, alone)) {
        this.#begin(hartid);
        return "turn";
      }
    }
    const due = Math.min(...harts.map((hart) => this.due(hart, hart.pending)));
    if (due !== Infinity) return due;
    if (only !== undefined) return "never";
    const doubted = this.#spins.findIndex((spin) => spin.doubt());
    if (doubted < 0) return "never";
    this.#begin(doubted);
    return "turn";
  }

  /** Whether a hart that is not in WFI can run. */
  #stirs(hart: Hart, alone: boolean): boolean {
    const spin = this.#spins[hart.hartid];
    if (!spin?.parked) return true;
    return (hart.pending & hart.state.mie & spin.interrupts) !== 0 || spin.stirs(alone);
  }

  #begin(hartid: number): void {
    this.#schedule.begin(hartid);
    this.switchTo(hartid);
    this.#hart.waiting = false;
    this.#lull();
    if (this.#parks) this.spin?.begin(this.#schedule.left);
    this.#mark();
    if (!this.#only && this.#alone(hartid)) this.#schedule.alone(this.#untilOthers(hartid));
  }

  /** Whether no other hart can run. */
  #alone(hartid: number): boolean {
    if (this.#schedule.strict) return false;
    return this.#harts.every((hart) =>
      hart.hartid === hartid || (hart.waiting ? !wakes(hart) : this.parked(hart.hartid))
    );
  }

  /** Instructions until the first timer interrupt that another hart would notice. */
  #untilOthers(hartid: number): number {
    const due = Math.min(
      ...this.#harts.map((hart) =>
        hart.hartid === hartid ? Infinity : this.due(hart, hart.pending)
      ),
    );
    return due === Infinity ? Infinity : this.#clock.until(due);
  }

  /** Decides whether harts are parked now: not with a short quantum, while anything happens. */
  #lull(): void {
    const strict = !this.#only && this.#schedule.strict;
    if (!strict) {
      this.#parks = true;
      return;
    }
    let life = 0;
    for (const hart of this.#harts) life += hart.life;
    if (life !== this.#life) {
      this.#life = life;
      this.#since = this.#clock.retired;
    }
    const parks = this.#clock.retired - this.#since >= LULL;
    if (this.#parks && !parks) { for (const spin of this.#spins) spin.quit(); }
    this.#parks = parks;
  }

  /** The machine has to stop at the marks of all harts. */
  #mark(): void {
    let changed = false;
    for (const spin of this.#spins) {
      changed ||= spin.marksChanged;
      spin.marksChanged = false;
    }
    if (changed) this.#setMarks(new Set(this.#spins.flatMap((spin) => spin.marks())));
  }

  /** Somebody outside has changed registers or memory: who was seen to spin may not spin any more. */
  stir(): void {
    for (const spin of this.#spins) spin.stir();
    for (const hart of this.#harts) hart.life++;
  }

  /** Makes a hart the one that runs, in the middle of its turn. */
  switchTo(hartid: number): void {
    this.#schedule.hart = hartid;
    const next = this.#harts[hartid];
    if (next === this.#hart) return;
    this.#hart.leave();
    this.#hart = next;
    next.enter();
  }

  /**
   * When the first timer interrupt comes that a hart would notice, having these pending; Infinity:
   * never.
   */
  due(hart: Hart, pending: number): number {
    const spin = this.#spins[hart.hartid];
    const awaited = awaitedTimers(hart, pending) & (spin?.interrupts ?? -1);
    if (awaited === 0) return Infinity;
    const mti = (awaited & IRQ.MTI) !== 0 ? this.#clint.due(hart.hartid) : Infinity;
    return (awaited & IRQ.STI) !== 0 ? Math.min(mti, hart.timer) : mti;
  }

  /** Instructions until that, for the hart that runs. */
  untilTimer(pending: number): number {
    const due = this.due(this.#hart, pending);
    return due === Infinity ? Infinity : this.#clock.until(due);
  }

  /** The state as plain data. */
  save(): TurnsState {
    return {
      schedule: this.#schedule.save(),
      spins: this.#spins.map((spin) => spin.save()),
      parks: this.#parks,
      life: this.#life,
      since: this.#since,
    };
  }

  /** Takes over a saved state; the harts' are put back after it. */
  restore(state: TurnsState): void {
    this.switchTo(state.schedule.hart);
    this.#schedule.restore(state.schedule);
    for (const [i, spin] of this.#spins.entries()) spin.restore(state.spins[i]);
    this.#parks = state.parks;
    this.#life = state.life;
    this.#since = state.since;
    this.#mark();
  }

  /** Why a state cannot be taken over, if it cannot. */
  problem({ spins }: TurnsState, harts: number): string | undefined {
    const { length } = this.#harts;
    if (harts !== length) {
      return `a state of ${counted(harts, "hart")}, and the machine has ${length}`;
    }
    if (spins.length !== this.#spins.length) return "a state of a machine with other traps";
    return undefined;
  }
}
