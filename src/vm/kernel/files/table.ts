/** Descriptors and the records behind them: xv6's filealloc, fdalloc, filedup and fileclose. */

import type { Kernel } from "../kernel.ts";
import type { Proc } from "../process/proc.ts";
import { wake } from "../process/sleep.ts";
import { CONSOLE_MAJOR, type FdTable, type File, MAX_OPEN } from "./file.ts";

/** A descriptor table with nothing open, for one process; its id. */
function newFdTable(k: Kernel): number {
  return addFdTable(k, new Array(MAX_OPEN).fill(-1));
}

/** A table with the same descriptors, as fork makes it; its id. */
export function copyFdTable(k: Kernel, id: number): number {
  const { fds } = k.state.fdTables.get(id)!;
  for (const n of fds) if (n >= 0) k.state.ftable[n]!.references++;
  return addFdTable(k, [...fds]);
}

function addFdTable(k: Kernel, fds: number[]): number {
  const id = k.state.nextShared++;
  k.state.fdTables.set(id, { fds, users: 1 });
  return id;
}

/** One process less has the table; with the last, its descriptors are closed. */
export function dropFdTable(k: Kernel, id: number): void {
  const table = k.state.fdTables.get(id)!;
  if (--table.users > 0) return;
  k.state.fdTables.delete(id);
  for (const n of table.fds) if (n >= 0) closeFile(k, n);
}

/** The process's descriptor table. */
export function fdTableOf(k: Kernel, p: Proc): FdTable {
  return k.state.fdTables.get(p.files)!;
}

/** The open file behind a descriptor; undefined when there is none. */
export function fileOf(k: Kernel, p: Proc, fd: number): File | undefined {
  const n = fdTableOf(k, p).fds[fd] ?? -1;
  return n < 0 ? undefined : k.state.ftable[n];
}

/** The lowest free descriptor, or -1. */
export function freeDescriptor(k: Kernel, p: Proc): number {
  return fdTableOf(k, p).fds.indexOf(-1);
}

/** Whether the process has `n` free descriptors. */
export function hasDescriptors(k: Kernel, p: Proc, n: number): boolean {
  let free = 0;
  for (const open of fdTableOf(k, p).fds) if (open < 0) free++;
  return free >= n;
}

/** Whether the system has room for `n` more records. */
export function hasRoom(k: Kernel, n: number): boolean {
  let free = 0;
  for (const file of k.state.ftable) if (file === undefined) free++;
  return free >= n;
}

/** Puts a new record behind the lowest free descriptor; the caller made sure that there is room. */
export function install(k: Kernel, p: Proc, file: File): number {
  const n = k.state.ftable.indexOf(undefined);
  const fd = freeDescriptor(k, p);
  k.state.ftable[n] = file;
  fdTableOf(k, p).fds[fd] = n;
  return fd;
}

/** One more descriptor, the lowest free one, for the record behind `fd`. */
export function dupDescriptor(k: Kernel, p: Proc, fd: number): number {
  const { fds } = fdTableOf(k, p);
  const free = fds.indexOf(-1);
  if (free < 0) return -1;
  k.state.ftable[fds[fd]]!.references++;
  fds[free] = fds[fd];
  return free;
}

/** The descriptor is free; its record closes with the last one. */
export function closeDescriptor(k: Kernel, p: Proc, fd: number): void {
  const { fds } = fdTableOf(k, p);
  const n = fds[fd];
  fds[fd] = -1;
  closeFile(k, n);
}

function closeFile(k: Kernel, n: number): void {
  const file = k.state.ftable[n]!;
  if (--file.references > 0) return;
  k.state.ftable[n] = undefined;
  if (file.type === "pipe") closePipe(k, file.pipe, file.writable);
  else if (file.inode !== undefined) k.files.at(file.inode).iput(file.inode);
}

function closePipe(k: Kernel, id: number, writing: boolean): void {
  const pipe = k.state.pipes.get(id)!;
  if (writing) pipe.writeOpen = false;
  else pipe.readOpen = false;
  if (!pipe.writeOpen && !pipe.readOpen) k.state.pipes.delete(id);
  wake(k, (_, wait) => (wait.on === "pipe-data" || wait.on === "pipe-space") && wait.pipe === id);
}

/** A descriptor table for a process that has none, with the console as descriptors 0, 1 and 2. */
export function openConsole(k: Kernel, p: Proc): void {
  p.files = newFdTable(k);
  const fd = install(k, p, {
    type: "device",
    major: CONSOLE_MAJOR,
    inode: undefined,
    references: 1,
    readable: true,
    writable: true,
  });
  dupDescriptor(k, p, fd);
  dupDescriptor(k, p, fd);
}
