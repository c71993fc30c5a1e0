/** Live colour for the line being typed. */

import { parseNumber } from "../vm/numbers.ts";
import { split, wholeLines, type Word } from "../framework/split.ts";
import type { Span } from "./editor/layout.ts";
import type { Paint, Painter } from "./paint.ts";

/** The text in coloured stretches that together are the text. */
export function highlight(text: string, known: (name: string) => boolean, colors: Paint): Span[] {
  const spans: Span[] = [];
  let done = 0;
  const put = (from: number, to: number, paint: Painter) => {
    if (from > done) gap(text.slice(done, from), colors, spans);
    if (to > from) spans.push({ text: text.slice(from, to), paint });
    done = Math.max(done, to);
  };
  for (const line of wholeLines(text)) {
    split(line.text).segments.forEach((segment, s) => {
      segment.words.forEach((word, w) => {
        const paint = w === 0 && s === 0
          ? commandPaint(word, known, line.at + word.end < text.length, colors)
          : w === 0
          ? colors.name
          : wordPaint(word, colors);
        put(line.at + word.at, line.at + word.end, paint);
      });
    });
  }
  if (done < text.length) gap(text.slice(done), colors, spans);
  return spans;
}

/** Blanks, pipes and comments between words. */
function gap(text: string, colors: Paint, spans: Span[]): void {
  const hash = text.indexOf("#");
  const plain = (t: string) => t;
  if (hash < 0) {
    spans.push({ text, paint: text.includes("|") ? colors.hint : plain });
    return;
  }
  if (hash > 0) gap(text.slice(0, hash), colors, spans);
  const newline = text.indexOf("\n", hash);
  const end = newline < 0 ? text.length : newline;
  spans.push({ text: text.slice(hash, end), paint: colors.comment });
  if (end < text.length) gap(text.slice(end), colors, spans);
}

function commandPaint(
  word: Word,
  known: (name: string) => boolean,
  finished: boolean,
  colors: Paint,
): Painter {
  if (known(word.text)) return colors.command;
  return finished ? colors.error : (text) => text;
}

function wordPaint(word: Word, colors: Paint): Painter {
  if (word.quoted) return colors.text;
  if (/^-[^\d]/.test(word.text)) return colors.flag;
  if (word.text.startsWith("$")) return colors.flag;
  if (parseNumber(word.text.replace(/^\d+:/, "")) !== undefined) return colors.number;
  return (text) => text;
}
