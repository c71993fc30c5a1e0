/**
 * Where programs come from that are not in the file system.
 *
 * @module
 */

/** Programs by name; the shell's own, and files that a person names by their paths. */
export interface ProgramSource {
  /** The ELF file of a program, or undefined when there is none of that name. */
  get(name: string): Uint8Array | undefined;
  /** The names, sorted. */
  list(): string[];
}

/** No programs at all. */
export const noPrograms: ProgramSource = { get: () => undefined, list: () => [] };

/** What a guest calls a program that comes from a file: the last of its path, without the `_` of xv6's build. */
export function guestName(path: string): string {
  return path.split("/").at(-1)!.replace(/^_/, "");
}
