/** Assertions about the order of two values. */
import { AssertionError, suffix } from "./assertion_error.ts";
import { format } from "./format.ts";

function order(holds: boolean, actual: unknown, sign: string, expected: unknown, msg?: string) {
  if (holds) return;
  throw new AssertionError(`Expect ${format(actual)} ${sign} ${format(expected)}${suffix(msg)}`);
}

/** Fails unless `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  order(actual > expected, actual, ">", expected, msg);
}

/** Fails unless `actual >= expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  order(actual >= expected, actual, ">=", expected, msg);
}

/** Fails unless `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  order(actual < expected, actual, "<", expected, msg);
}

/** Fails unless `actual <= expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  order(actual <= expected, actual, "<=", expected, msg);
}
