/**
 * Text with ANSI colours and styles. Every function returns its text unchanged while colours are
 * switched off: by `setColorEnabled(false)`, by the `NO_COLOR` environment variable, or, until somebody
 * switches them on, because standard output is no terminal.
 *
 * @example
 * ```ts
 * import { bold, red, setColorEnabled, stripAnsiCode } from "@std/fmt/colors";
 * import { assertEquals } from "@std/assert";
 *
 * setColorEnabled(true);
 * assertEquals(stripAnsiCode(bold(red("leak"))), "leak");
 * ```
 *
 * @module
 */

let enabled = !(globalThis.Deno?.noColor ?? false) &&
  (globalThis.Deno?.stdout.isTerminal() ?? false);

/** Switches colours on or off for every function of this module. */
export function setColorEnabled(value: boolean): void {
  if (globalThis.Deno?.noColor) return;
  enabled = value;
}

/** Tells whether colours are on. */
export function getColorEnabled(): boolean {
  return enabled;
}

/** Wraps text in an SGR pair; an end code inside it re-opens the start code, so styles nest. */
function sgr(text: string, open: readonly number[], close: number): string {
  if (!enabled) return text;
  const start = `\x1b[${open.join(";")}m`;
  const end = `\x1b[${close}m`;
  return start + text.replaceAll(end, start) + end;
}

/** Ends every colour and style. */
export function reset(str: string): string {
  return sgr(str, [0], 0);
}
/** Bold text. */
export function bold(str: string): string {
  return sgr(str, [1], 22);
}
/** Dim text. */
export function dim(str: string): string {
  return sgr(str, [2], 22);
}
/** Italic text. */
export function italic(str: string): string {
  return sgr(str, [3], 23);
}
/** Underlined text. */
export function underline(str: string): string {
  return sgr(str, [4], 24);
}
/** Text with foreground and background exchanged. */
export function inverse(str: string): string {
  return sgr(str, [7], 27);
}
/** Hidden text. */
export function hidden(str: string): string {
  return sgr(str, [8], 28);
}
/** Struck-through text. */
export function strikethrough(str: string): string {
  return sgr(str, [9], 29);
}
/** Black text. */
export function black(str: string): string {
  return sgr(str, [30], 39);
}
/** Red text. */
export function red(str: string): string {
  return sgr(str, [31], 39);
}
/** Green text. */
export function green(str: string): string {
  return sgr(str, [32], 39);
}
/** Yellow text. */
export function yellow(str: string): string {
  return sgr(str, [33], 39);
}
/** Blue text. */
export function blue(str: string): string {
  return sgr(str, [34], 39);
}
/** Magenta text. */
export function magenta(str: string): string {
  return sgr(str, [35], 39);
}
/** Cyan text. */
export function cyan(str: string): string {
  return sgr(str, [36], 39);
}
/** White text. */
export function white(str: string): string {
  return sgr(str, [37], 39);
}
/** Gray text: bright black. */
export function gray(str: string): string {
  return brightBlack(str);
}
/** Bright black text. */
export function brightBlack(str: string): string {
  return sgr(str, [90], 39);
}
/** Bright red text. */
export function brightRed(str: string): string {
  return sgr(str, [91], 39);
}
/** Bright green text. */
export function brightGreen(str: string): string {
  return sgr(str, [92], 39);
}
/** Bright yellow text. */
export function brightYellow(str: string): string {
  return sgr(str, [93], 39);
}
/** Bright blue text. */
export function brightBlue(str: string): string {
  return sgr(str, [94], 39);
}
/** Bright magenta text. */
export function brightMagenta(str: string): string {
  return sgr(str, [95], 39);
}
/** Bright cyan text. */
export function brightCyan(str: string): string {
  return sgr(str, [96], 39);
}
/** Bright white text. */
export function brightWhite(str: string): string {
  return sgr(str, [97], 39);
}
/** Black background. */
export function bgBlack(str: string): string {
  return sgr(str, [40], 49);
}
/** Red background. */
export function bgRed(str: string): string {
  return sgr(str, [41], 49);
}
/** Green background. */
export function bgGreen(str: string): string {
  return sgr(str, [42], 49);
}
/** Yellow background. */
export function bgYellow(str: string): string {
  return sgr(str, [43], 49);
}
/** Blue background. */
export function bgBlue(str: string): string {
  return sgr(str, [44], 49);
}
/** Magenta background. */
export function bgMagenta(str: string): string {
  return sgr(str, [45], 49);
}
/** Cyan background. */
export function bgCyan(str: string): string {
  return sgr(str, [46], 49);
}
/** White background. */
export function bgWhite(str: string): string {
  return sgr(str, [47], 49);
}
/** Bright black background. */
export function bgBrightBlack(str: string): string {
  return sgr(str, [100], 49);
}
/** Bright red background. */
export function bgBrightRed(str: string): string {
  return sgr(str, [101], 49);
}
/** Bright green background. */
export function bgBrightGreen(str: string): string {
  return sgr(str, [102], 49);
}
/** Bright yellow background. */
export function bgBrightYellow(str: string): string {
  return sgr(str, [103], 49);
}
/** Bright blue background. */
export function bgBrightBlue(str: string): string {
  return sgr(str, [104], 49);
}
/** Bright magenta background. */
export function bgBrightMagenta(str: string): string {
  return sgr(str, [105], 49);
}
/** Bright cyan background. */
export function bgBrightCyan(str: string): string {
  return sgr(str, [106], 49);
}
/** Bright white background. */
export function bgBrightWhite(str: string): string {
  return sgr(str, [107], 49);
}

/** A colour as its three parts, each 0 to 255. */
export interface Rgb {
  /** Red, 0 to 255. */
  r: number;
  /** Green, 0 to 255. */
  g: number;
  /** Blue, 0 to 255. */
  b: number;
}

function part(n: number, max = 255): number {
  return Math.trunc(Math.max(Math.min(n, max), 0));
}

function rgb(color: number | Rgb): number[] {
  const { r, g, b } = typeof color === "number"
    ? { r: (color >> 16) & 0xff, g: (color >> 8) & 0xff, b: color & 0xff }
    : color;
  return [part(r), part(g), part(b)];
}

/** Text in one of the 256 palette colours. */
export function rgb8(str: string, color: number): string {
  return sgr(str, [38, 5, part(color)], 39);
}
/** Text on one of the 256 palette colours. */
export function bgRgb8(str: string, color: number): string {
  return sgr(str, [48, 5, part(color)], 49);
}
/** Text in a 24-bit colour, given as `0xrrggbb` or by its parts. */
export function rgb24(str: string, color: number | Rgb): string {
  return sgr(str, [38, 2, ...rgb(color)], 39);
}
/** Text on a 24-bit colour, given as `0xrrggbb` or by its parts. */
export function bgRgb24(str: string, color: number | Rgb): string {
  return sgr(str, [48, 2, ...rgb(color)], 49);
}

// Control sequences by ECMA-48: CSI parameters, intermediates, final byte (§5.4); OSC and its kin up to
// BEL or ST (§8.3.89); two- and three-byte escapes such as ESC ( B (§5.3).
const ANSI = new RegExp(
  [
    "(?:\\u001B\\[|\\u009B)[0-?]*[ -/]*[@-~]",
    "(?:\\u001B[\\]P^_X]|\\u009D)[^\\u0007\\u001B\\u009C]*(?:\\u0007|\\u001B\\\\|\\u009C)",
    "\\u001B[ -/]*[0-~]",
  ].join("|"),
  "g",
);

/** The text without its escape sequences. */
export function stripAnsiCode(string: string): string {
  return string.replace(ANSI, "");
}
