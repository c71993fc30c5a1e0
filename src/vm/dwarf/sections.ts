/** The sections of a file that hold its debug information. */

import { type Elf, ElfError } from "../machine/elf.ts";
import { Cursor, DwarfError } from "./cursor.ts";

/** The names, without `.debug_`. */
const NAMES = [
  "info",
  "abbrev",
  "str",
  "line",
  "line_str",
  "ranges",
  "rnglists",
  "loc",
  "loclists",
  "frame",
  "addr",
  "str_offsets",
] as const;

/** The name of a section, without `.debug_`. */
export type SectionName = typeof NAMES[number];

/** What there is of them. */
export type Sections = Readonly<Partial<Record<SectionName, Uint8Array>>>;

/** Those of a file; empty where it has none, or the table of its sections is damaged. */
export function sectionsOf(elf: Elf): Sections {
  const found: Partial<Record<SectionName, Uint8Array>> = {};
  for (const name of NAMES) {
    try {
      const bytes = elf.section(`.debug_${name}`);
      if (bytes !== undefined && bytes.length > 0) found[name] = bytes;
    } catch (error) {
      if (!(error instanceof ElfError)) throw error;
    }
  }
  return found;
}

/** A place in a section. Throws a {@link DwarfError} where there is no such section, or place. */
export function cursorIn(sections: Sections, name: SectionName, at = 0): Cursor {
  const bytes = sections[name];
  if (bytes === undefined) throw new DwarfError(`there is no section .debug_${name}`);
  return new Cursor(bytes, `.debug_${name}`, at);
}
