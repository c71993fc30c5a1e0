/** Directories: chains of 32-byte entries, read with their long names, and changed. */
import { EIO, ENOENT, ENOSPC } from "../errno.ts";
import {
  ATTR_DIR,
  ATTR_LFN,
  ATTR_VOLUME,
  ENTRY,
  ENTRY_END,
  ENTRY_FREE,
  ENTRY_SIZE,
  LFN_CHARS,
  MAX_ENTRIES,
} from "./layout.ts";
import {
  allocCluster,
  clusterOffset,
  type FatVolume,
  isCluster,
  linkCluster,
  nextCluster,
  put,
} from "./table.ts";
import {
  aliasName,
  exactShortName,
  foldName,
  isLongName,
  lfnEntry,
  lfnPiece,
  shortNameChecksum,
  shortNameText,
} from "./names.ts";

/** One file or directory in a directory. Offsets are bytes from the start of the image. */
export interface FatEntry {
  /** The long name, or the short one when there is no other. */
  readonly name: string;
  /** The short name as shown. */
  readonly short: string;
  /** Offset of the short entry. */
  readonly at: number;
  /** Offsets of its long-name entries and of itself, in order. */
  readonly slots: readonly number[];
  /** Attribute bits. */
  readonly attributes: number;
  /** First cluster, 0 for none. */
  readonly cluster: number;
  /** Bytes; 0 for directories. */
  readonly size: number;
}

/** The first cluster that the entry at `at` names. */
export function entryCluster(v: FatVolume, at: number): number {
  const high = v.view.getUint16(at + ENTRY.clusterHigh, true) & 0x0fff;
  return high * 0x10000 + v.view.getUint16(at + ENTRY.clusterLow, true);
}

/** Writes first cluster and size into the entry at `at`. */
export function updateEntry(v: FatVolume, at: number, cluster: number, size: number): void {
  v.disk.touch(at, ENTRY_SIZE);
  setCluster(v.view, at, cluster);
  v.view.setUint32(at + ENTRY.size, size, true);
}

/** Offsets of all slots of the directory at `cluster`; EIO: its chain is broken or endless. */
function slotsOf(v: FatVolume, cluster: number): number[] | number {
  const slots: number[] = [];
  if (!isCluster(v, cluster)) return EIO;
  for (let c = cluster; c !== 0; c = nextCluster(v, c)) {
    if (c < 0 || slots.length >= MAX_ENTRIES) return EIO;
    const start = clusterOffset(v, c);
    for (let off = 0; off < v.geometry.clusterSize; off += ENTRY_SIZE) slots.push(start + off);
  }
  return slots;
}

/**
 * Goes through what the directory at `cluster` holds, but `.`, `..` and the volume label, until
 * `visit` says stop. `visit` gets the offset of the short entry and those of its long-name entries,
 * last piece first; none when they are not whole. Returns the offset where it stopped, 0 at the
 * end, EIO.
 */
function scan(
  v: FatVolume,
  cluster: number,
  visit: (at: number, long: readonly number[]) => boolean,
): number {
  const slots = slotsOf(v, cluster);
  if (typeof slots === "number") return slots;
  let long: number[] = [];
  for (const at of slots) {
    const first = v.image[at];
    if (first === ENTRY_END) break;
    const attributes = v.image[at + ENTRY.attributes];
    if (first !== ENTRY_FREE && (attributes & 0x3f) === ATTR_LFN) {
      // The last piece comes first, marked with 0x40; a new start throws away what had no end.
      if ((first & 0x40) !== 0) long = [];
      long.push(at);
      continue;
    }
    const pieces = long;
    if (pieces.length > 0) long = [];
    if (first === ENTRY_FREE || (attributes & ATTR_VOLUME) !== 0 || first === 0x2e) continue;
    if (visit(at, isWhole(v, pieces, at) ? pieces : [])) return at;
  }
  return 0;
}

/** Whether these long-name entries are numbered down to 1 and belong to the short entry at `at`. */
function isWhole(v: FatVolume, long: readonly number[], at: number): boolean {
  if (long.length === 0) return false;
  const sum = shortNameChecksum(v.image, at);
  return long.every((slot, i) =>
    v.image[slot + 13] === sum && (v.image[slot] & 0x3f) === long.length - i
  );
}

function decode(v: FatVolume, at: number, long: readonly number[]): FatEntry {
  const short = shortNameText(v.image, at, v.image[at + ENTRY.nameCase]);
  const name = long.map((slot) => lfnPiece(v.view, slot)).reverse().join("");
  return {
    name: name === "" ? short : name,
    short,
    at,
    slots: [...long, at],
    attributes: v.image[at + ENTRY.attributes],
    cluster: entryCluster(v, at),
    size: v.view.getUint32(at + ENTRY.size, true),
  };
}

/** Everything in the directory at `cluster` but `.`, `..` and the volume label; or EIO. */
export function readDirectory(v: FatVolume, cluster: number): FatEntry[] | number {
  const found: FatEntry[] = [];
  const end = scan(v, cluster, (at, long) => {
    found.push(decode(v, at, long));
    return false;
  });
  return end < 0 ? end : found;
}

