/**
 * Error thrown by every failed assertion of this package.
 *
 * @example A failed assertion is an `AssertionError`
 * ```ts
 * import { assert, AssertionError } from "@std/assert";
 *
 * try {
 *   assert(false, "no frames left");
 * } catch (error) {
 *   assert(error instanceof AssertionError);
 * }
 * ```
 */
export class AssertionError extends Error {
  /** Makes the error with its message and, optionally, the `cause` behind it. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

/** The tail of a message: `: why` when the caller said why, else a full stop. */
export function suffix(msg?: string): string {
  return msg ? `: ${msg}` : ".";
}
