/**
 * How many terminal columns a text takes.
 *
 * @module
 */

/**
 * Wide and fullwidth characters by Unicode Standard Annex 11: the East Asian blocks, and what is
 * shown as an emoji by default. Regional indicators are the exception: each half of a flag is one
 * column.
 */
const WIDE = new RegExp(
  "^(?:[\u{1100}-\u{115f}\u{2329}\u{232a}\u{2e80}-\u{303e}\u{3041}-\u{3247}\u{3250}-\u{a4c6}" +
    "\u{a960}-\u{a97c}\u{ac00}-\u{d7a3}\u{f900}-\u{faff}\u{fe10}-\u{fe19}\u{fe30}-\u{fe6b}" +
    "\u{ff01}-\u{ff60}\u{ffe0}-\u{ffe6}\u{16fe0}-\u{1b2fb}\u{1d300}-\u{1d376}\u{1f200}-\u{1f265}" +
    "\u{20000}-\u{2fffd}\u{30000}-\u{3fffd}]|(?![\u{1f1e6}-\u{1f1ff}])\\p{Emoji_Presentation})$",
  "u",
);

/** Controls, marks on the character before, format characters, and Jamo vowels and finals. */
const NONE = new RegExp(
  "^(?:(?!\u00ad)[\\p{Cc}\\p{Mn}\\p{Me}\\p{Cf}\\p{Default_Ignorable_Code_Point}]|" +
    "[\u1160-\u11ff\ud7b0-\ud7ff])$",
  "u",
);

const widths = new Map<string, number>();

function widthOf(char: string): number {
  const code = char.codePointAt(0) as number;
  if (code >= 0x20 && code < 0x7f) return 1;
  let width = widths.get(char);
  if (width === undefined) {
    width = NONE.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
    widths.set(char, width);
  }
  return width;
}

/**
 * The columns a string takes in a terminal: 0 for a control or a combining mark, 2 for a wide
 * character, 1 for any other. Each code point counts by itself, so an emoji joined of two counts 4.
 *
 * @example
 * ```ts
 * import { unicodeWidth } from "@std/cli/unicode-width";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(unicodeWidth("frame"), 5);
 * assertEquals(unicodeWidth("記憶"), 4);
 * ```
 */
export function unicodeWidth(str: string): number {
  let width = 0;
  for (const char of str) width += widthOf(char);
  return width;
}
