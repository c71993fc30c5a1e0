/** Where a line of the source has code: for breakpoints. */

import type { Die } from "./die.ts";
import type { SourceFile } from "./line_header.ts";
import type { LineRow, LineTable } from "./lines.ts";
import type { Unit } from "./unit.ts";

/** The beginnings of a line's code. */
export interface LineSites {
  readonly file: SourceFile;
  /** The line that was asked for, or the next one that has code. */
  readonly line: number;
  /** One address for each piece of code that the line is in: more than one where it was inlined. */
  readonly addresses: readonly number[];
}

/** A unit with its line table. */
interface UnitLines {
  readonly unit: Unit;
  readonly table: LineTable;
}

/** Whether a path is named by its last parts. */
export function isNamed({ path, folder }: SourceFile, name: string): boolean {
  return path === name || path.endsWith(`/${name}`) || `${folder}/${path}` === name;
}

/**
 * The sites of a line. `scopeAt`: the innermost piece of code at an address.
 */
export function sitesOf(
  units: readonly UnitLines[],
  scopeAt: (unit: Unit, pc: number) => Die | undefined,
  name: string,
  line: number,
): LineSites | undefined {
  const tables = units.filter(({ table }) =>
    table.files.some((file) => file !== undefined && isNamed(file, name))
  );
  let nearest = Infinity;
  let found: { file: SourceFile; unit: Unit; row: LineRow }[] = [];
  for (const { unit, table } of tables) {
    for (const { rows } of table.sequences) {
      for (const row of rows) {
        const { file } = row;
        if (row.line < line || row.line > nearest || !row.statement) continue;
        if (file === undefined || !isNamed(file, name)) continue;
        if (row.line < nearest) [nearest, found] = [row.line, []];
        found.push({ file, unit, row });
      }
    }
  }
  if (found.length === 0) return undefined;
  const first = new Map<unknown, number>();
  for (const { unit, row: { address } } of found) {
    // Of a line that comes more than once in a piece of code, the first is where it begins.
    const scope = scopeAt(unit, address) ?? unit;
    first.set(scope, Math.min(first.get(scope) ?? Infinity, address));
  }
  const addresses = [...new Set(first.values())].sort((a, b) => a - b);
  return { file: found[0].file, line: nearest, addresses };
}
