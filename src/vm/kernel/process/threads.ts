/**
 * What processes made by clone() share, and how it is left: thread groups, descriptor tables, current
 * directories. Who shares something holds the same record; the last one to leave lets it go.
 *
 * @module
 */

import type { Kernel } from "../kernel.ts";
import { closeFile, dupFile } from "../files/table.ts";
import { userAddress } from "../syscalls/call.ts";
import { MAX_OPEN, type Proc } from "./proc.ts";

/** The threads of a group that have not exited. */
export function threadsOf(k: Kernel, group: number): Proc[] {
  return k.slots.filter((p): p is Proc => p?.group === group && p.state !== "zombie");
}

/** Whether a thread of a group has not exited. */
export function hasThreads(k: Kernel, group: number): boolean {
  for (const p of k.slots) if (p?.group === group && p.state !== "zombie") return true;
  return false;
}

/** Its descriptor table is not its own any more; the files close when nobody else has the table. */
export function leaveFiles(k: Kernel, p: Proc): void {
  const { files } = p;
  p.files = new Array(MAX_OPEN).fill(undefined);
  if (k.slots.some((q) => q?.files === files)) return;
  for (const file of files) if (file !== undefined) closeFile(k, file);
}

/** A descriptor table of its own, with what the shared one holds: exec undoes CLONE_FILES. */
export function unshareFiles(k: Kernel, p: Proc): void {
  const isShared = k.slots.some((q) => q !== p && q?.files === p.files);
  if (isShared) p.files = p.files.map((file) => file && dupFile(file));
}

/** Its current directory is not its own any more. */
export function leaveDirectory(k: Kernel, p: Proc): void {
  const { place } = p;
  p.place = { cwd: undefined };
  if (place.cwd === undefined || k.slots.some((q) => q?.place === place)) return;
  k.files.putInode(place.cwd);
}

/** Stores a thread id, a C int, in a process's memory. False for a bad address, or without memory. */
export function putTid(k: Kernel, p: Proc, at: bigint, tid: number): boolean {
  const address = userAddress(at);
  const word = new Uint8Array(Int32Array.of(tid).buffer);
  return address !== undefined && k.memory.copyout(p.space, address, word);
}

/**
 * It leaves its memory, by exit or exec: CLONE_CHILD_CLEARTID clears its id there, when others still have that memory,
 * and the parent that CLONE_VFORK made wait goes on.
 */
export function leaveMemory(k: Kernel, p: Proc): void {
  // As on Linux nobody is told when the address is bad: the process that could be is going.
  if (p.clearTid !== 0n && p.space.users > 1) putTid(k, p, p.clearTid, 0);
  p.clearTid = 0n;
  if (!p.vforked) return;
  p.vforked = false;
  k.wake((_, wait) => wait.on === "vfork" && wait.child === p.pid);
}
