/**
 * What of a recording, or of a guest that has the terminal, may reach it: what draws. Text,
 * colours, movement of the cursor, erasing. No titles, no clipboard, no questions that the terminal
 * would answer by typing, no modes that stay.
 */

import { withoutControls } from "../host/visible.ts";
import { type Piece, Sequences } from "./sequences.ts";

/** Final characters of sequences that move the cursor, erase, insert and delete. */
const MOVES = "ABCDEFGHIKLMPSX@`adef";
/** Escapes: save and restore the cursor, index, next line, reverse index. */
const ESCAPES = "78DEM";
/** Controls that move the cursor; no others draw. */
export const KEPT = "\b\t\n\v\f\r";

/** Passes what draws; a sequence may be split between two calls. */
export class Drawing {
  readonly #sequences = new Sequences();
  readonly #plain: boolean;
  /** Whether anything but text has passed. */
  #changed = false;

  /** @param plain passes text and line feeds only: for where no terminal is */
  constructor(plain = false) {
    this.#plain = plain;
  }

  /** What of the output draws. */
  pass(output: string): string {
    return this.#sequences.feed(output).map((piece) => this.#piece(piece)).join("");
  }

  /** What brings the terminal's own look back: plain text, a cursor that shows. */
  end(): string {
    return this.#changed ? "\x1b[0m\x1b[?25h" : "";
  }

  #piece(piece: Piece): string {
    if (piece.kind === "text") return withoutControls(piece.text, this.#plain ? "\t\n" : KEPT);
    // Ten thousand lines are all of any screen; some terminals insert a billion one by one.
    const sequence = piece.kind === "escape"
      ? ESCAPES.includes(piece.final) && `\x1b${piece.final}`
      : draws(piece) && `\x1b[${piece.parameters.replace(/\d{5,}/g, "9999")}${piece.final}`;
    if (this.#plain || !sequence) return "";
    this.#changed = true;
    return sequence;
  }
}

/** Whether a control sequence draws, and leaves behind only what {@linkcode Drawing.end} undoes. */
function draws({ parameters, intermediates, final }: Extract<Piece, { kind: "csi" }>): boolean {
  if (intermediates !== "") return false;
  if (final === "m") return /^[\d;:]*$/.test(parameters);
  // The cursor shows or does not.
  if (final === "h" || final === "l") return parameters === "?25";
  // 3J would erase what has scrolled away.
  if (final === "J") return /^[012]?$/.test(parameters);
  // With more than one parameter these are the mouse's and the margins'.
  if (final === "T") return /^\d*$/.test(parameters);
  if (final === "s" || final === "u") return parameters === "";
  return MOVES.includes(final) && /^[\d;]*$/.test(parameters);
}
