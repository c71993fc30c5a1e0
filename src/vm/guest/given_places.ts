/**
 * Places in the kernel's data that a person names: `kernel`, the root of its page table, and
 * `free`, where its lists of free frames begin.
 */

import { bare, type CType } from "../dwarf/types.ts";
import { PAGE_SIZE } from "../machine/address.ts";
import { checkPlace, type Of, wordsOf } from "./given_words.ts";
import type { GivenPlace } from "./known.ts";
import { declaredIn, isChain, mayLink } from "./list_heads.ts";
import { placeNamed } from "./place_named.ts";

/** The kernel's root table: what a pointer leads to, an array of entries, or an address. */
export function kernelGiven(name: string, of: Of): GivenPlace {
  const place = placeNamed(of.symbols, name);
  const { at, way, type, size, number, star } = place;
  if (place.through.length > 0) {
    throw new RangeError(`${name} stands in each element of an array: want one of them, like [0]`);
  }
  const isNumber = number && way.length === 0;
  const is = isNumber ? "root" : leadsTo(type, size, star);
  if (is === undefined) {
    const what = type === undefined ? `${name} has ${size} bytes` : `${name} is a ${type.name}`;
    throw new RangeError(`${what}: want a pointer to the root table, or its address`);
  }
  if (is === "root" && way.length === 0) checkPlace(place, PAGE_SIZE, PAGE_SIZE, of);
  else checkPlace(place, 8, 8, of);
  return { name, place: is === "root" ? { at, way } : { at, way: [...way, 0] } };
}

/**
 * Whether the root table itself stands somewhere, or a pointer to it; undefined: neither can be.
 *
 * @param star A pointer has led there.
 */
function leadsTo(
  type: CType | undefined,
  size: number | undefined,
  star: boolean,
): "root" | "pointer" | undefined {
  const is = bare(type), entry = (one: typeof is) => one?.kind === "base" && one.size === 8;
  if (is === undefined) {
    if (star || size === PAGE_SIZE) return "root";
    return size === undefined || size === 8 ? "pointer" : undefined;
  }
  if (is.kind === "pointer") return "pointer";
  if (is.kind === "array") return entry(bare(is.of)) && is.size >= PAGE_SIZE ? "root" : undefined;
  if (!entry(is)) return undefined;
  return star ? "root" : "pointer";
}

/** Where lists of free frames begin: pointers to their first frames, and structs that have such. */
export function freeGiven(value: string, of: Of): GivenPlace[] {
  const all = wordsOf(value).flatMap((word) => headsNamed(word, of));
  for (const { place } of all) checkPlace(place, 8, 8, of);
  return all;
}

function headsNamed(word: string, of: Of): GivenPlace[] {
  const place = placeNamed(of.symbols, word);
  const { type, size, way, through } = place;
  const is = bare(type);
  if (is === undefined) {
    if (size !== undefined && size !== 8) {
      const want = `want ${word}+BYTES, or an address`;
      throw new RangeError(`no debug information tells where in ${word} a list begins: ${want}`);
    }
    return [{ name: word, place }];
  }
  const elements = through.reduceRight<{ at: number; name: string }[]>(
    (list, { stride, length, behind }) => {
      if (length === undefined || way.length > 0) {
        throw new RangeError(`${word} stands in several structs: want one of them, like [0]`);
      }
      return Array.from({ length }, (_, i) =>
        list.map(({ at, name }) => ({
          at: at + i * stride,
          name: `${name.slice(0, behind)}[${i}]${name.slice(behind).replace(/^\[\]/, "")}`,
        }))).flat();
    },
    [{ at: 0, name: word }],
  );
  const found = elements.flatMap(({ at, name }): readonly { name: string; at: number }[] =>
    is.kind !== "pointer"
      ? [...declaredIn(type!, name, at, 0, isChain)]
      : mayLink(is.to)
      ? [{ name, at }]
      : []
  );
  if (found.length === 0) {
    throw new RangeError(`${word} is a ${type!.name}: want pointers to the first frames of lists`);
  }
  return found.map((one) => ({
    name: one.name,
    place: way.length === 0
      ? { at: place.at + one.at, way }
      : { at: place.at, way: [...way.slice(0, -1), way.at(-1)! + one.at] },
  }));
}
