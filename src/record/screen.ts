/**
 * A terminal's screen: text and control sequences in, cells out. It knows the sequences that line
 * editors and coloured tables use, and passes over the rest as a terminal would.
 */

import { unicodeWidth } from "@std/cli/unicode-width";
import { withoutControls } from "../host/visible.ts";
import { KEPT } from "./drawing.ts";
import { Sequences } from "./sequences.ts";
import { applySgr, PLAIN, type Style } from "./style.ts";

/** One character cell. */
export interface Cell {
  /** The character with its combining marks; empty for the right half of a wide one. */
  readonly text: string;
  /** Its look. */
  readonly style: Style;
}

/** Characters that one cell takes: a letter and more marks than any script sets on it. */
const MOST_MARKS = 32;

/** The screen of a terminal of fixed size. */
export class Screen {
  /** The rows, top to bottom, each `width` cells. */
  readonly rows: Cell[][];
  /** The cursor's column; equal to `width` after the last cell was written: the next wraps. */
  x = 0;
  /** The cursor's row. */
  y = 0;
  /** Whether the cursor shows. */
  cursorVisible = true;
  /** Rows that nobody has been handed since they were made: only these are changed in place. */
  #fresh = new WeakSet<readonly Cell[]>();
  #style: Style = PLAIN;
  #saved = { x: 0, y: 0, style: PLAIN };
  readonly #sequences = new Sequences();

  /** Makes a blank screen of so many columns and rows. */
  constructor(readonly width: number, readonly height: number) {
    this.rows = Array.from({ length: height }, () => this.#blankRow());
  }

  /** The text of a row without trailing spaces. */
  text(row: number): string {
    return this.rows[row].map((cell) => cell.text).join("").trimEnd();
  }

  #blank(): Cell {
    return {
      text: " ",
      style: this.#style.bg === undefined ? PLAIN : { ...PLAIN, bg: this.#style.bg },
    };
  }

  #blankRow(): Cell[] {
    const row = new Array<Cell>(this.width).fill(this.#blank());
    this.#fresh.add(row);
    return row;
  }

  /** The rows as they are now. None of them changes any more; one that changes is another array. */
  snapshot(): readonly (readonly Cell[])[] {
    this.#fresh = new WeakSet();
    return [...this.rows];
  }

  /** A row that may be changed. */
  #row(y: number): Cell[] {
    const row = this.rows[y];
    if (this.#fresh.has(row)) return row;
    const copy = [...row];
    this.#fresh.add(copy);
    this.rows[y] = copy;
    return copy;
  }

  /** Takes output as a program writes it; a sequence may be split between two calls. */
  write(output: string): void {
    for (const piece of this.#sequences.feed(output)) {
      if (piece.kind === "text") {
        for (const char of withoutControls(piece.text, KEPT)) this.#character(char);
      } else if (piece.kind === "escape") this.#escape(piece.final);
      else if (piece.intermediates === "") this.#csi(piece.parameters, piece.final);
    }
  }

