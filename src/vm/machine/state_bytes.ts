/**
 * How much room saved states take: what they share is counted once.
 *
 * @module
 */

/** What V8 keeps beside the contents of a typed array with a buffer of its own, about. */
const ARRAY_OVERHEAD = 200;

/**
 * Bytes that can be reached from saved states and not from what is in `seen`, to which it is added.
 * The contents of arrays are exact; what a record, a list or a map takes is V8's on 64 bits,
 * without what it keeps spare.
 */
export function stateBytes(states: Iterable<unknown>, seen: Set<object> = new Set()): number {
  let bytes = 0;
  const left: unknown[] = [...states];
  while (left.length > 0) {
    const one = left.pop();
    if (typeof one === "string") bytes += 16 + one.length;
    else if (typeof one === "bigint") bytes += 24;
    else if (typeof one === "number") bytes += Object.is(one, one | 0) ? 0 : 16;
    if (typeof one !== "object" || one === null || seen.has(one)) continue;
    seen.add(one);
    if (ArrayBuffer.isView(one)) bytes += ARRAY_OVERHEAD + one.byteLength;
    else if (one instanceof Map) {
      bytes += 64 + 40 * one.size;
      for (const entry of one) left.push(...entry);
    } else {
      const inside = Object.values(one);
      bytes += 32 + 8 * inside.length;
      left.push(...inside);
    }
  }
  return bytes;
}
