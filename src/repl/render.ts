/**
 * Results as text: fixed-width tables that are never cut, numbers to the right, addresses that paste
 * back. On a terminal the last column wraps within its own margin.
 *
 * @module
 */

import { unicodeWidth } from "@std/cli/unicode-width";
import { cellParts } from "../commands/json.ts";
import {
  type Column,
  hex,
  type Kind,
  type PairsSection,
  type Result,
  type Section,
  size,
  type TableSection,
  type Tone,
  type Value,
} from "../commands/result.ts";
import { visible } from "../host/visible.ts";
import { type Paint, paint } from "./paint.ts";

/** How to print. */
export interface Style {
  color: boolean;
  /** Columns of the terminal; undefined when piped, and then nothing wraps. */
  width: number | undefined;
  /** The guest's console was streamed already. */
  streamed: boolean;
}

/** One value as text. */
export function show(value: Value, kind: Kind): string {
  if (value === null) return "-";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return visible(value);
  switch (kind) {
    case "va":
    case "pa":
    case "pte":
    case "hex":
      return hex(value);
    case "size":
      return size(value);
    default:
      return `${value}`;
  }
}

/** A whole result, each line ended; empty when there is nothing to say. */
export function render(result: Result, style: Style): string {
  const colors = paint(style.color);
  return result.sections.map((s) => section(s, style, colors)).join("");
}

function section(s: Section, style: Style, colors: Paint): string {
  switch (s.type) {
    case "table":
      return tableText(s, style, colors);
    case "pairs":
      return pairsText(s, colors);
    case "console":
      if (style.streamed || s.text === "") return "";
      return guestText(s.text.endsWith("\n") ? s.text : s.text + "\n");
    case "text":
      return s.lines.map((line) => colors.tone(s.tone ?? "plain")(visible(line, "\t")) + "\n")
        .join("");
    case "note": {
      const text = visible(s.text);
      const lines = style.width === undefined ? [text] : fold(text, style.width);
      return lines.map((line) => colors.tone(s.tone ?? "plain")(line) + "\n").join("");
    }
  }
}

function pairsText(s: PairsSection, colors: Paint): string {
  const pairs = s.pairs.map((p) => ({ ...p, name: visible(p.name) }));
  const widest = Math.max(0, ...pairs.map((p) => unicodeWidth(p.name)));
  const parts = pairs.map((p) => {
    const kind = p.kind ?? "text";
    const value = color(colors, kind, p.tone)(show(p.value, kind));
    const gap = s.tall ? " ".repeat(widest - unicodeWidth(p.name) + 2) : " ";
    return `${colors.name(p.name)}${gap}${value}`;
  });
  return s.tall ? parts.map((p) => p + "\n").join("") : parts.join("  ") + "\n";
}

function color(colors: Paint, kind: Kind, tone: Tone | undefined) {
  return tone ? colors.tone(tone) : colors.kind(kind);
}

function rightAligned(column: Column): boolean {
  if (column.align) return column.align === "right";
  const kind = column.kind ?? "text";
  return kind === "number" || kind === "size" || kind === "pid";
}

function tableText(s: TableSection, style: Style, colors: Paint): string {
  const columns = s.columns.map((c) => ({ ...c, name: visible(c.name) }));
  const cells = s.rows.map((row) =>
    columns.map((column, i) => {
      const { value, kind, tone, shown } = cellParts(row[i] ?? null, column);
      return { text: shown ?? show(value, kind), paint: color(colors, kind, tone) };
    })
  );
  const widths = columns.map((column, i) =>
    cells.reduce(
      (widest, row) => Math.max(widest, unicodeWidth(row[i].text)),
      unicodeWidth(column.name),
    )
  );
  const last = columns.length - 1;
  const margin = widths.slice(0, last).reduce((sum, w) => sum + w + 1, 0);
  const room = style.width === undefined ? Infinity : style.width - margin;

  const line = (texts: string[], paints: ((text: string) => string)[]) => {
    let out = "";
    for (const [i, column] of columns.entries()) {
      const pad = " ".repeat(widths[i] - unicodeWidth(texts[i]));
      const right = rightAligned(column);
      if (i === last && !right) {
        const folded = room >= 16 && widths[i] > room ? fold(texts[i], room) : [texts[i]];
        out += folded.map(paints[i]).join("\n" + " ".repeat(margin));
      } else out += (right ? pad + paints[i](texts[i]) : paints[i](texts[i]) + pad) + " ";
    }
    return out.trimEnd() + "\n";
  };

  const heading = line(columns.map((c) => c.name), columns.map(() => colors.heading));
  const body = cells.map((row) => line(row.map((c) => c.text), row.map((c) => c.paint)));
  return heading + body.join("");
}

/**
 * What a guest printed, as text: lines and tabs, and every other control character visible, but for the
 * Ctrl-D that its console echoes.
 */
export function guestText(text: string, keep = ""): string {
  return visible(text.replaceAll("\r\n", "\n").replaceAll("\x04", ""), `\n\t${keep}`);
}

/** Breaks a text at blanks into pieces no wider than `room`; a longer word stays whole. */
export function fold(text: string, room: number): string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of text.split(" ")) {
    const joined = current === "" ? word : `${current} ${word}`;
    if (current !== "" && unicodeWidth(joined) > room) {
      lines.push(current);
      current = word;
    } else current = joined;
  }
  lines.push(current);
  return lines;
}
