/**
 * The built-in kernel's memory: all frames, all address spaces, the page cache, and the options that say
 * which mechanisms work. This class only puts the files of this folder together; each of them
 * holds one idea.
 *
 * @module
 */

import type { PaNum, VaNum } from "../../machine/address.ts";
import type { Ram } from "../../machine/memory.ts";
import { type Saved, Saver } from "../../machine/saver.ts";
import type { EventLog, MoveKind } from "../../events.ts";
import { cow } from "../fork/cow.ts";
import { forkSpace, type ForkStatistics } from "../fork/fork.ts";
import type { ForkPolicy } from "../fork/policy.ts";
import { insertArea, isHole } from "./areas/areas.ts";
import { type FileKey, type FilePages, noFiles } from "./areas/backing.ts";
import { fault, type FaultCause } from "./faults/fault.ts";
import { Frames, type FramesState, type UsedKind } from "./frames/frames.ts";
import { grow, shrink } from "./areas/sbrk.ts";
import { promoteSpace } from "./tables/superpage.ts";
import { mmap, mprotect, msync, munmap } from "./areas/mmap.ts";
import { newPageCache, overlayCached, type PageCache, patchCached } from "./reclaim/page_cache.ts";
import type { MapRequest, MemoryOptions, SuperpageCow, Translation } from "./options.ts";
import { populate } from "./areas/unmap.ts";
import {
  balance,
  defaultWatermarks,
  isReserve,
  reclaim,
  type ReclaimClock,
  type Watermarks,
} from "./reclaim/reclaim.ts";
import type { FaultResult } from "./faults/result.ts";
import { holdFile, newShmObjects, type ShmObjects } from "./areas/shm.ts";
import type { AddressSpace, Area } from "./areas/space.ts";
import { makeKernelMap } from "./tables/kernel_map.ts";
import {
  createSpace,
  emptySpace,
  leaveSpace,
  releaseSpace,
  shareSpace,
  trampolineFrame,
} from "./areas/spaces.ts";
import { newSwapDisk, type SwapDisk } from "./reclaim/swap.ts";
import { cutMappings, isRunning } from "./areas/truncate.ts";
import { type SpaceUsage, usageOf } from "./areas/usage.ts";
import { copyin, copyinBytes, copyout, loadBytes } from "./faults/copyin.ts";

export type { MapRequest, MemoryOptions, SpaceUsage, SuperpageCow, Translation };

/** The state of {@link Memory} as plain data, RAM excepted. */
export interface MemoryState {
  frames: FramesState;
  spaces: Map<number, AddressSpace>;
  nextSpace: number;
  current: number;
  cache: PageCache;
  shm: ShmObjects;
  swap: SwapDisk;
  clock: ReclaimClock;
  heldFiles: number;
}

/** Memory of all processes. */
export class Memory {
  /** Guest RAM. */
  readonly ram: Ram;
  /** The hart's translation. */
  readonly mmu: Translation;
  /** Where everything that happens is told. */
  readonly events: EventLog;
  /** The allocator and the counts. */
  readonly frames: Frames;
  /** Root of the kernel's own page table. */
  readonly kernelRoot: PaNum;
  /** The design of fork. */
  readonly policy: ForkPolicy;
  /** 2 MiB leaves are made. */
  readonly superpages: boolean;
  /** What a store to a shared one does. */
  readonly superpageCow: SuperpageCow;
  /** All live spaces by id. */
  spaces: Map<number, AddressSpace> = new Map();
  /** Frames that hold pages of files. */
  cache: PageCache = newPageCache();
  /** Shared anonymous objects. */
  shm: ShmObjects = newShmObjects();
  /** The file systems behind mapped files; the kernel sets it. */
  files: FilePages = noFiles;
  /** The pid that stands for a space in events, 0 while no process has it; the kernel sets it. */
  pidOf: (space: AddressSpace) => number = () => 0;
  /** Id of the space whose tables the hart uses, 0 for none. */
  current = 0;
  /** The swap disk. */
  swap: SwapDisk;
  /** The clock that looks for pages to evict. */
  clock: ReclaimClock = { hand: 0, turns: 0, emptySearches: 0, pause: 0, wall: 0 };
  /** When to make room. */
  readonly watermarks: Watermarks;
  /** Pages brought back beside the one that is asked for. */
  readonly readAhead: number;
  /** References of areas to files and shared anonymous objects. */
  heldFiles = 0;
  /** What the last successful fork did. */
  lastFork: ForkStatistics | undefined;
  /** Id of the next space. */
  nextSpace = 1;
  readonly #saver = new Saver();

