/** What entries look like: the tables of .debug_abbrev. */

import { FORM } from "./constants.ts";
import type { Cursor } from "./cursor.ts";

/** One attribute of an entry: which, and how its value is written. */
export interface Spec {
  readonly attribute: number;
  readonly form: number;
  /** The value itself, where it stands here (DW_FORM_implicit_const). */
  readonly value: number | bigint;
}

/** One way that entries look. */
export interface Abbreviation {
  readonly tag: number;
  /** Entries inside follow. */
  readonly children: boolean;
  readonly specs: readonly Spec[];
}

/** A table, by the codes that entries begin with. */
export type Abbreviations = ReadonlyMap<number, Abbreviation>;

/** More attributes no entry has; those that take no bytes would cost time all the same. */
const MAX_SPECS = 128;

/** Reads the table at a place. Throws a {@link DwarfError}. */
export function readAbbreviations(cursor: Cursor): Abbreviations {
  const table = new Map<number, Abbreviation>();
  for (;;) {
    const code = cursor.done ? 0 : cursor.uleb();
    if (code === 0) return table;
    const tag = cursor.uleb();
    const children = cursor.u8() !== 0;
    const specs: Spec[] = [];
    for (;;) {
      const attribute = cursor.uleb(), form = cursor.uleb();
      if (attribute === 0 && form === 0) break;
      const value = form === FORM.implicit_const ? cursor.sleb() : 0;
      if (specs.length === MAX_SPECS) throw cursor.wrong(`more than ${MAX_SPECS} attributes`);
      specs.push({ attribute, form, value });
    }
    // The first one of a code counts, as in other readers.
    if (!table.has(code)) table.set(code, { tag, children, specs });
  }
}
