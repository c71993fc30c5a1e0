/**
 * Results as text: fixed-width tables that are never cut, numbers to the right, addresses that
 * paste back. On a terminal the last column wraps within its own margin.
 */

import { unicodeWidth } from "@std/cli/unicode-width";
import { cellParts } from "../format/json.ts";
import type {
  Column,
  Kind,
  PairsSection,
  Result,
  Section,
  TableSection,
  Tone,
  Value,
} from "../framework/result.ts";
import { hex } from "../vm/machine/address.ts";
import { size } from "../vm/numbers.ts";
import { visible } from "../host/visible.ts";
import { type Paint, paint } from "./paint.ts";

/** How to print. */
interface Style {
  color: boolean;
  /** Columns of the terminal; undefined when piped, and then nothing wraps. */
  width: number | undefined;
  /** The guest's console was streamed already. */
  streamed: boolean;
}

/** One value as text. */
function show(value: Value, kind: Kind): string {
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
      return inBlocks(s, style.width).map((block) => tableText(block, style, colors)).join("");
    case "pairs":
      return pairsText(s, colors);
    case "console":
      if (style.streamed || s.text === "") return "";
      return guestText(s.text.endsWith("\n") ? s.text : s.text + "\n");
    case "text":
      return s.lines.map((line) => visible(line, "\t"))
        .flatMap((line) =>
          s.fold && style.width !== undefined ? hanging(line, style.width) : [line]
        )
        .map((line) => colors.tone(s.tone ?? "plain")(line) + "\n").join("");
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

/** A table's cells as text with their colours, and the width of each column. */
function cellsOf(s: TableSection, colors: Paint) {
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
  return { columns, cells, widths };
}

/** Narrower than this, a last column is not folded. */
const LEAST_ROOM = 16;

/**
 * A table that is too wide for the terminal, and whose last column does not fold, as several below
 * each other: each begins with the columns up to the first that has a name, so that a row is found
 * again.
 */
function inBlocks(s: TableSection, width = Infinity): TableSection[] {
  const { columns, widths } = cellsOf(s, paint(false));
  const all = widths.reduce((sum, w) => sum + w + 1, -1);
  const last = columns.length - 1;
  const folds = last >= 0 && !rightAligned(columns[last]) &&
    width - (all - widths[last]) >= LEAST_ROOM;
  if (all <= width || folds || columns.length === 0) return [s];
  const keys = columns.findIndex((c) => c.name !== "") + 1;
  const start = widths.slice(0, keys).reduce((sum, w) => sum + w + 1, -1);
  const blocks: number[][] = [];
  let used = Infinity;
  for (let i = keys; i < columns.length; i++) {
    if (used + 1 + widths[i] > width) {
      blocks.push(Array.from({ length: keys }, (_, k) => k));
      used = start;
    }
    blocks[blocks.length - 1].push(i);
    used += 1 + widths[i];
  }
  return blocks.map((indices) => ({
    ...s,
    columns: indices.map((i) => s.columns[i]),
    rows: s.rows.map((row) => indices.map((i) => row[i] ?? null)),
  }));
}

function tableText(s: TableSection, style: Style, colors: Paint): string {
  const { columns, cells, widths } = cellsOf(s, colors);
  const last = columns.length - 1;
  const margin = widths.slice(0, last).reduce((sum, w) => sum + w + 1, 0);
  const room = style.width === undefined ? Infinity : style.width - margin;

  const line = (texts: string[], paints: ((text: string) => string)[]) => {
    let out = "";
    for (const [i, column] of columns.entries()) {
      const pad = " ".repeat(widths[i] - unicodeWidth(texts[i]));
      const right = rightAligned(column);
      if (i === last && !right) {
        const folded = room >= LEAST_ROOM && widths[i] > room ? fold(texts[i], room) : [texts[i]];
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
 * What a guest printed, as text: lines and tabs, and every other control character visible, but for
 * the Ctrl-D that its console echoes.
 */
export function guestText(text: string, keep = ""): string {
  return visible(text.replaceAll("\r\n", "\n").replaceAll("\x04", ""), `\n\t${keep}`);
}

/** A line broken at blanks; the rest stands below what follows its first gap: `  name  text`. */
function hanging(line: string, width: number): string[] {
  const head = /^(?: *\S+(?: \S+)*(?: {2,})| +)/.exec(line)?.[0] ?? "";
  const indent = unicodeWidth(head);
  if (indent > width / 2) return fold(line, width);
  return fold(line.slice(head.length), width - indent)
    .map((part, i) => (i === 0 ? head : " ".repeat(indent)) + part);
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
