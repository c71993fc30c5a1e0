/** The areas that mmap made, as they stand in a process's record. */

import type { AreaFacts } from "../inspect/view.ts";
import { hex, PAGE_SIZE, pageUp, vaNum } from "../machine/address.ts";
import type { Field, VmaShape } from "./vma_shape.ts";
import type { Words } from "./words.ts";
import { TRAPFRAME } from "./xv6.ts";

/** The areas of one process, ascending. */
export interface Vmas {
  readonly areas: readonly AreaFacts[];
  /** What is taken for none, though it is in use: in words. */
  readonly odd: readonly string[];
}

/** MAP_SHARED and MAP_PRIVATE of xv6's kernel/fcntl.h. */
const SHARED = 1, PRIVATE = 2;
/** Bits of a PTE that no protection of mmap has: X, U and above. */
const PTE_ONLY = 0x18;

/** Those of the record that begins at an address. */
export function vmasOf(words: Words, shape: VmaShape, record: number): Vmas {
  const found: AreaFacts[] = [];
  const odd: string[] = [];
  for (const at of structsOf(words, shape, record)) {
    const area = areaAt(words, shape, at);
    if (area === undefined) continue;
    const [from, to] = [hex(area.start), hex(area.end)];
    if (area.start % PAGE_SIZE !== 0 || area.end <= area.start || area.end > TRAPFRAME) {
      odd.push(`${from}..${to} is no run of a process's pages`);
    } else found.push({ ...area, end: pageUp(vaNum(area.end)) });
  }
  found.sort((a, b) => a.start - b.start);
  const apart = found.filter((area, i) => {
    const before = found.slice(0, i).find(({ end }) => end > area.start);
    if (before !== undefined) {
      odd.push(`${hex(area.start)}..${hex(area.end)} lies over ${hex(before.start)}`);
    }
    return before === undefined;
  });
  return { areas: apart, odd };
}

/** Where the structs stand. */
function* structsOf(words: Words, shape: VmaShape, record: number): Generator<number> {
  const { way, offset, most, stride, fields } = shape;
  const first = record + offset;
  if (way === "array") {
    for (let i = 0; i < most; i++) yield first + i * stride;
  } else if (way === "pointers") {
    for (let i = 0; i < most; i++) {
      const at = words.long(first + 8 * i);
      if (at) yield at;
    }
  } else {
    const seen = new Set<number>();
    for (let at = words.long(first); at && !seen.has(at) && seen.size < most;) {
      if (at % 8 !== 0 || words.long(at) === undefined) return;
      yield at;
      seen.add(at);
      at = words.long(at + fields.next!.offset);
    }
  }
}

/** One area, with its end as it is written; undefined: this place is free. */
function areaAt(words: Words, { fields, inum }: VmaShape, at: number): AreaFacts | undefined {
  const read = (field: Field | undefined) => field && numberAt(words, at, field);
  const start = read(fields.start), used = read(fields.used), file = read(fields.file);
  const pages = read(fields.pages);
  const length = read(fields.length) ?? (pages && pages * PAGE_SIZE);
  const end = read(fields.end) ?? (length === undefined ? undefined : (start ?? 0) + length);
  if (start === undefined || end === undefined || used === 0 || pages === 0) return undefined;
  // Where nothing says which are in use, those without a file or a length are not.
  const empty = end <= start || (used === undefined && (start === 0 || file === 0));
  if (empty || length === 0) return undefined;
  const flags = read(fields.flags);
  const kind = fields.file === undefined || file !== 0 ? "file" : "anon";
  return {
    start,
    end,
    kind,
    perm: permOf(read(fields.prot)),
    shared: flags === undefined ? undefined : sharedBy(flags),
    file: file === undefined || file === 0 || inum === undefined
      ? undefined
      : inumAt(words, inum, file),
    offset: read(fields.offset),
  };
}

function numberAt(words: Words, at: number, { offset, size }: Field): number | undefined {
  const place = at + offset;
  switch (size) {
    case 8:
      return place % 8 === 0 ? words.long(place) : undefined;
    case 4:
      return place % 4 === 0 ? words.word(place) : undefined;
    case 1:
      return words.byte(place);
    default: {
      const low = words.byte(place), high = words.byte(place + 1);
      return low === undefined || high === undefined ? undefined : low + 256 * high;
    }
  }
}

/**
 * PROT_READ 1, PROT_WRITE 2, PROT_EXEC 4; or the same as bits of a PTE, 2, 4 and 8, which some keep
 * with U. Undefined where it may be either.
 */
function permOf(prot: number | undefined): number | undefined {
  if (prot === undefined) return undefined;
  if ((prot & PTE_ONLY) !== 0) return (prot >>> 1) & 7;
  return (prot & 1) !== 0 || prot === 0 ? prot & 7 : undefined;
}

function sharedBy(flags: number): boolean | undefined {
  const which = flags & (SHARED | PRIVATE);
  return which === SHARED ? true : which === PRIVATE ? false : undefined;
}

function inumAt(words: Words, way: readonly number[], file: number): number | undefined {
  let at = file;
  for (const offset of way.slice(0, -1)) {
    const next = (at + offset) % 8 === 0 ? words.long(at + offset) : undefined;
    if (!next) return undefined;
    at = next;
  }
  const place = at + way.at(-1)!;
  return place % 4 === 0 ? words.word(place) : undefined;
}
