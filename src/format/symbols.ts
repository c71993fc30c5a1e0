/**
 * Symbols of the guest programs, read from their ELF files when somebody asks.
 *
 * @module
 */

import { ElfError, type ElfSymbol, parseElf } from "../vm/machine/elf.ts";
import type { Vm } from "../framework/types.ts";

/** Names with their addresses. */
export type SymbolTable = ReadonlyMap<string, bigint>;

const NONE: SymbolTable = new Map();
/** The table that was read for a name, and the host file that it is of, if it is one's. */
interface Known {
  readonly file: Uint8Array | undefined;
  readonly table: SymbolTable;
}
const tables = new WeakMap<Vm, Map<string, Known>>();

/**
 * The symbols of the program that a process runs, by its name: from the host file it was loaded from, else the
 * file in the disk's root, else our own of that name. None for a manual process.
 */
export function symbolsOf(vm: Vm, pid: number): SymbolTable {
  const process = vm.kernel.process(pid);
  if (process === undefined || process.manual) return NONE;
  const known = tables.get(vm) ?? new Map<string, Known>();
  tables.set(vm, known);
  const { name } = process;
  const file = vm.loaded.get(name);
  const last = known.get(name);
  if (last !== undefined && last.file === file) return last.table;
  const bytes = file ?? onDisk(vm, name) ?? vm.options.programs?.get(name);
  const table = bytes === undefined ? NONE : readSymbols(bytes);
  known.set(name, { file, table });
  return table;
}

function onDisk(vm: Vm, name: string): Uint8Array | undefined {
  const { files } = vm.kernel;
  return files.root === undefined ? undefined : files.readProgram(undefined, `/${name}`);
}

/** The named symbols of an ELF file; the first of each name. */
export function readSymbols(file: Uint8Array): SymbolTable {
  const table = new Map<string, bigint>();
  for (const { name, value, kind } of symbolsIn(file)) {
    if (kind === "file" || kind === "section") continue;
    if (/^[A-Za-z_]/.test(name) && !table.has(name)) table.set(name, BigInt(value));
  }
  return table;
}

/** A file can be good enough to run and its symbol table still be damaged; then it has none. */
function symbolsIn(file: Uint8Array): readonly ElfSymbol[] {
  try {
    return parseElf(file).symbols;
  } catch (error) {
    if (error instanceof ElfError) return [];
    throw error;
  }
}
