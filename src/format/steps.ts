/** Instructions that were executed one by one, as `step` shows them. */

import { hex } from "../vm/machine/address.ts";
import { REGISTER_NAMES } from "../vm/machine/isa/register_names.ts";
import { type Cell, type Section, table } from "../framework/result.ts";

/** The rows as a table. */
export function stepTable(rows: Cell[][]): Section {
  const names = ["SYMBOL", "LINE", "INSTRUCTION", "CHANGED"];
  const columns = names.map((name) => ({ name }));
  return table([{ name: "PC", kind: "va" }, ...columns], rows, "steps");
}

/** The registers that differ, each with its new value. */
export function changesOf(before: readonly bigint[], after: readonly bigint[]): string[] {
  return after.flatMap((now, i) => now === before[i] ? [] : [`${REGISTER_NAMES[i]} = ${hex(now)}`]);
}
