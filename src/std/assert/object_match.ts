/** The assertion that an object has at least some properties. */
import { assertEquals } from "./values.ts";

/**
 * Fails unless every property of `expected` is in `actual` with an equal value, at any depth. Classes
 * of the objects are not compared.
 *
 * @throws {TypeError} If either is not an object.
 */
export function assertObjectMatch(
  // A caller's object of any type is wanted, and an interface is no Record of unknown.
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  for (const value of [actual, expected]) {
    if (typeof value === "object" && value !== null) continue;
    const kind = value === null ? "null" : typeof value;
    throw new TypeError(`Cannot assertObjectMatch: expected an object, got ${kind}`);
  }
  assertEquals(pick(actual, expected, new Map()), pick(expected, expected, new Map()), msg);
}

/** The part of `value` that `shape` asks about, as plain objects. */
function pick(value: unknown, shape: unknown, seen: Map<object, unknown>): unknown {
  if (!isObject(value) || !isObject(shape) || value instanceof RegExp || value instanceof Date) {
    return value;
  }
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value;
  if (seen.has(shape)) return seen.get(shape);
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return value;
    const out: unknown[] = [];
    seen.set(shape, out);
    shape.slice(0, value.length).forEach((item, i) => out.push(pick(value[i], item, seen)));
    return out;
  }
  if (shape instanceof Set) {
    if (!(value instanceof Set)) return value;
    return new Set([...value].filter((item) => shape.has(item)));
  }
  if (shape instanceof Map) {
    if (!(value instanceof Map)) return value;
    const kept = [...shape].filter(([key]) => value.has(key));
    return new Map(kept.map(([key, item]) => [key, pick(value.get(key), item, seen)]));
  }
  const out: Record<PropertyKey, unknown> = {};
  seen.set(shape, out);
  for (const key of Reflect.ownKeys(shape)) {
    if (key in value) out[key] = pick(Reflect.get(value, key), Reflect.get(shape, key), seen);
  }
  return out;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
