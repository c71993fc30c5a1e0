/**
 * The kernel's own bug or broken data. A guest can never cause one; the shell shows it and stops
 * the machine.
 */

/** The built-in kernel found something that must not be, as xv6's panic(). */
export class KernelPanic extends Error {
  override readonly name = "KernelPanic";
}
