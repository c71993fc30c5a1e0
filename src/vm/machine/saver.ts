/**
 * How plain records become saved states that share what did not change. A record is copied when it,
 * or something in it, is not what was saved of it last; else its last copy is used again. So a
 * saved state costs what differs from the one before, and nobody has to say what was changed.
 *
 * @module
 */

import { cut, joined, type Numbers, type Pieces, zeros } from "./pieces.ts";

/** A record as saved: the same with its arrays of numbers in pieces, never to be changed. */
export type Saved<T> = T extends number | string | bigint | boolean | undefined | null ? T
  : T extends Numbers ? Pieces<T>
  : T extends ReadonlyMap<infer K, infer V> ? ReadonlyMap<K, Saved<V>>
  : T extends readonly (infer E)[] ? readonly Saved<E>[]
  : { readonly [P in keyof T]: Saved<T[P]> };

/** Bytes of a piece of an array. */
const PIECE = 1024;

/** Saves and makes again the records of one owner. What stands twice in them does so again. */
export class Saver {
  /** The last copy of each live object. Two live objects never have the same one. */
  readonly #copies = new WeakMap<object, object>();

  /** A copy. `as`: the object whose copy it is, for content that is put together for each save. */
  save<T>(content: T, as: unknown = content): Saved<T> {
    return this.#save(content, as) as Saved<T>;
  }

  #save(content: unknown, as: unknown): unknown {
    if (typeof content !== "object" || content === null) return content;
    const last = this.#copies.get(as as object);
    const copy = ArrayBuffer.isView(content)
      ? cut(content as Numbers, (last ?? blank(content as Numbers)) as Pieces)
      : content instanceof Map
      ? this.#map(content, last as Map<unknown, unknown> | undefined)
      : Array.isArray(content)
      ? this.#list(content, last as unknown[] | undefined)
      : this.#record(content, last as Record<string, unknown> | undefined);
    if (copy !== last) this.#copies.set(as as object, copy as object);
    return copy;
  }

  #list(live: readonly unknown[], last: unknown[] | undefined): unknown[] {
    let same = last?.length === live.length;
    const copy = live.map((one, i) => {
      const saved = this.#save(one, one);
      same &&= Object.is(saved, last![i]);
      return saved;
    });
    return same ? last! : copy;
  }

  #map(live: Map<unknown, unknown>, last: Map<unknown, unknown> | undefined) {
    let same = last?.size === live.size;
    // Their order belongs to it.
    const others = last?.entries();
    for (const [key, one] of live) {
      const saved = this.#save(one, one);
      if (!same) continue;
      const [otherKey, other] = others!.next().value!;
      same = Object.is(key, otherKey) && Object.is(saved, other);
    }
    if (same) return last!;
    // What is in it has been saved: this asks for it again.
    return new Map([...live].map(([key, one]) => [key, this.#save(one, one)]));
  }

  #record(live: object, last: Record<string, unknown> | undefined): Record<string, unknown> {
    const copy: Record<string, unknown> = {};
    let same = last !== undefined;
    let count = 0;
    for (const [key, one] of Object.entries(live)) {
      count++;
      const saved = this.#save(one, one);
      copy[key] = saved;
      same &&= key in last! && Object.is(saved, last![key]);
    }
    return same && Object.keys(last!).length === count ? last! : copy;
  }

  /** Live records from a copy, which stays as it is; the next save shares with it. */
  revive<T>(saved: Saved<NoInfer<T>>): T {
    return this.#revive(saved, new Map()) as T;
  }

  #revive(saved: unknown, known: Map<object, object>): unknown {
    if (typeof saved !== "object" || saved === null) return saved;
    const before = known.get(saved);
    if (before !== undefined) return before;
    const inside = (one: unknown) => this.#revive(one, known);
    const live: object = "array" in saved && "tree" in saved
      ? joined(saved as Pieces)
      : saved instanceof Map
      ? new Map([...saved].map(([key, one]) => [key, inside(one)]))
      : Array.isArray(saved)
      ? saved.map(inside)
      : Object.fromEntries(Object.entries(saved).map(([key, one]) => [key, inside(one)]));
    known.set(saved, live);
    this.#copies.set(live, saved);
    return live;
  }
}

function blank(array: Numbers): Pieces {
  const each = PIECE / array.BYTES_PER_ELEMENT;
  return zeros(array.constructor.name, array.length, each);
}

/** Whether two saved states are equal. What they share is not looked at. */
export function sameSaved(one: unknown, two: unknown): boolean {
  if (Object.is(one, two)) return true;
  if (typeof one !== "object" || typeof two !== "object" || one === null || two === null) {
    return false;
  }
  if (ArrayBuffer.isView(one) && ArrayBuffer.isView(two)) {
    const [a, b] = [one as Numbers, two as Numbers];
    return a.length === b.length && a.every((n: number, i: number) => Object.is(n, b[i]));
  }
  const [a, b] = [entriesOf(one), entriesOf(two)];
  return a.length === b.length &&
    a.every(([key, inside], i) => key === b[i][0] && sameSaved(inside, b[i][1]));
}

function entriesOf(one: object): [unknown, unknown][] {
  return one instanceof Map ? [...one] : Object.entries(one);
}
