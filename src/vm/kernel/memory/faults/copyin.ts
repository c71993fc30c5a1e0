/**
 * The kernel's own way to user memory: xv6's copyout, copyin and copyinstr. They follow the page
 * tables by software and take every refusal to the same fault path as a user instruction, so that
 * a read() into a COW page copies it, and a pointer into a lazy page fills it.
 */

import {
  type AnyVa,
  MAXVA,
  offset,
  PAGE_SIZE,
  type PaNum,
  type VaNum,
  vaNum,
} from "../../../machine/address.ts";
import { PTE_A, PTE_D, PTE_R, PTE_U, PTE_V, PTE_W } from "../../../machine/sv39.ts";
import { fault } from "./fault.ts";
import type { Memory } from "../memory.ts";
import { findEntry, inLeaf, setMark } from "../tables/entry.ts";
import { type AddressSpace, USYSCALL } from "../areas/space.ts";
import { CAUSE } from "../../../machine/cause.ts";

/** Most faults to settle one page: a table, a swap-in, a copy, and one to spare. */
const MAX_FAULTS = 4;

/**
 * Where the byte at `va` stands, for a load or a store on the user's behalf; sets A and D as the
 * hardware's walk would. 0 when the process may not access it.
 */
function userByte(m: Memory, space: AddressSpace, va: VaNum, store: boolean): PaNum | 0 {
  // The pgtbl lab's page is for user code only; usertests wants it refused as a pointer in a call.
  if (va >= USYSCALL) return 0;
  const need = store ? PTE_V | PTE_U | PTE_W : PTE_V | PTE_U | PTE_R;
  const mark = store ? PTE_A | PTE_D : PTE_A;
  for (let tries = 0; tries <= MAX_FAULTS; tries++) {
    const entry = findEntry(m.ram, space.root, va);
    if (entry !== undefined && (entry.pte & need) === need) {
      const { at, pte } = entry;
      if ((pte & mark) !== mark) {
        setMark(m, va, at, pte, pte | mark, store ? "copyout" : "copyin");
      }
      return inLeaf(va, entry);
    }
    if (!fault(m, space, store ? CAUSE.storePage : CAUSE.loadPage, va).handled) return 0;
  }
  return 0;
}

/** Copies bytes to user memory; false at a page that may not be written (those before it are). */
export function copyout(m: Memory, space: AddressSpace, dst: AnyVa, bytes: Uint8Array): boolean {
  return eachPiece(dst, bytes.length, (va, from, length) => {
    const pa = userByte(m, space, va, true);
    if (pa === 0) return false;
    const piece = bytes.subarray(from, from + length);
    const { watches } = m.mmu;
    if (!watches.any) m.ram.write(pa, piece);
    else watches.copy(m.ram, { va, pa, length, write: true }, () => m.ram.write(pa, piece));
    return true;
  });
}

/** A watchpoint on bytes of one page that are copied in is hit. */
function watchLoad(m: Memory, va: VaNum, pa: PaNum, length: number): void {
  const { watches } = m.mmu;
  if (watches.any) watches.copy(m.ram, { va, pa, length, write: false }, () => {});
}

/** Copies bytes from user memory; undefined when a page may not be read. */
export function copyin(
  m: Memory,
  space: AddressSpace,
  src: AnyVa,
  length: number,
): Uint8Array | undefined {
  if (src < 0 || Number(src) + length > MAXVA) return undefined;
  const first = vaNum(Number(src));
  if (length > 0 && (first % PAGE_SIZE) + length <= PAGE_SIZE) { // as nearly all are
    const pa = userByte(m, space, first, false);
    if (pa === 0) return undefined;
    watchLoad(m, first, pa, length);
    return m.ram.bytes(pa, length).slice();
  }
  const pieces: Uint8Array[] = [];
  const done = eachPiece(src, length, (va, _from, size) => {
    const pa = userByte(m, space, va, false);
    if (pa === 0) return false;
    watchLoad(m, va, pa, size);
    pieces.push(m.ram.bytes(pa, size).slice());
    return true;
  });
  if (!done) return undefined;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/**
 * The address that stands in the 8 bytes at `src`; -1 when these may not be read, or it is not below
 * MAXVA.
 */
export function copyinAddress(m: Memory, space: AddressSpace, src: VaNum): VaNum | -1 {
  if ((src % PAGE_SIZE) + 8 > PAGE_SIZE || src + 8 > MAXVA) {
    const bytes = copyin(m, space, src, 8);
    if (bytes === undefined) return -1;
    const words = new DataView(bytes.buffer);
    return addressOf(words.getUint32(0, true), words.getUint32(4, true));
  }
  const pa = userByte(m, space, src, false);
  if (pa === 0) return -1;
  watchLoad(m, src, pa, 8);
  return addressOf(m.ram.read32(pa), m.ram.read32(offset(pa, 4)));
}

/** The user address in two halves; -1 when it is not below MAXVA. */
export function addressOf(low: number, high: number): VaNum | -1 {
  return high < MAXVA / 2 ** 32 ? vaNum(high * 2 ** 32 + low) : -1;
}

/** A string without its NUL, a char a byte; undefined when that is not within `max` bytes. */
export function copyinstr(
  m: Memory,
  space: AddressSpace,
  src: VaNum,
  max: number,
): string | undefined {
  let text = "";
  for (let done = 0; done < max;) {
    const va = offset(src, done);
    if (va >= MAXVA) return undefined;
    const length = Math.min(max - done, PAGE_SIZE - (va % PAGE_SIZE));
    const pa = userByte(m, space, va, false);
    if (pa === 0) return undefined;
    const piece = m.ram.text(pa, length);
    const ended = piece.length < length;
    watchLoad(m, va, pa, ended ? piece.length + 1 : length);
    text += piece;
    if (ended) return text;
    done += length;
  }
  return undefined;
}

/** A C int as it stands in memory. */
export function intBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  for (let i = 0; i < 4; i++) bytes[i] = value >> (8 * i);
  return bytes;
}

/** Writes pages whatever their rights, for exec; false when one cannot be had. */
export function loadBytes(m: Memory, space: AddressSpace, va: VaNum, bytes: Uint8Array): boolean {
  return eachPiece(va, bytes.length, (at, from, length) => {
    for (let tries = 0; tries <= MAX_FAULTS; tries++) {
      const entry = findEntry(m.ram, space.root, at);
      if (entry !== undefined && (entry.pte & PTE_V) !== 0) {
        m.ram.write(inLeaf(at, entry), bytes.subarray(from, from + length));
        return true;
      }
      if (!fault(m, space, CAUSE.loadPage, at).handled) return false;
    }
    return false;
  });
}

/** Cuts a range at page borders; stops and returns false when `each` does, or at MAXVA. */
function eachPiece(
  start: AnyVa,
  length: number,
  each: (va: VaNum, from: number, length: number) => boolean,
): boolean {
  let done = 0;
  if (start < 0 || start >= MAXVA) return length === 0;
  const first = Number(start);
  while (done < length) {
    const va = vaNum(first + done);
    if (va >= MAXVA) return false;
    const size = Math.min(length - done, PAGE_SIZE - (va % PAGE_SIZE));
    if (!each(va, done, size)) return false;
    done += size;
  }
  return true;
}
