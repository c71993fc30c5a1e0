/**
 * Lists of mutants as text files: realistic bugs planted by hand (`bugs/`), and survivors with the reason why no
 * test can tell them from the program (`survivors.txt`). An entry, with lines taken whole, indentation aside:
 *
 *     == name src/vm/path.ts        or "src/vm/path.ts #2" where the lines stand more than once
 *     What it means, in words.
 *     - the line as it stands
 *     + the line that takes its place
 *
 * Text before the first entry is for the reader.
 *
 * @module
 */

import { type Mutant, MutateError } from "./mutant.ts";

/** The entries of a list. Throws with the line number where a line is out of place. */
export function parseList(text: string, file: string): Mutant[] {
  const mutants: Mutant[] = [];
  const blocks = text.split(/^(?=== )/m);
  let line = 1;
  for (const block of blocks) {
    if (block.startsWith("== ")) mutants.push(parseEntry(block, `${file}:${line}`));
    line += block.split("\n").length - 1;
  }
  return mutants;
}

function parseEntry(block: string, where: string): Mutant {
  const [head, ...rest] = block.trimEnd().split("\n");
  const match = /^== (\S+) (\S+?)(?: #(\d+))?$/.exec(head);
  if (match === null) {
    throw new MutateError(`${where}: "== name path" or "== name path #n", not ${head}`);
  }
  const why: string[] = [], before: string[] = [], after: string[] = [];
  for (const line of rest) {
    const text = line.slice(1).trim();
    if (line.startsWith("-")) before.push(text);
    else if (line.startsWith("+")) after.push(text);
    else if (before.length === 0) why.push(line.trim());
    else throw new MutateError(`${where}: after the first "-" only "-" and "+", not ${line}`);
  }
  const [, name, path, nth] = match;
  if (before.length === 0) throw new MutateError(`${where}: no line with "-"`);
  const words = why.join(" ").trim();
  if (words === "") throw new MutateError(`${where}: ${name} says nothing about itself`);
  return { name, path, before, after, why: words, ...(nth ? { nth: Number(nth) } : {}) };
}

/** A mutant as an entry of a list. */
export function formatEntry(m: Mutant): string {
  const lines = [
    `== ${m.name} ${m.path}${m.nth === undefined ? "" : ` #${m.nth}`}`,
    m.why ?? "?",
    ...m.before.map((line) => `- ${line}`),
    ...m.after.map((line) => `+ ${line}`),
  ];
  return lines.join("\n");
}
