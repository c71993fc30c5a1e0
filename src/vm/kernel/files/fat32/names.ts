/**
 * File names: the short 8.3 ones every entry has, and the long ones of VFAT.
 *
 * A name is found by its long or its short form, whatever the case. Names made here keep their
 * case: short ones in all-upper or all-lower parts by the two case bits of Windows NT, all others
 * through long-name entries.
 */
import { ATTR_LFN, ENTRY, ENTRY_SIZE, LFN_CHARS, MAX_NAME } from "./layout.ts";

/** Case bits in byte 12 of an entry: the name, or the extension, is shown in lower case. */
const LOWER_BASE = 0x08, LOWER_EXT = 0x10;

const ILLEGAL = /["*/:<>?\\|]/;
const SHORT_CHAR = /[A-Z0-9!#$%&'()\-@^_`{}~]/;

/** Whether FAT allows `name` for a file. A dot or a space cannot be its last character. */
export function isLegalName(name: string): boolean {
  if (name.length === 0 || name.length > MAX_NAME) return false;
  if (ILLEGAL.test(name) || /[. ]$/.test(name)) return false;
  return [...name].every((c) => c >= " " && c !== "\x7f"); // no control characters
}

/** Names that differ only in case are one name. One UTF-16 unit at a time, as VFAT compares. */
export function foldName(name: string): string {
  let out = "";
  for (let i = 0; i < name.length; i++) {
    const upper = name[i].toUpperCase();
    out += upper.length === 1 ? upper : name[i];
  }
  return out;
}

/** The short name at `at`, with its case bits. Its code page is not known: taken as Latin-1. */
export function shortNameText(image: Uint8Array, at: number, nameCase: number): string {
  const part = (from: number, to: number, lower: boolean) => {
    let out = "";
    for (let i = from; i < to; i++) {
      // 0x05 stands for 0xe5, which in the first byte would mean "removed".
      const byte = i === 0 && image[at] === 0x05 ? 0xe5 : image[at + i];
      out += String.fromCharCode(byte);
    }
    out = out.trimEnd();
    return lower ? out.toLowerCase() : out;
  };
  const base = part(0, 8, (nameCase & LOWER_BASE) !== 0);
  const ext = part(8, 11, (nameCase & LOWER_EXT) !== 0);
  return ext === "" ? base : `${base}.${ext}`;
}

/** A short name to store: 11 bytes and the case bits. */
export interface ShortName {
  /** Name and extension, padded with spaces, one character a byte. */
  readonly bytes: string;
  /** Case bits. */
  readonly nameCase: number;
}

/** `name` as a short one that shows exactly as given, or undefined when it needs a long name. */
export function exactShortName(name: string): ShortName | undefined {
  const dot = name.lastIndexOf(".");
  const base = dot < 0 ? name : name.slice(0, dot), ext = dot < 0 ? "" : name.slice(dot + 1);
  if (base.length < 1 || base.length > 8 || ext.length > 3 || (dot >= 0 && ext === "")) {
    return undefined;
  }
  let nameCase = 0;
  for (const [part, bit] of [[base, LOWER_BASE], [ext, LOWER_EXT]] as const) {
    const upper = part.toUpperCase();
    for (const c of upper) if (!SHORT_CHAR.test(c)) return undefined;
    if (part === upper) continue;
    if (part !== upper.toLowerCase()) return undefined; // mixed case
    nameCase |= bit;
  }
  return { bytes: base.toUpperCase().padEnd(8) + ext.toUpperCase().padEnd(3), nameCase };
}

/** A short name `BASE~N.EXT` for a long one that is not in `taken`; undefined: all are. */
export function aliasName(name: string, taken: ReadonlySet<string>): ShortName | undefined {
  const squeeze = (text: string) =>
    [...text.toUpperCase()].filter((c) => c !== " " && c !== ".")
      .map((c) => SHORT_CHAR.test(c) ? c : "_").join("");
  const dot = name.lastIndexOf(".");
  const base = squeeze(dot > 0 ? name.slice(0, dot) : name) || "_";
  const ext = dot > 0 ? squeeze(name.slice(dot + 1)).slice(0, 3) : "";
  for (let n = 1; n < 1_000_000; n++) {
    const tail = `~${n}`;
    const bytes = (base.slice(0, 8 - tail.length) + tail).padEnd(8) + ext.padEnd(3);
    if (!taken.has(bytes)) return { bytes, nameCase: 0 };
  }
  return undefined;
}

/** The checksum of a short name that its long-name entries carry. */
export function shortNameChecksum(image: Uint8Array, at: number): number {
  let sum = 0;
  for (let i = 0; i < 11; i++) sum = (((sum & 1) << 7) + (sum >> 1) + image[at + i]) & 0xff;
  return sum;
}

/** Byte offsets of a long-name entry's 13 characters. */
const LFN_OFFSETS = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];

/** The piece of name in the long-name entry at `at`, up to its closing 0. */
export function lfnPiece(view: DataView, at: number): string {
  let out = "";
  for (const offset of LFN_OFFSETS) {
    const unit = view.getUint16(at + offset, true);
    if (unit === 0) break;
    out += String.fromCharCode(unit);
  }
  return out;
}

/** Whether the pieces at `slots`, last first, spell `wanted`, which is folded and as long. */
export function isLongName(view: DataView, slots: readonly number[], wanted: string): boolean {
  for (let i = 0; i < slots.length * LFN_CHARS; i++) {
    const slot = slots[slots.length - 1 - Math.floor(i / LFN_CHARS)];
    const unit = view.getUint16(slot + LFN_OFFSETS[i % LFN_CHARS], true);
    if (i === wanted.length) return unit === 0;
    const want = wanted.charCodeAt(i);
    if (unit === want || (unit >= 0x61 && unit <= 0x7a && unit - 0x20 === want)) continue;
    if (foldName(String.fromCharCode(unit)) !== wanted[i]) return false;
  }
  return true;
}

/** The entry for piece `index` (from 0) of a long name: after the name a 0, then 0xffff. */
export function lfnEntry(name: string, index: number, last: boolean, checksum: number): Uint8Array {
  const bytes = new Uint8Array(ENTRY_SIZE);
  const view = new DataView(bytes.buffer);
  bytes[0] = (index + 1) | (last ? 0x40 : 0);
  bytes[ENTRY.attributes] = ATTR_LFN;
  bytes[13] = checksum;
  LFN_OFFSETS.forEach((offset, i) => {
    const pos = index * LFN_CHARS + i;
    const unit = pos < name.length ? name.charCodeAt(pos) : pos === name.length ? 0 : 0xffff;
    view.setUint16(offset, unit, true);
  });
  return bytes;
}
