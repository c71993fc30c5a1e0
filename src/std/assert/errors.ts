/** Assertions about what functions throw, and the one that always fails. */
import { stripAnsiCode } from "../fmt/colors.ts";
import { AssertionError, suffix } from "./assertion_error.ts";

/** A constructor of errors. */
// deno-lint-ignore no-explicit-any
export type ErrorClass<E extends Error = Error> = abstract new (...args: any[]) => E;

/** Fails unless what was thrown is an error of the class with the text in its message. */
function checkError(
  error: unknown,
  expected: ErrorClass | string | undefined,
  includes = "",
  msg?: string,
): void {
  if (expected === undefined || typeof expected === "string") return;
  const tail = suffix(msg);
  if (!(error instanceof Error)) throw new AssertionError(`A non-Error object was thrown${tail}`);
  if (!(error instanceof expected)) {
    const found = (error as Error).constructor.name;
    throw new AssertionError(
      `Expected error to be instance of "${expected.name}", but was "${found}"${tail}`,
    );
  }
  if (stripAnsiCode(error.message).includes(stripAnsiCode(includes))) return;
  throw new AssertionError(
    `Expected error message to include ${JSON.stringify(includes)}, but got ${
      JSON.stringify(error.message)
    }${tail}`,
  );
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
export function assertThrows(
  fn: () => unknown,
  errorClassOrMsg?: ErrorClass | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  try {
    fn();
  } catch (error) {
    checkError(error, errorClassOrMsg, msgIncludes, msg);
    return error;
  }
  const why = typeof errorClassOrMsg === "string" ? errorClassOrMsg : msg;
  throw new AssertionError(`Expected function to throw${suffix(why)}`);
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
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  errorClassOrMsg?: ErrorClass | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const why = typeof errorClassOrMsg === "string" ? errorClassOrMsg : msg;
  let pending: PromiseLike<unknown>;
  try {
    pending = fn();
  } catch (cause) {
    const message = `Function throws when expected to reject${suffix(why)}`;
    throw new AssertionError(message, { cause });
  }
  try {
    await pending;
  } catch (error) {
    checkError(error, errorClassOrMsg, msgIncludes, msg);
    return error;
  }
  throw new AssertionError(`Expected function to reject${suffix(why)}`);
}

/** Fails always. */
export function fail(msg?: string): never {
  throw new AssertionError(`Failed assertion${suffix(msg)}`);
}
