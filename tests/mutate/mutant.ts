/**
 * What a mutant is: a few whole lines of one source file, and the wrong lines that stand there instead.
 *
 * @module
 */

/** A change of one source file that some test should notice. */
export interface Mutant {
  /** The operator that made it (`comparison` …), or the name that the list by hand gives it. */
  readonly name: string;
  /** The source file, relative to the project. */
  readonly path: string;
  /** The lines as they stand, without indentation. */
  readonly before: readonly string[];
  /** The lines that take their place. */
  readonly after: readonly string[];
  /** Which place with these lines, from 1, where there are several; undefined: the only one. */
  readonly nth?: number;
  /** In a list: the text that explains it. */
  readonly why?: string;
}

/** An entry of a list that does not fit the source, or is no entry; the message names it. */
export class MutateError extends Error {
  override readonly name = "MutateError";
}

/** A mutant's identity: the same from run to run, whatever else changes in the file. */
export function keyOf(m: Mutant): string {
  return [m.path, m.nth ?? 1, ...m.before, "=>", ...m.after].join("\n");
}

/** The first lines, from 0, of every place in a source where `lines` stand, indentation aside. */
export function places(source: readonly string[], lines: readonly string[]): number[] {
  const found: number[] = [];
  for (let i = 0; i + lines.length <= source.length; i++) {
    if (lines.every((line, k) => source[i + k].trim() === line)) found.push(i);
  }
  return found;
}

/** The line, from 0, at which a mutant begins. Throws when its lines are not there, or not said which. */
export function lineOf(source: string, m: Mutant): number {
  const found = places(source.split("\n"), m.before);
  const where = `${m.name}: ${m.path}`;
  if (found.length === 0) {
    throw new MutateError(`${where} has no lines\n  ${m.before.join("\n  ")}`);
  }
  if (m.nth === undefined && found.length > 1) {
    throw new MutateError(
      `${where} has these lines ${found.length} times: say which, as "${m.path} #1"`,
    );
  }
  const line = found[(m.nth ?? 1) - 1];
  if (line === undefined) {
    throw new MutateError(`${where} has these lines ${found.length} times only`);
  }
  return line;
}

/** The source with the mutant in it. */
export function plant(source: string, m: Mutant): string {
  const lines = source.split("\n");
  lines.splice(lineOf(source, m), m.before.length, ...m.after);
  return lines.join("\n");
}
