/**
 * Descriptors and the records behind them: xv6's filealloc, fdalloc, filedup and fileclose.
 *
 * @module
 */

import type { Kernel } from "../kernel.ts";
import type { Proc } from "../process/proc.ts";
import { CONSOLE_MAJOR, type File, MAX_FILES } from "./file.ts";

/** The lowest free descriptor, or -1. */
export function freeDescriptor(p: Proc): number {
  return p.files.indexOf(undefined);
}

/** Whether the system has room for `n` more records. */
export function hasRoom(k: Kernel, n: number): boolean {
  return k.openFiles + n <= MAX_FILES;
}

/** Puts a new record behind the lowest free descriptor, which the caller made sure there is. */
export function install(k: Kernel, p: Proc, file: File): number {
  const fd = freeDescriptor(p);
  p.files[fd] = file;
  k.openFiles++;
  return fd;
}

/** One more descriptor for a record. */
export function dupFile(file: File): File {
  file.references++;
  return file;
}

/** One descriptor less; the last one closes the record. */
export function closeFile(k: Kernel, file: File): void {
  file.references--;
  if (file.references > 0) return;
  k.openFiles--;
  if (file.type === "inode") k.files.putInode(file.inode);
  else if (file.type === "device" && file.inode !== undefined) k.files.putInode(file.inode);
  else if (file.type === "pipe") closePipe(k, file);
}

function closePipe(k: Kernel, file: Extract<File, { type: "pipe" }>): void {
  const { pipe } = file;
  if (file.writable) pipe.writeOpen = false;
  else pipe.readOpen = false;
  k.wake((_, wait) =>
    (wait.on === "pipe-data" || wait.on === "pipe-space") && wait.pipe === pipe.id
  );
}

/** Opens the console as descriptors 0, 1 and 2 of a process that has none open. */
export function openConsole(k: Kernel, p: Proc): void {
  const file: File = {
    type: "device",
    major: CONSOLE_MAJOR,
    inode: undefined,
    references: 1,
    readable: true,
    writable: true,
  };
  install(k, p, file);
  p.files[1] = dupFile(file);
  p.files[2] = dupFile(file);
}
