/** The editor's state as rows of a terminal of some width, and where the cursor stands in them. */

import { visible } from "../../host/visible.ts";
import { unicodeWidth } from "@std/cli/unicode-width";
import type { Paint, Painter } from "../paint.ts";
import { type Candidate, edges, type EditorState } from "./state.ts";

/** A stretch of the text with its colour. */
export interface Span {
  text: string;
  paint: Painter;
}

/** What surrounds the text on the screen. */
export interface Decor {
  prompt: string;
  /** In front of the lines after the first, as wide as the prompt. */
  continued: string;
  /** Grey text behind the end of the line, when the cursor is there. */
  hint: string;
  /** The text cut into coloured stretches that together are the text. */
  highlight(text: string): Span[];
  colors: Paint;
  columns: number;
  rows: number;
}

/** Rows as they are to appear, escape codes included, and the cursor's place from the first row. */
export interface Layout {
  rows: string[];
  cursorRow: number;
  cursorColumn: number;
}

/** Rows being made: wraps at the terminal's width, keeps columns, paints stretches whole. */
class Rows {
  readonly rows: string[] = [""];
  column = 0;
  #stretch = "";
  #paint: Painter | undefined;
  readonly #columns: number;

  constructor(columns: number) {
    this.#columns = columns;
  }

  /** One character as people see it; goes to the next row when this one is full. */
  put(grapheme: string, paint: Painter): void {
    const width = unicodeWidth(grapheme);
    if (this.column + width > this.#columns) this.newRow();
    if (paint !== this.#paint) this.flush();
    this.#paint = paint;
    this.#stretch += grapheme;
    this.column += width;
  }

  /** Writes the stretch that waits for more of its colour. */
  flush(): void {
    if (this.#paint && this.#stretch !== "") {
      this.rows[this.rows.length - 1] += this.#paint(this.#stretch);
    }
    this.#stretch = "";
  }

  newRow(): void {
    this.flush();
    this.rows.push("");
    this.column = 0;
  }

  /** Where the next character of some width would stand. */
  place(width: number): { row: number; column: number } {
    if (this.column + width > this.#columns) return { row: this.rows.length, column: 0 };
    return { row: this.rows.length - 1, column: this.column };
  }
}

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

function put(rows: Rows, text: string, paint: Painter): void {
  for (const { segment } of graphemes.segment(visible(text))) rows.put(segment, paint);
}

/** Lays the state out. */
export function layout(s: EditorState, decor: Decor): Layout {
  const { colors } = decor;
  const rows = new Rows(decor.columns);
  const plain: Painter = (text) => text;
  if (s.search) {
    const label = s.search.at < 0 ? "no such line" : "search";
    put(rows, `${label} '${s.search.query}': `, colors.hint);
  } else put(rows, decor.prompt, colors.prompt);

  // Colour by character, so that a stretch never splits a character as people see it.
  const paints: Painter[] = [];
  for (const span of decor.highlight(s.text)) {
    for (let i = 0; i < span.text.length; i++) paints.push(span.paint);
  }
  let cursor: { row: number; column: number } | undefined;
  const at = edges(s.text);
  for (let i = 0; i + 1 < at.length; i++) {
    const grapheme = s.text.slice(at[i], at[i + 1]);
    const line = grapheme === "\n" || grapheme === "\r\n";
    const shown = line ? " " : visible(grapheme);
    if (at[i] === s.cursor) cursor = rows.place(shown === grapheme ? unicodeWidth(grapheme) : 1);
    if (line) {
      rows.newRow();
      put(rows, decor.continued, colors.prompt);
    } else if (shown === grapheme) rows.put(grapheme, paints[at[i]] ?? plain);
    else put(rows, grapheme, paints[at[i]] ?? plain);
  }
  cursor ??= rows.place(1);
  // A cursor behind a full row stands on the next one, which must be there.
  if (cursor.row === rows.rows.length) rows.newRow();
  if (s.cursor === s.text.length && decor.hint !== "" && !s.search) {
    hintRow(rows, decor);
  }
  rows.flush();
  const list = rows.rows;
  if (s.menu) list.push(...menuRows(s.menu.candidates, s.menu.selected, decor, list.length));
  return fit(list, cursor, decor.rows);
}

/** The hint, cut where the row ends: it is no part of the text and must not push rows around. */
function hintRow(rows: Rows, decor: Decor): void {
  let room = decor.columns - rows.column;
  for (const { segment } of graphemes.segment(visible(decor.hint.replaceAll("\n", " ")))) {
    room -= unicodeWidth(segment);
    if (room < 0) return;
    rows.put(segment, decor.colors.hint);
  }
}

/** The menu in columns, or one a row with its phrase; cut to what fits below the text. */
function menuRows(
  offered: readonly Candidate[],
  selected: number,
  decor: Decor,
  used: number,
): string[] {
  const { colors, columns } = decor;
  const candidates = offered.map(({ text, doc }) => ({
    text: visible(text),
    doc: visible(doc ?? ""),
  }));
  const widest = Math.max(...candidates.map((c) => unicodeWidth(c.text)));
  const height = Math.max(1, Math.min(10, decor.rows - used - 1));
  const described = candidates.some((c) => c.doc) && widest + 8 <= columns;
  const across = described ? 1 : Math.max(1, Math.floor((columns + 2) / (widest + 2)));
  const down = Math.ceil(candidates.length / across);
  const current = selected < 0 ? 0 : Math.floor(selected / across);
  const top = Math.max(0, Math.min(current - Math.floor(height / 2), down - height));
  const rows: string[] = [];
  for (let r = top; r < Math.min(down, top + height); r++) {
    let row = "";
    for (let c = r * across; c < Math.min(candidates.length, (r + 1) * across); c++) {
      const { text, doc } = candidates[c];
      const cut = cutTo(text, columns);
      const pad = " ".repeat(Math.max(0, widest - unicodeWidth(text)));
      row += c === selected ? `\x1b[7m${cut}\x1b[27m` : cut;
      if (described && doc) {
        row += pad + "  " + colors.hint(cutTo(doc, columns - widest - 2));
      } else if (c + 1 < Math.min(candidates.length, (r + 1) * across)) row += pad + "  ";
    }
    rows.push(row);
  }
  if (down > height && rows.length > 1) {
    const shown = (top + height - 1) * across;
    const more = `… ${candidates.length} in all, ${shown} shown`;
    rows[rows.length - 1] = colors.hint(cutTo(more, columns));
  }
  return rows;
}

function cutTo(text: string, room: number): string {
  let out = "";
  for (const { segment } of graphemes.segment(text)) {
    room -= unicodeWidth(segment);
    if (room < 0) break;
    out += segment;
  }
  return out;
}

/** No more rows than the terminal has: those around the cursor. */
function fit(rows: string[], cursor: { row: number; column: number }, height: number): Layout {
  const start = rows.length <= height
    ? 0
    : Math.max(0, Math.min(cursor.row - Math.floor(height / 2), rows.length - height));
  return {
    rows: rows.slice(start, start + height),
    cursorRow: cursor.row - start,
    cursorColumn: cursor.column,
  };
}
