/**
 * What processes made by clone() share: thread groups, descriptor tables, current directories.
 * Sharers hold the same record; the last one to leave frees it.
 */

import { spaceOf } from "./table.ts";
import { wake } from "./sleep.ts";
import { copyout, intBytes } from "../memory/faults/copyin.ts";
import type { Kernel } from "../kernel.ts";
import type { Inode, Place } from "../files/file.ts";
import { copyFdTable, dropFdTable, fdTableOf } from "../files/table.ts";
import { userAddress } from "../syscalls/call.ts";
import type { Proc } from "./proc.ts";

/** The threads of a group that have not exited. */
export function threadsOf(k: Kernel, group: number): Proc[] {
  return k.state.procs.filter((p): p is Proc => p?.group === group && p.state !== "zombie");
}

/** Whether a thread of a group has not exited. */
export function hasThreads(k: Kernel, group: number): boolean {
  for (const p of k.state.procs) if (p?.group === group && p.state !== "zombie") return true;
  return false;
}

/** Leaves its descriptor table; the files close when no other process has it. */
export function leaveFiles(k: Kernel, p: Proc): void {
  if (p.files !== 0) dropFdTable(k, p.files);
  p.files = 0;
}

/** A descriptor table of its own, with what the shared one holds: exec undoes CLONE_FILES. */
export function unshareFiles(k: Kernel, p: Proc): void {
  if (fdTableOf(k, p).users === 1) return;
  const own = copyFdTable(k, p.files);
  dropFdTable(k, p.files);
  p.files = own;
}

/** A current directory for one process, with a reference to it; its id. */
export function newPlace(k: Kernel, cwd: Inode | undefined): number {
  const id = k.state.nextShared++;
  k.state.places.set(id, { cwd, users: 1 });
  return id;
}

/** The process's current directory. */
export function placeOf(k: Kernel, p: Proc): Place {
  return k.state.places.get(p.place)!;
}

/** Leaves its current directory. */
export function leaveDirectory(k: Kernel, p: Proc): void {
  if (p.place === 0) return;
  const place = placeOf(k, p);
  if (--place.users === 0) {
    k.state.places.delete(p.place);
    if (place.cwd !== undefined) k.files.at(place.cwd).iput(place.cwd);
  }
  p.place = 0;
}

/** Stores a C int in user memory. False for a bad address, or out of memory. */
export function putInt(k: Kernel, p: Proc, at: bigint, value: number): boolean {
  const address = userAddress(at);
  return address !== undefined && copyout(k, spaceOf(k, p), address, intBytes(value));
}

/**
 * A process leaves its memory, by exit or exec: its id there is cleared (CLONE_CHILD_CLEARTID) when
 * others still have that memory, and a parent that waits for it (CLONE_VFORK) goes on.
 */
export function leaveMemory(k: Kernel, p: Proc): void {
  // As on Linux a bad address is not reported: the process that it could be reported to is going.
  if (p.clearTid !== 0n && spaceOf(k, p).users > 1) putInt(k, p, p.clearTid, 0);
  p.clearTid = 0n;
  if (!p.vforked) return;
  p.vforked = false;
  wake(k, (_, wait) => wait.on === "vfork" && wait.child === p.pid);
}

/** A process leaves all that it may share. */
export function leaveAll(k: Kernel, p: Proc): void {
  leaveFiles(k, p);
  leaveDirectory(k, p);
  leaveMemory(k, p);
}
