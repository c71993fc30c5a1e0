/**
 * The ways of a guest's processes through its kernel: a trap from user mode, what it was for, and
 * the return. System calls, faults, forks, ends.
 */

import type { EventLog } from "../events.ts";
import { addFork, type ForkStatistics, noForks } from "../fork_statistics.ts";
import { PAGE_SIZE } from "../machine/address.ts";
import { CAUSE, causeName, isPageFault } from "../machine/cause.ts";
import type { Hart } from "../machine/hart/hart.ts";
import { PTE_R, PTE_V, PTE_W, PTE_X } from "../machine/sv39.ts";
import type { TrapSeen } from "../machine/probes.ts";
import { TRAPFRAME } from "./xv6.ts";
import type { EntryChange } from "./table_frames.ts";

/** Numbers of registers. */
const A0 = 10, A7 = 17;
const USER = 0;
/** From here on pages are the kernel's in every process: usyscall, trapframe, trampoline. */
const KERNELS = TRAPFRAME - PAGE_SIZE;
const LEAF = PTE_R | PTE_W | PTE_X;

/** A system call under way, as plain data. */
interface TripCall {
  readonly number: number;
  readonly name: string;
  /** Its first argument, where that is a text, for exec. */
  readonly text: string | undefined;
  /** The same as the number that it is. */
  readonly first: bigint;
  /** All of its arguments, as text; undefined: unknown. */
  readonly args: readonly string[] | undefined;
}

/** What a process does in the kernel, as plain data. */
export interface Trip {
  /** Where it left user mode. */
  readonly pc: number;
  /** Why, as in scause: an exception; undefined: an interrupt. */
  readonly cause: number | undefined;
  /** The call that it makes. */
  readonly call: TripCall | undefined;
  /** The event of the fault that is being handled, and its address. */
  readonly fault: { readonly n: number; readonly va: bigint } | undefined;
  /** What its fork has done so far. */
  readonly fork: ForkStatistics | undefined;
}

/** The trips under way and the totals of forks, as plain data. */
export interface TripsState {
  readonly trips: readonly (readonly [who: number, trip: Trip])[];
  readonly forks: ForkStatistics;
}

/** What trips need to know. */
export interface TripContext {
  readonly log: EventLog;
  /** The name of a system call by its number. */
  callName(number: number): string;
  /** The arguments of the call that a hart's process makes, as text; undefined: unknown. */
  given(hart: Hart, name: string): readonly string[] | undefined;
  /** The same once it has returned, with what it has filled; `first`: what a0 was. */
  filled(
    hart: Hart,
    name: string,
    texts: readonly string[],
    first: bigint,
    result: number,
  ): readonly string[];
  /** The text that a user address of the hart's process points to. */
  text(hart: Hart, at: bigint): string | undefined;
}

/** The trips of all processes. */
export class Trips {
  /** What all forks have done together that were seen from beginning to end. */
  forks: ForkStatistics = noForks();
  /** By pid; of nobody known, minus the hart's number, less one. */
  #trips = new Map<number, Trip>();

  /** Where a process left user mode; 0: unknown, or it is in user mode. */
  pc(who: number): number {
    return this.#trips.get(who)?.pc ?? 0;
  }

  /** The page whose fault a process is in the kernel for; 0: none. */
  faultPage(who: number): number {
    const va = this.#trips.get(who)?.fault?.va ?? 0n;
    return Number(va - va % 4096n);
  }

  /** A trap that a process took; the log is stamped. */
  trap(context: TripContext, who: number, { hart, cause, interrupt, value, epc, from }: TrapSeen) {
    const { log } = context;
    const user = from === USER;
    let call: Trip["call"];
    let fault: Trip["fault"];
    if (!interrupt && cause === CAUSE.ecallU) {
      const number = Number(hart.x(A7) & 0xffff_ffffn);
      const name = context.callName(number);
      const text = name === "exec" ? context.text(hart, hart.x(A0)) : undefined;
      const args = context.given(hart, name);
      call = { number, name, text, first: hart.x(A0), args };
      log.note("syscall", number, 0, name, args);
    } else if (!interrupt && isPageFault(cause)) {
      const n = log.fault(cause, value);
      if (user) fault = { n, va: value };
    } else {
      log.note(
        "trap",
        cause,
        interrupt ? 1 : 0,
        interrupt ? interruptName(cause) : causeName(cause),
      );
    }
    if (!user) return;
    const fork = call?.name === "fork" ? noForks() : undefined;
    const why = interrupt ? undefined : cause;
    this.#trips.set(who, { pc: Number(epc), cause: why, call, fault, fork });
  }

