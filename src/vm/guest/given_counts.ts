/**
 * Where a kernel counts who uses a frame, as a person says: `counts=PLACE{,NAME=NUMBER}`.
 *
 * PLACE is an address, or a variable as C names it (`ref.cnt`, through arrays of structs, too, where
 * there is debug information), with `+N` behind it, or with `*` in front where it is a pointer to
 * the counts. The numbers: `first`, the physical address of the frame of the first count
 * (0x80000000; 0 where pa / PGSIZE is the index); `bytes` of a count and `stride` from one to the
 * next (those of its type, else 4); `more`, what it exceeds the mappings by (0).
 */

import { bare } from "../dwarf/types.ts";
import { hex, PAGE_SIZE, type PaNum } from "../machine/address.ts";
import { elementOf } from "./c_place.ts";
import { type Of, options, wordsOf } from "./given_words.ts";
import type { CountPlace } from "./learner.ts";
import { numberIn, placeNamed } from "./place_named.ts";

/** The counts. Throws a RangeError for what cannot be any. */
export function countsGiven(value: string, of: Of): CountPlace {
  const { symbols, base, size } = of;
  const [name, ...words] = wordsOf(value);
  const said = options(words, ["first", "bytes", "stride", "more"]);
  const numbers = Object.fromEntries(
    Object.entries(said).map(([key, text]) => [
      key,
      text.startsWith("-") ? -numberIn(text.slice(1)) : numberIn(text),
    ]),
  ) as Partial<Record<keyof typeof said, number>>;
  const found = placeNamed(symbols, name);
  const { way, type } = found;
  if (way.length > 1) {
    throw new RangeError(`${name} stands behind ${way.length} pointers: want its address`);
  }
  const is = bare(type), element = elementOf(type);
  if (is?.kind === "pointer" && numbers.bytes === undefined) {
    throw new RangeError(`${name} is a ${type!.name}: want *${name} for what it leads to`);
  }
  if (type !== undefined && element === undefined && numbers.bytes === undefined) {
    throw new RangeError(`${name} is a ${type.name}: want numbers, or ,bytes=N`);
  }
  const width = numbers.bytes ?? element?.size ?? 4;
  if (width !== 1 && width !== 2 && width !== 4 && width !== 8) {
    throw new RangeError(`a count has 1, 2, 4 or 8 bytes, not ${width}`);
  }
  const stride = numbers.stride ?? found.stride ?? width;
  if (stride < width) {
    throw new RangeError(`stride ${stride} is less than a count's ${width} bytes`);
  }
  const first = numbers.first ?? base;
  if (first % PAGE_SIZE !== 0) throw new RangeError(`first=${hex(first)} is no frame`);
  const skip = ((first - base) / PAGE_SIZE) * stride;
  const { at } = found;
  const pointer = way.length === 1 ? at as PaNum : undefined;
  const inside = at >= base && at + 8 <= base + size &&
    at % (pointer === undefined ? Math.min(width, 4) : 8) === 0;
  if (!inside) throw new RangeError(`${hex(at)} is no place in RAM for it`);
  const origin = (way[0] ?? at) - skip;
  const frames = size / PAGE_SIZE;
  const from = Math.max(way[0] ?? at, origin);
  return {
    array: { name, pointer, origin, stride, width, more: numbers.more ?? 0 },
    bytes: [from, origin + (frames - 1) * stride + width],
  };
}
