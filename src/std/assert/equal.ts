/** Structural equality of two values, the rule behind `assertEquals`. */

type Pairs = Map<object, object>;

/**
 * Tells whether two values are structurally equal.
 *
 * `0` equals `-0` and `NaN` equals `NaN`; key order does not matter; sets and maps compare without
 * order; prototypes must be the same, except that a null prototype equals `Object.prototype`; a key
 * holding `undefined` is not a missing key. Cycles are followed once.
 *
 * @throws {TypeError} For two `WeakMap`s, `WeakSet`s or `WeakRef`s, whose items cannot be seen.
 *
 * @example Key order does not matter
 * ```ts
 * import { assert } from "@std/assert";
 * import { equal } from "@std/assert/equal";
 *
 * assert(equal({ va: 0x4000n, dirty: true }, { dirty: true, va: 0x4000n }));
 * ```
 */
export function equal(a: unknown, b: unknown): boolean {
  return same(a, b, new Map());
}

function same(a: unknown, b: unknown, seen: Pairs): boolean {
  if (Object.is(a, b) || a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (prototypeOf(a) !== prototypeOf(b)) return false;
  if (a instanceof WeakMap || a instanceof WeakSet || a instanceof WeakRef) {
    throw new TypeError(`Cannot compare ${a.constructor.name} instances`);
  }
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime());
  if (a instanceof RegExp || a instanceof URLSearchParams) return String(a) === String(b);
  if (seen.get(a) === b) return true;
  seen.set(a, b);
  if (a instanceof Set) return sameSet(a, b as Set<unknown>, seen);
  if (a instanceof Map) return sameMap(a, b as Map<unknown, unknown>, seen);
  if (ArrayBuffer.isView(a) && !(a instanceof DataView)) {
    return sameList(a as Uint8Array, b as Uint8Array);
  }
  if (a instanceof ArrayBuffer || a instanceof SharedArrayBuffer) {
    return sameList(new Uint8Array(a), new Uint8Array(b as ArrayBuffer));
  }
  return sameProperties(a, b, seen);
}

/** The prototype, with "none" read as `Object.prototype`. */
function prototypeOf(value: object): object {
  return Object.getPrototypeOf(value) ?? Object.prototype;
}

function sameList(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i] && !Object.is(a[i], b[i])) return false;
  }
  return true;
}

function isPrimitive(value: unknown): boolean {
  return value === null || (typeof value !== "object" && typeof value !== "function");
}

function sameSet(a: Set<unknown>, b: Set<unknown>, seen: Pairs): boolean {
  if (a.size !== b.size) return false;
  const rest = [...b].filter((item) => !a.has(item));
  for (const item of a) {
    if (b.has(item)) continue;
    if (isPrimitive(item)) return false;
    const at = rest.findIndex((other) => same(item, other, new Map(seen)));
    if (at < 0) return false;
    rest.splice(at, 1);
  }
  return true;
}

function sameMap(a: Map<unknown, unknown>, b: Map<unknown, unknown>, seen: Pairs): boolean {
  if (a.size !== b.size) return false;
  const rest = [...b].filter(([key]) => !a.has(key));
  for (const [key, value] of a) {
    if (b.has(key)) {
      if (!same(value, b.get(key), seen)) return false;
      continue;
    }
    if (isPrimitive(key)) return false;
    const at = rest.findIndex(([otherKey, other]) =>
      same(key, otherKey, new Map(seen)) && same(value, other, new Map(seen))
    );
    if (at < 0) return false;
    rest.splice(at, 1);
  }
  return true;
}

function sameProperties(a: object, b: object, seen: Pairs): boolean {
  const keys = Reflect.ownKeys(a).filter((key) => isEnumerable(a, key));
  const others = Reflect.ownKeys(b).filter((key) => isEnumerable(b, key));
  if (keys.length !== others.length) return false;
  for (const key of keys) {
    if (!Object.hasOwn(b, key)) return false;
    if (!same(Reflect.get(a, key), Reflect.get(b, key), seen)) return false;
  }
  const told = (error: Error) => [error.message, error.cause];
  if (a instanceof Error && !same(told(a), told(b as Error), seen)) return false;
  return accessors(a).every((key) => same(Reflect.get(a, key), Reflect.get(b, key), seen));
}

function isEnumerable(value: object, key: PropertyKey): boolean {
  return Object.prototype.propertyIsEnumerable.call(value, key);
}

/** Names of the getters of a value's prototypes: built-in classes keep their state behind them. */
function accessors(value: object): PropertyKey[] {
  const names = new Set<PropertyKey>();
  let prototype = Object.getPrototypeOf(value);
  while (prototype && prototype !== Object.prototype) {
    for (const key of Reflect.ownKeys(prototype)) {
      if (Object.getOwnPropertyDescriptor(prototype, key)?.get && key !== Symbol.toStringTag) {
        names.add(key);
      }
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  return [...names];
}
