/** Sizes as people write them: `4096`, `64K`, `128M`, `4 pages`. */

import { shown } from "./checks.ts";
import { PAGE_SIZE } from "./machine/address.ts";

/** A number of bytes: a number, a bigint, or text such as `"64K"`, `"1T"` or `"4 pages"`. */
export type Size = number | bigint | string;

/** The units of bytes, smallest first, each with its log2. There is no P: `4p` is four pages. */
export const UNIT_SHIFTS: readonly (readonly [letter: string, shift: number])[] = [
  ["K", 10],
  ["M", 20],
  ["G", 30],
  ["T", 40],
];

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  ...Object.fromEntries(UNIT_SHIFTS.map(([letter, shift]) => [letter, 2 ** shift])),
  p: PAGE_SIZE,
  page: PAGE_SIZE,
  pages: PAGE_SIZE,
};

/** A size in bytes, maybe negative. Throws RangeError for no size, or none below 2^53. */
export function bytesOf(size: Size): number {
  if (typeof size === "string") {
    const match = /^\s*(-?(?:0x[0-9a-f]+|\d+))\s*([A-Za-z]*)\s*$/i.exec(size);
    const unit = match && UNITS[match[2]];
    if (match === null || unit === null || unit === undefined) {
      throw new RangeError(`size "${size}": want bytes like 4096, 64K, 2M, 1G or "4 pages"`);
    }
    const sign = match[1].startsWith("-") ? -1 : 1;
    return checked(sign * Number(match[1].replace("-", "")) * unit, size);
  }
  if (typeof size !== "number" && typeof size !== "bigint") {
    throw new RangeError(`size ${shown(size)}: want a number of bytes, or a text like "64K"`);
  }
  return checked(Number(size), size);
}

function checked(bytes: number, size: Size): number {
  if (!Number.isSafeInteger(bytes)) {
    throw new RangeError(`size ${size}: not a whole number of bytes`);
  }
  return bytes;
}