  /** Memory over RAM of which only the kernel's own frames are in use. */
  constructor(ram: Ram, mmu: Translation, events: EventLog, options: MemoryOptions = {}) {
    this.ram = ram;
    this.mmu = mmu;
    this.events = events;
    this.frames = new Frames(ram, events, options.kernelFrames);
    this.kernelRoot = makeKernelMap(ram, trampolineFrame(this));
    this.policy = options.policy ?? cow;
    this.superpages = options.superpages ?? false;
    this.superpageCow = options.superpageCow ?? "split";
    this.swap = newSwapDisk(options.swap ?? 0);
    this.readAhead = options.readAhead ?? 0;
    this.watermarks = options.watermarks ?? defaultWatermarks(this.frames.total);
  }

  /** A space with trampoline and one trapframe and no areas, for one thread; undefined: out of memory. */
  createSpace(): AddressSpace | undefined {
    return createSpace(this);
  }

  /** The last thread leaves: everything is freed, dirty pages of shared file areas written back first. */
  releaseSpace(space: AddressSpace): void {
    releaseSpace(this, space);
  }

  /** The only thread is dead: all its areas are unmapped; tables and trapframe stay until it is released. */
  emptySpace(space: AddressSpace): void {
    emptySpace(this, space);
  }

  /** CLONE_VM: one more thread. The frame of its trapframe; undefined: out of memory. */
  shareSpace(space: AddressSpace): PaNum | undefined {
    return shareSpace(this, space);
  }

  /** A thread leaves while others stay: its trapframe goes. */
  leaveSpace(space: AddressSpace, trapframe: PaNum): void {
    leaveSpace(this, space, trapframe);
  }

  /** Makes the space the hart's: satp, and a full sfence as xv6 does at every switch. */
  activate(space: AddressSpace): void {
    this.current = space.id;
    this.mmu.setRoot(space.root);
    this.mmu.sfence();
  }

  /** A copy of the space under the policy; undefined: out of memory, everything as before. */
  fork(parent: AddressSpace): AddressSpace | undefined {
    return forkSpace(this, parent);
  }

  /** sbrk upwards; false: no room or no memory, everything as before. */
  grow(space: AddressSpace, n: number, lazy: boolean): boolean {
    return grow(this, space, n, lazy);
  }

  /** sbrk downwards; false: `n` exceeds the size, nothing done. */
  shrink(space: AddressSpace, n: number): boolean {
    return shrink(this, space, n);
  }

  /**
   * An area for exec: with all its pages, zeroed, unless it is lazy; its file gets one more holder. False
   * when something is mapped there or memory runs out, with nothing done.
   */
  allocArea(space: AddressSpace, area: Area): boolean {
    if (!isHole(space, area.start, area.end)) return false;
    if (!area.lazy && !populate(this, space, area, area.kind)) return false;
    if (area.backing !== undefined) this.hold(area.backing.file);
    insertArea(space, { ...area });
    return true;
  }

  /** exec's way to write pages whatever their rights. False when one cannot be had. */
  load(space: AddressSpace, va: VaNum, bytes: Uint8Array): boolean {
    return loadBytes(this, space, va, bytes);
  }

  /** mmap; -1: bad request or no room. */
  map(space: AddressSpace, request: MapRequest): VaNum | -1 {
    return mmap(this, space, request);
  }

  /** munmap; false: bad range. */
  unmap(space: AddressSpace, start: VaNum, length: number): boolean {
    return munmap(this, space, start, length);
  }

  /** mprotect; false: bad range or not permitted. */
  protect(space: AddressSpace, start: VaNum, length: number, perm: number): boolean {
    return mprotect(this, space, start, length, perm);
  }

  /** msync; false: bad range. */
  sync(space: AddressSpace, start: VaNum, length: number): boolean {
    return msync(this, space, start, length);
  }

  /** The one fault path: a page fault of that cause at any 64-bit address. */
  fault(space: AddressSpace, cause: FaultCause, va: VaNum | bigint): FaultResult {
    return fault(this, space, cause, va);
  }

  /** Bytes to user memory; false when a page may not be written. */
  copyout(space: AddressSpace, dst: VaNum | bigint, bytes: Uint8Array): boolean {
    return copyout(this, space, dst, bytes);
  }

