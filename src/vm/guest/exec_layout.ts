/**
 * What xv6's exec lays down behind a program: a page that user mode may not touch (the guard), and
 * the stack above it. How many pages the stack has is in exec's code: it calls `uvmclear` for the
 * guard, so many pages below the end of what it has just allocated.
 */

import { calledAt } from "./call_targets.ts";
import type { ImageSymbols } from "./symbols.ts";

const known = new WeakMap<ImageSymbols, { readonly pages: number | undefined }>();

/** Pages of a process's stack; undefined: exec's code does not say. */
export function stackPages(symbols: ImageSymbols): number | undefined {
  const before = known.get(symbols);
  if (before !== undefined) return before.pages;
  const pages = pagesIn(symbols);
  known.set(symbols, { pages });
  return pages;
}

/** More pages than that no exec means. */
const MOST = 256;
/** So many instructions in front of a call its second argument is made at the most. */
const FAR = 8;

function pagesIn(symbols: ImageSymbols): number | undefined {
  const clear = symbols.function("uvmclear");
  const exec = symbols.function("kexec") ?? symbols.function("exec");
  if (clear === undefined || exec === undefined) return undefined;
  const code = symbols.instructions(exec);
  const calls = code.flatMap((_, i) => calledAt(code, i) === clear.start ? [i] : []);
  if (calls.length !== 1) return undefined;
  // uvmclear(pagetable, sz - (1 + stack) * PGSIZE)
  const before = code.slice(Math.max(0, calls[0] - FAR), calls[0]).map(({ text }) => text);
  const upper = before.map((text) => /^lui \w+,(0x[0-9a-f]+|-?\d+)$/.exec(text)?.[1])
    .findLast((number) => number !== undefined);
  if (upper === undefined) return undefined;
  const below = (2 ** 20 - (Number(upper) & 0xf_ffff)) % 2 ** 20;
  return below >= 2 && below <= MOST ? below - 1 : undefined;
}
