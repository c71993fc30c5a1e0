/**
 * Recordings of terminal sessions: written in virtual time, read back, played, drawn.
 *
 * @module
 */
export {
  type Cast,
  type CastCode,
  CastError,
  type CastEvent,
  duration,
  formatCast,
} from "./cast.ts";
export { Drawing } from "./drawing.ts";
export { parseCast } from "./parse.ts";
export { play, type PlayOptions } from "./player.ts";
export { renderSvg, type SvgOptions } from "./svg.ts";
export { THEME, type Theme } from "./theme.ts";
export { TYPING, type TypingModel } from "./typing.ts";
export { type CastOptions, CastWriter } from "./writer.ts";
