/** Assertions about errors and classes, and the ones that always fail. */
import { stripAnsiCode } from "../fmt/colors.ts";
import { AssertionError, suffix } from "./assertion_error.ts";

/** Any constructor. */
// The registry package's own signature: arguments of a constructor only known to its caller.
// deno-lint-ignore no-explicit-any
export type AnyConstructor = new (...args: any[]) => any;
/** The instance type of a constructor. */
export type GetConstructorType<T extends AnyConstructor> = InstanceType<T>;
/** A constructor of errors. */
// deno-lint-ignore no-explicit-any
export type ErrorClass<E extends Error = Error> = abstract new (...args: any[]) => E;

/** Fails unless the value is an instance of the class. */
export function assertInstanceOf<T extends abstract new (...args: never[]) => unknown>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  const expected = expectedType.name;
  const found = typeof actual === "function"
    ? " but was not an instanced object"
    : actual !== null && typeof actual === "object"
    ? differing(actual.constructor?.name ?? "Object", expected)
    : ` but was "${actual === null ? "null" : typeof actual}"`;
  throw new AssertionError(
    `Expected object to be an instance of "${expected}"${found}${suffix(msg)}`,
  );
}

/** Two classes may share a name; saying it twice would not help. */
function differing(name: string, expected: string): string {
  return name === expected ? "" : ` but was "${name}"`;
}

/** Fails if the value is an instance of the class. */
export function assertNotInstanceOf<A, T>(
  actual: A,
  unexpectedType: abstract new (...args: never[]) => T,
  msg?: string,
): asserts actual is Exclude<A, T> {
  if (!(actual instanceof unexpectedType)) return;
  throw new AssertionError(
    `Expected object to not be an instance of "${unexpectedType.name}"${suffix(msg)}`,
  );
}

/** Fails unless the value is an `Error` of the class whose message includes or matches the other. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: ErrorClass<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  const tail = suffix(msg);
  if (!(error instanceof Error)) {
    throw new AssertionError(
      `Expected "error" to be an Error object${tail}`,
    );
  }
  if (ErrorClass && !(error instanceof ErrorClass)) {
    throw new AssertionError(
      `Expected error to be instance of "${ErrorClass.name}", but was "${
        error.constructor?.name ?? "Object"
      }"${tail}`,
    );
  }
  if (msgMatches === undefined) return;
  const text = stripAnsiCode(error.message);
  const holds = typeof msgMatches === "string"
    ? text.includes(stripAnsiCode(msgMatches))
    : msgMatches.test(text);
  if (!holds) {
    throw new AssertionError(
      `Expected error message to include ${
        msgMatches instanceof RegExp ? msgMatches.toString() : JSON.stringify(msgMatches)
      }, but got ${JSON.stringify(error.message)}${tail}`,
    );
  }
}

type Expectation<E extends Error> = {
  readonly ErrorClass: ErrorClass<E> | undefined;
  readonly includes: string | undefined;
  readonly msg: string | undefined;
};

/** Sorts out the two ways of calling: `(fn, msg?)` and `(fn, Class, includes?, msg?)`. */
function expectation<E extends Error>(
  errorClassOrMsg?: ErrorClass<E> | string,
  msgIncludesOrMsg?: string,
  msg?: string,
): Expectation<E> {
  if (typeof errorClassOrMsg === "string") {
    return { ErrorClass: undefined, includes: undefined, msg: errorClassOrMsg };
  }
  return errorClassOrMsg
    ? { ErrorClass: errorClassOrMsg, includes: msgIncludesOrMsg, msg }
    : { ErrorClass: undefined, includes: undefined, msg: msg ?? msgIncludesOrMsg };
}

function checkError<E extends Error>(error: unknown, want: Expectation<E>, verb: string): void {
  if (!want.ErrorClass && want.includes === undefined) return;
  if (!(error instanceof Error)) {
    throw new AssertionError(
      `A non-Error object was ${verb}${want.msg ? `: ${want.msg}` : "."}`,
    );
  }
  assertIsError(error, want.ErrorClass, want.includes, want.msg);
}

/** Fails unless the function throws; returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Fails unless the function throws an error of the class, its message including the text. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClassOrMsg?: ErrorClass<E> | string,
  msgIncludesOrMsg?: string,
  msg?: string,
): E | unknown {
  const want = expectation(errorClassOrMsg, msgIncludesOrMsg, msg);
  try {
    fn();
  } catch (error) {
    checkError(error, want, "thrown");
    return error;
  }
  throw new AssertionError(`Expected function to throw${suffix(want.msg)}`);
}

/** Fails unless the promise rejects; resolves to what it rejected with. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Fails unless the promise rejects with an error of the class, its message including the text. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClassOrMsg?: ErrorClass<E> | string,
  msgIncludesOrMsg?: string,
  msg?: string,
): Promise<E | unknown> {
  const want = expectation(errorClassOrMsg, msgIncludesOrMsg, msg);
  let pending: PromiseLike<unknown> | undefined;
  try {
    pending = fn();
    if (typeof pending?.then !== "function") {
      throw new AssertionError(
        `Function throws when expected to reject${suffix(want.msg)}`,
      );
    }
    await pending;
  } catch (error) {
    if (typeof pending?.then !== "function") {
      throw new AssertionError(`Function throws when expected to reject${suffix(want.msg)}`, {
        cause: error,
      });
    }
    checkError(error, want, "rejected");
    return error;
  }
  throw new AssertionError(`Expected function to reject${suffix(want.msg)}`);
}

/** Fails always. */
export function fail(msg?: string): never {
  throw new AssertionError(`Failed assertion${suffix(msg)}`);
}

/** Fails always: for code that must never run. */
export function unreachable(reason?: string): never {
  throw new AssertionError(`Unreachable${suffix(reason)}`);
}

/** Fails always: for code that is not written. */
export function unimplemented(msg?: string): never {
  throw new AssertionError(`Unimplemented${suffix(msg)}`);
}