  #character(char: string): void {
    switch (char) {
      case "\r":
        this.x = 0;
        return;
      case "\n":
      case "\v":
      case "\f":
        if (this.x >= this.width) this.x = this.width - 1;
        return this.#lineFeed();
      case "\b":
        this.#restrict();
        this.x = Math.max(this.x - 1, 0);
        return;
      case "\t":
        if (this.x < this.width) this.x = Math.min((this.x | 7) + 1, this.width - 1);
        return;
    }
    this.#print(char);
  }

  #print(char: string): void {
    const width = unicodeWidth(char);
    if (width === 0) return this.#combine(char);
    if (this.x + width > this.width) {
      this.#erase(this.x, this.width); // the last cell, where a wide character finds no room
      this.x = 0;
      this.#lineFeed();
      if (width > this.width) return;
    }
    this.#put(this.x, { text: char, style: this.#style });
    if (width === 2) this.#put(this.x + 1, { text: "", style: this.#style });
    this.x += width;
  }

  /** Adds a mark to the character before the cursor. */
  #combine(mark: string): void {
    let x = this.x - 1;
    if (x > 0 && this.rows[this.y][x].text === "") x--;
    if (x < 0) return;
    const cell = this.rows[this.y][x];
    if (cell.text.length >= MOST_MARKS) return;
    this.#row(this.y)[x] = { ...cell, text: cell.text + mark };
  }

  /** Writes one cell; half of a wide character that loses its other half becomes a space. */
  #put(x: number, cell: Cell): void {
    const row = this.#row(this.y);
    const wide = (at: number) => row[at + 1]?.text === "" && row[at].text !== "";
    if (row[x].text === "" && cell.text !== "" && x > 0) row[x - 1] = { ...row[x - 1], text: " " };
    if (wide(x)) row[x + 1] = { ...row[x + 1], text: " " };
    row[x] = cell;
  }

  #lineFeed(): void {
    if (this.y < this.height - 1) this.y++;
    else this.#scroll(1);
  }

  /** Moves the whole screen up by n rows, or down by -n. */
  #scroll(n: number): void {
    const count = Math.min(Math.abs(n), this.height);
    const fresh = Array.from({ length: count }, () => this.#blankRow());
    if (n > 0) this.rows.splice(0, count), this.rows.push(...fresh);
    else this.rows.splice(this.height - count, count), this.rows.unshift(...fresh);
  }

  #restrict(): void {
    this.x = Math.min(Math.max(this.x, 0), this.width - 1);
    this.y = Math.min(Math.max(this.y, 0), this.height - 1);
  }

  #move(x: number, y: number): void {
    this.x = x;
    this.y = y;
    this.#restrict();
  }

  #escape(final: string): void {
    if (final === "7") this.#saved = { x: this.x, y: this.y, style: this.#style };
    else if (final === "8") this.#restore();
    else if (final === "D") this.#restrict(), this.#lineFeed();
    else if (final === "E") this.x = 0, this.#lineFeed();
    else if (final === "M") {
      this.#restrict();
      if (this.y > 0) this.y--;
      else this.#scroll(-1);
    } else if (final === "c") {
      this.#style = PLAIN;
      this.rows.forEach((_, y) => this.rows[y] = this.#blankRow());
      this.#move(0, 0);
      this.cursorVisible = true;
    }
  }

  #restore(): void {
    this.#move(this.#saved.x, this.#saved.y);
    this.#style = this.#saved.style;
  }

  #csi(text: string, final: string): void {
    if (/^[<-?]/.test(text)) {
      const modes = text.slice(1).split(";");
      if (text[0] === "?" && modes.includes("25") && (final === "h" || final === "l")) {
        this.cursorVisible = final === "h";
      }
      return;
    }
    // A terminal passes over what is no list of numbers.
    if (!/^[\d;:]*$/.test(text)) return;
    const parameters = text === "" ? [] : text.split(/[;:]/).map(Number);
    if (final === "m") {
      this.#style = applySgr(this.#style, parameters);
      return;
    }
    const n = Math.max(parameters[0] ?? 1, 1);
    const mode = parameters[0] ?? 0;
    switch (final) {
      case "J":
        return this.#eraseScreen(mode);
      case "K":
        return this.#eraseLine(mode);
      case "s":
        this.#saved = { x: this.x, y: this.y, style: this.#style };
        return;
      case "u":
        return this.#restore();
      case "S":
        return this.#scroll(n);
      case "T":
        return this.#scroll(-n);
    }
    if (!"ABCDEFGHILMPX@`adef".includes(final)) return;
    this.#restrict();
    const { x, y } = this;
    switch (final) {
      case "A":
        return this.#move(x, y - n);
      case "B":
      case "e":
        return this.#move(x, y + n);
      case "C":
      case "a":
        return this.#move(x + n, y);
      case "D":
        return this.#move(x - n, y);
      case "E":
        return this.#move(0, y + n);
      case "F":
        return this.#move(0, y - n);
      case "G":
      case "`":
        return this.#move(n - 1, y);
      case "H":
      case "f":
        return this.#move(Math.max(parameters[1] ?? 1, 1) - 1, n - 1);
      case "d":
        return this.#move(x, n - 1);
      case "I":
        this.x = Math.min(((x >> 3) + n) << 3, this.width - 1);
        return;
      case "X":
        return this.#erase(x, x + n);
      case "@":
        return this.#shift(x, n);
      case "P":
        return this.#shift(x, -n);
      case "L":
      case "M":
        return this.#shiftRows(final === "L" ? n : -n);
    }
  }

  #erase(from: number, to: number, y = this.y): void {
    const row = this.#row(y);
    if (from > 0 && from < this.width && row[from].text === "") {
      row[from - 1] = { ...row[from - 1], text: " " };
    }
    const end = Math.min(to, this.width);
    if (end < this.width && row[end].text === "") row[end] = { ...row[end], text: " " };
    if (from < end) row.fill(this.#blank(), from, end);
  }

  #eraseLine(mode: number): void {
    if (mode === 0) this.#erase(this.x, this.width);
    else if (mode === 1) this.#erase(0, this.x + 1);
    else if (mode === 2) this.#erase(0, this.width);
  }

  #eraseScreen(mode: number): void {
    if (mode === 0) this.#erase(this.x, this.width);
    if (mode === 1) this.#erase(0, this.x + 1);
    this.rows.forEach((_, y) => {
      const whole = mode === 2 || (mode === 0 && y > this.y) || (mode === 1 && y < this.y);
      if (whole) this.rows[y] = this.#blankRow();
    });
  }

  /** Inserts n blank cells at a column, or deletes -n; what passes the right edge is lost. */
  #shift(x: number, n: number): void {
    const row = this.#row(this.y);
    const count = Math.min(Math.abs(n), this.width - x);
    this.#erase(x, n > 0 ? x : x + count);
    const fresh = Array.from({ length: count }, () => this.#blank());
    if (n > 0) {
      row.splice(x, 0, ...fresh);
      row.length = this.width;
      // a wide character cut in two by the edge
      if (unicodeWidth(row[this.width - 1].text) === 2) row[this.width - 1] = this.#blank();
    } else {
      row.splice(x, count);
      row.push(...fresh);
    }
  }

  /** Inserts n blank rows at the cursor, or deletes -n. */
  #shiftRows(n: number): void {
    this.x = 0;
    const count = Math.min(Math.abs(n), this.height - this.y);
    const fresh = Array.from({ length: count }, () => this.#blankRow());
    if (n > 0) {
      this.rows.splice(this.y, 0, ...fresh);
      this.rows.length = this.height;
    } else {
      this.rows.splice(this.y, count);
      this.rows.push(...fresh);
    }
  }
}
