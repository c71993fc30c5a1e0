/**
 * Open files: xv6's `struct file` as plain records, and the table that limits them.
 *
 * A record is shared by every descriptor that `dup` or `fork` made from it, so the offset is too.
 *
 * @module
 */

import type { Pipe } from "./pipe.ts";

/** Most open files in the whole system (xv6's NFILE). */
export const MAX_FILES = 100;

/** Major number of the console device. */
export const CONSOLE_MAJOR = 1;

/** A file by its handle in the tree of names (on the root, its i-number), with a reference held. */
export type Inode = number;

interface FileBase {
  /** Descriptors, in all processes, that stand for this record. */
  references: number;
  readonly readable: boolean;
  readonly writable: boolean;
}

/** One open file. */
export type File =
  & FileBase
  & (
    | { readonly type: "device"; readonly major: number; readonly inode: Inode | undefined }
    | { readonly type: "pipe"; readonly pipe: Pipe }
    | { readonly type: "inode"; readonly inode: Inode; offset: number }
  );
