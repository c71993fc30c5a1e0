/**
 * Byte counts as text people read.
 *
 * @example
 * ```ts
 * import { format } from "@std/fmt/bytes";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(format(4096, { binary: true }), "4 kiB");
 * ```
 *
 * @module
 */

/** Options of {@linkcode format}. */
export interface FormatOptions {
  /** Count bits (`kbit`) and not bytes (`kB`). */
  bits?: boolean;
  /** Use powers of 1024 (`kiB`) and not of 1000 (`kB`). */
  binary?: boolean;
  /** Put a sign before positive numbers too, and a space before zero. */
  signed?: boolean;
  /** Number format: a locale's name, or `true` for the host's. */
  locale?: boolean | string | string[];
  /** Fewest decimal places. */
  minimumFractionDigits?: number;
  /** Most decimal places. */
  maximumFractionDigits?: number;
}

/**
 * A byte count with its unit, to three significant digits: `1.34 kB`, `4 kiB`.
 *
 * @throws {TypeError} For a number that is not finite.
 */
export function format(num: number, options: FormatOptions = {}): string {
  if (!Number.isFinite(num)) {
    throw new TypeError(`Expected a finite number, got ${typeof num}: ${num}`);
  }
  const { bits = false, binary = false, signed = false, locale } = options;
  const base = bits ? "b" : "B";
  const suffix = bits ? "bit" : "B";
  const prefix = signed ? (num < 0 ? "-" : num > 0 ? "+" : " ") : (num < 0 ? "-" : "");
  const size = Math.abs(num);
  const digits: Intl.NumberFormatOptions = {};
  if (options.minimumFractionDigits !== undefined) {
    digits.minimumFractionDigits = options.minimumFractionDigits;
  }
  if (options.maximumFractionDigits !== undefined) {
    digits.maximumFractionDigits = options.maximumFractionDigits;
  }
  const custom = Object.keys(digits).length > 0;
  if (size < 1) return `${prefix}${localized(size, locale, digits)} ${base}`;
  const step = binary ? 1024 : 1000;
  let exponent = 0;
  while (exponent < 8 && size >= step ** (exponent + 1)) exponent++;
  const value = size / step ** exponent;
  const rounded = custom ? value : Number(value.toPrecision(3));
  const letter = ["", "k", "M", "G", "T", "P", "E", "Z", "Y"][exponent];
  const unit = exponent === 0 ? base : letter + (binary ? "i" : "") + suffix;
  return `${prefix}${localized(rounded, locale, digits)} ${unit}`;
}

function localized(
  value: number,
  locale: FormatOptions["locale"],
  digits: Intl.NumberFormatOptions,
): string {
  if (typeof locale === "string" || Array.isArray(locale)) {
    return value.toLocaleString(locale, digits);
  }
  if (locale === true) return value.toLocaleString(undefined, digits);
  return Object.keys(digits).length > 0
    ? value.toLocaleString("en", { useGrouping: false, ...digits })
    : value.toString();
}
