/**
 * Why a file-system call failed, as small negative numbers.
 *
 * xv6 answers -1 for everything; a system call collapses these to that. The reason is kept so that
 * `strace`, the shell and the tests can say *which* -1 it was. Names and values are POSIX's.
 */

const sentences = new Map<number, string>();

/** Declares an error. The sentence is for people. */
function errno(code: number, sentence: string): number {
  sentences.set(code, sentence);
  return code;
}

/** The caller may not do this: link a directory, unlink `.`, change a read-only file. */
export const EPERM: number = errno(-1, "not permitted");
/** No such entry. */
export const ENOENT: number = errno(-2, "no such file or directory");
/** The image contradicts itself where this call had to look. */
export const EIO: number = errno(-5, "the file system image is damaged here");
/** A user address given to the call is bad. */
export const EFAULT: number = errno(-14, "bad user address");
/** The name is taken. */
export const EEXIST: number = errno(-17, "already exists");
/** The two names of a link are in different file systems. */
export const EXDEV: number = errno(-18, "in another file system");
/** A path goes through something that is not a directory. */
export const ENOTDIR: number = errno(-20, "not a directory");
/** A directory where a file is needed. */
export const EISDIR: number = errno(-21, "is a directory");
/** An argument makes no sense. */
export const EINVAL: number = errno(-22, "invalid argument");
/** The table of in-use inodes is full. */
export const ENFILE: number = errno(-23, "too many inodes in use");
/** The file would be larger than the format allows. */
export const EFBIG: number = errno(-27, "file too large");
/** No free block, or no free inode. */
export const ENOSPC: number = errno(-28, "no space left");
/** The link count would not fit. */
export const EMLINK: number = errno(-31, "too many links");
/** The name or path is too long for the format. */
export const ENAMETOOLONG: number = errno(-36, "name too long");
/** The directory still has entries. */
export const ENOTEMPTY: number = errno(-39, "directory not empty");
/** Too many symbolic links in a path. */
export const ELOOP: number = errno(-40, "too many symbolic links");

/** A short sentence for a negative result of a file-system call. */
export function describeErrno(code: number): string {
  return sentences.get(code) ?? `error ${code}`;
}

/** An image that cannot be opened or made: the message is one clear line for the person. */
export class FsError extends Error {
  /** The class name, as shown before the message. */
  override name = "FsError";
  /** The boot option whose image it is about, when a computer was booted with it. */
  option?: "fs" | "fat";
}