  /** A hart returned to user mode, in a process. */
  returned(context: TripContext, who: number, hart: Hart): void {
    const { log } = context;
    const trip = this.#trips.get(who);
    if (trip === undefined) return;
    this.#trips.delete(who);
    const { call, fault, fork } = trip;
    if (fault !== undefined) {
      const again = Number(hart.pc) === trip.pc;
      log.settled(fault.n, again ? "the instruction is tried again" : "it goes on elsewhere");
    }
    if (call === undefined) return;
    const result = Number(BigInt.asIntN(64, hart.x(A0)));
    if (fork !== undefined && result > 0) {
      addFork(this.forks, fork);
      log.note("fork", Math.max(who, 0), result, call.name);
    }
    if (call.name === "exec" && result >= 0) {
      log.note("exec", Math.max(who, 0), 0, call.text ?? "?");
    }
    const { name, args, first } = call;
    const filled = args && context.filled(hart, name, args, first, result);
    log.note("return", call.number, result, name, filled);
  }

  /** A process ends, with a status. `killed`: the kernel does it, for what it trapped for. */
  exits({ log }: TripContext, who: number, status: number, killed: boolean): void {
    const trip = this.#trips.get(who);
    if (trip?.fault !== undefined) log.settled(trip.fault.n, "killed");
    if (killed) {
      const cause = trip?.cause;
      const own = cause !== undefined && cause !== CAUSE.ecallU;
      log.note("kill", Math.max(who, 0), 0, own ? causeName(cause) : "by another process");
    }
    log.note("exit", Math.max(who, 0), status, "");
    this.#trips.delete(who);
  }

  /** A page was copied for a process. */
  copied(who: number): void {
    const fork = this.#trips.get(who)?.fork;
    if (fork === undefined) return;
    fork.copied++;
    fork.shared--;
  }

  /** An entry of a table was changed for a process. */
  changed(who: number, owner: number | undefined, { va, before, after }: EntryChange): void {
    const fork = this.#trips.get(who)?.fork;
    if (fork === undefined || owner === 0) return;
    const [was, is] = [before % 2 ** 32, after % 2 ** 32];
    if (owner === who) {
      fork.ptes++;
      fork.parentPtes++;
    } else if ((is & PTE_V) !== 0 && (is & LEAF) === 0) fork.tables++;
    else if ((is & PTE_V) !== 0 && (was & PTE_V) === 0) {
      fork.ptes++;
      if (va < KERNELS) fork.shared++;
    }
  }

  /** Nobody is known to be in the kernel. */
  clear(): void {
    this.#trips.clear();
    this.forks = noForks();
  }

  /** As plain data. */
  save(): TripsState {
    const trips = [...this.#trips].map(([who, trip]) =>
      [who, { ...trip, fork: trip.fork && { ...trip.fork } }] as const
    );
    return { trips, forks: { ...this.forks } };
  }

  /** Puts them back; verdicts of faults that are not over are open again. */
  restore({ trips, forks }: TripsState, log: EventLog): void {
    this.#trips = new Map(trips.map(([who, trip]) => [who, { ...trip, fork: copyOf(trip.fork) }]));
    this.forks = { ...forks };
    for (const [, { fault }] of trips) if (fault !== undefined) log.settled(fault.n, "");
  }
}

const copyOf = (one: ForkStatistics | undefined) => one && { ...one };

/** What an interrupt is called by its number. */
function interruptName(number: number): string {
  if (number === 5 || number === 7) return "timer interrupt";
  if (number === 1 || number === 3) return "software interrupt";
  return number === 9 || number === 11 ? "device interrupt" : `interrupt ${number}`;
}
