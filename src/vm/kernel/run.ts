/**
 * The kernel's main loop: pick a process, let the hart run it in U mode until something happens,
 * handle what happened. xv6's scheduler, usertrap and usertrapret in one.
 */

import { toVaNum, va } from "../machine/address.ts";
import { CAUSE } from "../machine/cause.ts";
import { activate } from "./memory/tables/flush.ts";
import { findProc, runOf, spaceOf } from "./process/table.ts";
import { busy, now } from "./process/time.ts";
import { print } from "./console.ts";
import { type EventFilter, eventMeant, type VmEvent } from "../events.ts";
import type { Stop } from "../machine/machine.ts";
import type { Breakpoint, Kernel } from "./kernel.ts";
import { mayRun, type Proc } from "./process/proc.ts";
import { alarmTick } from "./process/alarm.ts";
import { KernelPanic } from "./memory/panic.ts";
import { idle, pick, tick } from "./process/scheduler.ts";
import { exit } from "./process/lifecycle.ts";
import { restoreUser, saveUser } from "./process/trapframe.ts";
import { runCall } from "./syscalls/dispatch.ts";
import { hitBreakpoint, watchedBy } from "./breakpoints.ts";
import { endDying, handleTrap } from "./trap.ts";

/** Why the kernel stopped running. */
export type KernelStop =
  /** The instructions asked for are used up. */
  | { readonly kind: "budget" }
  /** The process waited for has exited, or is not there. */
  | { readonly kind: "exited"; readonly pid: number }
  /** The process waited for finished the call it was inside of. */
  | { readonly kind: "returned"; readonly pid: number }
  /** No process can run: all wait for the console, or for each other. */
  | { readonly kind: "idle" }
  /** The kernel found its own state damaged, as xv6's panic(). Nothing can run any more. */
  | { readonly kind: "panic"; readonly message: string }
  /** The hart hit a breakpoint or watchpoint while `pid` ran; `point` says which of ours. */
  | {
    readonly kind: "stopped";
    readonly pid: number;
    readonly stop: Stop;
    readonly point: Breakpoint | undefined;
  }
  /** The instruction that was waited for is next; see {@link RunOptions.arrive}. */
  | { readonly kind: "arrived" }
  /** The event waited for; `first`: number of the first event since user mode was left. */
  | { readonly kind: "event"; readonly event: VmEvent; readonly first: number };

/** What to run, and until when. */
export interface RunOptions {
  /** Return when this process has exited. */
  untilExit?: number;
  /** Return when this run is over: its first process and all its descendants have exited. */
  untilOver?: number;
  /** Return, as if the budget were used up, when the kernel's busy time has come to this. */
  deadline?: number;
  /** Return when this process is not inside a system call any more. */
  untilReturn?: number;
  /** Run only this process, also when it is held. */
  only?: number;
  /** For single steps: a system call counts as one instruction. */
  step?: boolean;
  /** Processes that pass a breakpoint at their next instruction, once: they stopped there. */
  pass?: readonly number[];
  /** Return when such an event has happened. */
  untilEvent?: EventFilter;
  /** Of a guest: return where one of these instructions is next, and it is the right moment. */
  arrive?: Arrival;
}

/** Where a run is to end. */
export interface Arrival {
  /** Addresses of instructions. */
  readonly at: readonly bigint[];
  /** Of this process of the built-in kernel. */
  readonly pid?: number;
  /** Asked where the process, or the present hart, stands at one: whether in the function meant. */
  here(): boolean;
}

/**
 * Runs processes for at most `budget` user instructions. Calls cost none, so a budget of 1 is one
 * instruction and all that the kernel does before it.
 */
export function run(k: Kernel, budget: number, options: RunOptions = {}): KernelStop {
  if (k.state.panicked !== undefined) return { kind: "panic", message: k.state.panicked };
  try {
    return runUntil(k, budget, options);
  } catch (error) {
    if (!(error instanceof KernelPanic)) throw error;
    k.state.panicked = error.message;
    print(k, `panic: ${error.message}\n`);
    return { kind: "panic", message: error.message };
  }
}

/** To where somebody wants to arrive; breakpoints of a person that stand there stay. */
function runUntil(k: Kernel, budget: number, options: RunOptions): KernelStop {
  const { arrive } = options;
  if (arrive === undefined) return runOn(k, budget, options);
  const at = arrive.at.map((one) => toVaNum(va(one))).filter((one) => one !== undefined);
  const own = at.filter((one) => !k.machine.watches.breaksAt(one));
  for (const one of own) k.machine.addBreak(one);
  try {
    return runOn(k, budget, options);
  } finally {
    for (const one of own) k.machine.removeBreak(one);
  }
}

