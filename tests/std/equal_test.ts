import { assert, assertEquals, assertThrows } from "@std/assert";
import { equal } from "@std/assert/equal";
import fc from "fast-check";

Deno.test("a value equals its clone", () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
  });
  fc.assert(fc.property(anything, (value) => equal(value, structuredClone(value))));
});

Deno.test("equality is symmetric, and agrees with the JSON text of plain values", () => {
  fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
    const sorted = (value: unknown): string =>
      JSON.stringify(
        value,
        (_, part) =>
          part && typeof part === "object" && !Array.isArray(part)
            ? Object.fromEntries(Object.entries(part).sort(([x], [y]) => x < y ? -1 : 1))
            : part,
      );
    assertEquals(equal(a, b), equal(b, a));
    assertEquals(equal(a, b), sorted(a) === sorted(b));
  }));
});

class Frame {
  constructor(readonly pa: bigint) {}
}

Deno.test("what counts as equal", () => {
  const pairs: [unknown, unknown][] = [
    [0, -0],
    [NaN, NaN],
    [Object.create(null), {}],
    [new Set([1, { a: 1 }]), new Set([{ a: 1 }, 1])],
    [new Map([[{ k: 1 }, "x"]]), new Map([[{ k: 1 }, "x"]])],
    [new Date(NaN), new Date(NaN)],
    [new Uint8Array([1, 2]).buffer, new Uint8Array([1, 2]).buffer],
    [new URL("https://example.test/a"), new URL("https://example.test/a")],
    [new Frame(1n), new Frame(1n)],
  ];
  for (const [a, b] of pairs) assert(equal(a, b), Deno.inspect([a, b]));
});

Deno.test("what does not", () => {
  const pairs: [unknown, unknown][] = [
    [1, 1n],
    [{ a: undefined }, {}],
    [new Frame(1n), { pa: 1n }],
    [new Frame(1n), new Frame(2n)],
    [[1, 2], [1, 2, 3]],
    [new Set([1, 2]), new Set([1, 3])],
    [new Map([["a", 1]]), new Map([["a", 2]])],
    [new Uint8Array([1]), new Uint16Array([1])],
    [/a/g, /a/],
    [new Error("a"), new Error("b")],
    [new URLSearchParams("a=1"), new URLSearchParams("a=2")],
  ];
  for (const [a, b] of pairs) assert(!equal(a, b), Deno.inspect([a, b]));
});

Deno.test("cycles end, and what cannot be compared throws", () => {
  const ring = (): { next?: unknown } => {
    const value: { next?: unknown } = {};
    value.next = value;
    return value;
  };
  assert(equal(ring(), ring()));
  assertThrows(() => equal(new WeakMap(), new WeakMap()), TypeError, "WeakMap");
});
