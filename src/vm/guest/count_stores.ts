/** What a store to a guest's array of counts changes. */

import { PAGE_SIZE, type PaNum } from "../machine/address.ts";
import type { Ram } from "../machine/memory.ts";
import { originIn } from "./count_array.ts";
import type { CountPlace } from "./learner.ts";
import { Words } from "./words.ts";
import type { StoreSeen } from "../machine/probes.ts";

/** Where the counts of frames stand now. */
export interface CountRange {
  /** The first element. */
  readonly start: PaNum;
  /** From one element to the next, in bytes: more than its size where a struct holds more. */
  readonly stride: number;
  /** Bytes of a count. */
  readonly size: 1 | 2 | 4 | 8;
  /** Whether a count can be negative. */
  readonly signed: boolean;
  /** Elements. */
  readonly length: number;
  /** The frame whose count is element 0. */
  readonly first: PaNum;
}

/** The count of a frame that has changed. */
export interface CountChange {
  readonly frame: PaNum;
  readonly before: number;
  readonly after: number;
}

/** Where the counts of an array stand in RAM; undefined: nowhere yet. */
export function countRange(ram: Ram, { array, bytes }: CountPlace): CountRange | undefined {
  const words = new Words(ram);
  const origin = originIn(array, words);
  if (origin === undefined) return undefined;
  const moved = array.pointer === undefined ? 0 : words.long(array.pointer) ?? 0;
  const [from, to] = bytes.map((at) => at + moved);
  const { stride, width } = array;
  const skip = Math.max(0, Math.ceil((from - origin) / stride));
  const start = origin + skip * stride;
  const room = Math.floor((to - width - start) / stride) + 1;
  const length = Math.min(room, ram.size / PAGE_SIZE - skip);
  if (length < 1 || !ram.contains(start as PaNum, (length - 1) * stride + width)) return undefined;
  const first = (ram.base + skip * PAGE_SIZE) as PaNum;
  return { start: start as PaNum, stride, size: width, signed: true, length, first };
}

/** Where the count of a frame stands; undefined: it has none. */
export function countAddress(array: CountRange, frame: number): PaNum | undefined {
  const i = Math.floor((frame - array.first) / PAGE_SIZE);
  return i >= 0 && i < array.length ? (array.start + i * array.stride) as PaNum : undefined;
}

/** How many bytes an array has. */
export function countBytes({ stride, length, size }: CountRange): number {
  return stride * (length - 1) + size;
}

/** The counts that a store has changed. */
export function* countChanges(
  ram: Ram,
  array: CountRange,
  { pa, size: bytes, before }: StoreSeen,
): Generator<CountChange> {
  const { start, stride, size, first, signed } = array;
  const from = Math.max(0, Math.floor((pa - start) / stride));
  const to = Math.min(array.length - 1, Math.floor((pa + bytes - 1 - start) / stride));
  for (let i = from; i <= to; i++) {
    const at = start + i * stride;
    const now = ram.readNumber(at as PaNum, size);
    let old = now;
    for (let n = 0; n < bytes; n++) {
      const byte = pa + n - at;
      if (byte < 0 || byte >= size) continue;
      const shift = BigInt(8 * byte);
      old = (old & ~(0xffn << shift)) | (((before >> BigInt(8 * n)) & 0xffn) << shift);
    }
    if (old === now) continue;
    const count = (value: bigint) => Number(signed ? BigInt.asIntN(8 * size, value) : value);
    yield { frame: (first + i * PAGE_SIZE) as PaNum, before: count(old), after: count(now) };
  }
}