/** The entry whose long or short name is `name`, in any case, or ENOENT, EIO. */
export function findInDirectory(v: FatVolume, cluster: number, name: string): FatEntry | number {
  const wanted = foldName(name);
  const pieces = Math.ceil(wanted.length / LFN_CHARS);
  let found: FatEntry | undefined;
  const end = scan(v, cluster, (at, long) => {
    const same = (long.length === pieces && isLongName(v.view, long, wanted)) ||
      (wanted.length <= 12 && isShortName(v, at, wanted));
    if (same) found = decode(v, at, long);
    return same;
  });
  return end < 0 ? end : found ?? ENOENT;
}

/** `wanted` is folded. The first letter decides most of the time. */
function isShortName(v: FatVolume, at: number, wanted: string): boolean {
  const first = v.image[at];
  if (first < 0x80 && first !== 0x05 && first !== wanted.charCodeAt(0)) return false;
  return foldName(shortNameText(v.image, at, 0)) === wanted;
}

/**
 * Adds an entry for `name`, which must be legal and not there yet. Returns the offset of its short
 * entry, or ENOSPC, EIO with nothing changed but perhaps an empty cluster at the directory's end.
 */
export function addEntry(
  v: FatVolume,
  dir: number,
  name: string,
  attributes: number,
  cluster: number,
): number {
  const slots = slotsOf(v, dir);
  if (typeof slots === "number") return slots;
  const exact = exactShortName(name);
  const short = exact ?? aliasName(name, storedNames(v, slots));
  if (short === undefined) return ENOSPC;
  const pieces = exact === undefined ? Math.ceil(name.length / LFN_CHARS) : 0;
  const first = findRun(v, dir, slots, pieces + 1);
  if (first < 0) return first;

  const at = slots[first + pieces];
  const end = slots.findIndex((slot) => v.image[slot] === ENTRY_END);
  put(v, at, shortEntry(short.bytes, attributes, cluster, short.nameCase));
  const checksum = shortNameChecksum(v.image, at);
  for (let i = 0; i < pieces; i++) {
    // The last piece comes first.
    put(v, slots[first + i], lfnEntry(name, pieces - 1 - i, i === 0, checksum));
  }
  // What lay behind the end mark was never entries: the mark moves on, where there is room for one.
  const next = first + pieces + 1;
  if (end >= 0 && next > end && next < slots.length) put(v, slots[next], Uint8Array.of(ENTRY_END));
  return at;
}

/** The 11 bytes of every short name in use, one character a byte. */
function storedNames(v: FatVolume, slots: readonly number[]): Set<string> {
  const names = new Set<string>();
  for (const at of slots) {
    if (v.image[at] === ENTRY_END) break;
    if ((v.image[at + ENTRY.attributes] & 0x3f) === ATTR_LFN) continue;
    names.add(String.fromCharCode(...v.image.subarray(at, at + 11)));
  }
  return names;
}

/** Index of the first of `count` free slots in a row; the directory, and `slots`, may grow. */
function findRun(v: FatVolume, dir: number, slots: number[], count: number): number {
  let run = 0, ended = false;
  for (let i = 0; i < slots.length; i++) {
    ended ||= v.image[slots[i]] === ENTRY_END;
    run = ended || v.image[slots[i]] === ENTRY_FREE ? run + 1 : 0;
    if (run === count) return i - count + 1;
  }
  const first = slots.length - run;
  while (slots.length - first < count) {
    if (slots.length >= MAX_ENTRIES) return ENOSPC;
    const c = allocCluster(v);
    if (c < 0) return c;
    const start = clusterOffset(v, c);
    put(v, start, new Uint8Array(v.geometry.clusterSize));
    linkCluster(v, lastCluster(v, dir), c);
    for (let off = 0; off < v.geometry.clusterSize; off += ENTRY_SIZE) slots.push(start + off);
  }
  return first;
}

function lastCluster(v: FatVolume, c: number): number {
  for (let next = nextCluster(v, c); next > 0; next = nextCluster(v, c)) c = next;
  return c;
}

/** Marks an entry and its long name as removed. */
export function removeEntry(v: FatVolume, entry: FatEntry): void {
  for (const slot of entry.slots) put(v, slot, Uint8Array.of(ENTRY_FREE));
}

/** Fills a new directory's first cluster with `.` and `..`; `parent` is 0 when that is the root. */
export function initDirectory(v: FatVolume, cluster: number, parent: number): void {
  const bytes = new Uint8Array(v.geometry.clusterSize);
  bytes.set(shortEntry(".".padEnd(11), ATTR_DIR, cluster));
  bytes.set(shortEntry("..".padEnd(11), ATTR_DIR, parent), ENTRY_SIZE);
  put(v, clusterOffset(v, cluster), bytes);
}

/** FAT's first day, 1 January 1980: the machine has no calendar. */
const DAY = (0 << 9) | (1 << 5) | 1;

/** The bytes of a new short entry. `name`: 11 bytes, one character each. */
function shortEntry(name: string, attributes: number, cluster: number, nameCase = 0): Uint8Array {
  const bytes = new Uint8Array(ENTRY_SIZE);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < 11; i++) bytes[i] = name.charCodeAt(i);
  bytes[ENTRY.attributes] = attributes;
  bytes[ENTRY.nameCase] = nameCase;
  for (const at of [ENTRY.createdDate, ENTRY.accessedDate, ENTRY.writtenDate]) {
    view.setUint16(at, DAY, true);
  }
  setCluster(view, 0, cluster);
  return bytes;
}

function setCluster(view: DataView, at: number, cluster: number): void {
  view.setUint16(at + ENTRY.clusterHigh, cluster >>> 16, true);
  view.setUint16(at + ENTRY.clusterLow, cluster & 0xffff, true);
}