  /** Bytes from user memory; undefined when a page may not be read. */
  copyin(space: AddressSpace, src: VaNum | bigint, length: number): Uint8Array | undefined {
    return copyin(this, space, src, length);
  }

  /** A string up to its NUL, one char a byte; undefined when there is no NUL within `max` bytes or a page may not be read. */
  copyinstr(space: AddressSpace, src: VaNum | bigint, max: number): string | undefined {
    const bytes = copyinBytes(this, space, src, max);
    return bytes && String.fromCharCode(...bytes);
  }

  /** A system call wrote a file: mappers see it. */
  fileWritten(file: FileKey, offset: number, bytes: Uint8Array): void {
    patchCached(this, file, offset, bytes);
  }

  /** A file became shorter: mappers lose what is beyond its end. */
  fileTruncated(file: FileKey): void {
    cutMappings(this, file);
  }

  /** Whether a program that is loaded page by page runs from the file. */
  isRunning(file: FileKey): boolean {
    return isRunning(this, file);
  }

  /** A system call read `bytes` of a file: put in what mappers have stored and not yet written back. */
  fileRead(file: FileKey, offset: number, bytes: Uint8Array): void {
    overlayCached(this, file, offset, bytes);
  }

  /** As {@link Memory.take} for a call that can fail: the last frames stay for faults where pages come and go. */
  takeSpare(kind: UsedKind, content: "zeroed" | "raw"): PaNum | 0 {
    balance(this, false);
    if (isReserve(this)) balance(this, false);
    return isReserve(this) ? 0 : this.take(kind, content);
  }

  /** One more area refers to a file. */
  readonly hold = (file: FileKey): void => holdFile(this, file);

  /**
   * One frame with count 1; 0: out of memory. Every allocation of the kernel comes through here. Pages may be
   * evicted to make room: entries read before it must be read again.
   */
  take(kind: UsedKind, content: "zeroed" | "junk" | "raw"): PaNum | 0 {
    balance(this, true);
    if (content === "zeroed") return this.frames.allocZeroed(kind);
    return content === "junk" ? this.frames.alloc(kind) : this.frames.allocRaw(kind);
  }

  /** Makes 2 MiB leaves of all blocks of the space that are whole; how many. */
  promote(space: AddressSpace): number {
    return promoteSpace(this, space);
  }

  /** Evicts pages until `n` more frames are free, if it can; how many it freed. */
  reclaim(n: number): number {
    return reclaim(this, n);
  }

  /** Tells that a page of the space moved; {@link EventLog.move}. */
  moved(
    kind: MoveKind,
    space: AddressSpace,
    va: VaNum,
    frame: PaNum,
    slot: number,
    bytes: number,
    why: string,
  ): void {
    this.events.move(kind, this.pidOf(space), va, frame, slot, bytes, why);
  }

  /** After an entry of the space lost a right or its frame: the TLB must forget the page. */
  flush(space: AddressSpace, va: VaNum, why: string): void {
    if (space.id !== this.current) return;
    this.mmu.sfence(va);
    this.events.sfence(va, why);
  }

  /** After many entries did. */
  flushAll(space: AddressSpace, why: string): void {
    if (space.id !== this.current) return;
    this.mmu.sfence();
    this.events.sfence(undefined, why);
  }

  /** What a space has in memory now. */
  usage(space: AddressSpace): SpaceUsage {
    return usageOf(this, space);
  }

  /** The state as data; RAM is the machine's. */
  save(): Saved<MemoryState> {
    const state: MemoryState = {
      frames: this.frames.state,
      spaces: this.spaces,
      nextSpace: this.nextSpace,
      current: this.current,
      cache: this.cache,
      shm: this.shm,
      swap: this.swap,
      clock: this.clock,
      heldFiles: this.heldFiles,
    };
    return this.#saver.save(state, this);
  }

  /** Puts back what {@link save} returned. Records of spaces held elsewhere are stale then: look them up by id. */
  restore(state: Saved<MemoryState>): void {
    const copy: MemoryState = this.#saver.revive(state);
    this.frames.state = copy.frames;
    this.spaces = copy.spaces;
    this.nextSpace = copy.nextSpace;
    this.current = copy.current;
    this.cache = copy.cache;
    this.shm = copy.shm;
    this.swap = copy.swap;
    this.clock = copy.clock;
    this.heldFiles = copy.heldFiles;
  }
}
