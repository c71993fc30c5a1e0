/** Symbols of programs and where their code comes from, read from ELF files when somebody asks. */

import { ImageSymbols } from "./guest/symbols.ts";
import { findProc, spaceOf } from "./kernel/process/table.ts";
import { ElfError, parseElf } from "./machine/elf.ts";
import type { SourceFile, SourcePlace } from "./dwarf/debug_info.ts";
import { isNamed } from "./dwarf/line_sites.ts";
import type { SymbolPlace, SymbolsView } from "./inspect/view.ts";
import { findArea } from "./kernel/memory/areas/areas.ts";
import { hex, MAXVA, vaNum } from "./machine/address.ts";
import type { Kernel } from "./kernel/kernel.ts";
import { type NamedImage, partsOf } from "./parts.ts";
import type { Vm } from "./vm.ts";

export type { SourceFile, SourcePlace };

/** Names with their addresses. */
export type SymbolTable = ReadonlyMap<string, bigint>;

const NONE: SymbolTable = new Map();
/** What was read for a name, and the host file that it is of, if it is one's. */
interface Known {
  readonly file: Uint8Array | undefined;
  readonly image: ImageSymbols | undefined;
}

/** The symbols of a process's program, and those of a guest's kernel; pid 0: of that alone. */
export function symbolsOf(vm: Vm, pid: number): SymbolTable {
  return partsOf(vm).view.symbols.all(pid);
}

/** The names of user programs on the built-in kernel, which has none itself. */
export function symbolsView(
  kernel: Kernel,
  loaded: ReadonlyMap<string, Uint8Array>,
): SymbolsView {
  const known = new Map<string, Known>();
  const image = (pid: number) => imageOf(kernel, loaded, known, pid);
  const has = (pid: number, address: bigint) => isOfProgram(kernel, pid, address);
  return {
    all: (pid) => image(pid)?.table ?? NONE,
    at: (pid, address) => has(pid, address) ? image(pid)?.at(address) : undefined,
    source: (pid, address) => has(pid, address) ? image(pid)?.source(address) : undefined,
    debug: (pid) => image(pid)?.debug,
  };
}

/**
 * The symbols of the program that a process runs or lately ran, by its name: from the host file it
 * was loaded from, else the file in the disk's root, else our own of that name. None for a manual
 * process.
 */
function imageOf(
  kernel: Kernel,
  loaded: ReadonlyMap<string, Uint8Array>,
  known: Map<string, Known>,
  pid: number,
): ImageSymbols | undefined {
  const process = findProc(kernel, pid);
  if (process?.manual) return undefined;
  const name = process?.name ?? kernel.state.ended.findLast((one) => one.pid === pid)?.name;
  if (name === undefined) return undefined;
  const file = loaded.get(name);
  const last = known.get(name);
  if (last !== undefined && last.file === file) return last.image;
  const image = imageNamed(kernel, loaded, name);
  known.set(name, { file, image });
  return image;
}

function imageNamed(
  { files, programs }: Kernel,
  loaded: ReadonlyMap<string, Uint8Array>,
  name: string,
): ImageSymbols | undefined {
  const bytes = loaded.get(name) ?? files.readProgram(undefined, `/${name}`) ?? programs.get(name);
  return bytes && imageIn(bytes);
}

/** The programs of the built-in kernel, those of processes first. */
export function* programImages(
  kernel: Kernel,
  loaded: ReadonlyMap<string, Uint8Array>,
): Generator<NamedImage> {
  const { state: { procs, ended }, files, programs } = kernel;
  const ran = [...procs.flatMap((p) => p ?? []), ...ended].map(({ name }) => name).reverse();
  for (
    const name of new Set([...ran, ...loaded.keys(), ...files.programNames(), ...programs.list()])
  ) {
    const symbols = imageNamed(kernel, loaded, name);
    if (symbols !== undefined) yield { name, symbols };
  }
}

/** Whether an address is of the program's own text or data; so it may be, when it has ended. */
function isOfProgram(k: Kernel, pid: number, address: bigint): boolean {
  const p = findProc(k, pid);
  if (p === undefined || p.state === "zombie") return true;
  const at = p && address < MAXVA ? vaNum(Number(address)) : undefined;
  const area = p && at !== undefined ? findArea(spaceOf(k, p), at) : undefined;
  return area?.kind === "text" || area?.kind === "data";
}

