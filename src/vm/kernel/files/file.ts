/**
 * Open files, descriptor tables and current directories, as plain records that refer to each other
 * by id: xv6's `struct file` and `ftable`, and what clone() lets processes share.
 */

/** Most open files in the whole system (xv6's NFILE). */
export const MAX_FILES = 100;

/** Most open files of one process (xv6's NOFILE). */
export const MAX_OPEN = 16;

/** Major number of the console device. */
export const CONSOLE_MAJOR = 1;

/** A file by its handle in the tree of names (on the root, its i-number), with a reference held. */
export type Inode = number;

interface FileBase {
  /** Descriptors, in all tables, that stand for this record. */
  references: number;
  /** It was opened for reading. */
  readonly readable: boolean;
  /** It was opened for writing. */
  readonly writable: boolean;
}

/**
 * One open file. The record is shared by every descriptor that `dup` or `fork` made from it, so the
 * offset is too.
 */
export type File =
  & FileBase
  & (
    | { readonly type: "device"; readonly major: number; readonly inode: Inode | undefined }
    | { readonly type: "pipe"; readonly pipe: number }
    | { readonly type: "inode"; readonly inode: Inode; offset: number }
  );

/** A descriptor table; who was made with CLONE_FILES has its maker's. */
export interface FdTable {
  /** Number of the open file by descriptor; -1: none. */
  readonly fds: number[];
  /** Processes that have it. */
  users: number;
}

/** A current directory; who was made with CLONE_FS has its maker's. */
export interface Place {
  /** Undefined while no file system is mounted, or nobody has asked yet. */
  cwd: Inode | undefined;
  /** Processes that have it. */
  users: number;
}
