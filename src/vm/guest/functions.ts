/**
 * The functions of a guest's kernel that tell what hardware does not: whom a page is given to, and
 * who gives it back. All of them by the names that xv6 has for them.
 */

import type { ImageSymbols, Variable } from "./symbols.ts";

/** Where a function is entered and left. */
export interface FunctionPlace {
  readonly name: string;
  readonly start: number;
  /** Its `ret` instructions. */
  readonly returns: readonly number[];
}

/** Those that events come from, as far as the kernel has them. */
export interface KernelFunctions {
  /** Give a page: `kalloc`, and `superalloc` of 2024. */
  readonly allocators: readonly FunctionPlace[];
  /** Take a page back, or one owner of it: `kfree`, `superfree`. */
  readonly freers: readonly FunctionPlace[];
  /** Its argument is a root table. */
  readonly walk: FunctionPlace | undefined;
  readonly memmove: FunctionPlace | undefined;
  readonly swtch: FunctionPlace | undefined;
  /** `exit`, `kexit` in 2025. */
  readonly exit: FunctionPlace | undefined;
}

/** The functions of a kernel. */
export function kernelFunctions(symbols: ImageSymbols): KernelFunctions {
  const place = (name: string) => placeOf(symbols, name);
  const those = (...names: string[]) => names.map(place).filter((one) => one !== undefined);
  return {
    allocators: those("kalloc", "superalloc"),
    freers: those("kfree", "superfree"),
    walk: place("walk"),
    memmove: place("memmove"),
    swtch: label(symbols, "swtch"),
    exit: place("kexit") ?? place("exit"),
  };
}

function placeOf(symbols: ImageSymbols, name: string): FunctionPlace | undefined {
  const where = symbols.function(name);
  return where && { name, start: where.start, returns: returnsOf(symbols, where) };
}

/** What is written in assembly has no size. */
function label(symbols: ImageSymbols, name: string): FunctionPlace | undefined {
  const at = symbols.table.get(name);
  return at === undefined ? undefined : { name, start: Number(at), returns: [] };
}

function returnsOf(symbols: ImageSymbols, where: Variable): number[] {
  return symbols.instructions(where).filter(({ text }) => text === "ret").map(({ at }) => at);
}

/** The names of system calls by their numbers: the kernel's own table of their functions. */
export function callNames(
  symbols: ImageSymbols,
  long: (at: number) => number | undefined,
): readonly (string | undefined)[] {
  const table = symbols.variable("syscalls");
  if (table === undefined) return [];
  return Array.from({ length: Math.floor(table.size / 8) }, (_, i) => {
    const place = symbols.at(BigInt(long(table.start + 8 * i) ?? 0));
    return place?.offset === 0 ? place.name.replace(/^sys_/, "") : undefined;
  });
}
