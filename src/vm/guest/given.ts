/**
 * Facts that a person gives, in the place of what would be found out:
 *
 *     counts=PLACE{,NAME=NUMBER} | counts=none
 *     cow=MASK | cow=none
 *     areas=MEMBER{,ROLE=NAME} | areas=none
 *
 * PLACE is an address, or a variable as C names it (`ref.cnt`, through arrays of structs, too, where
 * there is debug information), with `+N` behind it, or with `*` in front where it is a pointer to
 * the counts. The numbers: `first`, the physical address of the frame of the first count
 * (0x80000000; 0 where pa / PGSIZE is the index); `bytes` of a count and `stride` from one to the
 * next (those of its type, else 4); `more`, what it exceeds the mappings by (0). MASK is 0x100,
 * 0x200 or both. MEMBER is where `struct proc` keeps the areas that mmap made: an array of structs
 * or of pointers to them, or a pointer to the first of a chain; ROLE one of {@link ROLES}, and NAME
 * which member of such a struct it is, where its name does not say so.
 */

import { hex, PAGE_SIZE, type PaNum } from "../machine/address.ts";
import { elementOf, placeOfPath } from "./c_place.ts";
import type { CountPlace, Watched } from "./learner.ts";
import type { ImageSymbols } from "./symbols.ts";
import { PTE_RSW0, PTE_RSW1 } from "../machine/sv39.ts";
import { type Role, ROLES, shapeNamed, type VmaShape } from "./vma_shape.ts";

/** What can be given. */
export const GIVEN = ["counts", "cow", "areas"] as const;

/** What a person says. */
export interface Given extends Partial<Watched> {
  /** Where records keep the areas that mmap made; null: nowhere. */
  readonly areas?: VmaShape | null;
}

const NUMBER = /^(?:0x[0-9a-f]+|\d+)$/i;
const NUMBERS = ["first", "bytes", "stride", "more"] as const;

/** RAM of the kernel that a fact is about. */
interface Of {
  readonly symbols: ImageSymbols;
  readonly base: PaNum;
  readonly size: number;
}

/** What a text like `counts=ref.cnt` says. Throws a RangeError with one line for what says nothing. */
export function givenFact(text: string, of: Of): Given {
  const [, name, value] = /^(\w+)=(.+)$/s.exec(text) ?? [];
  const bad = (why: string) => new RangeError(`fact ${text}: ${why}`);
  const evidence = "a person says so";
  if (name === "cow") {
    if (value === "none") return { cow: { value: null, evidence, sure: "given" } };
    const mask = NUMBER.test(value) ? Number(value) : 0;
    if (mask === 0 || (mask & ~(PTE_RSW0 | PTE_RSW1)) !== 0) {
      throw bad("want cow=0x100, 0x200, 0x300 or none");
    }
    return { cow: { value: mask, evidence, sure: "given" } };
  }
  if (name === "counts") {
    if (value === "none") return { counts: { value: null, evidence, sure: "given" } };
    return { counts: { value: countsGiven(value, of, bad), evidence, sure: "given" } };
  }
  if (name === "areas") {
    return { areas: value === "none" ? null : areasGiven(value, of.symbols, bad) };
  }
  throw bad(`want ${GIVEN.map((one) => `${one}=…`).join(" or ")}`);
}

function areasGiven(
  value: string,
  symbols: ImageSymbols,
  bad: (why: string) => RangeError,
): VmaShape {
  const [member, ...words] = value.split(",").map((word) => word.trim());
  const roles: Partial<Record<Role, string>> = {};
  for (const word of words) {
    const [, key, name] = /^(\w+)=(\w+)$/.exec(word) ?? [];
    const role = ROLES.find((one) => one === key);
    if (role === undefined) {
      throw bad(`${word || "a comma"}: want ${ROLES.map((one) => `${one}=NAME`).join(", ")}`);
    }
    roles[role] = name;
  }
  try {
    return shapeNamed(symbols, member, roles);
  } catch (error) {
    throw error instanceof RangeError ? bad(error.message) : error;
  }
}

function countsGiven(
  value: string,
  { symbols, base, size }: Of,
  bad: (why: string) => RangeError,
): CountPlace {
  const [place, ...words] = value.split(",").map((word) => word.trim());
  const numbers: Partial<Record<typeof NUMBERS[number], number>> = {};
  for (const word of words) {
    const [, key, number] = /^(\w+)=(-?\w+)$/.exec(word) ?? [];
    const known = NUMBERS.find((one) => one === key);
    if (known === undefined || !NUMBER.test(number.replace(/^-/, ""))) {
      throw bad(`${word || "a comma"}: want ${NUMBERS.map((one) => `${one}=N`).join(", ")}`);
    }
    numbers[known] = Number(number);
  }
  const [, star, path, plus = "0"] = /^(\*?)([\w.]+)(?:\+(\w+))?$/.exec(place) ?? [];
  if (path === undefined || !NUMBER.test(plus)) {
    throw bad("want a variable or an address, like ref.cnt, *refs or 0x80021018");
  }
  const found = NUMBER.test(path)
    ? { at: Number(path), type: undefined, stride: undefined }
    : placeOfPath(symbols, path);
  if (found === undefined) throw bad(`there is no ${path} in the kernel`);
  const element = elementOf(found.type);
  const width = numbers.bytes ?? element?.size ?? 4;
  if (width !== 1 && width !== 2 && width !== 4 && width !== 8) {
    throw bad(`a count has 1, 2, 4 or 8 bytes, not ${width}`);
  }
  const stride = numbers.stride ?? found.stride ?? width;
  if (stride < width) throw bad(`stride ${stride} is less than a count's ${width} bytes`);
  const first = numbers.first ?? base;
  if (first % PAGE_SIZE !== 0) throw bad(`first=${hex(first)} is no frame`);
  const skip = ((first - base) / PAGE_SIZE) * stride;
  const at = found.at + Number(plus);
  const pointer = star === "*" ? at as PaNum : undefined;
  const inside = at >= base && at + 8 <= base + size &&
    at % (pointer === undefined ? Math.min(width, 4) : 8) === 0;
  if (!inside) throw bad(`${hex(at)} is no place in RAM for it`);
  const origin = (pointer === undefined ? at : 0) - skip;
  const frames = size / PAGE_SIZE;
  const from = Math.max(pointer === undefined ? at : 0, origin);
  return {
    array: { name: place, pointer, origin, stride, width, more: numbers.more ?? 0 },
    bytes: [from, origin + (frames - 1) * stride + width],
  };
}
