/**
 * The shell without a person: `-c` lines, command files, piped stdin. No banner, no prompt, no
 * echo; the first error ends it, with its place.
 */

import { EXIT } from "../framework/errors.ts";
import { split, wholeLines } from "../framework/split.ts";
import type { PipedInput } from "./input.ts";
import type { Shell } from "./shell.ts";

/** A line with where it stands, for diagnostics. */
export interface Line {
  text: string;
  /** `demo.cow:3`, or undefined for a `-c` line. */
  place: string | undefined;
}

/** The lines of a text, each with its place. */
export function* linesOf(text: string, name: string): Generator<Line> {
  for (const line of wholeLines(text)) yield { text: line.text, place: `${name}:${line.number}` };
}

/** The lines of piped stdin as they come, joined over open brackets and quotes. */
export async function* linesOfStdin(input: PipedInput): AsyncGenerator<Line> {
  let number = 0;
  for (let line = await input.line(); line !== undefined; line = await input.line()) {
    const place = `stdin:${++number}`;
    for (let { open } = split(line); open !== undefined;) {
      const more = await input.line();
      if (more === undefined) break;
      line += `\n${more}`;
      number++;
      // A line that cannot close it need not be looked at: a long text behind a quote stays cheap.
      if (/["')\]}]/.test(more)) ({ open } = split(line));
    }
    if (line.trim() !== "") yield { text: line, place };
  }
}

/**
 * Runs lines until one fails, or to the end with `keepGoing`; the exit code is the first failure's.
 * An interrupt is one of them all: none runs after it.
 *
 * @param before told of each line before it runs
 */
export async function runLines(
  shell: Shell,
  lines: Iterable<Line> | AsyncIterable<Line>,
  before: (line: Line) => void,
): Promise<number> {
  let exitCode: number = EXIT.ok;
  for await (const line of lines) {
    await shell.rest();
    if (shell.interrupt.requested) break;
    before(line);
    const { status } = await shell.run(line.text);
    if (exitCode === EXIT.ok) exitCode = status;
    if (shell.session.quit !== undefined) return shell.session.quit;
    if (status === EXIT.interrupted) return status;
    if (status !== EXIT.ok && !shell.session.settings.keepGoing) break;
  }
  return shell.interrupt.requested ? EXIT.interrupted : exitCode;
}
