/** Where programs come from that are not in the file system. */

/** Programs by name: the shell's own, and files named by their paths. */
export interface ProgramSource {
  /** The ELF file of a program, or undefined when there is none of that name. */
  get(name: string): Uint8Array | undefined;
  /** The names, sorted. */
  list(): string[];
}

/** No programs at all. */
export const noPrograms: ProgramSource = { get: () => undefined, list: () => [] };

/** The guest's name of a program from a file: the path's last part, without xv6's `_`. */
export function guestName(path: string): string {
  return path.split("/").at(-1)!.replace(/^_/, "");
}
