/** The built-in kernel's memory. Signatures first; @module */
import type { PaNum, VaNum } from "../../machine/address.ts";
import type { EventLog } from "../../events.ts";
import type { ForkPolicy } from "../fork/policy.ts";
import type { FilePages } from "./backing.ts";
import type { FaultResult } from "./result.ts";
import type { AddressSpace, Area } from "./space.ts";

/** What a frame is used for. */
export type FrameKind =
  | "free"
  | "kernel"
  | "table"
  | "trapframe"
  | "user"
  | "cache";

/** Stored truth about frames. */
export interface Frames {
  /** Frames that can be allocated now. */
  readonly freeCount: number;
  /** Frames altogether, the kernel's included. */
  readonly total: number;
  /** One zeroed / junk-filled frame, count 1; 0 when none is left (or the injected failure strikes). */
  alloc(kind: FrameKind): PaNum | 0;
  allocZeroed(kind: FrameKind): PaNum | 0;
  /** One more user mapping. */
  ref(frame: PaNum): void;
  /** One less; at 0 the frame is freed. */
  drop(frame: PaNum, why: string): void;
  /** The stored count. */
  count(frame: PaNum): number;
  kind(frame: PaNum): FrameKind;
  /** Allocation number `n` from now (1: the next) fails; 0: none. */
  failAt(n: number): void;
  /** Allocations tried so far, failed ones included. */
  readonly allocations: number;
}

/** How memory behaves; fixed at boot. */
export interface MemoryOptions {
  /** Fork policy; `cow` unless given. */
  policy?: ForkPolicy;
  /** Areas are filled with 2 MiB leaves where aligned and contiguous frames are to be had. */
  superpages?: boolean;
  /** A store to a shared 2 MiB leaf copies it whole, or splits it and copies 4 KiB. */
  hugeCow?: "whole" | "split";
  /** Bytes of swap disk; 0: none. */
  swap?: number;
  /** Swapped pages read ahead at a swap-in. */
  readAhead?: number;
}

/** What to map. */
export interface MapRequest {
  /** Where (MAP_FIXED) — page-aligned; without it the kernel chooses. */
  at?: VaNum;
  /** A wish, taken when free. */
  hint?: VaNum;
  length: number;
  perm: number;
  kind: Area["kind"];
  shared?: boolean;
  backing?: Area["backing"];
}

/** Memory of all processes. */
export interface Memory {
  readonly frames: Frames;
  readonly policy: ForkPolicy;
  readonly events: EventLog;
  readonly spaces: ReadonlyMap<number, AddressSpace>;
  files: FilePages;
  /** A space with trampoline and one trapframe, no areas; undefined: out of memory. users = 1. */
  createSpace(): AddressSpace | undefined;
  /** One thread leaves; the last one frees everything (dirty shared file pages written back first). */
  releaseSpace(space: AddressSpace): void;
  /** CLONE_VM: one more thread; its trapframe's frame, or undefined: out of memory. */
  shareSpace(space: AddressSpace): PaNum | undefined;
  /** A thread leaves but others stay: its trapframe goes. */
  leaveSpace(space: AddressSpace, trapframe: PaNum): void;
  /** Makes the space the hart's current one (satp, sfence). */
  activate(space: AddressSpace): void;
  /** A copy of the space under the policy; undefined: out of memory, everything as before. */
  fork(parent: AddressSpace): AddressSpace | undefined;
  /** sbrk upwards by n bytes; false: no room or no memory, everything as before. */
  grow(space: AddressSpace, n: number, lazy: boolean): boolean;
  /** sbrk downwards by n bytes; false when n is more than the size. */
  shrink(space: AddressSpace, n: number): boolean;
  /** An area with all its pages allocated and zeroed (exec's segments, stack); false: out of memory, nothing done. */
  allocArea(space: AddressSpace, area: Area): boolean;
  /** exec: bytes into pages that are mapped, whatever their W. False when a page is missing. */
  load(space: AddressSpace, va: VaNum, bytes: Uint8Array): boolean;
  /** mmap; -1 no room or bad request. */
  map(space: AddressSpace, request: MapRequest): VaNum | -1;
  unmap(space: AddressSpace, start: VaNum, length: number): boolean;
  protect(space: AddressSpace, start: VaNum, length: number, perm: number): boolean;
  /** The one fault path. */
  fault(space: AddressSpace, cause: 12 | 13 | 15, va: VaNum | bigint): FaultResult;
  copyout(space: AddressSpace, dst: VaNum | bigint, bytes: Uint8Array): boolean;
  copyin(space: AddressSpace, src: VaNum | bigint, length: number): Uint8Array | undefined;
  /** A string up to its NUL, which must come within `max` bytes. */
  copyinstr(space: AddressSpace, src: VaNum | bigint, max: number): string | undefined;
  /** Pages of a space: resident, private (count 1), shared, swapped, page tables. */
  usage(space: AddressSpace): SpaceUsage;
}

/** Pages of one space, each 4 KiB. */
export interface SpaceUsage {
  rss: number;
  private: number;
  shared: number;
  swapped: number;
  tables: number;
}