function runOn(k: Kernel, budget: number, options: RunOptions): KernelStop {
  let left = budget;
  const passing = new Set(options.pass);
  let seen = k.events.next;
  // Left by the run before, for a look at the process before it exits.
  endDying(k);
  // Hits of copies before this run are none of its stops.
  k.machine.watches.takeCopied();
  for (;;) {
    // First, so that it makes no difference where the run before this one was cut off.
    if (now(k) >= k.state.schedule.tickEnds) endTicks(k);
    const event = options.untilEvent && firstEvent(k, options.untilEvent, seen);
    if (event !== undefined) return { kind: "event", event, first: seen };
    seen = k.events.next;
    const done = finished(k, options);
    if (done !== undefined) return done;
    const room = options.deadline === undefined ? left : Math.min(left, options.deadline - busy(k));
    if (room <= 0) return { kind: "budget" };
    const p = options.only === undefined ? choose(k) : onlyThis(k, options.only);
    if (p === undefined) {
      if (options.only === undefined && idle(k)) continue;
      return { kind: "idle" };
    }
    if (p.killed) {
      exit(k, p, -1);
      continue;
    }
    if (p.inCall) {
      runCall(k, p);
      const copied = copiedStop(k, p.pid);
      if (copied !== undefined) return copied;
      continue;
    }
    const before = k.machine.instret;
    const stop = runUser(k, p, room, passing.delete(p.pid));
    const retired = k.machine.instret - before;
    left -= retired;
    p.accounting.instructions += retired;
    switch (stop.kind) {
      case "budget":
        break;
      case "trap": {
        handleTrap(k, p, stop);
        if (k.state.dying !== undefined) {
          const event = options.untilEvent && firstEvent(k, options.untilEvent, seen);
          if (event !== undefined) return { kind: "event", event, first: seen };
          endDying(k);
        }
        const copied = copiedStop(k, p.pid);
        if (copied !== undefined) return copied;
        if (options.step && (p.inCall || stop.cause === CAUSE.ecallU)) return { kind: "budget" };
        break;
      }
      default: {
        const point = hitBreakpoint(k, p.pid, stop);
        if (point !== undefined || !isPoint(stop)) {
          if (point !== undefined) point.hits++;
          if (now(k) >= k.state.schedule.tickEnds) endTicks(k);
          return { kind: "stopped", pid: p.pid, stop, point };
        }
        const { arrive } = options;
        if (stop.kind === "break" && arrive?.pid === p.pid && arrive.here()) {
          if (now(k) >= k.state.schedule.tickEnds) endTicks(k);
          return { kind: "arrived" };
        }
        if (stop.kind === "break") passing.add(p.pid);
      }
    }
  }
}

/** The stop for a watchpoint that a process's call has hit by copying in or out, if any. */
function copiedStop(k: Kernel, pid: number): KernelStop | undefined {
  const hit = k.machine.watches.takeCopied();
  const met = watchedBy(k, pid, hit);
  if (met === undefined) return undefined;
  if (now(k) >= k.state.schedule.tickEnds) endTicks(k);
  return { kind: "stopped", pid, stop: { kind: "watch", ...hit! }, point: met.point };
}

function isPoint(stop: Stop): boolean {
  return stop.kind === "break" || stop.kind === "watch";
}

/** The first event from number `from` on that the filter lets through. */
function firstEvent(k: Kernel, filter: EventFilter, from: number): VmEvent | undefined {
  for (let n = Math.max(from, k.events.oldest); n < k.events.next; n++) {
    const event = eventMeant(k.events, n, filter);
    if (event !== undefined) return event;
  }
  return undefined;
}

function finished(k: Kernel, options: RunOptions): KernelStop | undefined {
  const { untilExit, untilOver, untilReturn } = options;
  if (untilExit !== undefined) {
    const p = findProc(k, untilExit);
    if (p === undefined || p.state === "zombie") return { kind: "exited", pid: untilExit };
  }
  if (untilOver !== undefined) {
    const p = findProc(k, untilOver);
    const ended = p === undefined || p.state === "zombie";
    if (ended && runOf(k, untilOver).length === 0) return { kind: "exited", pid: untilOver };
  }
  if (untilReturn !== undefined) {
    const p = findProc(k, untilReturn);
    if (p === undefined || p.state === "zombie") return { kind: "exited", pid: untilReturn };
    if (!p.inCall) return { kind: "returned", pid: untilReturn };
  }
  return undefined;
}

/** The process that has the hart keeps it until its tick ends or it cannot go on. */
function choose(k: Kernel): Proc | undefined {
  const now = k.state.current === 0 ? undefined : findProc(k, k.state.current);
  if (now !== undefined && mayRun(now)) return now;
  const p = pick(k);
  if (p !== undefined) switchTo(k, p);
  return p;
}

function onlyThis(k: Kernel, pid: number): Proc | undefined {
  const p = findProc(k, pid);
  if (p?.state !== "runnable" || (p.manual && !p.inCall)) return undefined;
  if (k.state.current !== pid) switchTo(k, p);
  return p;
}

/** Gives the hart to a process: its page table into satp, as userret does. */
export function switchTo(k: Kernel, p: Proc): void {
  if (k.state.current !== p.pid) k.events.note("switch", k.state.current, p.pid, p.name);
  k.state.current = p.pid;
  k.events.pid = p.pid;
  activate(k, spaceOf(k, p));
}

/** User mode until the budget or the tick ends, or a trap. */
function runUser(k: Kernel, p: Proc, budget: number, passBreak: boolean): Stop {
  const { machine } = k;
  restoreUser(machine, p.trapframe);
  if (machine.hart.mode !== 0) machine.hart.mode = 0;
  const untilTick = Math.max(1, k.state.schedule.tickEnds - now(k));
  const stop = machine.run(Math.min(budget, untilTick), passBreak);
  saveUser(machine, p.trapframe);
  k.events.pc = machine.hart.registers.pcNumber;
  return stop;
}

/** Timer interrupts: ends all ticks that are over, and the next process gets its turn. */
function endTicks(k: Kernel): void {
  const met = k.state.current === 0 ? undefined : findProc(k, k.state.current);
  // One alarm tick, however many ended; a call under way is kernel mode, which has no alarm.
  if (met !== undefined && !met.inCall && mayRun(met)) alarmTick(k, met);
  while (now(k) >= k.state.schedule.tickEnds) tick(k);
  const next = pick(k);
  if (next === undefined) k.state.current = 0;
  else if (next.pid !== k.state.current) switchTo(k, next);
}
