/**
 * Snapshots of a session: saved states under names, for `snap`, `restore` and `diff`.
 *
 * @module
 */

import { pinStates } from "../vm/recorder.ts";
import { KeptStates, MOST_BYTES } from "../vm/state_size.ts";
import type { VmState } from "../vm/vm.ts";
import type { Context, Session } from "../framework/command.ts";
import { size } from "../vm/numbers.ts";
import { CommandError } from "../framework/errors.ts";
import { didYouMean } from "../vm/nearest.ts";

/** One snapshot. */
export interface Snapshot {
  readonly name: string;
  readonly state: VmState;
  /** Instructions retired, and the current process, when it was taken. */
  readonly instret: number;
  readonly pid: number;
  /** Processes and free frames that there were; undefined: unknown. */
  readonly processes: number;
  readonly free: number | undefined;
}

/** Those of a session, oldest first; completion reads this, too. */
export function snapshotsOf(session: Session): Map<string, Snapshot> {
  const known = session.store.get("snap") as Map<string, Snapshot> | undefined;
  if (known !== undefined) return known;
  const none = new Map<string, Snapshot>();
  session.store.set("snap", none);
  return none;
}

/**
 * Takes one; an older one of that name is gone. Throws {@linkcode CommandError} when they would all
 * take more room than they may; then nothing is kept and nothing is gone.
 */
export function takeSnapshot(
  ctx: Pick<Context, "vm" | "session">,
  name: string,
  most = MOST_BYTES,
): Snapshot {
  const { vm, session: { pid } } = ctx;
  const counts = { processes: vm.processes().length, free: vm.census().free };
  const snapshot = { name, state: vm.save(), instret: vm.instret, pid, ...counts };
  const all = snapshotsOf(ctx.session);
  const kept = roomOf(ctx.session);
  const others = [...all.values()].filter((one) => one.name !== name);
  if (others.length < all.size) kept.reset(others.map((one) => one.state));
  kept.add(snapshot.state);
  if (others.length > 0 && kept.bytes > most) {
    const would = size(inKib(kept.bytes));
    kept.reset([...all.values()].map((one) => one.state));
    throw new CommandError(
      `snap ${name}: with it the snapshots would take ${would}, and ${size(most)} is the most; ` +
        "snap --drop NAME lets one go",
    );
  }
  all.delete(name);
  all.set(name, snapshot);
  share(ctx.session);
  return snapshot;
}

/** Forgets one. */
export function dropSnapshot(ctx: Context, name: string): void {
  const { name: found } = snapshotNamed(ctx, name);
  const all = snapshotsOf(ctx.session);
  all.delete(found);
  roomOf(ctx.session).reset([...all.values()].map((one) => one.state));
  share(ctx.session);
}

/** They and what is recorded for undo have one room. */
function share(session: Session): void {
  pinStates(session.vm, [...snapshotsOf(session).values()].map((one) => one.state));
}

/** The computer is another one: its snapshots are gone. */
export function forgetSnapshots(session: Session): void {
  snapshotsOf(session).clear();
  roomOf(session).reset([]);
}

/** What each takes beyond those before it, in bytes, rounded up to KiB; oldest first. */
export function snapshotCosts(session: Session): number[] {
  const kept = new KeptStates();
  return [...snapshotsOf(session).values()].map((one) => inKib(kept.add(one.state)));
}

function inKib(bytes: number): number {
  return Math.ceil(bytes / 1024) * 1024;
}

function roomOf(session: Session): KeptStates {
  const known = session.store.get("snap room") as KeptStates | undefined;
  if (known !== undefined) return known;
  const none = new KeptStates();
  session.store.set("snap room", none);
  return none;
}

/** The one of that name. Throws {@linkcode CommandError} with those that there are. */
export function snapshotNamed(ctx: Context, name: string): Snapshot {
  const all = snapshotsOf(ctx.session);
  const found = all.get(name);
  if (found !== undefined) return found;
  const names = [...all.keys()];
  const hint = names.length === 0
    ? "; snap NAME takes one"
    : didYouMean(name, names) || `: there are ${names.join(", ")}`;
  throw new CommandError(`no snapshot ${name}${hint}`);
}
