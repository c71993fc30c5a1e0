/**
 * Assertions for tests, with the names, signatures and observable behaviour of the `@std/assert`
 * package of the jsr: registry, which this local package stands in for.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals({ frames: 4 }, { frames: 4 });
 * assertThrows(() => BigInt("frame"), SyntaxError);
 * ```
 *
 * @module
 */
export { AssertionError } from "./assertion_error.ts";
export { equal } from "./equal.ts";
export * from "./values.ts";
export * from "./errors.ts";
