/** A process's record as the kernel's debug information declares it: `struct proc`. */

import { bare, type CType, type StructType } from "../dwarf/types.ts";
import type { GivenRecords } from "./known.ts";
import type { ImageSymbols } from "./symbols.ts";

/**
 * What one element of the variable `proc` is, or of what a person says in its place; undefined:
 * nobody says, or it is no array of structs.
 */
export function recordType(
  symbols: ImageSymbols,
  given?: GivenRecords | null,
): StructType | undefined {
  if (given) return given.type;
  const table = bare(symbols.debug?.global("proc")?.type);
  const element = table?.kind === "array" ? bare(table.of) : undefined;
  return element?.kind === "struct" ? element : undefined;
}

/** What a pointer leads to, behind other names for it; undefined: it is none, or leads to nothing. */
export function pointedTo(type: CType): Exclude<CType, { kind: "typedef" }> | undefined {
  const is = bare(type);
  return is?.kind === "pointer" ? bare(is.to) : undefined;
}

/** A type as the structure of that name; undefined: it is another one. */
export function asStruct(type: CType | undefined, name: string): StructType | undefined {
  return type?.kind === "struct" && type.name === `struct ${name}` ? type : undefined;
}

/** Whether a type leads to a process's record: to a structure of the same name as `record`. */
export function leadsToRecord(type: CType, record: StructType | undefined): boolean {
  const to = pointedTo(type);
  return to?.kind === "struct" && to.name === (record?.name ?? "struct proc");
}