/** What an address is named after; undefined where nothing is known. */
function symbolAt(vm: Vm, pid: number, address: bigint): SymbolPlace | undefined {
  return partsOf(vm).view.symbols.at(pid, address);
}

/** `name` or `name+0x8` of the symbol that an address lies behind; empty where none is known. */
export function nearestSymbol(vm: Vm, pid: number, address: bigint): string {
  return symbolText(symbolAt(vm, pid, address));
}

/** The same of a symbol that was found. */
export function symbolText(place: SymbolPlace | undefined): string {
  if (place === undefined) return "";
  return place.offset === 0 ? place.name : `${place.name}+${hex(place.offset)}`;
}

/** Which line of the source the code at an address is from; undefined: unknown. */
export function sourceAt(vm: Vm, pid: number, address: bigint): SourcePlace | undefined {
  return partsOf(vm).view.symbols.source(pid, address);
}

/** Where the code of a line begins. */
interface LinePlaces {
  readonly addresses: readonly bigint[];
  readonly file: string;
  readonly line: number;
}

/**
 * Where the code of a line begins, or of the next one that has any; of a program, or of pid 0 the
 * guest's kernel. `file`: a path or its last parts; undefined: no such file, or no code there.
 */
export function lineSites(
  vm: Vm,
  pid: number,
  file: string,
  line: number,
): LinePlaces | undefined {
  const sites = partsOf(vm).view.symbols.debug(pid)?.sites(file, line);
  return sites && {
    addresses: sites.addresses.map(BigInt),
    file: sites.file.path,
    line: sites.line,
  };
}

/** Where a function stands that has code only where it was inlined. */
export function inlinedSites(vm: Vm, pid: number, name: string): LinePlaces | undefined {
  const found = partsOf(vm).view.symbols.debug(pid)?.functionsNamed(name) ?? [];
  const addresses = [
    ...new Set(found.flatMap(({ inlined }) => inlined.map(({ entry }) => BigInt(entry)))),
  ].sort((a, b) => Number(a - b));
  if (addresses.length === 0) return undefined;
  return { addresses, file: found[0].file?.path ?? "?", line: found[0].line ?? 0 };
}

/** Where a function is written. */
export function functionSource(
  vm: Vm,
  pid: number,
  name: string,
): { readonly file: SourceFile; readonly line: number } | undefined {
  const debug = partsOf(vm).view.symbols.debug(pid);
  for (const { file, line, entry } of debug?.functionsNamed(name) ?? []) {
    if (file !== undefined && line !== undefined) return { file, line };
    const place = entry === undefined ? undefined : debug!.place(BigInt(entry));
    if (place !== undefined) return place;
  }
  // What is written in assembly is known by its symbol alone.
  const at = symbolsOf(vm, pid).get(name);
  return at === undefined ? undefined : sourceAt(vm, pid, at);
}

/** A program's source file by its path, or the last parts of that. */
export function fileNamed(vm: Vm, pid: number, name: string): SourceFile | undefined {
  return filesOf(vm, pid).find((one) => isNamed(one, name));
}

/** Whether a program has code of a source file of that name. */
export function hasFile(vm: Vm, pid: number, file: string): boolean {
  return filesOf(vm, pid).some((one) => isNamed(one, file));
}

/** The source files that a program has code of; of pid 0 the guest's kernel's. */
export function filesOf(vm: Vm, pid: number): readonly SourceFile[] {
  return partsOf(vm).view.symbols.debug(pid)?.files() ?? [];
}

/** The symbols of an ELF file; undefined for what is none, or has no code. */
function imageIn(file: Uint8Array): ImageSymbols | undefined {
  try {
    return new ImageSymbols(parseElf(file));
  } catch (error) {
    if (error instanceof ElfError) return undefined;
    throw error;
  }
}

/** The named symbols of an ELF file; the first of each name. */
export function readSymbols(file: Uint8Array): SymbolTable {
  return imageIn(file)?.table ?? NONE;
}
