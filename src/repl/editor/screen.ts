/**
 * From one layout to the next with few bytes: only rows that changed are written again, and a row
 * that only grew gets its new end.
 */

import { unicodeWidth } from "@std/cli/unicode-width";
import type { Layout } from "./layout.ts";

const EMPTY: Layout = { rows: [""], cursorRow: 0, cursorColumn: 0 };

/** Erase to the end of the row (EL 0), of the screen (ED 0): ECMA-48 8.3.41 and 8.3.39. */
const ERASE_ROW = "\x1b[K";
const ERASE_BELOW = "\x1b[J";

/** What stands on the terminal below the prompt's first row, as far as we wrote it. */
export class Screen {
  #shown = EMPTY;

  /** The bytes that turn what is shown into `next`. */
  draw(next: Layout): string {
    const old = this.#shown;
    let out = "";
    let row = old.cursorRow;
    let column: number | undefined = old.cursorColumn;
    const goTo = (r: number, c: number) => {
      // Rows that are not there yet are made by line feeds at the last one; CUD would stop there.
      if (r > row) {
        const below = Math.max(row, old.rows.length - 1, made);
        if (r <= below) out += `\x1b[${r - row}B`;
        else {
          if (below > row) out += `\x1b[${below - row}B`;
          out += "\r" + "\n".repeat(r - below);
          column = 0;
          made = r;
        }
      } else if (r < row) out += `\x1b[${row - r}A`;
      row = r;
      if (column !== c) {
        out += "\r" + (c > 0 ? `\x1b[${c}C` : "");
        column = c;
      }
    };
    let made = 0;

    for (let r = 0; r < next.rows.length; r++) {
      const before = old.rows[r] ?? "";
      const now = next.rows[r];
      if (r < old.rows.length && before === now) continue;
      const grown = now.slice(before.length);
      if (r < old.rows.length && now.startsWith(before) && visibleWidth(grown) > 0) {
        goTo(r, visibleWidth(before));
        out += grown;
      } else {
        // Erase first: behind a full row the cursor stands on its last character, which EL would
        // take.
        goTo(r, 0);
        out += ERASE_ROW + now;
      }
      // Behind a full row the terminal holds the cursor back (pending wrap): its column is not
      // known.
      column = undefined;
    }
    if (next.rows.length < old.rows.length) {
      goTo(next.rows.length, 0);
      out += ERASE_BELOW;
    }
    goTo(next.cursorRow, next.cursorColumn);
    this.#shown = next;
    return out;
  }

  /** The bytes that leave the drawing for the row below it; the next drawing starts afresh. */
  leave(): string {
    const below = this.#shown.rows.length - 1 - this.#shown.cursorRow;
    this.#shown = EMPTY;
    return (below > 0 ? `\x1b[${below}B` : "") + "\r\n";
  }

  /**
   * The bytes that take the drawing away, so that something can be printed in its place.
   *
   * @param columns the terminal's width if it has changed: it has then wrapped the rows anew
   */
  erase(columns = Infinity): string {
    const { rows, cursorRow, cursorColumn } = this.#shown;
    const taken = (width: number) => Math.max(1, Math.ceil(width / columns));
    const up = rows.slice(0, cursorRow).reduce((sum, row) => sum + taken(visibleWidth(row)), 0) +
      Math.floor(cursorColumn / columns);
    this.#shown = EMPTY;
    return (up > 0 ? `\x1b[${up}A` : "") + "\r" + ERASE_BELOW;
  }

  /** The bytes that clear the whole terminal; the next drawing is at its top. */
  clear(): string {
    this.#shown = EMPTY;
    return "\x1b[H\x1b[2J";
  }

  /** Forgets what is shown: something else has moved the cursor to the start of a fresh row. */
  forget(): void {
    this.#shown = EMPTY;
  }
}

/** Columns that a row with colour codes takes. */
function visibleWidth(row: string): number {
  return unicodeWidth(row.replace(/\p{Cc}\[[0-9;]*m/gu, ""));
}
