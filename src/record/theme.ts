/** Colours of a terminal for drawings of it. */
import { type Color, hex } from "./style.ts";

/** A dark theme; each colour of text but black has a contrast of at least 4.5 to the ground. */
export const THEME = {
  /** Text. */
  fg: "#d8dee9",
  /** Ground. */
  bg: "#14171f",
  /** The cursor's block. */
  cursor: "#5b6b88",
  /** The sixteen named colours: black, red, green, yellow, blue, magenta, cyan, white, bright. */
  // deno-fmt-ignore
  palette: [
    "#2b3140", "#f07178", "#a3d977", "#ffcb6b", "#7aa7ff", "#d199ff", "#6fd6e8", "#d8dee9",
    "#8791a8", "#ff9299", "#c1f09a", "#ffe08f", "#a5c4ff", "#e3bfff", "#9eeaf7", "#ffffff",
  ],
};

/** The CSS colour of a terminal's: the theme's sixteen, then xterm's cube and ramp of grays. */
export function colorOf(color: Exclude<Color, undefined>): string {
  if (typeof color === "string") return color;
  if (color < 16) return THEME.palette[color];
  if (color >= 232) {
    const gray = 8 + (color - 232) * 10;
    return hex([gray, gray, gray]);
  }
  const level = (n: number) => n === 0 ? 0 : 55 + n * 40;
  const n = color - 16;
  return hex([level(Math.floor(n / 36)), level(Math.floor(n / 6) % 6), level(n % 6)]);
}
