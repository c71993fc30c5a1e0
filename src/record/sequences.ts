/**
 * A terminal's input taken apart (ECMA-48, and the states of DEC's parser as
 * https://vt100.net/emu/dec_ansi_parser draws them): text, control sequences, escapes. Strings for
 * the terminal itself (OSC, DCS and their like) are dropped; so is what never ends.
 */

/** One piece of a terminal's input. */
export type Piece =
  /** Characters, controls such as line feeds among them, but no ESC. */
  | { readonly kind: "text"; readonly text: string }
  /** `ESC [`, parameters, intermediates, a final character. */
  | {
    readonly kind: "csi";
    readonly parameters: string;
    readonly intermediates: string;
    readonly final: string;
  }
  /** `ESC`, and what follows up to its final character. */
  | { readonly kind: "escape"; readonly final: string };

/** Characters of a sequence that are kept; a longer one is dropped as a whole. */
const LONGEST = 64;

/** Takes output apart as it comes; a sequence may be split between two calls. */
export class Sequences {
  #state: "text" | "escape" | "csi" | "string" = "text";
  /** What has come of the sequence behind its introducer. */
  #held = "";

  /** The pieces that are complete with this output. */
  feed(output: string): Piece[] {
    const pieces: Piece[] = [];
    for (let at = 0; at < output.length;) {
      if (this.#state === "text" || this.#state === "string") {
        at = this.#run(output, at, pieces);
        continue;
      }
      const char = output[at++];
      if (char === "\x1b") this.#enter("escape");
      else if (char === "\x18" || char === "\x1a") this.#enter("text");
      else if (char < "\x20") pieces.push({ kind: "text", text: char });
      else if (char > "\x7e") {
        // Nothing that a sequence may hold: it was none.
        this.#enter("text");
        at--;
      } else if (this.#state === "escape") this.#escape(char, pieces);
      else this.#csi(char, pieces);
    }
    return pieces;
  }

  /** A stretch of text up to the next ESC, or of a string up to its end; where it ends. */
  #run(output: string, at: number, pieces: Piece[]): number {
    if (this.#state === "text") {
      const escape = output.indexOf("\x1b", at);
      const end = escape < 0 ? output.length : escape;
      if (end > at) pieces.push({ kind: "text", text: output.slice(at, end) });
      if (escape < 0) return end;
      this.#enter("escape");
      return end + 1;
    }
    for (; at < output.length; at++) {
      const char = output[at];
      // ST as two characters is ESC and a backslash, which as an escape does nothing.
      if (char === "\x1b") this.#enter("escape");
      else if ("\x07\x18\x1a\x9c".includes(char)) this.#enter("text");
      else continue;
      return at + 1;
    }
    return at;
  }

  #enter(state: "text" | "escape" | "csi" | "string"): void {
    this.#state = state;
    this.#held = "";
  }

  #escape(char: string, pieces: Piece[]): void {
    if (char <= "/") this.#hold(char);
    else if (this.#held === "" && char === "[") this.#enter("csi");
    else if (this.#held === "" && "]P^_X".includes(char)) this.#enter("string");
    else {
      if (this.#held.length < LONGEST) pieces.push({ kind: "escape", final: this.#held + char });
      this.#enter("text");
    }
  }

  #csi(char: string, pieces: Piece[]): void {
    if (char < "@") return this.#hold(char);
    const [, parameters, intermediates] = /^([0-?]*)([ -/]*)$/.exec(this.#held) ?? [];
    if (parameters !== undefined && this.#held.length < LONGEST) {
      pieces.push({ kind: "csi", parameters, intermediates, final: char });
    }
    this.#enter("text");
  }

  #hold(char: string): void {
    if (this.#held.length < LONGEST) this.#held += char;
  }
}
