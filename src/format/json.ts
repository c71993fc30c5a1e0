/** Results as JSON: addresses and PTEs as `"0x…"`, counts as numbers, nothing that loses bits. */

import type { Cell, Column, Json, Kind, Result, Tone, Value } from "../framework/result.ts";
import { hex } from "../vm/machine/address.ts";

/** The value inside a cell, and how it is meant where the cell or its column says so. */
export function cellParts(
  cell: Cell,
  column?: Column,
): { value: Value; kind: Kind; tone: Tone | undefined; shown: string | undefined } {
  const kind = column?.kind ?? "text";
  return cell !== null && typeof cell === "object"
    ? { value: cell.value, kind: cell.kind ?? kind, tone: cell.tone, shown: cell.shown }
    : { value: cell, kind, tone: undefined, shown: undefined };
}

/** One value as JSON: hexadecimal kinds as strings, other numbers as such where they are exact. */
function jsonValue(value: Value, kind: Kind): Json {
  if (typeof value !== "bigint" && typeof value !== "number") return value;
  if (kind === "va" || kind === "pa" || kind === "pte" || kind === "hex") return hex(value);
  const number = Number(value);
  return typeof value === "number" || Number.isSafeInteger(number) ? number : `${value}`;
}

/** A report, member by member; see {@linkcode asJson}. */
export function membersJson(report: object): { [key: string]: Json } {
  return Object.fromEntries(Object.entries(report).map(([name, one]) => [name, asJson(one)]));
}

/** Some members of a report, in this order; see {@linkcode asJson}. */
export function pick<T extends object>(
  report: T,
  ...names: readonly (keyof T & string)[]
): { [key: string]: Json } {
  return Object.fromEntries(names.map((name) => [name, asJson(report[name])]));
}

/** What a report holds: bigints (addresses, PTEs) as `"0x…"`, what is unknown as null. */
export function asJson(value: unknown): Json {
  if (typeof value === "bigint") return hex(value);
  if (Array.isArray(value)) return value.map(asJson);
  if (typeof value === "object" && value !== null) return membersJson(value);
  return value === undefined ? null : value as Json;
}

/** A heading as a property name: `PTE-ADDR` is `pteAddr`. */
function jsonKey(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+(.)/g, (_, c: string) => c.toUpperCase());
}

/** The rows of a table as objects. */
function jsonRows(columns: Column[], rows: Cell[][]): Json[] {
  return rows.map((row) =>
    Object.fromEntries(columns.map((column, i) => {
      const { value, kind } = cellParts(row[i] ?? null, column);
      return [column.key ?? jsonKey(column.name), jsonValue(value, kind)];
    }))
  );
}

/** The command's own JSON, or what follows from its sections. */
export function jsonOf(result: Result): { [key: string]: Json } {
  if (result.json) return result.json;
  const object: { [key: string]: Json } = {};
  const append = (key: string, more: Json[]) => {
    const before = object[key];
    object[key] = Array.isArray(before) ? [...before, ...more] : more;
  };
  for (const section of result.sections) {
    switch (section.type) {
      case "table":
        append(section.name ?? "rows", jsonRows(section.columns, section.rows));
        break;
      case "pairs":
        for (const p of section.pairs) {
          object[jsonKey(p.name)] = jsonValue(p.value, p.kind ?? "text");
        }
        break;
      case "console":
        object.console = `${object.console ?? ""}${section.text}`;
        break;
      case "text":
        append("text", section.lines);
        break;
      case "note":
        append("notes", [section.text]);
    }
  }
  return object;
}
