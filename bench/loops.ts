/**
 * The bare-metal programs of the bench, in the order in which tables have them. Sources stand in
 * `guest`, built by `guest/build.ts`.
 *
 * @module
 */

/** Their names. */
export const LOOPS: readonly string[] = [
  "integer",
  "loadstore",
  "calls",
  "compressed",
  "sieve",
  "sort",
  "memset",
  "dhry",
  "core",
];

/** A program's ELF file. */
export function loopFile(name: string): string {
  return new URL(`./guest/bin/${name}.elf`, import.meta.url).pathname;
}
