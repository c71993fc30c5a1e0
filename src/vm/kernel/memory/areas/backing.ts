/**
 * What memory needs from file systems: the pages behind a mapped file. The process room implements
 * {@link FilePages} over xv6's file system and FAT32.
 */

import type { PaNum } from "../../../machine/address.ts";

/** A file as memory names it, however it was opened: plain data, equal for equal files. */
export interface FileKey {
  /** Which mounted file system (0: the root). */
  readonly fs: number;
  /** Which file in it: the inode number, or whatever identifies a file there. */
  readonly inode: number;
}

/** The part of a file behind an area. */
export interface Backing {
  /** The file; the area holds one reference to it ({@link FilePages.dup}). */
  readonly file: FileKey;
  /** Byte in the file at the area's start, a multiple of 4096 except for program segments. */
  readonly offset: number;
  /** Bytes of the area that come from the file, from its start; what follows reads zero. */
  readonly length: number;
  /** Whether stores to a shared area may go back to the file (it was opened for writing). */
  readonly writable: boolean;
}

/** Page input and output of files. Offsets and lengths in bytes. */
export interface FilePages {
  /** The file's present size. */
  size(file: FileKey): number;
  /** Reads `length` bytes at `offset` into RAM; how many (fewer at the end of file), or -1. */
  read(file: FileKey, offset: number, into: PaNum, length: number): number;
  /** Writes `length` bytes at `offset`, never beyond {@link size}. False when it failed. */
  write(file: FileKey, offset: number, from: PaNum, length: number): boolean;
  /** One more area holds the file: it stays readable when closed and unlinked. */
  dup(file: FileKey): void;
  /** An area let the file go. */
  drop(file: FileKey): void;
}
