/**
 * Text of others on our terminal: names on a disk, symbols of a program, what a guest prints. A
 * control character in it is shown and not obeyed.
 */

/** C0, DEL and C1 (ECMA-48), and what ends lines or turns the direction of text in Unicode. */
// deno-lint-ignore no-control-regex -- control characters are what this file is about
const CONTROLS = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Select Graphic Rendition. */
// deno-lint-ignore no-control-regex -- control characters are what this file is about
const SGR = /(\x1b\[[\d;]*m)/;

const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * The text with each control character as an escape: `\x1b`, `\n`, `\u202e`.
 *
 * @param keep those that stay as they are: `"\n"` for a text of several lines
 */
export function visible(text: string, keep = ""): string {
  return text.replace(CONTROLS, (c) => keep.includes(c) ? c : NAMED[c] ?? escaped(c));
}

/** The same for a text that has our own colours in it: they stay. */
export function visibleInColor(text: string, keep = ""): string {
  return text.split(SGR).map((part, i) => i % 2 === 1 ? part : visible(part, keep)).join("");
}

/** The text without control characters, but for those to keep. */
export function withoutControls(text: string, keep: string): string {
  return text.replace(CONTROLS, (c) => keep.includes(c) ? c : "");
}

/** JSON on one line, with DEL, C1 and bidirectional controls, too, as `\uXXXX`. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value).replace(CONTROLS, unicode)}\n`;
}

function escaped(c: string): string {
  const code = c.charCodeAt(0);
  return code > 0xff ? unicode(c) : `\\x${code.toString(16).padStart(2, "0")}`;
}

function unicode(c: string): string {
  return `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
