/** The calls on memory beyond sbrk: mmap and its kin, and the lab calls that show PTEs. */

import { spaceOf } from "../process/table.ts";
import { print } from "../console.ts";
import { copyout } from "../memory/faults/copyin.ts";
import { flush } from "../memory/tables/flush.ts";
import { mmap, mprotect, msync, munmap } from "../memory/areas/mmap.ts";
import { hex, offset, PAGE_SIZE, type PaNum } from "../../machine/address.ts";
import type { Ram } from "../../machine/memory.ts";
import { frameOf, leafSize, PTE_A, PTE_V, walk } from "../../machine/sv39.ts";
import { ROOT_FS } from "../files/mount.ts";
import type { Kernel } from "../kernel.ts";
import type { MapRequest } from "../memory/options.ts";
import type { Proc } from "../process/proc.ts";
import { argAddress, argInt, argument, call, valueOf } from "./call.ts";
import { done, type Outcome, type Refused, refused } from "../memory/outcome.ts";
import { ENTRIES, nthEntry, setMark } from "../memory/tables/entry.ts";
import { isTable } from "../memory/tables/pte.ts";
import type { Backing } from "../memory/areas/backing.ts";
import { fileOf } from "../files/table.ts";

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
  (k, p) => {
    const request = mapRequest(k, p);
    return request.ok ? valueOf(mmap(k, spaceOf(k, p), request.value)) : request;
  },
  "address",
);

/** The request, or what is wrong with it. */
function mapRequest(k: Kernel, p: Proc): Outcome<MapRequest> {
  const length = BigInt.asIntN(64, argument(k, p, 1));
  const prot = argInt(k, p, 2);
  const flags = argInt(k, p, 3);
  const at = argAddress(k, p, 0);
  const shared = (flags & MAP_SHARED) !== 0;
  if (length <= 0n) return refused(`${length} bytes: want at least one`);
  if (at === undefined) return refused(`${hex(argument(k, p, 0))} is beyond MAXVA`);
  if (shared === ((flags & MAP_PRIVATE) !== 0)) {
    return refused("MAP_SHARED or MAP_PRIVATE, not both");
  }
  if ((prot & ~7) !== 0) return refused(`protection ${prot}: want bits R 1, W 2, X 4`);
  const request: MapRequest = {
    length: exactLength(length),
    perm: prot,
    kind: "anon",
    shared,
    ...(flags & MAP_FIXED ? { at } : at !== 0 ? { hint: at } : {}),
  };
  if ((flags & MAP_ANONYMOUS) !== 0) return done(request);
  const backing = fileBacking(k, p, request);
  return backing.ok ? done({ ...request, kind: "file", backing: backing.value }) : backing;
}

/** A length as an exact number; 2^53 stands for all that are too large. */
function exactLength(length: bigint): number {
  return Number(length < 1n << 53n ? length : 1n << 53n);
}

/** The mapped file, or why the process may not map it so. */
function fileBacking(k: Kernel, p: Proc, { perm, shared, length }: MapRequest): Outcome<Backing> {
  const fd = argInt(k, p, 4);
  const file = fileOf(k, p, fd);
  const at = argument(k, p, 5);
  if (file === undefined) return refused(`descriptor ${fd} is not open`);
  if (file.type !== "inode") return refused(`descriptor ${fd} is a ${file.type}, not a file`);
  if (!file.readable) return refused(`descriptor ${fd} is not open for reading`);
  if (at % BigInt(PAGE_SIZE) !== 0n) return refused(`offset ${at} is not page-aligned`);
  if (at >= 1n << 32n) return refused(`offset ${at} is beyond every file`);
  if (shared && (perm & PROT_WRITE) !== 0 && !file.writable) {
    return refused(`shared stores go to the file, and descriptor ${fd} is not open for writing`);
  }
  const { inode, writable } = file;
  return done({ file: { fs: ROOT_FS, inode }, offset: Number(at), length, writable });
}

