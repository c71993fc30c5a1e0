/**
 * What stands behind a `|`: `where COL OP V`, `cols A,B`, `head N`, `count`, `json`. Filters work
 * on the typed cells of a result's tables, never on printed text. They are read before the command
 * runs, so that a mistake in one costs nothing; `--json` and `--ts` mean the same behind a filter
 * as in front.
 */

import { cellParts } from "../format/json.ts";
import { CommandError } from "../framework/errors.ts";
import { evaluate, type Resolver } from "../framework/evaluate.ts";
import { noFilter } from "../framework/habits.ts";
import { parseNumber } from "../vm/numbers.ts";
import {
  type Cell,
  type Column,
  pairs,
  type Result,
  type TableSection,
} from "../framework/result.ts";
import type { Segment, Word } from "../framework/split.ts";

/** One filter as read: what it makes of a result's tables. */
type Step = (
  tables: TableSection[],
  names: Resolver,
) => Pick<Result, "sections" | "json" | "value">;

/** The filters of a line. */
interface Filters {
  /** In order, each with its place in the line. */
  steps: readonly { name: string; at: number; step: Step }[];
  /** One JSON object is wanted: `| json`, or `--json` behind any filter. */
  json: boolean;
  /** `--ts` stood behind one. */
  ts: boolean;
}

interface Filter {
  name: string;
  usage: string;
  doc: string;
  /** The step that its words ask for; undefined when they are not what the usage says. */
  read(words: readonly Word[], source: string, at: number): Step | undefined;
}

/** The filters with a line of help each. */
export const FILTERS: readonly Filter[] = [
  {
    name: "where",
    usage: "where COL OP V",
    doc: "keep rows; OP is == != < <= > >= or ~ (contains)",
    read: where,
  },
  { name: "cols", usage: "cols A,B", doc: "keep these columns, in this order", read: cols },
  { name: "head", usage: "head N", doc: "keep the first N rows", read: head },
  { name: "count", usage: "count", doc: "the number of rows", read: count },
  {
    name: "json",
    usage: "json",
    doc: "one JSON object",
    read: (words) => words.length === 0 ? (sections) => ({ sections }) : undefined,
  },
];

/** Reads the filters of a line. Throws {@linkcode CommandError} for one that is not right. */
export function readFilters(segments: readonly Segment[]): Filters {
  let json = false;
  let ts = false;
  const steps = segments.flatMap((segment) => {
    const [word, ...all] = segment.words;
    if (word === undefined) {
      throw CommandError.at(segment.at, "nothing behind |; put bit-or in brackets");
    }
    const flags = all.filter((w) => !w.quoted && /^--[a-z]/i.test(w.text));
    for (const flag of flags) {
      if (flag.text === "--json") json = true;
      else if (flag.text === "--ts") ts = true;
      else if (flag.text !== "--help") {
        throw CommandError.at(
          flag.at,
          `| ${word.text} has no flag ${flag.text}; --json and --ts are for every line`,
        );
      }
    }
    const filter = FILTERS.find((f) => f.name === word.text);
    if (filter === undefined) {
      const names = FILTERS.map((f) => f.name);
      throw CommandError.at(word.at, noFilter(segment.source, word.text, names));
    }
    if (filter.name === "json") json = true;
    const words = all.filter((w) => !flags.includes(w));
    // The same length as typed, so that places stay right.
    const source = flags.reduce(
      (text, f) =>
        text.slice(0, f.at - segment.at) + " ".repeat(f.end - f.at) +
        text.slice(f.end - segment.at),
      segment.source,
    );
    const help = flags.some((flag) => flag.text === "--help");
    const step = help ? undefined : filter.read(words, source.slice(word.text.length), word.end);
    if (step === undefined) {
      throw CommandError.at(word.at, `usage: | ${filter.usage}: ${filter.doc}`);
    }
    return filter.name === "json" ? [] : [{ name: filter.name, at: word.at, step }];
  });
  return { steps, json, ts };
}

/** Applies filters in order. */
export function applyFilters(result: Result, filters: Filters, names: Resolver): Result {
  for (const { name, at, step } of filters.steps) {
    const tables = result.sections.filter((s) => s.type === "table");
    if (tables.length === 0) {
      throw CommandError.at(at, `no table here for | ${name}; | json works on all`);
    }
    // JSON follows from what is left, not from what the command had; a number of rows is no
    // address.
    const { json: _, place, ...rest } = result;
    const shown = name === "count" || place === undefined ? {} : { place };
    result = { ...rest, ...shown, ...step(tables, names) };
  }
  return result;
}

function head(words: readonly Word[]): Step | undefined {
  const n = words.length === 1 ? parseNumber(words[0].text) : undefined;
  if (n === undefined) return undefined;
  return (tables) => ({
    sections: tables.map((t) => ({ ...t, rows: t.rows.slice(0, Number(n)) })),
  });
}

function count(words: readonly Word[]): Step | undefined {
  if (words.length > 0) return undefined;
  return (tables) => {
    const count = tables.reduce((sum, t) => sum + t.rows.length, 0);
    return {
      sections: [pairs(["count", count, "number"])],
      json: { count },
      value: BigInt(count),
    };
  };
}

function columnIndex(columns: Column[], name: string): number {
  const plain = name.toLowerCase();
  return columns.findIndex((c) => [c.name, c.key].some((one) => one?.toLowerCase() === plain));
}

/** The tables that have one of these columns at least. Throws when a column is in none. */
function having(tables: TableSection[], wanted: readonly string[], at: number): TableSection[] {
  for (const name of wanted) {
    if (tables.some((t) => columnIndex(t.columns, name) >= 0)) continue;
    const names = tables.flatMap((t) => t.columns.map((c) => c.name || c.key || ""));
    throw CommandError.at(at, `no column ${name}; there are ${[...new Set(names)].join(", ")}`);
  }
  return tables.filter((t) => wanted.some((name) => columnIndex(t.columns, name) >= 0));
}

function cols(words: readonly Word[]): Step | undefined {
  const wanted = words.flatMap((w) => w.text.split(",")).filter((name) => name !== "");
  if (wanted.length === 0) return undefined;
  return (tables) => ({
    sections: having(tables, wanted, words[0].at).map((t) => {
      const indices = wanted.map((name) => columnIndex(t.columns, name)).filter((i) => i >= 0);
      return {
        ...t,
        columns: indices.map((i) => t.columns[i]),
        rows: t.rows.map((row) => indices.map((i) => row[i] ?? null)),
      };
    }),
  });
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

function where(words: readonly Word[], source: string, at: number): Step | undefined {
  const match = /^\s*([^\s=!<>~]+)\s*(==|!=|<=|>=|<|>|=|~)\s*(.+?)\s*$/s.exec(source);
  if (!match) return undefined;
  const [, name, op, raw] = match;
  const text = /^(["'])(.*)\1$/s.exec(raw)?.[2] ?? raw;

  return (tables, names) => {
    let number: bigint | undefined;
    const wanted = () => number ??= evaluate(text, names, at + source.lastIndexOf(raw)).value;
    const sections = having(tables, [name], words[0].at).map((t) => {
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
    return { sections };
  };
}

function compare<T extends bigint | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
