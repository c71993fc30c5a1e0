/** The ways to a moment of the past: the state before it is put back, and the rest done again. */

import { type Checkpoint, comeToRest, putBack, redo, type Way } from "./checkpoints.ts";
import { whole } from "./checks.ts";
import { saveParts } from "./computer.ts";
import { filterText } from "./history.ts";
import { putBreakpoints } from "./kernel/breakpoints.ts";
import { type EventFilter, eventMeant } from "./events.ts";
import { type KernelStop, run } from "./kernel/run.ts";
import { counted } from "./machine/counted.ts";
import { sameSaved } from "./machine/saver.ts";
import type { Parts } from "./parts.ts";
import type { BuiltinState } from "./state.ts";

/** A moment that was reached again. */
export interface Landing {
  readonly way: Way;
  /** Number of the first event that happened in the same trap or call. */
  readonly first: number;
  /** The event that was wanted. */
  readonly event?: number;
}

/** Where one can go from: the present, and other moments whose way may lead there. */
export interface Past {
  readonly parts: Parts;
  readonly head: Checkpoint;
  readonly others: readonly Checkpoint[];
}

/** Goes somewhere. */
export type Find = (past: Past) => Landing;

/** A way back that somebody wants to go, and the call of {@link Vm} that asked for it. */
export interface Journey {
  readonly what: "back" | "goto";
  /** So many instructions back, to an instruction, or right behind an event. */
  readonly to:
    | { readonly back: number }
    | { readonly instret: number }
    | { readonly event: number }
    | { readonly filter: EventFilter };
  readonly call: string;
  readonly find: Find;
}

/** See {@link Vm.back}. */
export function backTo(to: number | EventFilter): Journey {
  const what = "back";
  if (typeof to === "number") {
    whole(what, to, 1);
    const find: Find = (past) => backBy(past, to);
    return { what, to: { back: to }, call: `back(${to})`, find };
  }
  const name = filterText(to);
  const find: Find = (past) => toLast(past, to, name);
  return { what, to: { filter: to }, call: `back(${name})`, find };
}

/** See {@link Vm.goto}. */
export function goTo(to: number | { readonly event: number }): Journey {
  const what = "goto";
  if (typeof to === "number") {
    whole(what, to, 0);
    const find: Find = (past) => toInstret(past, to);
    return { what, to: { instret: to }, call: `goto(${to})`, find };
  }
  const { event } = to;
  whole("goto event", event, 0);
  const find: Find = (past) => toEvent(past, event);
  return { what, to: { event }, call: `goto({ event: ${event} })`, find };
}

/** `n` instructions before the present. What came after the last instruction is one step more. */
function backBy(past: Past, n: number): Landing {
  const { instret: here, state } = past.head;
  const now = toInstret(past, here);
  const left = rests(past.parts, now, state) ? n : n - 1;
  if (left === 0) return now;
  if (left > here) {
    const have = `${counted(here, "instruction")} ${here === 1 ? "has" : "have"}`;
    throw new RangeError(`back ${n}: only ${have} been run`);
  }
  return toInstret(past, here - left);
}

/** When that many instructions had been retired. */
function toInstret(past: Past, instret: number): Landing {
  const { parts, head } = past;
  const { kernel } = parts;
  const way = waysOf(past).find(({ way, end }) =>
    way.ran !== undefined && way.ran.since <= instret && instret <= end.instret
  )?.way;
  if (way === undefined) {
    const which = instructionsOf(head);
    throw new RangeError(`instruction ${instret} is not in the recorded past: ${which}`);
  }
  putBack(parts, way.from);
  for (const call of way.calls) redo(call);
  runAgain(parts, way, instret - kernel.machine.instret);
  if (kernel.machine.instret !== instret) throw lost(`instruction ${instret}`, parts);
  return { way, first: kernel.events.next };
}

/** Right behind an event. */
function toEvent(past: Past, event: number): Landing {
  const { parts, head } = past;
  const { kernel } = parts;
  const found = waysOf(past).find(({ way, end }) => way.from.event <= event && event < end.event);
  if (found === undefined) {
    if (event >= head.event) {
      throw new RangeError(`event ${event} has not happened yet: the next one is ${head.event}`);
    }
    const first = waysOf({ head }).at(-1)?.way.from.event;
    const which = first === undefined ? "nothing is" : `${first} to ${head.event - 1}`;
    throw new RangeError(`event ${event} is not in the recorded past: ${which}`);
  }
  const { way, end } = found;
  putBack(parts, way.from);
  for (const [i, call] of way.calls.entries()) {
    const first = kernel.events.next;
    redo(call);
    if (kernel.events.next <= event) continue;
    const calls = way.calls.slice(0, i + 1);
    return { way: { from: way.from, calls, ran: undefined }, first, event };
  }
  // What the run did after its last instruction is within one more.
  const left = end.instret - kernel.machine.instret + 1;
  const stop = runAgain(parts, way, left, { from: event });
  if (stop.kind !== "event") throw lost(`event ${event}`, parts);
  return { way, first: stop.first, event };
}

