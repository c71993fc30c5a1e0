/**
 * A scenario as a recording: each step typed as a comment, then the shell lines it shows and what
 * they printed, in virtual time.
 */

import { CastWriter } from "../record/writer.ts";

/** Columns and rows of a scenario's recording. */
const SIZE = { width: 100, height: 30 };
const BOLD = "\x1b[1m";
const DIM = "\x1b[2m";
const GREEN = "\x1b[32m";
const OFF = "\x1b[0m";

/** Collects what a scenario shows; the same scenario gives the same text. */
export class Recording {
  readonly #cast: CastWriter;

  /** A recording under a scenario's name. */
  constructor(name: string) {
    this.#cast = new CastWriter({ ...SIZE, title: name });
    this.#cast.output(`${BOLD}${name}${OFF}\n\n`).wait(0.8);
  }

  /** A step begins: a marker for players, the step as a comment, typed. */
  step(name: string): void {
    this.#cast.marker(name).type(`# ${name}`, (_, key) => `${DIM}${key}${OFF}`);
  }

  /** Words of the script. */
  say(text: string): void {
    this.#cast.read(`${text}\n`);
  }

  /** A line of the shell, typed, and what it printed. */
  line(line: string, output: string): void {
    this.#cast.output("> ").type(line).read(output);
  }

  /** A step ended as it should. */
  done(summary: string): void {
    this.#cast.read(`${GREEN}✓${OFF} ${summary}\n\n`);
  }

  /** The text of the file: asciicast v2. */
  toString(): string {
    return this.#cast.toString();
  }
}
