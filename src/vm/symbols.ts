/** Symbols of the guest programs, read from their ELF files when somebody asks. */

import { findProc, spaceOf } from "./kernel/process/table.ts";
import { ElfError, type ElfSymbol, parseElf } from "./machine/elf.ts";
import type { SymbolPlace, SymbolsView } from "./inspect/view.ts";
import { findArea } from "./kernel/memory/areas/areas.ts";
import { hex, MAXVA, vaNum } from "./machine/address.ts";
import { kernelOf, partsOf } from "./parts.ts";
import type { Vm } from "./vm.ts";

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
 * The symbols of the program that a process runs, by its name: from the host file it was loaded
 * from, else the file in the disk's root, else our own of that name. None for a manual process.
 */
export function symbolsOf(vm: Vm, pid: number): SymbolTable {
  const { kernel, loaded } = partsOf(vm);
  const process = findProc(kernel, pid);
  if (process === undefined || process.manual) return NONE;
  const known = tables.get(vm) ?? new Map<string, Known>();
  tables.set(vm, known);
  const { name } = process;
  const file = loaded.get(name);
  const last = known.get(name);
  if (last !== undefined && last.file === file) return last.table;
  const bytes = file ?? kernel.files.readProgram(undefined, `/${name}`) ??
    kernel.programs.get(name);
  const table = bytes === undefined ? NONE : readSymbols(bytes);
  known.set(name, { file, table });
  return table;
}

/** The names of user programs, as inspectors ask; nothing is known of the kernel and of lines. */
export function symbolsView(vm: Vm): SymbolsView {
  return {
    find: (pid, name) => symbolsOf(vm, pid).get(name),
    at: (pid, address) => behind(vm, pid, address),
  };
}

/** The symbol that an address of the program's text or data lies behind. */
function behind(vm: Vm, pid: number, address: bigint): SymbolPlace | undefined {
  const k = kernelOf(vm);
  const p = findProc(k, pid);
  const at = p && address < MAXVA ? vaNum(Number(address)) : undefined;
  const area = p && at !== undefined ? findArea(spaceOf(k, p), at) : undefined;
  if (area?.kind !== "text" && area?.kind !== "data") return undefined;
  let best: [string, bigint] | undefined;
  for (const [name, at] of symbolsOf(vm, pid)) {
    if (at <= address && (best === undefined || at > best[1])) best = [name, at];
  }
  if (best === undefined) return undefined;
  const offset = Number(address - best[1]);
  return { name: best[0], offset, file: undefined, line: undefined };
}

/** `name` or `name+0x8` of the symbol that an address lies behind; empty where none is known. */
export function nearestSymbol(vm: Vm, pid: number, address: bigint): string {
  const place = partsOf(vm).view.symbols.at(pid, address);
  if (place === undefined) return "";
  return place.offset === 0 ? place.name : `${place.name}+${hex(place.offset)}`;
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
