/**
 * What memory is, as one plain record. Page tables and page contents stand in guest RAM, which is
 * the machine's. A saved state is a copy of this record; a field is declared here and nowhere else.
 */

import type { PaNum } from "../../machine/address.ts";
import type { AddressSpace, SpaceUser } from "./areas/space.ts";
import type { FileKey } from "./areas/backing.ts";

/** The allocator and one stored count a frame. Arrays are indexed by frame number. */
export interface FramesState {
  /** Stored count: user mappings of a user frame; tables and trapframes have 1. */
  counts: Uint32Array;
  /** Position in `FRAME_KINDS`. */
  kinds: Uint8Array;
  /** Number of the page at which a user frame was mapped first: where its owners map it. */
  homes: Uint32Array;
  /** Sweeps of the reclaim clock since the page was last used. */
  ages: Uint8Array;
  /** Free frames in each block of 2 MiB. */
  blockFree: Uint16Array;
  /** First member of the free list, 0 when empty. */
  head: PaNum | 0;
  /** Number of the frame above the next fresh one to take. */
  freshTop: number;
  /** Frames that can be allocated. */
  free: number;
  /** The fewest there ever were. */
  lowest: number;
  /** Allocations tried since boot, failed ones included. */
  allocations: number;
  /** The allocation (as counted in `allocations`) that fails; 0: none. */
  failAt: number;
}

/** One page of a file that is in a frame, or a page of a shared anonymous object. */
export interface CachedPage {
  /** The file. */
  readonly file: FileKey;
  /** Byte in the file at the frame's start. */
  readonly offset: number;
  /** Bytes of the frame that belong to the file; the rest was zero when read. */
  readonly length: number;
  /** The frame; 0 while a page of a shared anonymous object is on the swap disk. */
  readonly frame: PaNum | 0;
  /** The swap slot then. */
  readonly slot?: number;
}

/** All pages that the page cache holds. */
export interface PageCache {
  /** By file, offset and length; see `cacheKey`. */
  readonly byKey: Map<string, CachedPage>;
  /** By frame. */
  readonly byFrame: Map<number, CachedPage>;
}

/** Shared anonymous objects: how many areas refer to each. */
export interface ShmObjects {
  /** Number of the next object. */
  next: number;
  /** Areas by object. */
  readonly holders: Map<number, number>;
}

/** The swap disk. */
export interface SwapDisk {
  /** Pages it has room for; 0: there is no disk. */
  readonly slots: number;
  /** PTEs (or shared anonymous objects) that refer to each slot; 0: free. */
  readonly counts: Uint32Array;
  /** Content of the slots in use. */
  readonly pages: Map<number, Uint8Array>;
  /** Where to look for the next free slot. */
  cursor: number;
}

/** The clock that looks for pages to evict. */
export interface ReclaimClock {
  /** Number of the frame that the hand points to: the next to be looked at. */
  hand: number;
  /** Times the hand went all the way round. */
  turns: number;
  /** Searches in a row that freed nothing. */
  emptySearches: number;
  /** Allocations to let go by before searching gently again. */
  pause: number;
  /** Allocations to let go by before any search: nothing could be evicted. */
  wall: number;
}

/** Memory of all processes. */
export interface MemoryState {
  /** The allocator. */
  frames: FramesState;
  /** All live address spaces by id. */
  spaces: Map<number, AddressSpace>;
  /** Id of the next space. */
  nextSpace: number;
  /** Id of the space whose tables the hart uses, 0 for none. */
  currentSpace: number;
  /** Frames that hold pages of files. */
  cache: PageCache;
  /** Shared anonymous objects. */
  shm: ShmObjects;
  /** The swap disk. */
  swap: SwapDisk;
  /** Looks for pages to evict. */
  clock: ReclaimClock;
  /** References of areas to files and shared anonymous objects. */
  heldFiles: number;
  /** The users of the spaces: the process table. */
  procs: (SpaceUser | undefined)[];
}
