/** Which functions of a kernel call which others, by their code alone. */

import type { ImageSymbols } from "./symbols.ts";

const known = new WeakMap<ImageSymbols, ReadonlyMap<string, ReadonlySet<string>>>();

/** The functions that each function calls, by name. */
export function callees(symbols: ImageSymbols): ReadonlyMap<string, ReadonlySet<string>> {
  const before = known.get(symbols);
  if (before !== undefined) return before;
  const functions = symbols.functions();
  const names = new Map([...functions].map(([name, { start }]) => [start as number, name]));
  const found = new Map<string, ReadonlySet<string>>();
  for (const [name, where] of functions) {
    const code = symbols.instructions(where);
    const called = code.map((_, i) => names.get(calledAt(code, i) ?? -1));
    found.set(name, new Set(called.filter((one) => one !== undefined)));
  }
  known.set(symbols, found);
  return found;
}

/** Whom an instruction calls: `jal`, or `jalr` behind the `auipc` that makes its address. */
export function calledAt(
  code: readonly { readonly at: number; readonly text: string }[],
  i: number,
): number | undefined {
  const { text } = code[i];
  const direct = /^jal (?:ra,)?(0x[0-9a-f]+)/.exec(text);
  if (direct !== null) return Number(direct[1]);
  const far = /^jalr (?:ra,)?(-?\d+)\((\w+)\)$/.exec(text);
  if (far === null || i === 0) return undefined;
  const upper = /^auipc (\w+),(0x[0-9a-f]+|-?\d+)$/.exec(code[i - 1].text);
  if (upper === null || upper[1] !== far[2]) return undefined;
  return code[i - 1].at + (Number(upper[2]) << 12) + Number(far[1]);
}
