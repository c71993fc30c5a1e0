/**
 * Text with ANSI colours and styles. Every function returns its text unchanged while colours are
 * switched off: by `setColorEnabled(false)`, by the `NO_COLOR` environment variable, or, until
 * somebody switches them on, because standard output is no terminal.
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

/** Wraps text in an SGR pair; an end code inside it re-opens the start code, so styles nest. */
function sgr(text: string, open: number, close: number): string {
  if (!enabled) return text;
  const start = `\x1b[${open}m`;
  const end = `\x1b[${close}m`;
  return start + text.replaceAll(end, start) + end;
}

/** Bold text. */
export function bold(str: string): string {
  return sgr(str, 1, 22);
}
/** Dim text. */
export function dim(str: string): string {
  return sgr(str, 2, 22);
}
/** Red text. */
export function red(str: string): string {
  return sgr(str, 31, 39);
}
/** Green text. */
export function green(str: string): string {
  return sgr(str, 32, 39);
}
/** White text. */
export function white(str: string): string {
  return sgr(str, 37, 39);
}
/** Gray text: bright black. */
export function gray(str: string): string {
  return sgr(str, 90, 39);
}

// Control sequences by ECMA-48: CSI parameters, intermediates, final byte (§5.4); OSC and its kin
// up to BEL or ST (§8.3.89); two- and three-byte escapes such as ESC ( B (§5.3).
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
