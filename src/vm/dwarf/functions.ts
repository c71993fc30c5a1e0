/** The functions of a program: their code, the places where they were inlined, who is at an address. */

import { AT, TAG } from "./constants.ts";
import type { Die } from "./die.ts";
import type { SourceFile } from "./line_header.ts";
import type { Range } from "./ranges.ts";
import type { Unit } from "./unit.ts";

/** A function of the source. */
export interface FunctionInfo {
  readonly name: string;
  /** Where it is written; undefined: nobody says. */
  readonly file: SourceFile | undefined;
  readonly line: number | undefined;
  /** Address of its first instruction; undefined: it stands only where it was inlined. */
  readonly entry: number | undefined;
  /** Its own code; empty where it stands only where it was inlined. */
  readonly ranges: readonly Range[];
  /** Each place where it was inlined: the code there, and its first address. */
  readonly inlined: readonly InlinedCode[];
}

/** The code of a function in the middle of another one's. */
export interface InlinedCode {
  readonly entry: number;
  readonly ranges: readonly Range[];
}

/** A function that was inlined at an address, and the line of the call. */
export interface InlinedCall {
  /** Who was inlined. */
  readonly name: string;
  /** Where it is called from. */
  readonly file: SourceFile | undefined;
  readonly line: number | undefined;
}

/** The entry of a function that has code of its own at an address. */
export function functionAt(unit: Unit, pc: number): Die | undefined {
  return unit.tree.children.find((die) => die.tag === TAG.subprogram && die.covers(pc));
}

/** The pieces of code at an address in a function, itself first, then ever further inside. */
export function scopesAt(unit: Unit, pc: number): Die[] {
  const scopes: Die[] = [];
  let one = functionAt(unit, pc);
  while (one !== undefined) {
    scopes.push(one);
    one = one.children.find((die) => die.isScope && die.covers(pc));
  }
  return scopes;
}

/** Those of such pieces that are functions which were inlined, the innermost first. */
export function inlinedIn(
  scopes: readonly Die[],
  fileOf: (unit: Unit, number: number) => SourceFile | undefined,
): InlinedCall[] {
  return scopes.filter(({ tag }) => tag === TAG.inlined_subroutine).reverse().map((die) => ({
    name: die.name ?? "?",
    file: fileOf(die.unit, die.number(AT.call_file) ?? -1),
    line: die.number(AT.call_line),
  }));
}

/** The functions of a unit, with their places, by what they are in the source. */
export function functionsOf(
  unit: Unit,
  fileOf: (unit: Unit, number: number) => SourceFile | undefined,
): FunctionInfo[] {
  const found = new Map<Die, { own: Die | undefined; inlined: Die[] }>();
  const at = (die: Die) => {
    const source = [...die.mentions()].at(-1)!;
    let one = found.get(source);
    if (one === undefined) found.set(source, one = { own: undefined, inlined: [] });
    return one;
  };
  const visit = (die: Die) => {
    if (die.tag === TAG.subprogram && die.ranges.length > 0) at(die).own ??= die;
    if (die.tag === TAG.inlined_subroutine) at(die).inlined.push(die);
    for (const child of die.children) if (child.isScope) visit(child);
  };
  for (const die of unit.tree.children) if (die.tag === TAG.subprogram) visit(die);
  return [...found].flatMap(([source, { own, inlined }]) => {
    const { name } = source;
    if (name === undefined) return [];
    const ranges = own?.ranges ?? [];
    const written = source.holder(AT.decl_line);
    return [{
      name,
      file: written && fileOf(written.unit, written.number(AT.decl_file) ?? -1),
      line: written?.number(AT.decl_line),
      entry: own && (own.lowPc ?? ranges[0].low),
      ranges,
      inlined: inlined.flatMap(({ ranges, lowPc }) =>
        ranges.length === 0 ? [] : [{ entry: lowPc || ranges[0].low, ranges }]
      ),
    }];
  });
}
