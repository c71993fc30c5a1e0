/**
 * Why a memory call of a process failed: the call itself only says -1. Reads the process as it is after
 * the failure, which changed nothing.
 *
 * @module
 */

import { spaceOf } from "./kernel/process/table.ts";
import { counted } from "./machine/counted.ts";
import { hex, PAGE_SIZE, pageUp, vaNum } from "./machine/address.ts";
import type { Kernel } from "./kernel/kernel.ts";
import { areasIn, findHole } from "./kernel/memory/areas/areas.ts";
import { type Area, MMAP_TOP, PERM_W, TRAPFRAME } from "./kernel/memory/areas/space.ts";
import type { Proc } from "./kernel/process/proc.ts";
import { fileOf } from "./kernel/files/table.ts";

/** What mmap was asked for, as the caller named it. */
export interface MapWish {
  /** Bytes. */
  readonly length: number;
  /** Bits R 1, W 2, X 4. */
  readonly perm: number;
  /** MAP_SHARED. */
  readonly shared: boolean;
  /** MAP_FIXED, there. */
  readonly at: bigint | undefined;
  /** An open descriptor; undefined for anonymous memory. */
  readonly fd: number | undefined;
  /** Byte in the file. */
  readonly offset: number;
}

/** Why mmap returned -1. */
export function whyMapFails(k: Kernel, p: Proc, wish: MapWish): string {
  const { length, at, fd } = wish;
  if (length <= 0) return `${length} bytes: want at least one`;
  if (fd !== undefined) {
    const why = whyNotMapped(k, p, fd, wish);
    if (why !== undefined) return why;
  }
  const { size } = spaceOf(k, p);
  if (at !== undefined) {
    const end = at + BigInt(length);
    if (at % BigInt(PAGE_SIZE) !== 0n) return `${hex(at)} is not page-aligned`;
    if (at < size) return `${hex(at)} is in the program or its heap, which ends at ${hex(size)}`;
    if (at >= MMAP_TOP || end > MMAP_TOP) return beyond(at, end);
    return noFrames(k, "for the table of a split 2 MiB page");
  }
  const pages = length < 2 ** 38 ? pageUp(vaNum(length)) : length;
  if (length >= 2 ** 38 || findHole(spaceOf(k, p), pages) < 0) {
    return `no ${length} bytes in one piece between ${hex(size)} and ${hex(MMAP_TOP)}`;
  }
  return noFrames(k);
}

function whyNotMapped(k: Kernel, p: Proc, fd: number, wish: MapWish): string | undefined {
  const file = fileOf(k, p, fd);
  if (file === undefined) return `descriptor ${fd} is not open`;
  if (file.type !== "inode") return `descriptor ${fd} is a ${file.type}, not a file`;
  if (!file.readable) return `descriptor ${fd} is not open for reading`;
  if (wish.offset % PAGE_SIZE !== 0) return `offset ${wish.offset} is not page-aligned`;
  if (wish.shared && (wish.perm & PERM_W) !== 0 && !file.writable) {
    return `shared stores go to the file, and descriptor ${fd} is not open for writing`;
  }
  return undefined;
}

/** Why munmap or mprotect of a range returned -1. */
export function whyRangeFails(
  k: Kernel,
  p: Proc,
  call: "munmap" | "mprotect",
  start: bigint,
  length: number,
): string {
  if (start % BigInt(PAGE_SIZE) !== 0n) return `${hex(start)} is not page-aligned`;
  if (length <= 0) return `${length} bytes: want at least one`;
  const end = start + BigInt(length);
  if (call === "munmap" && end > MMAP_TOP || end > 1n << 38n) return beyond(start, end);
  const last = pageUp(vaNum(Number(end)));
  let reached = Number(start);
  for (const area of areasIn(spaceOf(k, p), vaNum(Number(start)), last)) {
    if (call === "munmap" && area.kind !== "anon" && area.kind !== "file") {
      return `${range(area)} is ${area.kind}: ${
        area.kind === "heap" ? "sbrk moves its end" : "it stays as long as the program"
      }`;
    }
    if (call === "mprotect") {
      if (area.start > reached) return `nothing is mapped at ${hex(reached)}`;
      if (area.kind === "guard" || area.kind === "usyscall") {
        return `${range(area)} is ${area.kind}: its rights are fixed`;
      }
      if (area.shared && area.backing?.writable === false) {
        return `${range(area)} is a file that was not opened for writing`;
      }
      reached = area.end;
    }
  }
  if (call === "mprotect" && reached < last) return `nothing is mapped at ${hex(reached)}`;
  return noFrames(k, "for the table of a split 2 MiB page");
}

/** Why sbrk of `n` bytes returned -1. */
export function whyGrowFails(k: Kernel, p: Proc, n: number): string {
  const { size } = spaceOf(k, p);
  if (n < 0) return noFrames(k, "for the table of a split 2 MiB page");
  const end = size + n;
  const blocking = spaceOf(k, p).areas.find((a) => a.start >= size && a.start < end);
  if (blocking !== undefined && size < MMAP_TOP) {
    return `${range(blocking)} is ${blocking.kind}, in the way of a heap up to ${hex(end)}`;
  }
  if (end > TRAPFRAME) return `the heap would end at ${hex(end)}, beyond ${hex(TRAPFRAME)}`;
  return noFrames(k, `for ${counted(Math.ceil(n / PAGE_SIZE), "page")} and their tables`);
}

function range(area: Area): string {
  return `${hex(area.start)}..${hex(area.end)}`;
}

function beyond(start: bigint, end: bigint): string {
  return `${hex(start)}..${hex(end)} is not below ${hex(MMAP_TOP)}, where mapped areas end`;
}

function noFrames(k: Kernel, what = ""): string {
  return `out of memory${what === "" ? "" : ` ${what}`}: ${
    counted(k.state.frames.free, "frame")
  } free`;
}
