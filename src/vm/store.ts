/** Stores to memory that somebody asked about. */

import type { Pa } from "./machine/address.ts";
import type { StoredBy } from "./machine/memory.ts";

/** One store, as it was seen when it was made again. */
export interface Store {
  /** Instructions retired before it. */
  readonly instret: number;
  /** The hart; it was that hart's turn, when a device stored. */
  readonly hart: number;
  /** The process that the hart worked for; 0: none, or unknown. */
  readonly pid: number;
  /** The instruction; undefined: none stored, but {@link Store.by}. */
  readonly pc: bigint | undefined;
  /** Whether it was an instruction of user mode. */
  readonly user: boolean;
  /** `walk`: a page table walk that set A or D; `outside`: a device. */
  readonly by: StoredBy;
  /** First byte stored, a physical address. */
  readonly pa: number;
  /** Bytes. */
  readonly size: number;
  /** The bytes as an unsigned number before. */
  readonly before: bigint;
  /** And after it. */
  readonly after: bigint;
}

/** A store that mattered to a frame, as it was seen when its history was gone through again. */
export interface FrameStep extends Pick<Store, "instret" | "hart" | "pid" | "before" | "after"> {
  /**
   * To its count, to an entry of a page table that maps it now, to its first word, or, the last
   * one, to any byte of it; for a frame that is lost, to a word that led to it, and to the head of
   * the free list that it was taken from.
   */
  readonly what: "count" | "pte" | "link" | "content" | "pointer" | "taken";
  /** Where was stored: the address of the count, of the entry, of the frame, of the word. */
  readonly at: Pa;
  /** The instruction that stored. */
  readonly pc: bigint;
  /** The return addresses of those who called it, the innermost first. */
  readonly callers: readonly bigint[];
}
