/**
 * The calls on memory beyond sbrk: mmap and its kin, and the lab calls that show PTEs.
 *
 * @module
 */

import { spaceOf } from "../process/table.ts";
import { print } from "../console.ts";
import { copyout } from "../memory/faults/copyin.ts";
import { flush } from "../memory/tables/flush.ts";
import { mmap, mprotect, msync, munmap } from "../memory/areas/mmap.ts";
import { hex, PAGE_SIZE, type VaNum, vaNum } from "../../machine/address.ts";
import { printTable } from "../print_table.ts";
import { PTE_A, walk } from "../../machine/sv39.ts";
import { ROOT_FS } from "../files/mount.ts";
import type { Kernel } from "../kernel.ts";
import type { MapRequest } from "../memory/options.ts";
import type { Proc } from "../process/proc.ts";
import { argAddress, argFile, argInt, argument, call } from "./call.ts";
import { setMark } from "../memory/tables/entry.ts";

/** mmap flags, as Linux and the lab number them. */
export const MAP_SHARED = 1;
export const MAP_PRIVATE = 2;
export const MAP_FIXED = 0x10;
export const MAP_ANONYMOUS = 0x20;
/** mmap protection bits. */
export const PROT_WRITE = 2;

/** mmap(addr, len, prot, flags, fd, offset) → address, or -1. */
export const mmapCall = call(
  "mmap",
  "address addr, size len, prot prot, map-flags flags, fd fd, size offset",
  (k, p) => mapCall(k, p),
  "address",
);

function mapCall(k: Kernel, p: Proc): number {
  const length = argument(k, p, 1);
  const prot = argInt(k, p, 2);
  const flags = argInt(k, p, 3);
  const at = argAddress(k, p, 0);
  const shared = (flags & MAP_SHARED) !== 0;
  if (length === 0n || length >= 1n << 38n || at === undefined) return -1;
  if (shared === ((flags & MAP_PRIVATE) !== 0) || (prot & ~7) !== 0) return -1;
  const request: MapRequest = {
    length: Number(length),
    perm: prot,
    kind: "anon",
    shared,
    ...(flags & MAP_FIXED ? { at } : at !== 0 ? { hint: at } : {}),
  };
  if ((flags & MAP_ANONYMOUS) === 0) {
    const backing = fileBacking(k, p, prot, shared, request.length);
    if (backing === undefined) return -1;
    request.kind = "file";
    request.backing = backing;
  }
  return mmap(k, spaceOf(k, p), request);
}

function fileBacking(
  k: Kernel,
  p: Proc,
  prot: number,
  shared: boolean,
  length: number,
): MapRequest["backing"] {
  const file = argFile(k, p, 4);
  const offset = argument(k, p, 5);
  if (file?.type !== "inode" || !file.readable) return undefined;
  if (offset % BigInt(PAGE_SIZE) !== 0n || offset >= 1n << 32n) return undefined;
  if (shared && (prot & PROT_WRITE) !== 0 && !file.writable) return undefined;
  return {
    file: { fs: ROOT_FS, inode: file.inode },
    offset: Number(offset),
    length,
    writable: file.writable,
  };
}

/** A page-aligned range from arguments 0 and 1; undefined when it is none. */
function argRange(k: Kernel, p: Proc): { start: VaNum; length: number } | undefined {
  const start = argAddress(k, p, 0);
  const length = argument(k, p, 1);
  if (start === undefined || start % PAGE_SIZE !== 0 || length === 0n || length >= 1n << 38n) {
    return undefined;
  }
  return { start, length: Number(length) };
}

/** munmap(addr, len) → 0, -1 */
export const munmapCall = call("munmap", "address addr, size len", (k, p) => {
  const range = argRange(k, p);
  return range !== undefined && munmap(k, spaceOf(k, p), range.start, range.length) ? 0 : -1;
});

/** mprotect(addr, len, prot) → 0, -1 */
export const mprotectCall = call("mprotect", "address addr, size len, prot prot", (k, p) => {
  const range = argRange(k, p);
  const prot = argInt(k, p, 2);
  if (range === undefined || (prot & ~7) !== 0) return -1;
  return mprotect(k, spaceOf(k, p), range.start, range.length, prot) ? 0 : -1;
});

/** pgpte(va) → the PTE that maps it, 0 for none (the pgtbl lab). */
export const pgpteCall = call("pgpte", "address va", (k, p) => {
  const va = argAddress(k, p, 0);
  if (va === undefined) return 0;
  const leaf = walk(k.machine.ram, spaceOf(k, p).root, vaNum(va)).steps.at(-1);
  return leaf === undefined ? 0 : Number(leaf.pte);
}, "address");

/** Most pages that one pgaccess may ask about. */
const PGACCESS_MOST = 64;

/**
 * pgaccess(base, n, mask) of the pgtbl lab until 2023: a bit for each of `n` pages that was accessed since it was
 * last asked; asking clears the A bits.
 */
export const pgaccessCall = call("pgaccess", "address base, int n, address mask", (k, p) => {
  const base = argAddress(k, p, 0);
  const n = argInt(k, p, 1);
  const mask = argAddress(k, p, 2);
  if (base === undefined || mask === undefined || n < 0 || n > PGACCESS_MOST) return -1;
  const { ram } = k.machine;
  const bits = new Uint8Array(8);
  for (let i = 0; i < n; i++) {
    const page = vaNum(base + i * PAGE_SIZE);
    const { leaf } = walk(ram, spaceOf(k, p).root, page);
    if (leaf === undefined) continue;
    const pte = Number(leaf.pte);
    if ((pte & PTE_A) === 0) continue;
    bits[i >> 3] |= 1 << (i & 7);
    setMark(k, page, leaf.pteAddr, pte, pte & ~PTE_A, "pgaccess");
    flush(k, spaceOf(k, p), page, "A bit cleared");
  }
  // As many bytes as the pages need: the lab's caller passes an unsigned int.
  return copyout(k, spaceOf(k, p), mask, bits.subarray(0, n > 32 ? 8 : 4)) ? 0 : -1;
});

/** kpgtbl(): prints the caller's page table as the pgtbl lab's vmprint does. */
export const kpgtblCall = call("kpgtbl", "", (k, p) => {
  print(
    k,
    `page table ${hex(spaceOf(k, p).root)}\n` + printTable(k.machine.ram, spaceOf(k, p).root),
  );
  return 0;
});

/** msync(addr, len) → 0, -1: dirty pages of shared file areas go back to their files. */
export const msyncCall = call("msync", "address addr, size len", (k, p) => {
  const range = argRange(k, p);
  return range !== undefined && msync(k, spaceOf(k, p), range.start, range.length) ? 0 : -1;
});
