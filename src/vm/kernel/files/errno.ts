/**
 * Why a file-system call failed, as small negative numbers.
 *
 * xv6 answers -1 for everything; a system call collapses these to that. The reason is kept so that
 * `strace`, the shell and the tests can say *which* -1 it was. Names and values are POSIX's.
 */

/** The caller may not do this (link a directory, unlink `.`). */
export const EPERM = -1;
/** No such entry. */
export const ENOENT = -2;
/** The image contradicts itself where this call had to look. */
export const EIO = -5;
/** A user address given to the call is bad. */
export const EFAULT = -14;
/** The name is taken. */
export const EEXIST = -17;
/** The two names are in different file systems. */
export const EXDEV = -18;
/** A path goes through something that is not a directory. */
export const ENOTDIR = -20;
/** A directory where a file is needed. */
export const EISDIR = -21;
/** An argument makes no sense. */
export const EINVAL = -22;
/** The table of in-use inodes is full. */
export const ENFILE = -23;
/** The file would be larger than the format allows. */
export const EFBIG = -27;
/** No free block, or no free inode. */
export const ENOSPC = -28;
/** The file system can only be read. */
export const EROFS = -30;
/** The link count would not fit. */
export const EMLINK = -31;
/** The name or path is too long for the format. */
export const ENAMETOOLONG = -36;
/** The directory still has entries. */
export const ENOTEMPTY = -39;
/** Too many symbolic links in a path. */
export const ELOOP = -40;

const sentences: Readonly<Record<number, string>> = {
  [EPERM]: "not permitted",
  [ENOENT]: "no such file or directory",
  [EIO]: "the file system image is damaged here",
  [EFAULT]: "bad user address",
  [EEXIST]: "already exists",
  [EXDEV]: "in another file system",
  [ENOTDIR]: "not a directory",
  [EISDIR]: "is a directory",
  [EINVAL]: "invalid argument",
  [ENFILE]: "too many inodes in use",
  [EFBIG]: "file too large",
  [ENOSPC]: "no space left",
  [EROFS]: "read-only file system",
  [EMLINK]: "too many links",
  [ENAMETOOLONG]: "name too long",
  [ENOTEMPTY]: "directory not empty",
  [ELOOP]: "too many symbolic links",
};

/** A short sentence for a negative result of a file-system call. */
export function describeErrno(code: number): string {
  return sentences[code] ?? `error ${code}`;
}

/** An image that cannot be opened or made: the message is one clear line for the person. */
export class FsError extends Error {
  /** The class name, as shown before the message. */
  override name = "FsError";
  /** The boot option whose image it is about, when a computer was booted with it. */
  option?: "fs" | "fat";
}
