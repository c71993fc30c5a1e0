/**
 * What stands behind a `|`: `where COL OP V`, `cols A,B`, `head N`, `count`, `json`. Filters work on
 * the typed cells of a result's tables, never on printed text.
 *
 * @module
 */

import { cellParts } from "../commands/json.ts";
import { CommandError } from "../commands/errors.ts";
import { evaluate, type Resolver } from "../commands/evaluate.ts";
import { parseNumber } from "../commands/numbers.ts";
import { didYouMean } from "../commands/nearest.ts";
import {
  type Cell,
  type Column,
  pairs,
  type Result,
  type TableSection,
} from "../commands/result.ts";
import type { Segment } from "../commands/words.ts";

/** A filter's outcome: the result it leaves, and whether JSON was asked for. */
export interface Filtered {
  result: Result;
  json: boolean;
}

/** The filters with a line of help each. */
export const FILTERS: readonly { name: string; usage: string; doc: string }[] = [
  {
    name: "where",
    usage: "where COL OP V",
    doc: "keep rows; OP is == != < <= > >= or ~ (contains)",
  },
  { name: "cols", usage: "cols A,B", doc: "keep these columns, in this order" },
  { name: "head", usage: "head N", doc: "keep the first N rows" },
  { name: "count", usage: "count", doc: "the number of rows" },
  { name: "json", usage: "json", doc: "one JSON object" },
];

/** Applies the filters of a line in order. */
export function filter(result: Result, segments: Segment[], names: Resolver): Filtered {
  let json = false;
  for (const segment of segments) {
    if (segment.words.length === 0) {
      throw new CommandError("nothing behind |; put bit-or in brackets", undefined, segment.at);
    }
    if (segment.words[0].text === "json" && segment.words.length === 1) json = true;
    else result = apply(result, segment, names);
  }
  return { result, json };
}

function apply(result: Result, segment: Segment, names: Resolver): Result {
  const [word, ...args] = segment.words;
  const known = FILTERS.find((f) => f.name === word.text);
  if (!known) {
    const hint = didYouMean(word.text, FILTERS.map((f) => f.name));
    const list = FILTERS.map((f) => f.name).join(", ");
    throw new CommandError(
      `no filter ${word.text}${hint || `; filters are ${list}`}`,
      undefined,
      word.at,
    );
  }
  const wrong = () => new CommandError(`usage: | ${known.usage}`, undefined, word.at);
  const tables = result.sections.filter((s) => s.type === "table");
  if (tables.length === 0) {
    throw new CommandError(
      `no table here for | ${word.text}; | json works on all`,
      undefined,
      word.at,
    );
  }
  switch (word.text) {
    case "where":
      return keep(result, where(tables, segment, names, wrong));
    case "cols": {
      const wanted = args.flatMap((w) => w.text.split(",")).filter((name) => name !== "");
      if (wanted.length === 0) throw wrong();
      return keep(result, tables.map((t) => cols(t, wanted, word.at)));
    }
    case "head": {
      const n = args.length === 1 ? parseNumber(args[0].text) : undefined;
      if (n === undefined) throw wrong();
      return keep(result, tables.map((t) => ({ ...t, rows: t.rows.slice(0, Number(n)) })));
    }
    default: {
      if (args.length > 0) throw wrong();
      const count = tables.reduce((sum, t) => sum + t.rows.length, 0);
      return {
        ...strip(result),
        sections: [pairs(["count", count, "number"])],
        json: { count },
        value: BigInt(count),
      };
    }
  }
}

/** The result with these tables only; its JSON then follows from them. */
function keep(result: Result, sections: TableSection[]): Result {
  return { ...strip(result), sections };
}

function strip(result: Result): Result {
  const { json: _, ...rest } = result;
  return rest;
}

function columnIndex(columns: Column[], name: string): number {
  const plain = name.toLowerCase();
  return columns.findIndex((c) => c.name.toLowerCase() === plain || c.key === name);
}

function noColumn(tables: TableSection[], name: string, at: number): CommandError {
  const names = [...new Set(tables.flatMap((t) => t.columns.map((c) => c.name || c.key || "")))];
  return new CommandError(
    `no column ${name}; there are ${names.join(", ")}`,
    undefined,
    at,
  );
}

function cols(table: TableSection, wanted: string[], at: number): TableSection {
  const indices = wanted.map((name) => {
    const index = columnIndex(table.columns, name);
    if (index < 0) throw noColumn([table], name, at);
    return index;
  });
  return {
    ...table,
    columns: indices.map((i) => table.columns[i]),
    rows: table.rows.map((row) => indices.map((i) => row[i] ?? null)),
  };
}

const COMPARE: Record<string, (order: number) => boolean> = {
  "==": (o) => o === 0,
  "=": (o) => o === 0,
  "!=": (o) => o !== 0,
  "<": (o) => o < 0,
  "<=": (o) => o <= 0,
  ">": (o) => o > 0,
  ">=": (o) => o >= 0,
};

function where(
  tables: TableSection[],
  segment: Segment,
  names: Resolver,
  wrong: () => CommandError,
): TableSection[] {
  const source = segment.source.slice("where".length);
  const match = /^\s*([^\s=!<>~]+)\s*(==|!=|<=|>=|<|>|=|~)\s*(.+?)\s*$/s.exec(source);
  if (!match) throw wrong();
  const [, name, op, raw] = match;
  const text = /^(["'])(.*)\1$/s.exec(raw)?.[2] ?? raw;
  const having = tables.filter((t) => columnIndex(t.columns, name) >= 0);
  if (having.length === 0) throw noColumn(tables, name, segment.words[1]?.at ?? segment.at);
  const at = segment.at + "where".length + source.lastIndexOf(raw);
  let number: bigint | undefined;
  const wanted = () => number ??= evaluate(text, names, at).value;

  return having.map((t) => {
    const i = columnIndex(t.columns, name);
    const matches = (cell: Cell) => {
      const { value } = cellParts(cell, t.columns[i]);
      if (op === "~") return String(value ?? "").toLowerCase().includes(text.toLowerCase());
      if (value === null) return (text === "-") === (op === "==" || op === "=");
      if (typeof value === "bigint" || typeof value === "number") {
        if (text === "-") return op === "!=";
        return COMPARE[op](compare(BigInt(value), wanted()));
      }
      return COMPARE[op](compare(String(value), text));
    };
    return { ...t, rows: t.rows.filter((row) => matches(row[i] ?? null)) };
  });
}

function compare<T extends bigint | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