/** Right behind the last event that a filter lets through; if there already, the one before. */
function toLast(past: Past, filter: EventFilter, name: string): Landing {
  const { parts, head } = past;
  for (let before = head.event;;) {
    const n = lastInLog(parts, filter, 0, before) ?? lastInPast(past, filter, before);
    if (n === undefined) {
      const { from } = waysOf({ head }).at(-1)?.way ?? { from: head };
      const since = from.event === 0 ? "" : `; what is recorded begins with event ${from.event}`;
      throw new RangeError(`back: there is no ${name} before this${since}`);
    }
    const landing = toEvent(past, n);
    if (!rests(parts, landing, head.state)) return landing;
    before = landing.first;
  }
}

/** The last such event between two numbers that the log holds now. */
function lastInLog(
  { kernel }: Parts,
  filter: EventFilter,
  from: number,
  before: number,
): number | undefined {
  const first = Math.max(from, kernel.events.oldest);
  for (let n = Math.min(before, kernel.events.next) - 1; n >= first; n--) {
    if (eventMeant(kernel.events, n, filter) !== undefined) return n;
  }
  return undefined;
}

/** The last such event before a number in the recorded past: what the log forgot is done again. */
function lastInPast(
  { parts, head }: Past,
  filter: EventFilter,
  before: number,
): number | undefined {
  const { machine, events } = parts.kernel;
  for (const { way, end } of waysOf({ head })) {
    if (way.from.event >= before || !counts(way.from, end, filter)) continue;
    putBack(parts, way.from);
    let last: number | undefined;
    const look = (from: number) => last = lastInLog(parts, filter, from, before) ?? last;
    for (const call of way.calls) {
      const from = events.next;
      redo(call);
      look(from);
    }
    for (let from = events.next; way.ran !== undefined;) {
      const left = end.instret - machine.instret + 1;
      const stop = runAgain(parts, way, left, { ...filter, from });
      if (stop.kind !== "event" || stop.event.n >= Math.min(before, end.event)) break;
      look(stop.event.n);
      from = events.next;
    }
    if (last !== undefined) return last;
  }
  return undefined;
}

/** Whether anything happened on the way that a filter may mean. */
function counts(from: Checkpoint, end: Checkpoint, { kinds }: EventFilter): boolean {
  const [then, now] = [from.state.events.counters, end.state.events.counters];
  return kinds === undefined || kinds.some((kind) => now[kind] !== then[kind]);
}

/** Whether the computer is now in a state: just stopped, or come to rest. */
function rests(parts: Parts, { way }: Landing, state: BuiltinState): boolean {
  if (sameSaved(state, saveParts(parts))) return true;
  comeToRest(parts, way.ran);
  return sameSaved(state, saveParts(parts));
}

/** Runs as it ran before. Breakpoints are not for this. */
function runAgain(
  { kernel }: Parts,
  { ran }: Way,
  budget: number,
  untilEvent?: EventFilter,
): KernelStop {
  putBreakpoints(kernel, { points: [], next: 1 });
  return run(kernel, budget, {
    ...(ran?.only === undefined ? {} : { only: ran.only }),
    ...(untilEvent === undefined ? {} : { untilEvent }),
  });
}

/** How the computer came to the present, the last part first; then to others, the last first. */
function waysOf(
  { head, others = [] }: Pick<Past, "head"> & Partial<Past>,
): { way: Way; end: Checkpoint }[] {
  const ways: { way: Way; end: Checkpoint }[] = [];
  for (let end = head; end.way !== undefined; end = end.way.from) ways.push({ way: end.way, end });
  for (const end of others.toReversed()) {
    if (end.way !== undefined) ways.push({ way: end.way, end });
  }
  return ways;
}

function lost(wanted: string, { kernel: { machine, events } }: Parts): Error {
  const where = `instruction ${machine.instret}, event ${events.next}`;
  return new Error(`replay to ${wanted} ended at ${where}`);
}

/** The instructions that can be reached again, as text. */
function instructionsOf(head: Checkpoint): string {
  const spans: [number, number][] = [];
  for (const { way, end } of waysOf({ head }).reverse()) {
    if (way.ran === undefined) continue;
    const last = spans.at(-1);
    if (last !== undefined && way.ran.since <= last[1]) last[1] = Math.max(last[1], end.instret);
    else spans.push([way.ran.since, end.instret]);
  }
  if (spans.length === 0) return "no run is recorded yet; what runs from now on will be";
  return spans.map(([from, to]) => `${from} to ${to}`).join(", ");
}
