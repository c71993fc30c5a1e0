/** Symbols of the guest programs, read from their ELF files when somebody asks. */

import { findProc, spaceOf } from "./kernel/process/table.ts";
import { ElfError, type ElfSymbol, parseElf } from "./machine/elf.ts";
import type { SymbolPlace, SymbolsView } from "./inspect/view.ts";
import { findArea } from "./kernel/memory/areas/areas.ts";
import { hex, MAXVA, vaNum } from "./machine/address.ts";
import type { Kernel } from "./kernel/kernel.ts";
import { partsOf } from "./parts.ts";
import type { Vm } from "./vm.ts";

/** Names with their addresses. */
export type SymbolTable = ReadonlyMap<string, bigint>;

const NONE: SymbolTable = new Map();
/** The table that was read for a name, and the host file that it is of, if it is one's. */
interface Known {
  readonly file: Uint8Array | undefined;
  readonly table: SymbolTable;
}

/** The symbols of a process's program, and those of a guest's kernel; pid 0: of that alone. */
export function symbolsOf(vm: Vm, pid: number): SymbolTable {
  return partsOf(vm).view.symbols.all(pid);
}

/** The names of user programs on the built-in kernel; nothing is known of it and of lines. */
export function symbolsView(
  kernel: Kernel,
  loaded: ReadonlyMap<string, Uint8Array>,
): SymbolsView {
  const known = new Map<string, Known>();
  const all = (pid: number) => symbolsIn(kernel, loaded, known, pid);
  return { all, at: (pid, address) => behind(kernel, all(pid), pid, address) };
}

/**
 * The symbols of the program that a process runs, by its name: from the host file it was loaded
 * from, else the file in the disk's root, else our own of that name. None for a manual process.
 */
function symbolsIn(
  kernel: Kernel,
  loaded: ReadonlyMap<string, Uint8Array>,
  known: Map<string, Known>,
  pid: number,
): SymbolTable {
  const process = findProc(kernel, pid);
  if (process === undefined || process.manual) return NONE;
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

/** The symbol that an address of the program's text or data lies behind. */
function behind(
  k: Kernel,
  symbols: SymbolTable,
  pid: number,
  address: bigint,
): SymbolPlace | undefined {
  const p = findProc(k, pid);
  const at = p && address < MAXVA ? vaNum(Number(address)) : undefined;
  const area = p && at !== undefined ? findArea(spaceOf(k, p), at) : undefined;
  if (area?.kind !== "text" && area?.kind !== "data") return undefined;
  let best: [string, bigint] | undefined;
  for (const [name, at] of symbols) {
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
  for (const { name, value, kind } of namedIn(file)) {
    if (kind === "file" || kind === "section") continue;
    if (/^[A-Za-z_]/.test(name) && !table.has(name)) table.set(name, BigInt(value));
  }
  return table;
}

/** A file can be good enough to run and its symbol table still be damaged; then it has none. */
function namedIn(file: Uint8Array): readonly ElfSymbol[] {
  try {
    return parseElf(file).symbols;
  } catch (error) {
    if (error instanceof ElfError) return [];
    throw error;
  }
}
