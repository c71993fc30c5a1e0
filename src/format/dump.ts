/** Bytes as a table: sixteen a row, then the same as text. */

import { type Cell, table, type TableSection } from "../framework/result.ts";
import { CommandError } from "../framework/errors.ts";

/** More than a screen can use. */
const MOST = 1 << 20;

/** Rows of bytes from `start`; bytes that are not there are `--`, rows of such fold into one. */
export function dump(
  start: bigint,
  length: number,
  byteAt: (address: bigint) => number | undefined,
  kind: "va" | "pa",
): TableSection {
  if (length > MOST) throw new CommandError(`${length} bytes are too many to print: at most 1M`);
  if (length <= 0) throw new CommandError(`${length} bytes: want at least one`);
  const rows: Cell[][] = [];
  let missing = false;
  for (let done = 0; done < length; done += 16) {
    const bytes = Array.from(
      { length: Math.min(16, length - done) },
      (_, i) => byteAt(BigInt.asUintN(64, start + BigInt(done + i))),
    );
    const at = BigInt.asUintN(64, start + BigInt(done));
    if (bytes.every((b) => b === undefined)) {
      if (!missing) rows.push([at, "-- not there from here on", ""]);
      missing = true;
      continue;
    }
    missing = false;
    const hexes = bytes.map((b) => b === undefined ? "--" : b.toString(16).padStart(2, "0"));
    const text = bytes.map((b) =>
      b === undefined ? " " : b >= 32 && b < 127 ? String.fromCharCode(b) : "."
    );
    rows.push([at, hexes.join(" "), text.join("")]);
  }
  return table([{ name: kind.toUpperCase(), kind }, { name: "BYTES" }, { name: "TEXT" }], rows);
}
