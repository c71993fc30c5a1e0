/**
 * The past of a debugged program: states kept while it ran, from which any instruction since can be reached
 * again, because a run from the same state is the same run. What a person did between two runs is
 * not run again; each run begins with a state of its own.
 *
 * @module
 */

import { KeptStates } from "../vm/state_size.ts";
import { sameSaved } from "../vm/state.ts";
import type { KernelStop, RunOptions } from "../vm/reports.ts";
import type { Process } from "../vm/process.ts";
import type { Vm, VmState } from "../vm/vm.ts";
import type { Context, Session } from "../framework/command.ts";
import { CommandError } from "../framework/errors.ts";
import { MOST_BYTES } from "./snapshots.ts";

/** A state, and how far the run from it went. */
interface Point {
  readonly state: VmState;
  readonly instret: number;
  /** Instructions retired when the run ended; it was the same run from `instret` to here. */
  end: number;
  /** The program that ran; with `only`, nobody else. */
  readonly pid: number;
  readonly only: boolean;
  /** It came about by running from the state before it, and by nothing else. */
  readonly replayable: boolean;
}

interface Past {
  points: Point[];
  /** The room that their states take. */
  readonly room: KeptStates;
  /** The computer as the last run left it: when it is another now, a person has changed it since. */
  left: VmState | undefined;
  /** Instructions between two states of one run; grows when there are many. */
  every: number;
}

/** Instructions between two states at first. */
const EVERY = 4_000_000;
/** More states than this, and every other one goes. */
const MOST = 64;

function pastOf({ session }: Pick<Context, "session">): Past {
  const known = session.store.get("past") as Past | undefined;
  if (known !== undefined) return known;
  const past: Past = { points: [], room: new KeptStates(), left: undefined, every: EVERY };
  session.store.set("past", past);
  return past;
}

/** The computer was made another by other means: nothing of the past leads to it. */
export function forgetPast(session: Session): void {
  session.store.delete("past");
}

/**
 * A run of a program begins here, with `only` of nobody else; without, all of it is held no more. A later past, from
 * before a `back`, is overwritten.
 */
export function beginRun(ctx: Context, program: Process, only: boolean): void {
  const past = pastOf(ctx);
  const now = ctx.vm.instret;
  const untouched = past.left !== undefined && sameSaved(past.left, ctx.vm.save());
  if (!only) ctx.vm.holdRun(program.run, false);
  keepOnly(past, past.points.filter((point) => point.instret <= now));
  for (const point of past.points) point.end = Math.min(point.end, now);
  const last = past.points.at(-1);
  const goesOn = untouched && last?.end === now && last.pid === program.pid && last.only === only;
  if (!goesOn) keep(ctx, past, program.pid, only, false);
}

/** The run has gone on to here. */
export function goesOn(ctx: Context): void {
  const past = pastOf(ctx);
  const last = past.points.at(-1);
  if (last === undefined) return;
  last.end = ctx.vm.instret;
  if (last.end - last.instret >= past.every) keep(ctx, past, last.pid, last.only, true);
}

/** The run has stopped: what is still there of it is held, children that it has just made as well. */
export function endRun(ctx: Context, run: number): void {
  ctx.vm.holdRun(run, true);
  pastOf(ctx).left = ctx.vm.save();
}

/** Something came from outside, which running again would not bring: the next part begins here. */
export function tookInput(ctx: Context): void {
  const past = pastOf(ctx);
  const last = past.points.at(-1);
  if (last !== undefined) keep(ctx, past, last.pid, last.only, false);
}

function keep(ctx: Context, past: Past, pid: number, only: boolean, replayable: boolean): void {
  const { instret } = ctx.vm;
  const state = ctx.vm.save();
  past.points.push({ state, instret, end: instret, pid, only, replayable });
  past.room.add(state);
  if (past.points.length > MOST || past.room.bytes > MOST_BYTES) thin(past);
}

function keepOnly(past: Past, points: Point[]): void {
  if (points.length === past.points.length) return;
  past.points = points;
  past.room.reset(points.map((point) => point.state));
}

/**
 * Leaves out every other state that the one before it leads to; then, if need be, the oldest, so that the others
 * take no more room than they may. The newest stays in any case.
 */
function thin(past: Past): void {
  past.every *= 2;
  const kept: Point[] = [];
  for (const [i, point] of past.points.entries()) {
    const before = kept.at(-1);
    if (before !== undefined && point.replayable && i % 2 === 1) before.end = point.end;
    else kept.push(point);
  }
  const room = new KeptStates();
  let first = kept.length;
  while (first > 0 && kept.length - first < MOST) {
    room.add(kept[first - 1].state);
    if (room.bytes > MOST_BYTES && first < kept.length) break;
    first--;
  }
  keepOnly(past, kept.slice(first));
}

/**
 * Makes the computer what it was when that many instructions had been retired. The program that ran then. Throws
 * {@linkcode CommandError} when that was not recorded.
 */
export function travel(ctx: Context, instret: number): number {
  const past = pastOf(ctx);
  const { points } = past;
  const point = points.findLast((one) => one.instret <= instret && instret <= one.end);
  if (point === undefined) {
    throw new CommandError(
      `instruction ${instret} is not in the recorded past: ${spans(points)}`,
    );
  }
  ctx.vm.restore(point.state);
  const family = ctx.vm.hasProcess(point.pid) ? ctx.vm.process(point.pid).run : point.pid;
  replay(
    ctx.vm,
    instret,
    point.only ? { only: point.pid } : { untilOver: family, pass: [point.pid] },
  );
  ctx.vm.holdRun(family, true);
  past.left = ctx.vm.save();
  return point.pid;
}

/** Runs on to an instruction; breakpoints are not for this, and what is printed has been printed before. */
function replay(vm: Vm, instret: number, options: RunOptions): void {
  const points = vm.breakpoints();
  const hits = points.map((point) => point.hits);
  let pass = options.pass ?? [options.only!];
  let stop: KernelStop;
  do {
    stop = vm.advance(instret - vm.instret, { ...options, pass });
    if (stop.kind === "stopped") pass = [stop.pid];
  } while (stop.kind === "stopped" && vm.instret < instret);
  points.forEach((point, i) => point.hits = hits[i]);
  vm.takeOutput();
  if (vm.instret !== instret) {
    throw new Error(`replay ended at ${vm.instret}, not ${instret}: ${stop.kind}`);
  }
}

function spans(points: readonly Point[]): string {
  if (points.length === 0) return "nothing is; step, continue and until record it";
  const joined: [number, number][] = [];
  for (const { instret, end } of points) {
    const last = joined.at(-1);
    if (last !== undefined && instret <= last[1]) last[1] = Math.max(last[1], end);
    else joined.push([instret, end]);
  }
  return joined.map(([from, to]) => `${from} to ${to}`).join(", ");
}
