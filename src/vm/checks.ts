/** Checks of what scripts hand in: one clear line about what cannot be meant, before all else. */

import { didYouMean } from "./nearest.ts";

/** A value as a message shows it. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  return Array.isArray(value) ? "a list" : "an object";
}

/** Throws a RangeError when options of `what` have a name that is none of those known. */
export function onlyNames(what: string, options: object, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new RangeError(`${what}: options are an object of ${known.join(", ")}`);
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const hint = didYouMean(name, known) || `: there are ${known.join(", ")}`;
    throw new RangeError(`${what} has no option ${name}${hint}`);
  }
}

/** Throws a RangeError for anything but a whole number between two bounds. */
export function whole(
  what: string,
  value: unknown,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): void {
  if (Number.isInteger(value) && value as number >= least && value as number <= most) return;
  const bounds = most === Number.MAX_SAFE_INTEGER
    ? `${least === 0 ? "not negative" : `at least ${least}`}`
    : `${least} to ${most}`;
  throw new RangeError(`${what} ${shown(value)}: want a whole number, ${bounds}`);
}

/** Throws a RangeError for anything but a text. */
export function isText(what: string, value: unknown): void {
  if (typeof value !== "string") throw new RangeError(`${what} ${shown(value)}: want a text`);
}

/** A whole number as a bigint. Throws a RangeError for anything else. */
export function integer(what: string, value: unknown): bigint {
  if (typeof value === "bigint") return value;
  if (Number.isSafeInteger(value)) return BigInt(value as number);
  throw new RangeError(`${what} ${shown(value)}: want a bigint, or a whole number below 2^53`);
}
