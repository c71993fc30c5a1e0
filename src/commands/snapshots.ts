/**
 * Snapshots of a session: saved states under names, for `snap`, `restore` and `diff`.
 *
 * @module
 */

import type { VmState } from "../vm/vm.ts";
import type { Context, Session } from "./command.ts";
import { CommandError } from "./errors.ts";
import { didYouMean } from "./nearest.ts";

/** One snapshot. */
export interface Snapshot {
  readonly name: string;
  readonly state: VmState;
  /** Instructions retired, and the current process, when it was taken. */
  readonly instret: number;
  readonly pid: number;
}

/** Those of a session, oldest first; completion reads this, too. */
export function snapshotsOf(session: Session): Map<string, Snapshot> {
  const known = session.store.get("snap") as Map<string, Snapshot> | undefined;
  if (known !== undefined) return known;
  const none = new Map<string, Snapshot>();
  session.store.set("snap", none);
  return none;
}

/** Takes one; an older one of that name is gone. */
export function takeSnapshot(ctx: Context, name: string): Snapshot {
  const { instret } = ctx.vm.machine;
  const snapshot = { name, state: ctx.vm.save(), instret, pid: ctx.session.pid };
  const all = snapshotsOf(ctx.session);
  all.delete(name);
  all.set(name, snapshot);
  return snapshot;
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
