/**
 * A recording as an SVG that moves: in a README, in a browser, without a script.
 *
 * Each row of the terminal is a strip of the lines it ever shows, one above the other behind a
 * window of one line's height; a CSS animation moves the strip in steps. So a key typed costs one
 * line in the file, not a frame. Who asks for less motion, or whose viewer knows no animation, sees
 * the last moment.
 */

import { visible } from "../host/visible.ts";
import { unicodeWidth } from "@std/cli/unicode-width";
import { type Cast, CastError } from "./cast.ts";
import { film, type Since } from "./frames.ts";
import type { Cell } from "./screen.ts";
import type { Color, Style } from "./style.ts";
import { colorOf, THEME } from "./theme.ts";

/** Options of {@linkcode renderSvg}. */
interface SvgOptions {
  /** The longest pause kept, in recorded seconds; 3 if not given. */
  readonly idle?: number;
  /** How much faster than recorded; 1 if not given. */
  readonly speed?: number;
}

/** A cell in SVG units, for text of 14 units. */
const CELL = { width: 8.4, height: 18, baseline: 13.5 };
const PADDING = 14;
/** Seconds that the last moment stays before the film starts again. */
const HOLD = 4;
/** Bold, italic, underlined, struck through, dim. */
const TEXT_STYLES = ".b{font-weight:bold}.i{font-style:italic}.u{text-decoration:underline}" +
  ".s{text-decoration:line-through}.d{opacity:.6}";
/** Characters of all lines that a picture may hold. */
const LARGEST = 16 * 2 ** 20;
const FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace";

/**
 * The text of an SVG file that shows a recording, the same for the same recording.
 *
 * @throws {RangeError} For a speed that is not a positive number.
 * @throws {CastError} For a recording that shows nothing, or more than a picture can hold.
 */
export function renderSvg(cast: Cast, options: SvgOptions = {}): string {
  const { idle = 3, speed = 1 } = options;
  if (!(speed > 0)) throw new RangeError(`speed must be a positive number, not ${speed}`);
  if (!cast.events.some(({ code }) => code === "o")) {
    throw new CastError(0, "the recording holds no output to show");
  }
  const { rows, cursor, seconds } = film(cast, idle);
  const total = seconds / speed + HOLD;
  const percent = (time: number) => `${round(time / speed / total * 100, 3)}%`;
  const lines = new Lines();
  const css: string[] = [];
  const body: string[] = [];

  rows.forEach((row, y) => {
    const strip = lines.strip(row);
    if (strip.texts.every((text) => text === "")) return;
    const uses = strip.texts.map((text, i) => at(i * CELL.height, text)).join("");
    const window = `<svg y="${y * CELL.height}" width="100%" height="${CELL.height}">`;
    if (strip.shows.length === 1) {
      body.push(`${window}${uses}</svg>`);
      return;
    }
    const move = (i: number) => `transform:translateY(${-strip.shows[i].value * CELL.height}px)`;
    const keys = strip.shows.map(({ time }, i) => `${percent(time)}{${move(i)}}`).join("");
    css.push(
      `@keyframes r${y}{${keys}}.r${y}{animation-name:r${y};${move(strip.shows.length - 1)}}`,
    );
    body.push(`${window}<g class="m r${y}">${uses}</g></svg>`);
  });

  const place = ({ x, y, visible }: { x: number; y: number; visible: boolean }) =>
    `transform:translate(${round(x * CELL.width, 2)}px,${y * CELL.height}px);opacity:${
      visible ? 1 : 0
    }`;
  const steps = cursor.map(({ time, value }) => `${percent(time)}{${place(value)}}`).join("");
  css.push(`@keyframes c{${steps}}.c{animation-name:c;${place(cursor[cursor.length - 1].value)}}`);

  const width = round(cast.width * CELL.width + 2 * PADDING, 1);
  const height = cast.height * CELL.height + 2 * PADDING;
  const title = cast.title === undefined ? "" : `<title>${escape(cast.title)}</title>\n`;
  const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>
${title}<style>
text{white-space:pre;font:14px ${FONT};fill:${THEME.fg}}
.m{animation:${round(total, 3)}s step-end infinite}
${TEXT_STYLES}
${css.join("\n")}
@media(prefers-reduced-motion:reduce){.m{animation:none}}
</style>
<rect width="100%" height="100%" rx="8" fill="${THEME.bg}"/>
<svg x="${PADDING}" y="${PADDING}" width="${round(width - 2 * PADDING, 1)}" height="${
    height - 2 * PADDING
  }">
