/** What all facts that a person gives have in common: how they are taken apart, and complained of. */

import type { StructType } from "../dwarf/types.ts";
import { hex } from "../machine/address.ts";
import { didYouMean } from "../nearest.ts";
import type { CPlace } from "./c_place.ts";
import type { ImageSymbols } from "./symbols.ts";

/** RAM of the kernel that facts are about, and what its file calls things. */
export interface Of {
  readonly symbols: ImageSymbols;
  readonly base: number;
  readonly size: number;
  /** What one process's record is in C; undefined: nobody says. */
  readonly record: StructType | undefined;
}

/** What stands behind the first comma: `,NAME=VALUE`, each once. Throws a RangeError for others. */
export function options<Name extends string>(
  words: readonly string[],
  names: readonly Name[],
  value = "N",
): Partial<Record<Name, string>> {
  const found: Partial<Record<Name, string>> = {};
  for (const word of words) {
    const [, key, text] = /^(\w+)=(-?[\w.]+)$/.exec(word) ?? [];
    const name = names.find((one) => one === key);
    if (name === undefined) {
      const want = `want ${names.map((one) => `${one}=${value}`).join(", ")}`;
      throw new RangeError(`${word || "a comma"}: ${want}${didYouMean(key ?? "", names)}`);
    }
    found[name] = text;
  }
  return found;
}

/** What is between commas. */
export function wordsOf(value: string): string[] {
  return value.split(",").map((word) => word.trim());
}

/** Throws a RangeError for what cannot be a place of so many bytes in RAM, at such a multiple. */
export function checkPlace(
  { at }: Pick<CPlace, "at">,
  bytes: number,
  unit: number,
  { base, size }: Of,
): void {
  const isIn = (at: number) => at >= base && at < base + size;
  if (isIn(at) && at % unit !== 0) throw new RangeError(`${hex(at)} is no multiple of ${unit}`);
  if (isIn(at) && isIn(at + bytes - 1)) return;
  const what = isIn(at) ? `what ends at ${hex(at + bytes)}` : hex(at);
  throw new RangeError(`${what} is outside of RAM, ${hex(base)}..${hex(base + size)}`);
}
