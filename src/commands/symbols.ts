/**
 * Symbols of the guest programs, read from their ELF files when somebody asks.
 *
 * @module
 */

import { parseElf } from "../vm/machine/elf.ts";
import type { Vm } from "./types.ts";

/** Names with their addresses. */
export type SymbolTable = ReadonlyMap<string, bigint>;

const NONE: SymbolTable = new Map();
const tables = new WeakMap<Vm, Map<string, SymbolTable>>();

/** The symbols of the program that a process runs; none for a standing one or one from a disk alone. */
export function symbolsOf(vm: Vm, pid: number): SymbolTable {
  const process = vm.kernel.process(pid);
  if (process === undefined || process.standing) return NONE;
  const known = tables.get(vm) ?? new Map<string, SymbolTable>();
  tables.set(vm, known);
  let table = known.get(process.name);
  if (table === undefined) {
    const bytes = vm.options.programs?.get(process.name);
    table = bytes === undefined ? NONE : readSymbols(bytes);
    known.set(process.name, table);
  }
  return table;
}

/** The named symbols of an ELF file; the first of each name. */
export function readSymbols(file: Uint8Array): SymbolTable {
  const table = new Map<string, bigint>();
  for (const { name, value } of parseElf(file).symbols) {
    if (/^[A-Za-z_]/.test(name) && !table.has(name)) table.set(name, BigInt(value));
  }
  return table;
}