<rect class="m c" width="${CELL.width}" height="${CELL.height}" fill="${THEME.cursor}"/>
${body.join("\n")}
</svg>
</svg>
`;
}

/** A group moved down. */
function at(y: number, content: string): string {
  if (content === "") return "";
  return y === 0 ? content : `<g transform="translate(0,${y})">${content}</g>`;
}

/** What one row shows: its different lines, and which of them when. */
interface Strip {
  readonly texts: string[];
  readonly shows: Since<number>[];
}

/** Draws lines of cells. */
class Lines {
  /** What was drawn already: a line that scrolls is the same one in each row. */
  readonly #drawn = new WeakMap<readonly Cell[], string>();
  #size = 0;

  /** The different lines of a row, each drawn once. */
  strip(row: readonly Since<readonly Cell[]>[]): Strip {
    const texts: string[] = [];
    const places = new Map<string, number>();
    const shows: Since<number>[] = [];
    for (const { time, value } of row) {
      const text = this.#line(value);
      let index = places.get(text);
      if (index === undefined) {
        places.set(text, index = texts.push(text) - 1);
        this.#size += text.length;
        if (this.#size > LARGEST) {
          throw new CastError(0, `too much to draw: the picture would be larger than 16M`);
        }
      }
      if (shows.at(-1)?.value !== index) shows.push({ time, value: index });
    }
    return { texts, shows };
  }

  #line(cells: readonly Cell[]): string {
    let text = this.#drawn.get(cells);
    if (text === undefined) this.#drawn.set(cells, text = this.draw(cells));
    return text;
  }

  /** The rectangles and texts of a line; nothing for a blank one. */
  draw(cells: readonly Cell[]): string {
    const grounds: string[] = [], texts: string[] = [];
    for (const run of runs(cells)) {
      const { fg, bg } = this.#colors(run.style);
      const x = round(run.x * CELL.width, 2), width = round(run.cells * CELL.width, 2);
      if (bg !== undefined) {
        const size = `width="${width}" height="${CELL.height}"`;
        grounds.push(`<rect${x === 0 ? "" : ` x="${x}"`} ${size} fill="${bg}"/>`);
      }
      if (run.text.trim() === "" || run.style.hidden) continue;
      const { bold, italic, underline, strike, dim } = run.style;
      const classes = [bold && "b", italic && "i", underline && "u", strike && "s", dim && "d"]
        .filter(Boolean).join(" ");
      const attributes = [
        x === 0 ? "" : ` x="${x}"`,
        ` y="${CELL.baseline}"`,
        // keeps columns in line whatever font the viewer has
        run.cells > 1 ? ` textLength="${width}"` : "",
        classes === "" ? "" : ` class="${classes}"`,
        fg === undefined ? "" : ` style="fill:${fg}"`,
      ].join("");
      texts.push(`<text${attributes}>${escape(run.text)}</text>`);
    }
    return grounds.join("") + texts.join("");
  }

  /** The colours that differ from the theme's own. */
  #colors(style: Style): { fg: string | undefined; bg: string | undefined } {
    const named = (color: Color) => color === undefined ? undefined : colorOf(color);
    const fg = named(style.fg), bg = named(style.bg);
    return style.inverse ? { fg: bg ?? THEME.bg, bg: fg ?? THEME.fg } : { fg, bg };
  }
}

/** Cells beside each other that look alike. */
interface Run {
  x: number;
  cells: number;
  text: string;
  style: Style;
}

function runs(cells: readonly Cell[]): Run[] {
  const out: Run[] = [];
  let key = "";
  cells.forEach(({ text, style }, x) => {
    if (text === "") return;
    const wide = unicodeWidth(text) === 2;
    const look = wide ? "wide" : JSON.stringify(style);
    const last = out.at(-1);
    if (last && look === key && !wide) {
      last.text += text;
      last.cells++;
    } else {
      out.push({ x, cells: wide ? 2 : 1, text, style });
    }
    key = look;
  });
  for (const run of out) {
    // spaces at the end of a run draw nothing unless they are underlined, struck or coloured
    const { bg, inverse, underline, strike } = run.style;
    if (bg !== undefined || inverse || underline || strike) continue;
    const text = run.text.trimEnd();
    run.cells -= run.text.length - text.length;
    run.text = text;
  }
  return out.filter((run) => run.cells > 0);
}

function round(n: number, digits: number): number {
  return Number(n.toFixed(digits));
}

/** Text as XML: controls visible; what XML 1.0 cannot hold becomes the replacement character. */
function escape(text: string): string {
  return visible(text)
    .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
