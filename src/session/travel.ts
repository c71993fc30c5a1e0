/**
 * What the commands that go through time share: which events are meant, and where one stands
 * afterwards.
 *
 * @module
 */

import type { EventKind, VmEvent } from "../vm/events.ts";
import { type EventFilter, eventText, type Trap } from "../vm/reports.ts";
import type { Context, FlagSpec } from "../framework/command.ts";
import { note, type Result, result, type Section } from "../framework/result.ts";
import { eventsJson } from "../format/event_json.ts";
import type { Moment } from "../vm/history.ts";
import { happenedText, hartJson, hartPlace, trapJson, trapText } from "./guest_run.ts";
import { placeSections } from "./running.ts";
import { setCurrent } from "./target.ts";

/** The flags of a command that takes a kind of event. */
export const EVENT_FLAGS = [
  { name: "by", kind: "pid", doc: "the event was on behalf of this process" },
  { name: "va", kind: "expr", doc: "the event was about the page that holds this address" },
] as const satisfies readonly FlagSpec[];

/** The events that a kind and the flags name. */
export function eventsMeant(
  kind: EventKind,
  { by, va }: { by: number | undefined; va: bigint | undefined },
): EventFilter {
  return {
    kinds: [kind],
    ...(by === undefined ? {} : { pid: by }),
    ...(va === undefined ? {} : { va: BigInt.asUintN(64, va) }),
  };
}

/** The computer has gone back to a moment. */
export function wentBack(ctx: Context, { pid, found, trap }: Moment): Result {
  if (ctx.vm.guest) return guestWentBack(ctx, found, trap);
  const said = found === undefined
    ? []
    : [note(`event ${found.n}: pid ${found.pid}: ${eventText(found, ctx.vm.rsw)}`, "strong")];
  const { session } = ctx;
  const there = arrived(ctx, found?.pid ?? session.pid, found ? session.pid : pid, said);
  const json = {
    ...there.json,
    ...(found === undefined ? {} : { event: eventsJson(ctx.vm, [found])[0] }),
  };
  return { ...there, json };
}

function guestWentBack(
  ctx: Context,
  found: VmEvent | undefined,
  trap: Trap | undefined,
): Result {
  const { instret } = ctx.vm;
  const text = trap !== undefined
    ? trapText(ctx, trap)
    : found === undefined
    ? undefined
    : happenedText(ctx, found);
  return result([
    ...(text === undefined ? [] : [note(text, "strong")]),
    note(`at instruction ${instret}`),
    ...hartPlace(ctx),
  ], {
    json: {
      ...hartJson(ctx),
      trap: trap === undefined ? null : trapJson(trap),
      event: found === undefined ? null : eventsJson(ctx.vm, [found])[0],
    },
    value: BigInt(instret),
  });
}

/** The computer is at another moment: `pid` is the current process if it is there, else `other`. */
export function arrived(
  ctx: Context,
  pid: number,
  other: number,
  before: readonly Section[] = [],
): Result {
  const { vm, session } = ctx;
  const there = (one: number) => vm.hasProcess(one);
  setCurrent(ctx, there(pid) ? pid : there(other) ? other : 0);
  const { instret } = vm;
  const place = vm.guest ? hartPlace(ctx) : placeSections(ctx, session.pid);
  return result(
    [...before, note(`at instruction ${instret}`), ...place],
    { json: { instret, pid: session.pid }, value: BigInt(instret) },
  );
}
