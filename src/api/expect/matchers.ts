/** Checks on any value, over `@std/assert`. */

import {
  assert,
  assertEquals,
  AssertionError,
  assertMatch,
  assertNotEquals,
  assertNotMatch,
  assertNotStrictEquals,
  assertStrictEquals,
  assertStringIncludes,
  equal,
} from "@std/assert";
import { visible } from "../../host/visible.ts";

/** A class of errors, as `toThrow` takes it. */
export type ErrorType = abstract new (...args: never[]) => Error;

/** What can be expected of any value; {@link Matchers.not} turns each of them round. */
export class Matchers<T> {
  /** The value that was handed to `expect`. */
  protected readonly actual: T;
  /** Whether the next check must fail. */
  protected readonly negated: boolean;

  /**
   * Scripts call `expect(value)`.
   *
   * @internal
   */
  constructor(actual: T, negated = false) {
    this.actual = actual;
    this.negated = negated;
  }

  /** The opposite: `expect(1).not.toBe(2)`. */
  get not(): this {
    const own = this.constructor as new (actual: T, negated: boolean) => this;
    return new own(this.actual, !this.negated);
  }

  /**
   * Fails unless `ok` is as wanted: "expected SUBJECT to WANTED, but FACT". Both a reader's
   * sentence and, with `not`, its opposite.
   */
  protected check(ok: boolean, subject: string, wanted: string, fact: string): void {
    if (ok !== this.negated) return;
    const not = this.negated ? "not " : "";
    throw new AssertionError(
      visible(`expected ${subject} ${not}to ${wanted}, but ${fact}`, "\n\t"),
    );
  }

  /** The very same value, by `Object.is`. */
  toBe(expected: T): void {
    if (this.negated) assertNotStrictEquals(this.actual, expected);
    else assertStrictEquals(this.actual, expected);
  }

  /** The same structure; the message shows what differs, line by line. */
  toEqual(expected: unknown): void {
    if (this.negated) assertNotEquals<unknown>(this.actual, expected);
    else assertEquals<unknown>(this.actual, expected);
  }

  /** `undefined`. */
  toBeUndefined(): void {
    this.check(this.actual === undefined, "the value", "be undefined", `it is ${this.text}`);
  }

  /** Anything but `undefined` and `null`. */
  toBeDefined(): void {
    const defined = this.actual !== undefined && this.actual !== null;
    this.check(defined, "the value", "be defined", `it is ${this.text}`);
  }

  /** A value that counts as true. */
  toBeTruthy(): void {
    this.check(Boolean(this.actual), "the value", "be truthy", `it is ${this.text}`);
  }

  /** A value that counts as false. */
  toBeFalsy(): void {
    this.check(!this.actual, "the value", "be falsy", `it is ${this.text}`);
  }

  /** `actual > bound`. */
  toBeGreaterThan(bound: number | bigint): void {
    this.check(this.#number > bound, "the value", `be > ${bound}`, `it is ${this.text}`);
  }

  /** `actual >= bound`. */
  toBeGreaterThanOrEqual(bound: number | bigint): void {
    this.check(this.#number >= bound, "the value", `be >= ${bound}`, `it is ${this.text}`);
  }

  /** `actual < bound`. */
  toBeLessThan(bound: number | bigint): void {
    this.check(this.#number < bound, "the value", `be < ${bound}`, `it is ${this.text}`);
  }

  /** `actual <= bound`. */
  toBeLessThanOrEqual(bound: number | bigint): void {
    this.check(this.#number <= bound, "the value", `be <= ${bound}`, `it is ${this.text}`);
  }

  /** A string that contains a text, or a list that contains an equal item. */
  toContain(item: unknown): void {
    const { actual } = this;
    if (typeof actual === "string" && typeof item === "string") {
      if (!this.negated) return assertStringIncludes(actual, item);
      return this.check(actual.includes(item), "the text", `contain "${item}"`, "it does");
    }
    assert(
      typeof actual === "object" && actual !== null && Symbol.iterator in actual,
      `toContain wants a string or a list, not ${this.text}`,
    );
    const found = [...actual as Iterable<unknown>].some((one) => equal(one, item));
    this.check(found, "the list", `contain ${inspect(item)}`, `it is ${this.text}`);
  }

  /** How many items or characters there are. */
  toHaveLength(length: number): void {
    const { length: has } = this.actual as { length: number };
    this.check(has === length, "the value", `have length ${length}`, `it has ${has}: ${this.text}`);
  }

  /** A string that the pattern matches. */
  toMatch(pattern: RegExp): void {
    if (this.negated) assertNotMatch(String(this.actual), pattern);
    else assertMatch(String(this.actual), pattern);
  }

  /**
   * A function that throws: anything, or an error of a class, or one whose message contains a text
   * or matches a pattern.
   */
  toThrow(expected?: ErrorType | string | RegExp): void {
    assert(typeof this.actual === "function", "toThrow wants a function: expect(() => …)");
    let thrown: { error: unknown } | undefined;
    try {
      this.actual();
    } catch (error) {
      thrown = { error };
    }
    const wanted = expected === undefined
      ? "throw"
      : typeof expected === "function"
      ? `throw a ${expected.name}`
      : `throw an error that says ${expected}`;
    const fact = thrown === undefined ? "it returned" : `it threw ${described(thrown.error)}`;
    this.check(fits(thrown, expected), "the function", wanted, fact);
  }

  /** The value as a message shows it. */
  protected get text(): string {
    return inspect(this.actual);
  }

  get #number(): number | bigint {
    const { actual } = this;
    if (typeof actual === "number" || typeof actual === "bigint") return actual;
    throw new AssertionError(`expected a number, but the value is ${this.text}`);
  }
}

function fits(thrown: { error: unknown } | undefined, expected?: ErrorType | string | RegExp) {
  if (thrown === undefined) return false;
  if (expected === undefined) return true;
  const { error } = thrown;
  if (typeof expected === "function") return error instanceof expected;
  const message = error instanceof Error ? error.message : String(error);
  return typeof expected === "string" ? message.includes(expected) : expected.test(message);
}

function described(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : inspect(error);
}

/** A value as a message shows it. */
function inspect(value: unknown): string {
  return Deno.inspect(value, { depth: 4 });
}