/** A call about the range of arguments 0 and 1, whose alignment `run` checks. */
function onRange(k: Kernel, p: Proc, run: typeof munmap): number | Refused {
  const start = argAddress(k, p, 0);
  const length = BigInt.asIntN(64, argument(k, p, 1));
  if (start === undefined) return refused(`${hex(argument(k, p, 0))} is beyond MAXVA`);
  const outcome = run(k, spaceOf(k, p), start, exactLength(length));
  return outcome.ok ? 0 : outcome;
}

/** munmap(addr, len) → 0, -1 */
export const munmapCall = call("munmap", "address addr, size len", (k, p) => onRange(k, p, munmap));

/** mprotect(addr, len, prot) → 0, -1 */
export const mprotectCall = call("mprotect", "address addr, size len, prot prot", (k, p) => {
  const prot = argInt(k, p, 2);
  if ((prot & ~7) !== 0) return refused(`protection ${prot}: want bits R 1, W 2, X 4`);
  return onRange(k, p, (m, space, start, length) => mprotect(m, space, start, length, prot));
});

/** msync(addr, len) → 0, -1: dirty pages of shared file areas go back to their files. */
export const msyncCall = call("msync", "address addr, size len", (k, p) => onRange(k, p, msync));

/** pgpte(va) → the PTE that maps it, 0 for none (the pgtbl lab). */
export const pgpteCall = call("pgpte", "address va", (k, p) => {
  const va = argAddress(k, p, 0);
  if (va === undefined) return 0;
  return Number(walk(k.ram, spaceOf(k, p).root, va).steps.at(-1)?.pte ?? 0);
}, "address");

/** Most pages that one pgaccess may ask about. */
const PGACCESS_MOST = 64;

/**
 * pgaccess(base, n, mask), pgtbl lab until 2023: a bit for each of `n` pages that was accessed
 * since it was last asked; asking clears the A bits.
 */
export const pgaccessCall = call("pgaccess", "address base, int n, address mask", (k, p) => {
  const base = argAddress(k, p, 0);
  const n = argInt(k, p, 1);
  const mask = argAddress(k, p, 2);
  if (base === undefined || mask === undefined || n < 0 || n > PGACCESS_MOST) return -1;
  const bits = new Uint8Array(8);
  for (let i = 0; i < n; i++) {
    const page = offset(base, i * PAGE_SIZE);
    const { leaf } = walk(k.ram, spaceOf(k, p).root, page);
    const pte = Number(leaf?.pte ?? 0);
    if (leaf === undefined || (pte & PTE_A) === 0) continue;
    bits[i >> 3] |= 1 << (i & 7);
    setMark(k, page, leaf.pteAddr, pte, pte & ~PTE_A, "pgaccess");
    flush(k, spaceOf(k, p), page, "A bit cleared");
  }
  // As many bytes as the pages need: the lab's caller passes an unsigned int.
  return copyout(k, spaceOf(k, p), mask, bits.subarray(0, n > 32 ? 8 : 4)) ? 0 : -1;
});

/** kpgtbl(): prints the caller's page table as the pgtbl lab's vmprint does. */
export const kpgtblCall = call("kpgtbl", "", (k, p) => {
  const { root } = spaceOf(k, p);
  print(k, `page table ${hex(root)}\n${printTable(k.ram, root, 2, 0)}`);
  return 0;
});

/** One line a valid PTE, indented by depth: its first address, the PTE, the frame. */
function printTable(ram: Ram, table: PaNum, level: number, base: number): string {
  const word = (value: number) => "0x" + value.toString(16).padStart(16, "0");
  let text = "";
  for (let i = 0; i < ENTRIES; i++) {
    const pte = ram.readPte(nthEntry(table, i));
    if ((pte & PTE_V) === 0) continue;
    const va = base + i * leafSize(level);
    const pa = frameOf(pte);
    text += `${" ..".repeat(3 - level)}${word(va)}: pte ${word(pte)} pa ${word(pa)}\n`;
    if (isTable(pte) && level > 0) text += printTable(ram, pa, level - 1, va);
  }
  return text;
}
