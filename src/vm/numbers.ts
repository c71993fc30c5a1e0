/** Numbers as people write and read them: `0x3ff`, `0b11`, `1_000`, `64K`. */

import { UNIT_SHIFTS } from "./size.ts";

const LETTERS = UNIT_SHIFTS.map(([letter]) => letter).join("");
/** Largest first: the first that divides a size is the one to print it in. */
const UNITS = UNIT_SHIFTS.map(([letter, shift]) => [letter, BigInt(shift)] as const).toReversed();
const DECIMAL = new RegExp(`^(\\d+)([${LETTERS}]?)$`, "i");
const WITH_BYTE = new RegExp(`^(\\d+)([${LETTERS}])i?b$`, "i");

/** A number as people write it here; `_` may group digits. Undefined when it is none. */
export function parseNumber(text: string): bigint | undefined {
  const plain = text.replaceAll("_", "");
  if (/^0x[0-9a-f]+$/i.test(plain) || /^0b[01]+$/i.test(plain)) return BigInt(plain.toLowerCase());
  const decimal = DECIMAL.exec(plain);
  if (!decimal) return undefined;
  const unit = UNITS.find(([letter]) => letter === decimal[2].toUpperCase());
  return BigInt(decimal[1]) << (unit?.[1] ?? 0n);
}

/** What is wrong with a word that starts like a number, and what would be right. */
export function notANumber(text: string): string {
  const plain = text.replaceAll("_", "");
  const bytes = WITH_BYTE.exec(plain);
  const pages = /^(\d+)p(?:ages?)?$/i.exec(plain);
  const meant = /^0x/i.test(plain)
    ? "hexadecimal digits are 0 to 9 and a to f"
    : /^0b/i.test(plain)
    ? "binary digits are 0 and 1"
    : /^[0-9a-f]+$/i.test(plain)
    ? `did you mean 0x${text.toLowerCase()}?`
    : bytes
    ? `did you mean ${bytes[1]}${bytes[2].toUpperCase()}?`
    : pages
    ? `did you mean ${size(BigInt(pages[1]) << 12n)}?`
    : /^\d+\./.test(plain)
    ? "numbers are whole, like 1536M"
    : `units are ${[...LETTERS].slice(0, -1).join(", ")} and ${LETTERS.at(-1)}`;
  return `${text} is not a number; ${meant}`;
}

/** Bytes as people say them: `512`, `4K`, `2M`; a number that is no whole multiple stays plain. */
export function size(n: bigint | number): string {
  const v = BigInt(n);
  if (v === 0n) return "0";
  const unit = UNITS.find(([, shift]) => v % (1n << shift) === 0n);
  return unit === undefined ? `${v}` : `${v >> unit[1]}${unit[0]}`;
}
